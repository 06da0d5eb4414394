"""The arrays kernels work on, grouped so that a kernel takes a handful of arguments.

`Program` is a template, `Typography` a batch's characters and glyphs, `Values` the letters' text, `Scratch` one letter's layout.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rendering.layout.opcodes import L_WIDTH, P_WIDTH, S_WIDTH

CHARS_MAX = 1 << 16
LINES_MAX = 1 << 13
STRIPS_MAX = 1 << 13

Ints = NDArray[np.int64]


class Program(NamedTuple):
    """A compiled template; columns of each table in `rendering.layout.opcodes`."""

    ops: Ints
    runs: Ints
    styles: Ints
    frames: Ints
    tables: Ints
    columns: Ints
    static: NDArray[np.uint16]  # static text as characters of the batch
    marks: Ints
    art: Ints
    page: Ints
    fixed: Ints  # by operation: (first of fixed_lines, lines) of a paragraph without fields; 0 lines for any other
    fixed_lines: Ints
    fixed_bytes: NDArray[np.uint8]


class Typography(NamedTuple):
    """``classes[ch]``; ``advances[face * characters + ch]`` in 1/1000 em; ``codes`` likewise, font << 16 | two-byte code."""

    classes: NDArray[np.uint8]
    advances: Ints
    codes: Ints
    breaks: NDArray[np.uint8]  # [level, before, after]
    between: Ints  # [before, after] 1/1000 em: above 0 pressed together, below 0 a Han-Latin gap
    edge: Ints


class Values(NamedTuple):
    """The letters' values: value v is ``text[offsets[v]:offsets[v + 1]]``.

    Letter i's fields are the values from ``fields[i]``; its table t starts at value ``tables[i, t, 0]`` with
    ``tables[i, t, 1]`` rows of
    ``tables[i, t, 2]`` columns, row after row; ``conditions[i, c]`` is 0 or 1.
    """

    text: NDArray[np.uint16]
    offsets: NDArray[np.int64]
    fields: NDArray[np.int64]
    tables: NDArray[np.int64]
    conditions: NDArray[np.uint8]


class Scratch(NamedTuple):
    """One letter's characters, lines, strips and places; reused for each letter."""

    glyph: Ints
    kind: NDArray[np.uint8]
    width: Ints
    kern: Ints  # after the character, 1/1000 em, positive tightens (the sign of PDF's TJ)
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


def new_scratch() -> Scratch:
    """Working arrays for one thread."""
    return Scratch(
        np.zeros(CHARS_MAX, np.int64),
        np.zeros(CHARS_MAX, np.uint8),
        np.zeros(CHARS_MAX, np.int64),
        np.zeros(CHARS_MAX, np.int64),
        np.zeros((LINES_MAX, L_WIDTH), np.int64),
        np.zeros((STRIPS_MAX, S_WIDTH), np.int64),
        np.zeros((2 * STRIPS_MAX, P_WIDTH), np.int64),
        np.zeros(N_LENGTH, np.int64),
        np.zeros(A_LENGTH, np.int64),
        np.zeros(TEXT_STATE, np.int64),
    )
