"""Kernels that draw a mark's modules as rectangles, as few as reaching down allows."""

from __future__ import annotations

import numpy as np

from rendering.jit import inlined, kernel
from rendering.pdf.mark_frame import FRAME
from rendering.pdf.numbers import Bytes, lowest_bit, put_hundredths, put_rectangle, put_thousandths
from rendering.pdf.streams import Ints, hundredths, put2, put_operator

DARK = 1  # a module's bit: dark
DRAWN = 3  # dark, and covered by a rectangle already written
BITS_MAX = 60  # columns, and rows, of a grid whose rows are words


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


@inlined
def _put_rows(out: Bytes, pos: int, modules: Bytes, work: Ints) -> int:
    """The rectangles of a grid by whole rows, a bit for each module: at random modules a processor's guesses are wrong every other time."""
    rows, columns = modules.shape
    for r in range(rows):
        dark = 0
        drawn = 0
        for c in range(columns):
            module = int(np.int64(modules[r, c]))
            dark |= (module & DARK) << c
            drawn |= module // FRAME % 2 << c
        work[r, 0] = dark
        work[r, 1] = drawn
    for r in range(rows):
        dark = work[r, 0]
        todo = dark & ~work[r, 1]
        while todo:
            low = todo & -todo
            run = dark & ~(dark + low)  # from low up to the next light module: the sum carries through it
            last = (run + low) >> 1
            while work[r, 1] & last:
                last >>= 1
            covered = 2 * last - low
            bottom = r
            while bottom < rows and work[bottom, 0] & covered == covered:
                work[bottom, 1] |= covered
                bottom += 1
            start = lowest_bit(low)
            pos = put_rectangle(out, pos, start, r, lowest_bit(last) - start + 1, bottom - r)
            todo &= ~run
    return pos


@inlined
def _put_modules(out: Bytes, pos: int, modules: Bytes) -> int:
    """The same for a grid of any width, module by module; DRAWN is set in it where a rectangle lies."""
    rows, columns = modules.shape
    for r in range(rows):
        for c in range(columns):
            module = modules[r, c] & (DARK | FRAME)
            modules[r, c] = module | DRAWN if module & FRAME else module
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
    return pos


@kernel
def put_matrix(out: Bytes, pos: int, modules: Bytes, work: Ints) -> int:
    """Draw a grid of modules as filled rectangles and end its user space.

    ``modules`` is (rows, columns), DARK is dark, FRAME besides what the form M draws. ``work`` is memory, two words for each row.
    """
    if modules[0, 0] & FRAME:
        for byte in (47, 77, 32, 68, 111, 10):  # /M Do
            out[pos] = byte
            pos += 1
    if modules.shape[1] <= BITS_MAX and modules.shape[0] <= work.shape[0]:
        pos = _put_rows(out, pos, modules, work)
    else:
        pos = _put_modules(out, pos, modules)
    pos = put2(out, pos, 102, 32)
    return put2(out, pos, 81, 10)
