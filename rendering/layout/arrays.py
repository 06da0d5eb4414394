"""The memory kernels work in, as records of fixed layout: a kernel is handed one address for each instead of twenty arrays.

`Program` is a template, `Typography` a batch's characters and glyphs, `Scratch` one letter's text and layout; `Values` are the
letters' values as they come. A record's arrays have fixed sizes, so their places are constants in the compiled code. The
memory of an unused part is never touched and so costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from rendering.layout import opcodes as o
from rendering.layout.classes import CLASS_COUNT, Kinsoku

CHARS_MAX = 1 << 16  # characters of a letter, after its fields are in place
VALUES_MAX = 1 << 14  # fields and table cells of a letter
LINES_MAX = 1 << 13
STRIPS_MAX = 1 << 13
FACES_MAX: Final = 8
STRIDE: Final = 1 << 16  # glyph = face * STRIDE + character

Ints = NDArray[np.int64]
Small = NDArray[np.int32]


class Program(Protocol):
    """A compiled template; columns of each table in `rendering.layout.opcodes`."""

    ops: Ints
    runs: Ints
    styles: Ints
    frames: Ints
    tables: Ints
    columns: Ints
    static: NDArray[np.uint16]  # static text as characters of the batch
    ready: Ready  # the same set once, each run alone, see `rendering.layout.ready`
    marks: Ints
    art: Ints
    page: Ints
    sizes: Ints  # used rows: see Z_*
    fixed: Ints  # by operation: (first of fixed_lines, lines) of a paragraph without fields; 0 lines for any other
    fixed_lines: Ints
    fixed_bytes: NDArray[np.uint8]


class Ready(Protocol):
    """The columns of `Scratch` of the same names, for the characters of the static text."""

    glyph: Small
    kind: NDArray[np.uint8]
    width: Small
    kern: Small
    reach: Ints
    give: Small


class Typography(Protocol):
    """``classes[ch]``; ``advances[glyph]`` in 1/1000 em; ``codes`` likewise, font << 16 | code."""

    classes: NDArray[np.uint8]
    advances: Small
    codes: Small
    breaks: NDArray[np.uint8]  # [level, before, after]
    between: Ints  # [before, after] 1/1000 em: above 0 pressed together, below 0 a Han-Latin gap
    edge: Ints


class Values(NamedTuple):
    """The letters' values: value v is ``text[offsets[v]:offsets[v + 1]]``.

    Letter i's fields are the values from ``fields[i]``, one for each slot of the template; its table t starts at value
    ``tables[i, t, 0]`` with ``tables[i, t, 1]`` rows of ``tables[i, t, 2]`` columns, row after row; ``conditions[i, c]`` is 0 or 1.
    """

    text: NDArray[np.uint16]
    offsets: NDArray[np.int64]
    fields: NDArray[np.int64]
    tables: NDArray[np.int64]
    conditions: NDArray[np.uint8]

    def of_letters(self, span: slice) -> Values:
        """Some of the letters, at the values where they are."""
        return self._replace(fields=self.fields[span], tables=self.tables[span], conditions=self.conditions[span])


class Scratch(Protocol):
    """One letter: its values, characters, lines, strips and places; reused for each letter."""

    text: NDArray[np.uint16]  # the static text, then the values
    offsets: Small
    tables: Ints  # (first value, rows, columns); the letter's values are its fields, then its tables' cells
    conditions: NDArray[np.uint8]
    glyph: Small
    kind: NDArray[np.uint8]
    width: Small
    kern: Small  # after the character, 1/1000 em, positive tightens (the sign of PDF's TJ)
    reach: Ints  # from the paragraph's start to the character in one endless line, millipoints
    give: Small  # what the marks before it can give, millipoints
    lines: Ints
    strips: Ints
    places: Ints
    counts: Ints  # see N_*
    at: Ints  # what is being laid out: see A_*
    text_state: Ints  # what the page description's text operators last set


N_CHARS = 0
N_LINES = 1
N_STRIPS = 2
N_PLACES = 3
N_FAILED = 4  # 0, or a FAILED_* below
N_WHERE = 5  # frame of the failure
N_AFTER = 6  # white space owed after the last strip
N_LENGTH = 8

A_LETTER = 0
A_ROW = 1  # of the table or loop
A_PAGE = 2  # from 0
A_PAGES = 3
A_PLACE = 4  # next place of the body to be written
A_LENGTH = 5

TEXT_STATE = 8

FAILED_TOO_LONG = 1
FAILED_FRAME = 2
FAILED_PAGES = 3
FAILED_EMPTY = 4
FAILED_PICTURE = 5

_FREE: Final = 3  # rows left behind every table: an operation that is set alone, and those that end it
# Rows of a template's tables; a template with more than may be used is refused.
_PROGRAM_ROWS: Final = {
    "ops": (1 << 12, o.OP_WIDTH),
    "runs": (1 << 13, o.RUN_WIDTH),
    "styles": (256, o.ST_WIDTH),
    "frames": (64, o.FR_WIDTH),
    "tables": (64, o.TB_WIDTH),
    "columns": (512, o.TC_WIDTH),
    "marks": (64, o.MK_WIDTH),
    "art": (64, o.AR_WIDTH),
}
TABLES_MAX: Final = _PROGRAM_ROWS["tables"][0]
CONDITIONS_MAX: Final = _PROGRAM_ROWS["ops"][0]
STATIC_MAX: Final = 1 << 17
FIXED_LINES_MAX: Final = 1 << 12
FIXED_BYTES_MAX: Final = 1 << 20

Z_FRAMES = 0
Z_MARKS = 1
Z_ART = 2
Z_TABLES = 3
Z_CONDITIONS = 4
Z_STATIC = 5
Z_SLOTS = 6
Z_READY = 7  # 1: the static text is set
Z_LENGTH = 8


def _record(fields: Sequence[tuple[object, ...]]) -> np.dtype[np.void]:
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


_READY: Final = _record(
    [
        ("glyph", np.int32, (STATIC_MAX,)),
        ("kind", np.uint8, (STATIC_MAX,)),
        ("width", np.int32, (STATIC_MAX,)),
        ("kern", np.int32, (STATIC_MAX,)),
        ("reach", np.int64, (STATIC_MAX,)),
        ("give", np.int32, (STATIC_MAX,)),
    ]
)
_PROGRAM: Final = _record(
    [
        *((name, np.int64, shape) for name, shape in _PROGRAM_ROWS.items()),
        ("page", np.int64, (o.PG_LENGTH,)),
        ("sizes", np.int64, (Z_LENGTH,)),
        ("fixed", np.int64, (_PROGRAM_ROWS["ops"][0], o.FX_WIDTH)),
        ("fixed_lines", np.int64, (FIXED_LINES_MAX, o.X_WIDTH)),
        ("static", np.uint16, (STATIC_MAX,)),
        ("ready", _READY),
        ("fixed_bytes", np.uint8, (FIXED_BYTES_MAX,)),
    ]
)
_TYPOGRAPHY: Final = _record(
    [
        ("breaks", np.uint8, (len(Kinsoku), CLASS_COUNT, CLASS_COUNT)),
        ("between", np.int64, (CLASS_COUNT, CLASS_COUNT)),
        ("edge", np.int64, (CLASS_COUNT, 3)),
        ("classes", np.uint8, (STRIDE,)),
        ("advances", np.int32, (FACES_MAX * STRIDE,)),
        ("codes", np.int32, (FACES_MAX * STRIDE,)),
    ]
)
_SCRATCH: Final = _record(
    [
        ("counts", np.int64, (N_LENGTH,)),
        ("at", np.int64, (A_LENGTH,)),
        ("text_state", np.int64, (TEXT_STATE,)),
        ("tables", np.int64, (TABLES_MAX, 3)),
        ("conditions", np.uint8, (CONDITIONS_MAX,)),
        ("text", np.uint16, (STATIC_MAX + CHARS_MAX,)),
        ("offsets", np.int32, (VALUES_MAX,)),
        ("glyph", np.int32, (CHARS_MAX,)),
        ("kind", np.uint8, (CHARS_MAX,)),
        ("width", np.int32, (CHARS_MAX,)),
        ("kern", np.int32, (CHARS_MAX,)),
        ("reach", np.int64, (CHARS_MAX,)),
        ("give", np.int32, (CHARS_MAX,)),
        ("lines", np.int64, (LINES_MAX, o.L_WIDTH)),
        ("strips", np.int64, (STRIPS_MAX, o.S_WIDTH)),
        ("places", np.int64, (2 * STRIPS_MAX, o.P_WIDTH)),
    ]
)


class TooLarge(Exception):
    """A template has more of something than the renderer has room for; the message names it."""


def new_scratch() -> Scratch:
    """Working memory for one thread."""
    return cast(Scratch, np.zeros(1, _SCRATCH)[0])


def new_program() -> Program:
    """An empty program."""
    return cast(Program, np.zeros(1, _PROGRAM)[0])


def new_typography(breaks: NDArray[np.uint8], between: Ints, edge: Ints) -> Typography:
    """The tables of a template, no character yet."""
    typography = cast(Typography, np.zeros(1, _TYPOGRAPHY)[0])
    typography.breaks[:] = breaks
    typography.between[:] = between
    typography.edge[:] = edge
    return typography


def fill_typography(
    typography: Typography, classes: NDArray[np.uint8], advances: NDArray[np.int64], codes: NDArray[np.int64]
) -> None:
    """Put a batch's characters in: advances and codes face after face, as `GlyphTables` has them. Raises TooLarge."""
    count = len(classes)
    faces = len(advances) // count if count else 0
    if count > STRIDE or faces > FACES_MAX:
        raise TooLarge(f"{count} characters in {faces} faces, {STRIDE} in {FACES_MAX} at most")
    typography.classes[:count] = classes
    for face in range(faces):
        there = slice(face * STRIDE, face * STRIDE + count)
        here = slice(face * count, (face + 1) * count)
        typography.advances[there] = advances[here]
        typography.codes[there] = codes[here]


def fill_table(program: Program, name: str, rows: Sequence[Sequence[int]]) -> None:
    """Put the rows of one of the program's tables in. Raises TooLarge."""
    most, width = _PROGRAM_ROWS[name]
    if len(rows) > most - _FREE:
        raise TooLarge(f"{len(rows)} {name}, {most - _FREE} at most")
    table: Ints = getattr(program, name)
    table[: len(rows)] = np.array(rows, np.int64).reshape(-1, width)
