"""Runs the layout kernels on bare text: one style, fixed advances, no fonts and no template."""

from __future__ import annotations

import numpy as np

from rendering.layout import opcodes as o
from rendering.layout.arrays import (
    N_LINES,
    N_PLACES,
    N_STRIPS,
    Z_STATIC,
    fill_typography,
    new_program,
    new_scratch,
    new_typography,
)
from rendering.layout.classes import break_table, character_classes, edge_table, gap_table, squeeze_table
from rendering.layout.flow import paginate
from rendering.layout.lines import break_lines
from rendering.layout.ready import set_ready
from rendering.layout.reference import Line, Setting, Strip, resolve_classes
from rendering.layout.runs import fill_runs

CLASSES = character_classes()
HALF = set(map(chr, range(0x20, 0x7F)))


def classes_of(text: str) -> list[int]:
    return resolve_classes([int(CLASSES[ord(c)]) for c in text])


def widths_of(text: str, size: int) -> list[int]:
    return [size // 2 if c in HALF else size for c in text]


def kernel_lines(text: str, how: Setting) -> list[Line]:
    """The lines the kernel makes of ``text``."""
    scratch = new_scratch()
    program = new_program()
    style = program.styles
    style[0, o.ST_SIZE] = how.size
    style[0, o.ST_FIRST] = how.first_indent
    style[0, o.ST_LEVEL] = int(how.level)
    style[0, o.ST_FLAGS] = {"trim": 0, "hang": o.FLAG_HANG, "full": o.FLAG_FULL_END}[how.line_end]
    between = squeeze_table() - gap_table(how.latin_gap)
    breaks = np.stack([break_table(level) for level in type(how.level)])
    typography = new_typography(breaks, between, edge_table())
    characters = sorted(set(text))
    classes = np.array([CLASSES[ord(c)] for c in characters], np.uint8)
    advances = np.array([500 if c in HALF else 1000 for c in characters], np.int64)
    fill_typography(typography, classes, advances, np.zeros_like(advances))
    program.static[: len(text)] = [characters.index(c) for c in text]
    program.sizes[Z_STATIC] = len(text)
    program.runs[0] = (o.RUN_STATIC, 0, len(text), 0, 0)
    set_ready(program, typography, scratch, [0])
    scratch.counts[:] = 0
    fill_runs(program, typography, scratch, 0, 0, 1)
    assert scratch.kind[: len(text)].tolist() == classes_of(text)
    assert scratch.width[: len(text)].tolist() == widths_of(text, how.size)
    align = o.ALIGN_JUSTIFY if how.justify else o.ALIGN_LEFT
    break_lines(program, typography, scratch, 0, 0, (0, how.width, align))
    lines = []
    for row in scratch.lines[: scratch.counts[N_LINES]]:
        start, end = int(row[o.L_START]), int(row[o.L_END])
        kerns = tuple(int(k) for k in scratch.kern[start : end - 1])
        lines.append(Line(start, end, int(row[o.L_TC]), int(row[o.L_LEADING_KERN]), kerns))
    return lines


def texts(text: str, how: Setting) -> list[str]:
    """The kernel's lines as text."""
    return [text[line.start : line.end] for line in kernel_lines(text, how)]


def kernel_pages(strips: list[Strip], first_height: int, other_height: int) -> list[int]:
    """Page of every strip that is no page break, as the kernel places them."""
    scratch = new_scratch()
    for row, strip in zip(scratch.strips, strips, strict=False):
        row[o.S_HEIGHT] = strip.height
        row[o.S_BEFORE] = strip.before
        row[o.S_KEEP] = int(strip.keep)
        row[o.S_KIND] = o.STRIP_PAGE if strip.new_page else o.STRIP_TEXT
        row[o.S_HEADER] = -1
    scratch.counts[N_STRIPS] = len(strips)
    program = new_program()
    program.page[o.PG_MAX] = 99
    program.page[o.PG_BODY + 3] = first_height
    program.page[o.PG_BODY + 7] = other_height
    paginate(program, scratch)
    return [int(p) for p in scratch.places[: scratch.counts[N_PLACES], o.P_PAGE]]
