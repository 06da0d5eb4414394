"""Kernels for sums of amounts written as amounts are kept: yuan, a point, two digits of fen."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.jit import kernel

AMOUNT_BYTES: Final = 24  # most that an amount and the line break after it take
_DIGITS_MAX = 15  # of an amount, so that sums of a few stay exact


@kernel
def add_amounts(text: NDArray[np.uint8], sums: NDArray[np.int64]) -> int:
    """Add the amounts of ``text``, each with a line break after it, to ``sums`` in fen; return how many there were.

    Stops before the first that is not written so: then fewer are returned than there are.
    """
    row = 0
    fen = 0
    digits = 0
    point = -1  # digits seen before the point
    for i in range(text.shape[0]):
        byte = text[i]
        if byte >= 48 and byte <= 57:
            fen = fen * 10 + int(np.int64(byte)) - 48
            digits += 1
        elif byte == 46 and point < 0 and digits > 0:
            point = digits
        elif byte == 10 and point > 0 and digits == point + 2 and digits <= _DIGITS_MAX and row < sums.shape[0]:
            sums[row] += fen
            row += 1
            fen = 0
            digits = 0
            point = -1
        else:
            return row
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
