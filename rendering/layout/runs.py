"""Kernels that set the runs of a paragraph one behind another: its characters, their classes and widths, and what a line needs to know of them."""

from __future__ import annotations

from rendering.jit import inlined, kernel
from rendering.layout.arrays import (
    A_PAGE,
    A_PAGES,
    A_ROW,
    CHARS_MAX,
    FAILED_TOO_LONG,
    N_CHARS,
    N_FAILED,
    STRIDE,
    Z_READY,
    Program,
    Scratch,
    Typography,
)
from rendering.layout.opcodes import (
    FLAG_GRID,
    RUN_CELL,
    RUN_FIELD,
    RUN_JUMP,
    RUN_PAGE,
    RUN_SHEET,
    RUN_STATIC,
    RUN_UNLESS,
    ST_FACE,
    ST_FLAGS,
    ST_SIZE,
    ST_TRACKING,
)

# Classes by number, for the kernels (rendering.layout.classes.CharClass).
HAN = 0
DIGIT = 8
UNIT = 10


@inlined
def _append(
    scratch: Scratch, typography: Typography, first: int, after: int, face: int, style: tuple[int, int, int, int]
) -> None:
    """Append the characters ``first`` to ``after`` of the letter's text; a unit counts as such only after a number.

    ``style`` is (first character of the paragraph, size, whether it is set loosely, tracking). What a line may need of the characters
    before one is summed up here, once: ``reach`` and ``give``.
    """
    n = scratch.counts[N_CHARS]
    if n + after - first >= CHARS_MAX - 8:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return
    char0, size, loose, tracking = style
    classes = typography.classes
    advances = typography.advances
    between = typography.between
    edges = typography.edge
    text = scratch.text
    base = face * STRIDE
    glyph = scratch.glyph
    kinds = scratch.kind
    widths = scratch.width
    kerns = scratch.kern
    reaches = scratch.reach
    gives = scratch.give
    previous = kinds[n - 1] if n > 0 else HAN
    reach = 0
    give = 0
    if n > char0:
        reach = reaches[n - 1] + widths[n - 1] + tracking
        give = gives[n - 1]
    for i in range(first, after):
        ch = text[i]
        kind = classes[ch]
        if kind == UNIT and previous != DIGIT and previous != UNIT:
            kind = HAN
        if loose and n > char0:
            kern = between[previous, kind]
            kerns[n - 1] = kern
            if kern:
                reach -= kern * size // 1000
            elif edges[previous, 2]:
                give += edges[previous, 2] * size // 1000
        elif n > char0:
            kerns[n - 1] = 0
        advance = advances[base + ch]
        width = size if advance == 1000 else advance * size // 1000
        glyph[n] = base + ch
        kinds[n] = kind
        widths[n] = width
        reaches[n] = reach
        gives[n] = give
        reach += width + tracking
        previous = kind
        n += 1
    scratch.counts[N_CHARS] = n


@kernel
def _append_number(
    scratch: Scratch, typography: Typography, value: int, face: int, style: tuple[int, int, int, int]
) -> None:
    """Append a number below 100; the text begins with the characters 0 to 9."""
    if value >= 10:
        tens = value // 10 % 10
        _append(scratch, typography, tens, tens + 1, face, style)
    ones = value % 10
    _append(scratch, typography, ones, ones + 1, face, style)


@inlined
def _is_amount(scratch: Scratch, typography: Typography, first: int, after: int) -> bool:
    """Whether the text is an amount as amounts are kept: 1234.50, no leading zero. The letter's text starts 0123456789,. ."""
    text = scratch.text
    if after - first < 4 or text[after - 3] != text[11] or (text[first] == text[0] and after - first > 4):
        return False
    good = True
    for i in range(first, after):
        good = good and (i == after - 3 or typography.classes[text[i]] == DIGIT)
    return good


