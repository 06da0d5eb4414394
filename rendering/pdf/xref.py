"""The kernel that writes a classic cross-reference table (ISO 32000-1, 7.5.4): every RIP reads it."""

from __future__ import annotations

from typing import Final

from rendering.jit import inlined, kernel
from rendering.pdf.numbers import Bytes
from rendering.pdf.streams import Ints

ENTRY: Final = 20


@inlined
def _put_digits(out: Bytes, pos: int, value: int, digits: int) -> None:
    for i in range(digits - 1, -1, -1):
        out[pos + i] = 48 + value % 10
        value //= 10


@kernel
def put_xref(offsets: Ints, count: int, out: Bytes) -> None:
    """Write the entries of objects 0 to ``count``; an offset of 0 is a free number, linked to the next one."""
    following = 0
    for number in range(count - 1, -1, -1):
        pos = number * ENTRY
        free = offsets[number] == 0
        _put_digits(out, pos, following if free else offsets[number], 10)
        out[pos + 10] = 32
        _put_digits(out, pos + 11, 65535 if number == 0 else 0, 5)
        out[pos + 16] = 32
        out[pos + 17] = 102 if free else 110
        out[pos + 18] = 32
        out[pos + 19] = 10
        if free:
            following = number
