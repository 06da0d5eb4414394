"""Text of a Code 128 symbol from its codewords (ISO/IEC 15417:2007): code sets, shifts and the modulo 103 check."""

from __future__ import annotations

from collections.abc import Sequence

SHIFT, CODE_C, CODE_B, CODE_A = 98, 99, 100, 101
FNC3, FNC2, FNC1 = 96, 97, 102
START_A, START_B, START_C = 103, 104, 105
_STARTS = {START_A: "A", START_B: "B", START_C: "C"}


def checked(codewords: Sequence[int]) -> bool:
    """Return whether start, data and check character agree: sum of value times position, modulo 103."""
    if len(codewords) < 3 or codewords[0] not in _STARTS:
        return False
    total = codewords[0] + sum(place * value for place, value in enumerate(codewords[1:-1], start=1))
    return total % 103 == codewords[-1]


def text_of(codewords: Sequence[int]) -> str | None:
    """Return the text, or None when the check fails or a codeword has no meaning where it stands.

    Function characters belong to no text printed here, but FNC1 in first place (GS1-128): dropping them silently would
    let a misread character vanish.
    """
    if not checked(codewords):
        return None
    mode = _STARTS[codewords[0]]
    shifted = False
    out: list[str] = []
    for place, value in enumerate(codewords[1:-1], start=1):
        active = {"A": "B", "B": "A"}.get(mode, mode) if shifted else mode
        was_shifted, shifted = shifted, False
        if value > FNC1 or (value in (FNC2, FNC3) and active != "C"):
            return None
        if value == FNC1:
            if place > 1:
                return None
            continue
        if active == "C":
            if value < 100:
                out.append(f"{value:02d}")
            else:
                mode = "B" if value == CODE_B else "A"
        elif value < 96:
            out.append(_character(value, active))
        elif value == SHIFT and not was_shifted:
            shifted = True
        elif value == CODE_C:
            mode = "C"
        elif value == (CODE_B if active == "A" else CODE_A):
            mode = "B" if active == "A" else "A"
        else:
            return None
    return "".join(out)


def _character(value: int, mode: str) -> str:
    if mode == "A" and value >= 64:
        return chr(value - 64)
    return chr(value + 32)
