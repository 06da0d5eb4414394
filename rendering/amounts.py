"""Kernels for sums of amounts written as amounts are kept: yuan, a point, two digits of fen."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.jit import kernel

AMOUNT_BYTES: Final = 24  # most that an amount and the line break after it take
_CELL_END = ord(":")
_ROW_END = ord(";")
_DIGITS_MAX = 15  # of an amount, so that sums of a few stay exact


@kernel
def sum_rows(text: NDArray[np.uint8], wanted: NDArray[np.bool_], sums: NDArray[np.int64]) -> int:
    """Sum the ``wanted`` cells of every row of a table written "a:b:c;a:b:c" into ``sums``, in fen; return how many rows there were.

    ``wanted`` has an entry for every cell of a row. Stops at a row with more or fewer cells, with white space of ASCII, or with a wanted cell
    that is no amount: then fewer are returned than there are.
    """
    row = 0
    cell = 0
    fen = 0
    digits = 0
    point = -1  # digits seen before the point
    amount = True
    for i in range(text.shape[0] + 1):
        byte = int(np.int64(text[i])) if i < text.shape[0] else _ROW_END
        if byte in (_CELL_END, _ROW_END):
            if wanted[cell]:
                if not amount or point < 1 or digits != point + 2 or digits > _DIGITS_MAX:
                    return row
                sums[row] += fen
            cell += 1
            if (cell == wanted.shape[0]) != (byte == _ROW_END):
                return row
            if byte == _ROW_END:
                cell = 0
                row += 1
            fen = 0
            digits = 0
            point = -1
            amount = True
        elif byte <= 32:
            return row
        elif byte >= 48 and byte <= 57:
            fen = fen * 10 + byte - 48
            digits += 1
        elif byte == 46 and point < 0:
            point = digits
        else:
            amount = False
    return row


@kernel
def write_amounts(sums: NDArray[np.int64], out: NDArray[np.uint8]) -> int:
    """Write amounts of fen, none negative, as yuan with a line break after each; return the bytes written."""
    pos = 0
    for row in range(sums.shape[0]):
        rest = sums[row]
        digits = 3
        top = 1000
        while rest >= top:
            top *= 10
            digits += 1
        end = pos + digits + 1
        at = end - 1
        while at >= pos:
            if at == end - 3:
                out[at] = 46
            else:
                out[at] = 48 + rest % 10
                rest //= 10
            at -= 1
        out[end] = 10
        pos = end + 1
    return pos
