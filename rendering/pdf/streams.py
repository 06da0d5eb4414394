"""Kernels that write the text of a page's description (PDF content operators) from placed lines, as bytes in a buffer.

Text is written as codes of one or two bytes in literal strings; the fonts take care that no code needs an escape. Positions are rounded once, in
1/100 pt from the page's origin, so errors never add up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rendering.jit import inlined, kernel
from rendering.layout.arrays import N_LINES, TEXT_STATE, Program, Scratch, Typography
from rendering.layout.opcodes import (
    L_DY,
    L_END,
    L_LEADING_KERN,
    L_START,
    L_STYLE,
    L_TC,
    L_X,
    P_STRIP,
    P_Y,
    PG_HEIGHT,
    S_KIND,
    S_LINE0,
    S_LINE1,
    ST_COLOUR,
    ST_LEADING,
    ST_SIZE,
    STRIP_TEXT,
    X_FONT,
    X_FROM,
    X_LAST_FONT,
    X_LINES,
    X_PARAGRAPH,
    X_TO,
)
from rendering.pdf.numbers import Bytes, put_hundredths, put_int, put_thousandths

Ints = NDArray[np.int64]

# The text state that lasts over lines of one BT … ET.
T_FONT = 0
T_SIZE = 1
T_TC = 2
T_COLOUR = 3
T_X = 4
T_Y = 5
T_LEADING = 6
T_OPEN = 7  # 1 inside BT … ET

ASCENT = 880  # baseline below the top of the em square of Han glyphs, 1/1000 em


@inlined
def put2(out: Bytes, pos: int, a: int, b: int) -> int:
    out[pos] = a
    out[pos + 1] = b
    return pos + 2


@inlined
def put_operator(out: Bytes, pos: int, a: int, b: int) -> int:
    """Write a space, a two-letter operator and a newline."""
    out[pos] = 32
    out[pos + 1] = a
    out[pos + 2] = b
    out[pos + 3] = 10
    return pos + 4


@inlined
def hundredths(mpt: int) -> int:
    """Round millipoints to 1/100 pt."""
    return (mpt + 5) // 10


@kernel
def _put_colour(out: Bytes, pos: int, colour: int) -> int:
    """Write the operator that sets the fill colour 0xRRGGBB."""
    red = colour >> 16
    green = colour >> 8 & 255
    blue = colour & 255
    if red == green and green == blue:
        pos = put_thousandths(out, pos, red * 1000 // 255)
        return put2(out, put2(out, pos, 32, 103), 10, 32) - 1
    pos = put_thousandths(out, pos, red * 1000 // 255)
    out[pos] = 32
    pos = put_thousandths(out, pos + 1, green * 1000 // 255)
    out[pos] = 32
    pos = put_thousandths(out, pos + 1, blue * 1000 // 255)
    return put_operator(out, pos, 114, 103)


@inlined
def _put_font(out: Bytes, pos: int, font: int, size: int) -> int:
    """Write ``/F<font> <size> Tf``."""
    pos = put2(out, pos, 47, 70)
    pos = put_int(out, pos, font)
    out[pos] = 32
    pos = put_thousandths(out, pos + 1, size)
    return put_operator(out, pos, 84, 102)


@inlined
def _move_to(out: Bytes, pos: int, state: Ints, x: int, y: int, leading: int) -> int:
    """Move to the start of a line at (x, y), 1/100 pt, y up."""
    dx = x - state[T_X]
    dy = y - state[T_Y]
    if dx == 0 and dy == -state[T_LEADING]:
        pos = put2(out, pos, 84, 42)
    else:
        pos = put_hundredths(out, pos, dx)
        out[pos] = 32
        pos = put_hundredths(out, pos + 1, dy)
        if dy == -leading:
            pos = put_operator(out, pos, 84, 68) - 1
            state[T_LEADING] = leading
        else:
            pos = put_operator(out, pos, 84, 100) - 1
    state[T_X] = x
    state[T_Y] = y
    return pos


@inlined
def _set_text_state(out: Bytes, pos: int, state: Ints, size: int, colour: int, tc: int) -> int:
    """Write what differs of size-independent text state: colour and character spacing (millipoints)."""
    if state[T_OPEN] == 0:
        pos = put2(out, pos, 66, 84)
        out[pos] = 10
        pos += 1
        state[T_OPEN] = 1
        state[T_X] = 0
        state[T_Y] = 0
        state[T_LEADING] = 0
    if state[T_COLOUR] != colour:
        pos = _put_colour(out, pos, colour)
        state[T_COLOUR] = colour
    if state[T_TC] != tc:
        pos = put_thousandths(out, pos, tc)
        pos = put_operator(out, pos, 84, 99)
        state[T_TC] = tc
    if state[T_SIZE] != size:
        state[T_FONT] = -1
        state[T_SIZE] = size
    return pos


@inlined
def put_shown(out: Bytes, pos: int, typography: Typography, scratch: Scratch, line: int, state: Ints) -> int:
    """Write the characters of a line, ``[(…)kern(…)]TJ``; the font of the first is set already."""
    row = scratch.lines[line]
    start = row[L_START]
    end = row[L_END]
    font = state[T_FONT]
    codes = typography.codes
    glyph = scratch.glyph
    kerns = scratch.kern
    out[pos] = 91
    pos += 1
    if row[L_LEADING_KERN]:
        pos = put_int(out, pos, row[L_LEADING_KERN])
    out[pos] = 40
    pos += 1
    for i in range(start, end):
        code = codes[glyph[i]]
        if code >> 16 != font:
            if out[pos - 1] == 40 and i > start:
                pos -= 1
            else:
                out[pos] = 41
                pos += 1
            pos = put2(out, pos, 93, 84)
            pos = put2(out, pos, 74, 10)
            font = code >> 16
            pos = _put_font(out, pos, font, state[T_SIZE])
            pos = put2(out, pos, 91, 40)
        wide = code >> 8 & 255
        out[pos] = wide if wide else code & 255
        out[pos + 1] = code & 255
        pos += 2 if wide else 1
        kern = kerns[i]
        if kern and i < end - 1:
            out[pos] = 41
            pos = put_int(out, pos + 1, kern)
            out[pos] = 40
            pos += 1
    state[T_FONT] = font
    pos = put2(out, pos, 41, 93)
    pos = put2(out, pos, 84, 74)
    out[pos] = 10
    return pos + 1


@inlined
def put_line(
    out: Bytes,
    pos: int,
    program: Program,
    typography: Typography,
    scratch: Scratch,
    line: int,
    state: Ints,
    place: tuple[int, int, int, int, int],
) -> int:
    """Write one line of text; ``place`` is (baseline x, y in 1/100 pt, y up; size, colour, leading)."""
    x, y, size, colour, leading = place
    row = scratch.lines[line]
    pos = _set_text_state(out, pos, state, size, colour, row[L_TC])
    fixed = row[L_START] < 0
    first_font = (
        program.fixed_lines[row[L_END], X_FONT] if fixed else typography.codes[scratch.glyph[row[L_START]]] >> 16
    )
    if first_font != state[T_FONT]:
        pos = _put_font(out, pos, first_font, size)
        state[T_FONT] = first_font
    pos = _move_to(out, pos, state, x, y, leading)
    if not fixed:
        return put_shown(out, pos, typography, scratch, line, state)
    shown = program.fixed_lines[row[L_END]]
    for i in range(shown[X_FROM], shown[X_TO]):
        out[pos] = program.fixed_bytes[i]
        pos += 1
    state[T_FONT] = shown[X_LAST_FONT]
    return pos


@inlined
def whole_paragraph(program: Program, scratch: Scratch, place: int, after: int) -> int:
    """Return the lines of the fixed paragraph that begins at ``place`` if it has a form and ends before ``after``, else 0."""
    strip = scratch.strips[scratch.places[place, P_STRIP]]
    if strip[S_KIND] != STRIP_TEXT:
        return 0
    row = scratch.lines[strip[S_LINE0]]
    if row[L_START] >= 0:
        return 0
    lines = program.fixed_lines[row[L_END], X_LINES]
    return int(lines) if place + lines <= after else 0


@inlined
def put_paragraph(out: Bytes, pos: int, program: Program, scratch: Scratch, place: int, state: Ints) -> int:
    """Draw the form of the fixed paragraph that begins at ``place``; its origin is the first baseline at the page's left edge."""
    if state[T_OPEN]:
        pos = put2(out, pos, 69, 84)
        out[pos] = 10
        pos += 1
        state[T_OPEN] = 0
    line = scratch.lines[scratch.strips[scratch.places[place, P_STRIP], S_LINE0]]
    style = program.styles[line[L_STYLE]]
    if state[T_COLOUR] != style[ST_COLOUR]:
        pos = _put_colour(out, pos, style[ST_COLOUR])
        state[T_COLOUR] = style[ST_COLOUR]
    baseline = scratch.places[place, P_Y] + (style[ST_LEADING] - style[ST_SIZE]) // 2 + ASCENT * style[ST_SIZE] // 1000
    for byte in (113, 32, 49, 32, 48, 32, 48, 32, 49, 32, 48, 32):  # q 1 0 0 1 0
        out[pos] = byte
        pos += 1
    pos = put_hundredths(out, pos, hundredths(program.page[PG_HEIGHT] - baseline))
    pos = put_operator(out, pos, 99, 109)
    pos = put2(out, pos, 47, 80)
    pos = put_int(out, pos, program.fixed_lines[line[L_END], X_PARAGRAPH])
    pos = put_operator(out, pos, 68, 111)
    return put2(out, pos, 81, 10)