@kernel
def _append_amount(
    scratch: Scratch, typography: Typography, first: int, after: int, face: int, style: tuple[int, int, int, int]
) -> None:
    """Append a value with a comma before every third digit of yuan; a value that is no plain amount as it is."""
    if _is_amount(scratch, typography, first, after):
        stop = first + (after - 3 - first) % 3
        if stop == first:
            stop += 3
        while stop < after - 3:
            _append(scratch, typography, first, stop, face, style)
            _append(scratch, typography, 10, 11, face, style)
            first = stop
            stop += 3
    _append(scratch, typography, first, after, face, style)


@inlined
def _append_ready(
    program: Program,
    scratch: Scratch,
    typography: Typography,
    first: int,
    after: int,
    face: int,
    style: tuple[int, int, int, int],
) -> None:
    """Append static text as it was set once; what depends on the text before it, its first character and units there, anew.

    While `rendering.layout.ready` sets it, all of it.
    """
    ready = program.ready
    begin = first + 1 if program.sizes[Z_READY] else after
    while begin < after and typography.classes[scratch.text[begin - 1]] == UNIT:
        begin += 1
    _append(scratch, typography, first, begin, face, style)
    if begin == after or scratch.counts[N_FAILED]:
        return
    n = scratch.counts[N_CHARS]
    if n + after - begin >= CHARS_MAX - 8:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return
    reach = scratch.reach[n - 1] - ready.reach[begin - 1]
    give = scratch.give[n - 1] - ready.give[begin - 1]
    for i in range(begin, after):
        scratch.glyph[n + i - begin] = ready.glyph[i]
        scratch.kind[n + i - begin] = ready.kind[i]
        scratch.width[n + i - begin] = ready.width[i]
        scratch.kern[n + i - begin - 1] = ready.kern[i - 1]
        scratch.reach[n + i - begin] = ready.reach[i] + reach
        scratch.give[n + i - begin] = ready.give[i] + give
    scratch.counts[N_CHARS] = n + after - begin


@inlined
def _how(program: Program, scratch: Scratch, style: int) -> tuple[int, int, int, int]:
    """How a paragraph that begins here is set: what `_append` calls its style."""
    loose = 1 if program.styles[style, ST_FLAGS] & FLAG_GRID == 0 else 0
    return scratch.counts[N_CHARS], program.styles[style, ST_SIZE], loose, program.styles[style, ST_TRACKING]


@inlined
def fill_runs(program: Program, typography: Typography, scratch: Scratch, style: int, first: int, after: int) -> None:
    """Append the characters of runs ``first`` to ``after`` for the letter, row and page in ``scratch.at``."""
    how = _how(program, scratch, style)
    row = scratch.at[A_ROW]
    page = scratch.at[A_PAGE]
    pages = scratch.at[A_PAGES]
    r = first
    while r < after:
        kind = program.runs[r, 0]
        a = program.runs[r, 1]
        b = program.runs[r, 2]
        face = program.runs[r, 3]
        if face < 0:
            face = program.styles[style, ST_FACE]
        r += 1
        if kind == RUN_STATIC:
            _append_ready(program, scratch, typography, a, a + b, face, how)
        elif kind in (RUN_FIELD, RUN_CELL):
            value = a
            if kind == RUN_CELL:
                value = scratch.tables[a, 0] + row * scratch.tables[a, 2] + b
            begin = scratch.offsets[value]
            stop = scratch.offsets[value + 1] - 1
            if program.runs[r - 1, 4]:
                _append_amount(scratch, typography, begin, stop, face, how)
            else:
                _append(scratch, typography, begin, stop, face, how)
        elif kind == RUN_UNLESS:
            if scratch.conditions[a] == 0:
                r = b
        elif kind == RUN_JUMP:
            r = b
        else:
            divisor = 2 if program.page[2] and kind >= RUN_SHEET else 1
            counts_from_one = kind in (RUN_PAGE, RUN_SHEET)
            number = page // divisor + 1 if counts_from_one else (pages + divisor - 1) // divisor
            _append_number(scratch, typography, number, face, how)
