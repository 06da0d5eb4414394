"""The kernel that takes a chunk's letters to page descriptions: layout, pages, frames, art, text, marks, letter by letter.

It only measures when given no room to write. It stops before a letter that does not fit in the buffer; the caller hands it
a new one and goes on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rendering.jit import inlined, kernel
from rendering.layout.arrays import (
    A_LENGTH,
    A_LETTER,
    A_PAGE,
    A_PAGES,
    A_PLACE,
    FAILED_FRAME,
    FAILED_PICTURE,
    N_AFTER,
    N_CHARS,
    N_FAILED,
    N_LENGTH,
    N_LINES,
    N_PLACES,
    N_STRIPS,
    N_WHERE,
    Z_ART,
    Z_FRAMES,
    Z_MARKS,
    Program,
    Scratch,
    Typography,
    Values,
)
from rendering.layout.flow import misplaced_picture, paginate, run_operations
from rendering.layout.letter import load_letter, load_static
from rendering.layout.opcodes import (
    MARK_ITEM,
    MARK_TRACK,
    MARK_WINDOW,
    ON_ALL,
    ON_FIRST,
    ON_FRONT,
    ON_LAST,
    ON_OTHER,
    P_PAGE,
    P_STRIP,
    P_Y,
    PG_BODY,
    PG_BODY_OP,
    PG_DUPLEX,
    PG_HEIGHT,
    S_BEFORE,
    S_HEIGHT,
)
from rendering.pdf.graphics import put_form, put_graphics
from rendering.pdf.modules import begin_matrix, put_matrix
from rendering.pdf.streams import (
    T_COLOUR,
    T_FONT,
    T_OPEN,
    T_SIZE,
    T_TC,
    put_paragraph,
    put_strip_text,
    whole_paragraph,
)

PAGE_BYTES_MAX = 1 << 19  # no page description is longer; checked before each page


class Marks(NamedTuple):
    """Module grids: letter i's sheet k is ``sheets[first[i] + k]``, its OMR track likewise; ``items[i]`` is its one-row item code.

    ``work`` is memory for drawing them.
    """

    sheets: NDArray[np.uint8]
    first: NDArray[np.int64]
    items: NDArray[np.uint8]
    tracks: NDArray[np.uint8]
    work: NDArray[np.int64]


class Pages(NamedTuple):
    """What comes out: ``ends[p]`` is the end of page p's bytes; ``results[i]`` is (pages, failure, frame, first page)."""

    ends: NDArray[np.int64]
    results: NDArray[np.int64]


@kernel
def is_on(rule: int, page: int, pages: int, duplex: int) -> bool:
    """Whether something with page rule ``rule`` stands on page ``page`` of ``pages``."""
    if rule == ON_ALL:
        return True
    if rule == ON_FIRST:
        return page == 0
    if rule == ON_OTHER:
        return page > 0
    if rule == ON_LAST:
        return page == pages - 1
    return rule == ON_FRONT and (duplex == 0 or page % 2 == 0)


@kernel
def lay_frames(program: Program, typography: Typography, scratch: Scratch) -> None:
    """Lay out the frames of the page in ``scratch.at`` and place their strips on it. Fails when a frame is too small."""
    page = scratch.at[A_PAGE]
    for f in range(program.sizes[Z_FRAMES]):
        frame = program.frames[f]
        if not is_on(frame[0], page, scratch.at[A_PAGES], program.page[PG_DUPLEX]):
            continue
        first = scratch.counts[N_STRIPS]
        scratch.counts[N_AFTER] = 0
        run_operations(program, typography, scratch, frame[5], (frame[1], frame[3]))
        height = 0
        for strip in range(first, scratch.counts[N_STRIPS]):
            if strip > first:
                height += scratch.strips[strip, S_BEFORE]
            height += scratch.strips[strip, S_HEIGHT]
        if height > frame[4]:
            scratch.counts[N_FAILED] = FAILED_FRAME
            scratch.counts[N_WHERE] = f
            return
        y = frame[2] + (frame[4] - height) * frame[7] // 2
        for strip in range(first, scratch.counts[N_STRIPS]):
            if strip > first:
                y += scratch.strips[strip, S_BEFORE]
            n = scratch.counts[N_PLACES]
            scratch.places[n, P_STRIP] = strip
            scratch.places[n, P_PAGE] = page
            scratch.places[n, P_Y] = y
            scratch.counts[N_PLACES] = n + 1
            y += scratch.strips[strip, S_HEIGHT]