@kernel
def put_alone(out: Bytes, program: Program, typography: Typography, scratch: Scratch, style: int, only: int) -> int:
    """Write the lines of the one paragraph in ``scratch`` as a text object whose origin is its first baseline; return its length.

    With a line's number as ``only``, just that line's characters, in the text state there is; -1: all.
    """
    if only >= 0:
        return put_shown(out, 0, typography, scratch, only, scratch.text_state)
    state = scratch.text_state
    for i in range(TEXT_STATE):
        state[i] = 0
    state[T_FONT] = -1
    state[T_SIZE] = -1
    state[T_COLOUR] = program.styles[style, ST_COLOUR]
    size = program.styles[style, ST_SIZE]
    leading = hundredths(program.styles[style, ST_LEADING])
    pos = 0
    for line in range(scratch.counts[N_LINES]):
        where = (hundredths(scratch.lines[line, L_X]), -line * leading, size, state[T_COLOUR], leading)
        pos = put_line(out, pos, program, typography, scratch, line, state, where)
    pos = put2(out, pos, 69, 84)
    out[pos] = 10
    return pos + 1


@inlined
def put_strip_text(
    out: Bytes, pos: int, program: Program, typography: Typography, scratch: Scratch, place: int, state: Ints
) -> int:
    """Write the text lines of a placed strip."""
    strip = scratch.strips[scratch.places[place, P_STRIP]]
    top = scratch.places[place, P_Y]
    for line in range(strip[S_LINE0], strip[S_LINE1]):
        row = scratch.lines[line]
        style = program.styles[row[L_STYLE]]
        size = style[ST_SIZE]
        baseline = top + row[L_DY] + (style[ST_LEADING] - size) // 2 + ASCENT * size // 1000
        where = (
            hundredths(row[L_X]),
            hundredths(program.page[PG_HEIGHT] - baseline),
            size,
            style[ST_COLOUR],
            hundredths(style[ST_LEADING]),
        )
        pos = put_line(out, pos, program, typography, scratch, line, state, where)
    return pos
