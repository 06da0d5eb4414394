"""Kernels for words of eight bytes, and numbers written as text by tables instead of digit by digit: how many digits a number has is anybody's guess, and a
processor that guesses wrong waits longer than writing the number takes.

Whole words are stored: ``out`` needs room for eight bytes after what is written.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rendering.jit import inlined, kernel

Bytes = NDArray[np.uint8]

_LENGTH_AT = 48  # an entry of the tables below is up to six bytes of text, the first lowest, and how many they are
_TEXT = (1 << _LENGTH_AT) - 1


def _entries(texts: Iterable[str]) -> NDArray[np.int64]:
    return np.array([int.from_bytes(text.encode(), "little") | len(text) << _LENGTH_AT for text in texts], np.int64)


_NUMBERS = _entries(str(value) for value in range(1000))
_SPACED = _entries(f"{value} " for value in range(1000))
_HUNDREDTHS = _entries(f".{value:02d}".rstrip("0").rstrip(".") for value in range(100))
_RECTANGLE = int.from_bytes(b"re\n", "little")


_DE_BRUIJN = 0x03F79D71B4CB0A89  # the top six bits of its product with a power of two name the power
_POWER = np.zeros(64, np.int64)
for _bit in range(64):
    _POWER[(_DE_BRUIJN << _bit & (1 << 64) - 1) >> 58] = _bit


@inlined
def lowest_bit(word: int) -> int:
    """The place of the lowest bit set in ``word``, which is not zero."""
    lowest = word & -word
    return int(_POWER[(lowest * _DE_BRUIJN) >> 58 & 63])


@inlined
def put_word(out: Bytes, pos: int, word: int) -> None:
    """Store 8 bytes, the lowest first."""
    out[pos] = word & 255
    out[pos + 1] = word >> 8 & 255
    out[pos + 2] = word >> 16 & 255
    out[pos + 3] = word >> 24 & 255
    out[pos + 4] = word >> 32 & 255
    out[pos + 5] = word >> 40 & 255
    out[pos + 6] = word >> 48 & 255
    out[pos + 7] = word >> 56 & 255


@inlined
def put_small(out: Bytes, pos: int, value: int) -> int:
    """Write an integer from 0 to 999; return the position after it."""
    entry = _NUMBERS[value]
    put_word(out, pos, entry & _TEXT)
    return int(pos + (entry >> _LENGTH_AT))


@kernel
def put_int(out: Bytes, pos: int, value: int) -> int:
    """Write a decimal integer; return the position after it."""
    if value < 0:
        out[pos] = 45
        pos += 1
        value = -value
    if value < 1000:
        return put_small(out, pos, value)
    digits = 3
    top = 1000
    while value >= top:
        top *= 10
        digits += 1
    end = pos + digits
    for i in range(end - 1, pos - 1, -1):
        out[i] = 48 + value % 10
        value //= 10
    return end


@kernel
def put_hundredths(out: Bytes, pos: int, value: int) -> int:
    """Write ``value`` / 100 without trailing zeros; return the position after it."""
    out[pos] = 45
    pos += value < 0
    value = abs(value)
    whole = value // 100
    rest = value - whole * 100
    if whole >= 1000:
        pos = put_int(out, pos, whole)
    else:
        entry = _NUMBERS[whole]
        put_word(out, pos, entry & _TEXT)
        pos += (entry >> _LENGTH_AT) * (whole > 0 or rest == 0)
    entry = _HUNDREDTHS[rest]
    put_word(out, pos, entry & _TEXT)
    return int(pos + (entry >> _LENGTH_AT))


@kernel
def put_thousandths(out: Bytes, pos: int, value: int) -> int:
    """Write ``value`` / 1000 without trailing zeros; return the position after it."""
    tenth = value // 10
    if tenth * 10 == value:
        return put_hundredths(out, pos, tenth)
    if value < 0:
        out[pos] = 45
        pos += 1
        value = -value
    whole = value // 1000
    rest = value - whole * 1000
    if whole:
        pos = put_int(out, pos, whole)
    out[pos] = 46
    out[pos + 1] = 48 + rest // 100
    out[pos + 2] = 48 + rest // 10 % 10
    out[pos + 3] = 48 + rest % 10
    return pos + 4


@inlined
def put_rectangle(out: Bytes, pos: int, x: int, y: int, width: int, height: int) -> int:
    """Write the path of a rectangle of whole modules, each number from 0 to 999: ``x y width height re``."""
    for number in (x, y, width, height):
        entry = _SPACED[number]
        put_word(out, pos, entry & _TEXT)
        pos += entry >> _LENGTH_AT
    put_word(out, pos, _RECTANGLE)
    return pos + 3