@kernel
def _put_art(out: NDArray[np.uint8], pos: int, program: Program, page: int, pages: int) -> int:
    """Draw the letterhead and other fixed art of a page."""
    for a in range(program.sizes[Z_ART]):
        art = program.art[a]
        if is_on(art[1], page, pages, program.page[PG_DUPLEX]):
            y = program.page[PG_HEIGHT] - art[3] - art[5]
            pos = put_form(out, pos, art[0], (art[2], y, art[4], art[5]))
    return pos


@kernel
def _put_marks(
    out: NDArray[np.uint8], pos: int, program: Program, marks: Marks, letter: int, page: int, pages: int
) -> int:
    """Draw the codes of a page."""
    height = program.page[PG_HEIGHT]
    duplex = program.page[PG_DUPLEX]
    drawn = -1  # the sheet whose rectangles stand at out[from_:to]: the window mark repeats the first sheet's
    from_ = to = pos
    for m in range(program.sizes[Z_MARKS]):
        mark = program.marks[m]
        if not is_on(mark[1], page, pages, duplex):
            continue
        pos = begin_matrix(out, pos, mark, height)
        if mark[0] == MARK_ITEM:
            pos = put_matrix(out, pos, marks.items[letter : letter + 1], marks.work)
            continue
        sheet = page // 2 if duplex else page
        if mark[0] == MARK_TRACK:
            pos = put_matrix(out, pos, marks.tracks[marks.first[letter] + sheet], marks.work)
            continue
        if mark[0] == MARK_WINDOW:
            sheet = 0
        if sheet == drawn:
            for i in range(to - from_):
                out[pos + i] = out[from_ + i]
            pos += to - from_
            continue
        from_ = pos
        pos = put_matrix(out, pos, marks.sheets[marks.first[letter] + sheet], marks.work)
        to = pos
        drawn = sheet
    return pos


@kernel
def _page(
    program: Program,
    typography: Typography,
    scratch: Scratch,
    marks: Marks,
    out: NDArray[np.uint8],
    pos: int,
    places: tuple[int, int, int],
) -> int:
    """Write one page; ``places`` is (its first body place, the one after its last, first frame place)."""
    first, after, frames = places
    page = scratch.at[A_PAGE]
    pages = scratch.at[A_PAGES]
    pos = _put_art(out, pos, program, page, pages)
    pos = put_graphics(out, pos, program, scratch, first, after)
    pos = put_graphics(out, pos, program, scratch, frames, scratch.counts[N_PLACES])
    scratch.text_state[T_FONT] = -1
    scratch.text_state[T_SIZE] = -1
    scratch.text_state[T_TC] = 0
    scratch.text_state[T_COLOUR] = 0
    scratch.text_state[T_OPEN] = 0
    body_top = program.page[PG_BODY + 1] if page == 0 else program.page[PG_BODY + 5]
    for place in range(frames, scratch.counts[N_PLACES]):
        if scratch.places[place, P_Y] < body_top:
            pos = put_strip_text(out, pos, program, typography, scratch, place, scratch.text_state)
    place = first
    while place < after:
        lines = whole_paragraph(program, scratch, place, after)
        if lines:
            pos = put_paragraph(out, pos, program, scratch, place, scratch.text_state)
            place += lines
        else:
            pos = put_strip_text(out, pos, program, typography, scratch, place, scratch.text_state)
            place += 1
    for place in range(frames, scratch.counts[N_PLACES]):
        if scratch.places[place, P_Y] >= body_top:
            pos = put_strip_text(out, pos, program, typography, scratch, place, scratch.text_state)
    if scratch.text_state[T_OPEN]:
        out[pos] = 69
        out[pos + 1] = 84
        out[pos + 2] = 10
        pos += 3
    if scratch.text_state[T_COLOUR]:
        out[pos] = 48
        out[pos + 1] = 32
        out[pos + 2] = 103
        out[pos + 3] = 10
        pos += 4
    return _put_marks(out, pos, program, marks, scratch.at[A_LETTER], page, pages)


