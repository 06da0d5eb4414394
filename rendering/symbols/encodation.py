"""Characters to Data Matrix data codewords (ISO/IEC 16022 clause 5.2): ASCII, C40 or Base 256, whichever is shortest.

One scheme per symbol: mixing schemes inside one payload would gain a codeword or two that no size table notices.
"""

from __future__ import annotations

from rendering.symbols.errors import SymbolError

LATCH_C40, LATCH_BASE256, UNLATCH = 230, 231, 254
C40_BASIC = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
C40_SHIFT2 = "!\"#$%&'()*+,-./:;<=>?@[\\]^_"


def encode(payload: str | bytes) -> list[int]:
    """Data codewords without padding. Text outside ASCII must come as bytes. Raises SymbolError."""
    if not payload:
        raise SymbolError("Data Matrix: the payload is empty")
    if isinstance(payload, str):
        for position, character in enumerate(payload):
            if ord(character) > 127:
                raise SymbolError(f"Data Matrix: character {character!r} at position {position + 1} is not ASCII")
        data = payload.encode("ascii")
    else:
        data = payload
    if max(data) > 127:
        return _base256(data)
    plain = _ascii(data)
    dense = _c40(data.decode("ascii"))
    return dense if len(dense) < len(plain) else plain


def _ascii(data: bytes) -> list[int]:
    """Digit pairs as 130 + value, any other ASCII character as code + 1."""
    words: list[int] = []
    at = 0
    while at < len(data):
        pair = data[at : at + 2]
        if len(pair) == 2 and pair.isdigit():
            words.append(130 + int(pair))
            at += 2
        else:
            words.append(data[at] + 1)
            at += 1
    return words


def _c40_values(character: str) -> list[int]:
    code = ord(character)
    if character in C40_BASIC:
        return [C40_BASIC.index(character) + 3]
    if code < 32:
        return [0, code]
    if character in C40_SHIFT2:
        return [1, C40_SHIFT2.index(character)]
    return [2, code - 96]


def _c40(text: str) -> list[int]:
    """Three C40 values in two codewords; characters left over go back to ASCII after an unlatch."""
    words = [LATCH_C40]
    pending: list[int] = []
    done = 0
    for at, character in enumerate(text):
        pending += _c40_values(character)
        while len(pending) >= 3:
            value = 1600 * pending[0] + 40 * pending[1] + pending[2] + 1
            words += [value >> 8, value & 255]
            pending = pending[3:]
        if not pending:
            done = at + 1
            kept = len(words)
    if not done:
        return [LATCH_C40] * (2 * len(text) + 2)  # nothing closes on a triple: never the shortest
    return [*words[:kept], UNLATCH, *_ascii(text[done:].encode("ascii"))]


def _base256(data: bytes) -> list[int]:
    """Length field and bytes, each scrambled by its position in the symbol (annex B.2)."""
    length = [len(data)] if len(data) < 250 else [249 + len(data) // 250, len(data) % 250]
    return [LATCH_BASE256, *((word + (149 * (at + 2)) % 255 + 1) % 256 for at, word in enumerate([*length, *data]))]
