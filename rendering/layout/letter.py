"""The kernel that brings one letter's values to where the layout works on them."""

from __future__ import annotations

from rendering.jit import kernel
from rendering.layout.arrays import (
    FAILED_TOO_LONG,
    N_FAILED,
    VALUES_MAX,
    Z_CONDITIONS,
    Z_SLOTS,
    Z_STATIC,
    Z_TABLES,
    Program,
    Scratch,
    Values,
)


@kernel
def load_static(program: Program, scratch: Scratch) -> None:
    """Put the template's static text where every letter's text begins."""
    for i in range(program.sizes[Z_STATIC]):
        scratch.text[i] = program.static[i]


@kernel
def _load_values(values: Values, scratch: Scratch, first: int, after: int, at: int, to: int) -> int:
    """Append the values ``first`` to ``after`` as the letter's values from ``at`` on, their text from ``to``; return its end.

    Fails when the letter has more of them than there is room for.
    """
    text0 = values.offsets[first]
    length = values.offsets[after] - text0
    if at + after - first >= VALUES_MAX or to + length >= scratch.text.shape[0]:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return to
    for i in range(length):
        scratch.text[to + i] = values.text[text0 + i]
    for i in range(after - first + 1):
        scratch.offsets[at + i] = values.offsets[first + i] - text0 + to
    return int(to + length)


@kernel
def load_letter(program: Program, values: Values, scratch: Scratch, letter: int) -> None:
    """Put a letter's fields, then the cells of its tables, after the static text. Fails when there are too many."""
    slots = program.sizes[Z_SLOTS]
    first = values.fields[letter]
    end = _load_values(values, scratch, first, first + slots, 0, program.sizes[Z_STATIC])
    at = slots
    for t in range(program.sizes[Z_TABLES]):
        first = values.tables[letter, t, 0]
        rows = values.tables[letter, t, 1]
        columns = values.tables[letter, t, 2]
        end = _load_values(values, scratch, first, first + rows * columns, at, end)
        scratch.tables[t, 0] = at
        scratch.tables[t, 1] = rows
        scratch.tables[t, 2] = columns
        if scratch.counts[N_FAILED]:
            return
        at += rows * columns
    for c in range(program.sizes[Z_CONDITIONS]):
        scratch.conditions[c] = values.conditions[letter, c]