@inlined
def _begin(scratch: Scratch, letter: int) -> None:
    """Forget the letter before."""
    for i in range(N_LENGTH):
        scratch.counts[i] = 0
    for i in range(A_LENGTH):
        scratch.at[i] = 0
    scratch.at[A_LETTER] = letter


@inlined
def _begin_page(scratch: Scratch, body: tuple[int, int, int, int], page: int, pages: int) -> None:
    """Forget the frames of the page before: what is left is the body, see `_body`."""
    scratch.counts[N_CHARS] = body[0]
    scratch.counts[N_LINES] = body[1]
    scratch.counts[N_STRIPS] = body[2]
    scratch.counts[N_PLACES] = body[3]
    scratch.at[A_PAGE] = page
    scratch.at[A_PAGES] = pages


@inlined
def _body(scratch: Scratch) -> tuple[int, int, int, int]:
    """How many characters, lines, strips and places the letter's body has."""
    counts = scratch.counts
    return counts[N_CHARS], counts[N_LINES], counts[N_STRIPS], counts[N_PLACES]


@kernel
def compose(
    program: Program,
    typography: Typography,
    values: Values,
    scratch: Scratch,
    marks: Marks,
    pages: Pages,
    out: NDArray[np.uint8],
    cursor: NDArray[np.int64],
    first: int,
    after: int,
) -> int:
    """Compose letters ``first`` to ``after``; return the first one not done (no room left), or ``after``.

    ``cursor`` is (byte position, page number). With an empty ``out`` letters are measured only. Failed letters leave no page
    behind. One function, because each further one between this and the layout is compiled with all it calls once more.
    """
    load_static(program, scratch)
    box = (program.page[PG_BODY], program.page[PG_BODY + 2])
    writing = out.shape[0] > 0
    for letter in range(first, after):
        _begin(scratch, letter)
        load_letter(program, values, scratch, letter)
        run_operations(program, typography, scratch, program.page[PG_BODY_OP], box)
        total = 0
        if scratch.counts[N_FAILED] == 0:
            total = paginate(program, scratch)
            wrong = misplaced_picture(program, scratch)
            if wrong >= 0:
                scratch.counts[N_FAILED] = FAILED_PICTURE
                scratch.counts[N_WHERE] = program.ops[wrong, 1]
        body = _body(scratch)
        pos = cursor[0]
        for page in range(total):
            if scratch.counts[N_FAILED]:
                break
            _begin_page(scratch, body, page, total)
            lay_frames(program, typography, scratch)
            place = scratch.at[A_PLACE]
            stop = place
            while stop < body[3] and scratch.places[stop, P_PAGE] == page:
                stop += 1
            if writing and scratch.counts[N_FAILED] == 0:
                if pos + PAGE_BYTES_MAX > out.shape[0]:
                    return letter
                pos = _page(program, typography, scratch, marks, out, pos, (place, stop, body[3]))
                pages.ends[cursor[1] + page] = pos
            scratch.at[A_PLACE] = stop
        result = pages.results[letter]
        result[0] = total
        result[1] = scratch.counts[N_FAILED]
        result[2] = scratch.counts[N_WHERE]
        result[3] = cursor[1]
        if writing and scratch.counts[N_FAILED] == 0:
            cursor[0] = pos
            cursor[1] += total
    return after
