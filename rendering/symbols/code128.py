"""Code 128 (ISO/IEC 15417): text in, one byte per module out, code sets A, B and C chosen for the shortest symbol.

Never draws, never knows the X dimension; the quiet zone of ten modules on each side is the caller's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rendering.symbols.errors import SymbolError

# Bar and space widths of symbol values 0..106 (ISO/IEC 15417 table 1); value 106 is the stop pattern of seven elements.
WIDTHS_OF_106 = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
WIDTHS: tuple[str, ...] = (*(WIDTHS_OF_106[at : at + 6] for at in range(0, 636, 6)), "2331112")
SHIFT, CODE_C, CODE_B, CODE_A = 98, 99, 100, 101
START = {"A": 103, "B": 104, "C": 105}
STOP = 106
MODULUS = 103


def code128(payload: str) -> NDArray[np.uint8]:
    """Modules of the symbol, 1 = bar, start to stop inclusive; length 11 * (codewords + checksum) + 13.

    Raises SymbolError for an empty payload or a character outside ASCII 0..127.
    """
    values = code128_values(payload)
    modules = [
        1 - (position & 1)
        for value in values
        for position, width in enumerate(WIDTHS[value])
        for _ in range(int(width))
    ]
    return np.array(modules, dtype=np.uint8)


def code128_values(payload: str) -> list[int]:
    """Symbol values including start, checksum and stop; the shortest sequence (dynamic programming over code sets)."""
    if not payload:
        raise SymbolError("Code 128: the payload is empty")
    for position, character in enumerate(payload):
        if ord(character) > 127:
            raise SymbolError(f"Code 128 holds ASCII only: character {character!r} at position {position + 1}")
    values = _shortest(payload)
    check = values[0] + sum(position * value for position, value in enumerate(values) if position)
    return [*values, check % MODULUS, STOP]


def _value(code_set: str, character: str) -> int | None:
    """Symbol value of one character in code set A or B, None when the set lacks it."""
    code = ord(character)
    if code_set == "A" and code < 96:
        return code - 32 if code >= 32 else code + 64
    if code_set == "B" and code >= 32:
        return code - 32
    return None


def _steps(payload: str, at: int, code_set: str) -> list[tuple[int, str, list[int]]]:
    """Every way to encode the next characters from `code_set`: (characters taken, code set after, values)."""
    steps: list[tuple[int, str, list[int]]] = []
    pair = payload[at : at + 2]
    if code_set == "C":
        if len(pair) == 2 and pair.isascii() and pair.isdigit():
            steps.append((2, "C", [int(pair)]))
        return steps
    value = _value(code_set, payload[at])
    if value is not None:
        steps.append((1, code_set, [value]))
    other = _value("B" if code_set == "A" else "A", payload[at])
    if other is not None:
        steps.append((1, code_set, [SHIFT, other]))
    return steps


def _shortest(payload: str) -> list[int]:
    """Cheapest value sequence; ties keep the set already in use, then C before B before A."""
    latch = {"A": CODE_A, "B": CODE_B, "C": CODE_C}
    best: dict[str, list[int]] = {name: [START[name]] for name in "CBA"}
    at_best: list[dict[str, list[int]]] = [{} for _ in range(len(payload) + 1)]
    at_best[0] = best
    for at in range(len(payload)):
        here = at_best[at]
        reach = dict(here)
        for source, values in here.items():
            for target in "CBA":
                candidate = [*values, latch[target]]
                if at and target != source and (target not in reach or len(candidate) < len(reach[target])):
                    reach[target] = candidate
        for name, values in reach.items():
            for taken, after, more in _steps(payload, at, name):
                there = at_best[at + taken]
                if after not in there or len(values) + len(more) < len(there[after]):
                    there[after] = values + more
    return min(at_best[len(payload)].values(), key=len)
