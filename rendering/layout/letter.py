"""The kernel that brings one letter's values to where the layout works on them."""

from __future__ import annotations

from rendering.jit import kernel
from rendering.layout.arrays import (
    CHARS_MAX,
    FAILED_TOO_LONG,
    N_FAILED,
    VALUES_MAX,
    Z_CONDITIONS,
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
def load_letter(program: Program, values: Values, scratch: Scratch, letter: int) -> None:
    """Put a letter's values after the static text. Fails when it has more of them than there is room for."""
    first = values.fields[letter]
    after = values.offsets.shape[0] - 1
    if letter + 1 < values.fields.shape[0]:
        after = values.fields[letter + 1]
    text0 = values.offsets[first]
    length = values.offsets[after] - text0
    if after - first >= VALUES_MAX or length >= CHARS_MAX:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return
    static = program.sizes[Z_STATIC]
    for i in range(length):
        scratch.text[static + i] = values.text[text0 + i]
    for i in range(after - first + 1):
        scratch.offsets[i] = values.offsets[first + i] - text0 + static
    for t in range(program.sizes[Z_TABLES]):
        scratch.tables[t, 0] = values.tables[letter, t, 0] - first
        scratch.tables[t, 1] = values.tables[letter, t, 1]
        scratch.tables[t, 2] = values.tables[letter, t, 2]
    for c in range(program.sizes[Z_CONDITIONS]):
        scratch.conditions[c] = values.conditions[letter, c]
