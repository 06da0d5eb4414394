"""Kernels that draw on a page: art, table rules, pictures. Lines and rectangles only, nothing transparent.

They are written before the text, so that a seal lies under the words it is put over; marks (`modules`) come last.
"""

from __future__ import annotations

from rendering.jit import kernel
from rendering.layout.arrays import Program, Scratch
from rendering.layout.opcodes import (
    P_STRIP,
    P_Y,
    PG_HEIGHT,
    S_ARG,
    S_HEIGHT,
    S_KIND,
    S_X,
    STRIP_FORM,
    STRIP_ROW,
)
from rendering.pdf.numbers import Bytes, put_hundredths, put_int, put_thousandths
from rendering.pdf.streams import hundredths, put2, put_operator


@kernel
def put_form(out: Bytes, pos: int, form: int, matrix: tuple[int, int, int, int]) -> int:
    """Draw form XObject ``form`` (a unit square) scaled to (width, height) with its bottom left at (x, y); millipoints."""
    x, y, width, height = matrix
    pos = put2(out, pos, 113, 32)
    pos = put_hundredths(out, pos, hundredths(width))
    for byte in (32, 48, 32, 48, 32):
        out[pos] = byte
        pos += 1
    pos = put_hundredths(out, pos, hundredths(height))
    out[pos] = 32
    pos = put_hundredths(out, pos + 1, hundredths(x))
    out[pos] = 32
    pos = put_hundredths(out, pos + 1, hundredths(y))
    pos = put_operator(out, pos, 99, 109)
    pos = put2(out, pos, 47, 88)
    pos = put_int(out, pos, form)
    pos = put_operator(out, pos, 68, 111)
    return put2(out, pos, 81, 10)


@kernel
def _put_box(out: Bytes, pos: int, x: int, y: int, width: int, height: int) -> int:
    """Write the path of a rectangle, or of the line it is when it has no height or width; 1/100 pt."""
    pos = put_hundredths(out, pos, x)
    out[pos] = 32
    pos = put_hundredths(out, pos + 1, y)
    out[pos] = 32
    if width == 0 or height == 0:
        pos = put2(out, pos + 1, 109, 32)
        pos = put_hundredths(out, pos, x + width)
        out[pos] = 32
        pos = put_hundredths(out, pos + 1, y + height)
        pos = put2(out, pos, 32, 108)
        out[pos] = 10
        return pos + 1
    pos = put_hundredths(out, pos + 1, width)
    out[pos] = 32
    pos = put_hundredths(out, pos + 1, height)
    return put_operator(out, pos, 114, 101)


@kernel
def _put_grid(out: Bytes, pos: int, program: Program, scratch: Scratch, first: int, after: int) -> int:
    """Draw the rules of the table rows placed from ``first`` to ``after``, one below the other on a page.

    A box around them; the lines inside it two by two, as the edges of a box: half the numbers, and its other edges lie on the outer box.
    """
    strip = scratch.strips[scratch.places[first, P_STRIP]]
    table = program.tables[strip[S_ARG]]
    page_height = program.page[PG_HEIGHT]
    left = hundredths(strip[S_X])
    right = strip[S_X]
    for c in range(table[2], table[2] + table[1]):
        right += program.columns[c, 0]
    width = hundredths(right) - left
    pos = put_thousandths(out, pos, table[7])
    pos = put2(out, pos, 32, 119)
    out[pos] = 10
    pos += 1
    top = hundredths(page_height - scratch.places[first, P_Y])
    last = scratch.places[after - 1]
    bottom = hundredths(page_height - last[P_Y] - scratch.strips[last[P_STRIP], S_HEIGHT])
    pos = _put_box(out, pos, left, bottom, width, top - bottom)
    for place in range(first, after - 1, 2):
        row = scratch.places[place]
        y = hundredths(page_height - row[P_Y] - scratch.strips[row[P_STRIP], S_HEIGHT])
        below = y
        if place + 2 < after:
            row = scratch.places[place + 1]
            below = hundredths(page_height - row[P_Y] - scratch.strips[row[P_STRIP], S_HEIGHT])
        pos = _put_box(out, pos, left, below, width, y - below)
    x = strip[S_X]
    for c in range(0, table[1] - 1, 2):
        x += program.columns[table[2] + c, 0]
        beside = x
        if c + 2 < table[1]:
            beside += program.columns[table[2] + c + 1, 0]
        pos = _put_box(out, pos, hundredths(x), bottom, hundredths(beside) - hundredths(x), top - bottom)
        x = beside
    return put2(out, pos, 83, 10)


@kernel
def put_graphics(out: Bytes, pos: int, program: Program, scratch: Scratch, first: int, after: int) -> int:
    """Draw the table rules and pictures of the strips placed from ``first`` to ``after``."""
    place = first
    while place < after:
        strip = scratch.strips[scratch.places[place, P_STRIP]]
        if strip[S_KIND] == STRIP_ROW:
            last = place + 1
            while last < after and scratch.strips[scratch.places[last, P_STRIP], S_KIND] == STRIP_ROW:
                if scratch.strips[scratch.places[last, P_STRIP], S_ARG] != strip[S_ARG]:
                    break
                last += 1
            pos = _put_grid(out, pos, program, scratch, place, last)
            place = last
            continue
        if strip[S_KIND] == STRIP_FORM:
            op = program.ops[strip[S_ARG]]
            y = program.page[PG_HEIGHT] - (scratch.places[place, P_Y] + op[3]) - op[5]
            pos = put_form(out, pos, op[1], (strip[S_X], y, op[4], op[5]))
        place += 1
    return pos
