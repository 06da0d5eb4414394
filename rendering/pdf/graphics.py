"""Kernels that draw on a page: art, table rules, pictures, marks. Lines and rectangles only, nothing transparent.

They are written before the text, so that a seal lies under the words it is put over; marks come last.
"""

from __future__ import annotations

from rendering.jit import inlined, kernel
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
from rendering.pdf.mark_frame import FRAME
from rendering.pdf.numbers import Bytes, put_hundredths, put_int, put_rectangle, put_thousandths
from rendering.pdf.streams import Ints, hundredths, put2, put_operator

DARK = 1  # a module's bit: dark
DRAWN = 3  # dark, and covered by a rectangle already written


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


@inlined
def _cover(modules: Bytes, row: int, start: int, stop: int) -> int:
    """Return how many rows the dark run may reach down, and mark its modules as drawn."""
    bottom = row
    dark = True
    while dark and bottom < modules.shape[0]:
        for c in range(start, stop):
            if modules[bottom, c] & DARK == 0:
                dark = False
        if dark:
            for c in range(start, stop):
                modules[bottom, c] |= DRAWN
            bottom += 1
    return bottom - row


@kernel
def begin_matrix(out: Bytes, pos: int, mark: Ints, page_height: int) -> int:
    """Scale the user space to one module of ``mark``, origin at its top left, y down."""
    pos = put2(out, pos, 113, 32)
    pos = put_thousandths(out, pos, mark[4])
    for byte in (32, 48, 32, 48, 32):
        out[pos] = byte
        pos += 1
    pos = put_thousandths(out, pos, -mark[5])
    out[pos] = 32
    pos = put_hundredths(out, pos + 1, hundredths(mark[2]))
    out[pos] = 32
    pos = put_hundredths(out, pos + 1, hundredths(page_height - mark[3]))
    return put_operator(out, pos, 99, 109)


@kernel
def put_matrix(out: Bytes, pos: int, modules: Bytes) -> int:
    """Draw a grid of modules as filled rectangles, as few as reaching down allows, and end the user space of it.

    ``modules`` is (rows, columns), DARK is dark, FRAME besides what the form M draws; DRAWN is set in it where a rectangle lies.
    """
    for r in range(modules.shape[0]):
        for c in range(modules.shape[1]):
            module = modules[r, c] & (DARK | FRAME)
            modules[r, c] = module | DRAWN if module & FRAME else module
    rows, columns = modules.shape
    if modules[0, 0] & FRAME:
        for byte in (47, 77, 32, 68, 111, 10):  # /M Do
            out[pos] = byte
            pos += 1
    for r in range(rows):
        c = 0
        while c < columns:
            if modules[r, c] & DRAWN != DARK:
                c += 1
                continue
            start = c
            while c < columns and modules[r, c] & DARK:
                c += 1
            stop = c
            while modules[r, stop - 1] & DRAWN == DRAWN:
                stop -= 1
            pos = put_rectangle(out, pos, start, r, stop - start, _cover(modules, r, start, stop))
    pos = put2(out, pos, 102, 32)
    return put2(out, pos, 81, 10)
