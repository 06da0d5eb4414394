"""Compiled twins of the two symbols every sheet carries; called from inside other kernels, never from templates.

Their specification and test are `datamatrix` and `code128` of this package. Both write into arrays of the
caller and allocate nothing. Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rendering.jit import kernel
from rendering.symbols.code128 import CODE_B, CODE_C, MODULUS, START, STOP, WIDTHS
from rendering.symbols.datamatrix import DATAMATRIX_SIZES, datamatrix, placement
from rendering.symbols.galois import check_words

_START_B, _START_C = START["B"], START["C"]
MARK_SIDE = 18  # modules of a sheet mark
MARK_DIGITS = 36  # decimal digits that fill it exactly
_MARK = DATAMATRIX_SIZES[MARK_SIDE, MARK_SIDE]
_WORDS = _MARK.data
_CHECK = _MARK.check
MARK_WORDS = _WORDS + _CHECK
_PAIR = 130  # the word of two digits is this and their number (ISO/IEC 16022, 5.2.2)


def _checks() -> NDArray[np.int64]:
    """Check words by place and pair of digits, the first lowest, in two words of eight: those of a symbol are the exclusive or of its pairs'."""
    bits = np.zeros((_WORDS, 8, 2), np.int64)
    for at in range(_WORDS):
        for bit in range(8):
            check = check_words([1 << bit, *[0] * (_WORDS - 1 - at)], _CHECK)
            bits[at, bit] = np.frombuffer(bytes(check).ljust(16, b"\0"), np.int64)
    pairs = np.arange(100) + _PAIR
    found = np.zeros((_WORDS, 100, 2), np.int64)
    for bit in range(8):
        found ^= np.where((pairs >> bit & 1)[None, :, None] > 0, bits[:, bit, None, :], 0)
    return found


_CHECKS = _checks()
_PLACES = np.ascontiguousarray(placement(*_MARK.mapping))
_FRAME = datamatrix("0" * MARK_DIGITS, MARK_SIDE)  # only its borders and fixed corner are kept
_CODE128_BITS = np.zeros((107, 13), dtype=np.uint8)
for _value, _widths in enumerate(WIDTHS):
    _modules = [1 - (at & 1) for at, width in enumerate(_widths) for _ in range(int(width))]
    _CODE128_BITS[_value, : len(_modules)] = _modules


@kernel
def datamatrix_digits_kernel(digits: NDArray[np.uint8], words: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Draw 36 digits (values 0..9) as the 18x18 symbol into `out` (18, 18), 1 = dark; `words` is memory for MARK_WORDS of them."""
    low = high = 0
    for at in range(_WORDS):
        pair = int(np.int64(digits[2 * at]) * 10 + digits[2 * at + 1])
        words[at] = _PAIR + pair
        low ^= _CHECKS[at, pair, 0]
        high ^= _CHECKS[at, pair, 1]
    for at in range(8):
        words[_WORDS + at] = low >> 8 * at & 255
    for at in range(8, _CHECK):
        words[_WORDS + at] = high >> 8 * (at - 8) & 255
    for row in range(MARK_SIDE):
        for column in range(MARK_SIDE):
            out[row, column] = _FRAME[row, column]
    for row in range(MARK_SIDE - 2):
        for column in range(MARK_SIDE - 2):
            place = _PLACES[row, column]
            if place >= 0:
                out[row + 1, column + 1] = (words[place >> 3] >> (7 - (place & 7))) & 1


@kernel
def _code128_bars(value: int, out: NDArray[np.uint8], at: int) -> int:
    length = 13 if value == STOP else 11
    for bit in range(length):
        out[at + bit] = _CODE128_BITS[value, bit]
    return at + length


@kernel
def _digits_from(payload: NDArray[np.uint8], at: int) -> int:
    count = 0
    while at + count < payload.shape[0] and 48 <= payload[at + count] <= 57:
        count += 1
    return count


@kernel
def _worth_c(run: int, at: int, size: int) -> bool:
    """Leave set B for C? In the middle six digits pay for the way there and back; at the end four, and an even run."""
    if at + run == size:
        return run >= 4 and run % 2 == 0
    return run >= 6


@kernel
def code128_kernel(payload: NDArray[np.uint8], out: NDArray[np.uint8]) -> int:
    """Draw ASCII 32..126 as Code 128 into `out`, one entry per module; returns the number of modules.

    Code sets B and C by the rules of ISO/IEC 15417 annex E, which give the shortest symbol for item numbers.
    Returns 0, with `out` undefined, when a character is outside the range or `out` is too short.
    """
    size = payload.shape[0]
    if size == 0 or out.shape[0] < 11 * (2 * size + 3) + 13:
        return 0
    for at in range(size):
        if payload[at] < 32 or payload[at] > 126:
            return 0
    run = _digits_from(payload, 0)
    in_c = run >= 4 or (run == size and size == 2)
    check = _START_C if in_c else _START_B
    end = _code128_bars(check, out, 0)
    at = 0
    weight = 1
    while at < size:
        run = _digits_from(payload, at)
        if in_c and run < 2:
            value, in_c = CODE_B, False
        elif not in_c and _worth_c(run, at, size):
            value, in_c = CODE_C, True
        elif in_c:
            value = (payload[at] - 48) * 10 + payload[at + 1] - 48
            at += 2
        else:
            value = payload[at] - 32
            at += 1
        check += weight * value
        weight += 1
        end = _code128_bars(value, out, end)
    end = _code128_bars(check % MODULUS, out, end)
    return _code128_bars(STOP, out, end)
