"""Kernels that run a compiled template for one letter: paragraphs and tables become strips, strips go onto pages.

A strip is a horizontal band that is never cut: one line, one table row, one picture. What must stay together is a chain of
strips each of which keeps the next.
"""

from __future__ import annotations

from rendering.jit import inlined, kernel
from rendering.layout.arrays import (
    A_ROW,
    FAILED_EMPTY,
    FAILED_PAGES,
    FAILED_TOO_LONG,
    LINES_MAX,
    N_AFTER,
    N_CHARS,
    N_FAILED,
    N_LINES,
    N_PLACES,
    N_STRIPS,
    STRIPS_MAX,
    Program,
    Scratch,
    Typography,
)
from rendering.layout.lines import break_lines
from rendering.layout.opcodes import (
    FLAG_KEEP_NEXT,
    FLAG_KEEP_PREVIOUS,
    L_DY,
    L_END,
    L_LEADING_KERN,
    L_START,
    L_STYLE,
    L_TC,
    L_X,
    OP_END,
    OP_FORM,
    OP_JUMP,
    OP_KEEP,
    OP_LOOP,
    OP_NEW_PAGE,
    OP_NEXT,
    OP_PARAGRAPH,
    OP_SPACE,
    OP_TABLE,
    OP_UNLESS,
    P_PAGE,
    P_STRIP,
    P_Y,
    PG_BODY,
    PG_HEIGHT,
    PG_MAX,
    PG_WIDTH,
    S_ARG,
    S_BEFORE,
    S_HEADER,
    S_HEIGHT,
    S_KEEP,
    S_KIND,
    S_LINE0,
    S_LINE1,
    S_X,
    ST_AFTER,
    ST_ALIGN,
    ST_BEFORE,
    ST_FLAGS,
    ST_LEADING,
    STRIP_FORM,
    STRIP_PAGE,
    STRIP_ROW,
    STRIP_TEXT,
    X_STYLE,
    X_TC,
    X_X,
)
from rendering.layout.runs import fill_runs


@inlined
def _add_strip(scratch: Scratch, kind: int, height: int, line0: int, before: int) -> int:
    """Append a strip holding the lines from ``line0`` on; return its number."""
    n = scratch.counts[N_STRIPS]
    if n >= STRIPS_MAX - 4:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return int(n)
    strip = scratch.strips[n]
    strip[S_LINE0] = line0
    strip[S_LINE1] = scratch.counts[N_LINES]
    strip[S_HEIGHT] = height
    strip[S_KEEP] = 0
    strip[S_BEFORE] = before
    strip[S_KIND] = kind
    strip[S_ARG] = 0
    strip[S_HEADER] = -1
    strip[S_X] = 0
    scratch.counts[N_STRIPS] = n + 1
    return int(n)


@inlined
def _take_fixed(program: Program, scratch: Scratch, op: int) -> None:
    """Append the lines of a paragraph that is the same in every letter."""
    n = scratch.counts[N_LINES]
    first = program.fixed[op, 0]
    after = first + program.fixed[op, 1]
    if n + after - first >= LINES_MAX - 4:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return
    for i in range(first, after):
        row = scratch.lines[n]
        row[L_START] = -1
        row[L_END] = i
        row[L_X] = program.fixed_lines[i, X_X]
        row[L_DY] = 0
        row[L_TC] = program.fixed_lines[i, X_TC]
        row[L_STYLE] = program.fixed_lines[i, X_STYLE]
        row[L_LEADING_KERN] = 0
        n += 1
    scratch.counts[N_LINES] = n


@inlined
def _paragraph(
    program: Program,
    typography: Typography,
    scratch: Scratch,
    op: int,
    box: tuple[int, int],
) -> None:
    """Lay out one paragraph as strips of one line; never a single line at the foot or head of a page."""
    style = program.ops[op, 1]
    flags = program.styles[style, ST_FLAGS]
    char0 = scratch.counts[N_CHARS]
    line0 = scratch.counts[N_LINES]
    lines = program.fixed[op, 1]
    if lines:
        _take_fixed(program, scratch, op)
    else:
        fill_runs(program, typography, scratch, style, program.ops[op, 2], program.ops[op, 3])
        lines = break_lines(
            program, typography, scratch, style, char0, (box[0], box[1], program.styles[style, ST_ALIGN])
        )
    leading = program.styles[style, ST_LEADING]
    first = scratch.counts[N_STRIPS]
    if flags & FLAG_KEEP_PREVIOUS and first > 0:
        scratch.strips[first - 1, S_KEEP] = 1
    total = scratch.counts[N_LINES]
    for i in range(lines):
        before = scratch.counts[N_AFTER] + program.styles[style, ST_BEFORE] if i == 0 else 0
        scratch.counts[N_LINES] = line0 + i + 1
        strip = _add_strip(scratch, STRIP_TEXT, leading, line0 + i, before)
        if i < lines - 1 and (i == 0 or i == lines - 2):
            scratch.strips[strip, S_KEEP] = 1
    scratch.counts[N_LINES] = total
    if lines > 0:
        scratch.counts[N_AFTER] = program.styles[style, ST_AFTER]
        if flags & FLAG_KEEP_NEXT:
            scratch.strips[scratch.counts[N_STRIPS] - 1, S_KEEP] = 1


@kernel
def _row(
    program: Program,
    typography: Typography,
    scratch: Scratch,
    layout: int,
    style: int,
    head: int,
    x_frame: int,
) -> int:
    """Lay out one table row (``head`` 1: the header) as a strip; return the strip."""
    table = program.tables[layout]
    pad = table[5]
    x = x_frame + table[6]
    leading = program.styles[style, ST_LEADING]
    line0 = scratch.counts[N_LINES]
    most = 1
    for c in range(table[2], table[2] + table[1]):
        column = program.columns[c]
        char0 = scratch.counts[N_CHARS]
        cell0 = scratch.counts[N_LINES]
        fill_runs(program, typography, scratch, style, column[2 + 2 * head], column[3 + 2 * head])
        lines = break_lines(program, typography, scratch, style, char0, (x + pad, column[0] - 2 * pad, column[1]))
        for i in range(lines):
            scratch.lines[cell0 + i, L_DY] = pad + i * leading
        most = max(most, lines)
        x += column[0]
    strip = _add_strip(scratch, STRIP_ROW, most * leading + 2 * pad, line0, 0)
    scratch.strips[strip, S_ARG] = layout
    scratch.strips[strip, S_X] = x_frame + table[6]
    return strip


@kernel
def _table(
    program: Program,
    typography: Typography,
    scratch: Scratch,
    layout: int,
    x_frame: int,
) -> None:
    """Lay out a whole table; its header is repeated on every page it reaches, its first and last two rows stay together."""
    table = program.tables[layout]
    rows = scratch.tables[table[0], 1]
    if rows == 0:
        return
    header = -1
    before = scratch.counts[N_AFTER]
    if table[4] >= 0:
        header = _row(program, typography, scratch, layout, table[4], 1, x_frame)
        scratch.strips[header, S_KEEP] = 1
        scratch.strips[header, S_BEFORE] = before
        before = 0
    for row in range(rows):
        if scratch.counts[N_FAILED]:
            return
        scratch.at[A_ROW] = row
        strip = _row(program, typography, scratch, layout, table[3], 0, x_frame)
        scratch.strips[strip, S_HEADER] = header
        scratch.strips[strip, S_BEFORE] = before
        before = 0
        if row < rows - 1 and (row == 0 or row == rows - 2):
            scratch.strips[strip, S_KEEP] = 1
    scratch.at[A_ROW] = 0
    scratch.counts[N_AFTER] = 0


@kernel
def _form(program: Program, scratch: Scratch, op: int, x_frame: int) -> None:
    """Place a picture: in the flow with its height, or floating over it with none."""
    row = program.ops[op]
    floating = row[6] == 0
    last = scratch.counts[N_STRIPS] - 1
    if floating and last >= 0:
        scratch.strips[last, S_KEEP] = 1
    before = 0 if floating else scratch.counts[N_AFTER]
    strip = _add_strip(scratch, STRIP_FORM, 0 if floating else row[5], scratch.counts[N_LINES], before)
    scratch.strips[strip, S_ARG] = op
    scratch.strips[strip, S_X] = x_frame + row[2]
    if not floating:
        scratch.counts[N_AFTER] = 0


@inlined
def _keep(program: Program, scratch: Scratch, op: int, keep_from: int) -> int:
    """Begin or end a block that stays on one page; return the first strip of the open block."""
    last = scratch.counts[N_STRIPS] - 1
    if program.ops[op, 1]:
        if program.ops[op, 2] and last >= 0:
            scratch.strips[last, S_KEEP] = 1
        return int(last + 1)
    for strip in range(max(keep_from, 0), last):
        scratch.strips[strip, S_KEEP] = 1
    return keep_from


@inlined
def _following(program: Program, scratch: Scratch, op: int) -> int:
    """Return the operation after ``op``: conditions and loops jump."""
    row = program.ops[op]
    if row[0] == OP_UNLESS and scratch.conditions[row[1]] == 0:
        return int(row[2])
    if row[0] == OP_JUMP:
        return int(row[1])
    if row[0] == OP_LOOP:
        scratch.at[A_ROW] = 0
        if scratch.tables[row[1], 1] == 0:
            return int(row[2])
    if row[0] == OP_NEXT:
        table = program.ops[row[1] - 1, 1]
        scratch.at[A_ROW] += 1
        if scratch.at[A_ROW] < scratch.tables[table, 1]:
            return int(row[1])
        scratch.at[A_ROW] = 0
    return op + 1


@kernel
def run_operations(
    program: Program, typography: Typography, scratch: Scratch, first_op: int, box: tuple[int, int]
) -> None:
    """Run the operations from ``first_op`` to OP_END; ``box`` is (x, width) of the frame they fill."""
    op = first_op
    keep_from = -1
    scratch.at[A_ROW] = 0
    while program.ops[op, 0] != OP_END and scratch.counts[N_FAILED] == 0:
        code = program.ops[op, 0]
        if code == OP_PARAGRAPH:
            _paragraph(program, typography, scratch, op, box)
        elif code == OP_TABLE:
            _table(program, typography, scratch, program.ops[op, 1], box[0])
        elif code == OP_SPACE:
            scratch.counts[N_AFTER] += program.ops[op, 1]
        elif code == OP_FORM:
            _form(program, scratch, op, box[0])
        elif code == OP_NEW_PAGE:
            _add_strip(scratch, STRIP_PAGE, 0, scratch.counts[N_LINES], 0)
            scratch.counts[N_AFTER] = 0
        elif code == OP_KEEP:
            keep_from = _keep(program, scratch, op, keep_from)
        op = _following(program, scratch, op)


@inlined
def _put_place(scratch: Scratch, strip: int, page: int, y: int) -> None:
    """Put a strip on a page."""
    n = scratch.counts[N_PLACES]
    scratch.places[n, P_STRIP] = strip
    scratch.places[n, P_PAGE] = page
    scratch.places[n, P_Y] = y
    scratch.counts[N_PLACES] = n + 1


@kernel
def misplaced_picture(program: Program, scratch: Scratch) -> int:
    """Return the operation of the first picture that leaves the page or rises above the body of page 1, or -1.

    A seal follows the text it is put over; a long letter must not push it into the window or over the edge.
    """
    for place in range(scratch.counts[N_PLACES]):
        strip = scratch.strips[scratch.places[place, P_STRIP]]
        if strip[S_KIND] != STRIP_FORM:
            continue
        op = program.ops[strip[S_ARG]]
        top = scratch.places[place, P_Y] + op[3]
        highest = program.page[PG_BODY + 1] if scratch.places[place, P_PAGE] == 0 else 0
        if top < highest or top + op[5] > program.page[PG_HEIGHT]:
            return int(strip[S_ARG])
        if strip[S_X] < 0 or strip[S_X] + op[4] > program.page[PG_WIDTH]:
            return int(strip[S_ARG])
    return -1


@kernel
def _chain(scratch: Scratch, first: int) -> tuple[int, int]:
    """Return (strip after the chain that begins with ``first``, height of the chain without the space before it)."""
    n = scratch.counts[N_STRIPS]
    height = scratch.strips[first, S_HEIGHT]
    after = first + 1
    while after < n and scratch.strips[after - 1, S_KEEP] and scratch.strips[after, S_KIND] != STRIP_PAGE:
        height += scratch.strips[after, S_BEFORE] + scratch.strips[after, S_HEIGHT]
        after += 1
    return after, height


@kernel
def _turns(program: Program, scratch: Scratch, strip: int, chain_height: int, y: int, bottom: int) -> bool:
    """Whether a strip must go on the next page; ``chain_height`` is that of the chain it begins, 0 inside a chain."""
    room = bottom - y - scratch.strips[strip, S_BEFORE]
    height = scratch.strips[strip, S_HEIGHT]
    # A chain longer than a page cannot stay together: it flows from where it stands.
    if height <= chain_height <= program.page[PG_BODY + 7]:
        height = chain_height
    return bool(height > room)


@kernel
def paginate(program: Program, scratch: Scratch) -> int:
    """Place the body's strips; return the number of pages.

    Fails when the letter is empty, has too many pages, or holds a strip higher than a page.
    """
    page = 0
    top = program.page[PG_BODY + 1]
    bottom = top + program.page[PG_BODY + 3]
    y = top
    chain_end = 0
    for i in range(scratch.counts[N_STRIPS]):
        strip = scratch.strips[i]
        if scratch.counts[N_PLACES] >= 2 * STRIPS_MAX - 8:
            scratch.counts[N_FAILED] = FAILED_TOO_LONG
            return page + 1
        height = 0
        if i >= chain_end and strip[S_KIND] != STRIP_PAGE:
            chain_end, height = _chain(scratch, i)
        if y > top and (strip[S_KIND] == STRIP_PAGE or _turns(program, scratch, i, height, y, bottom)):
            page += 1
            top = program.page[PG_BODY + 5]
            bottom = top + program.page[PG_BODY + 7]
            y = top
            if strip[S_HEADER] >= 0:
                _put_place(scratch, strip[S_HEADER], page, y)
                y += scratch.strips[strip[S_HEADER], S_HEIGHT]
        if strip[S_KIND] == STRIP_PAGE:
            continue
        if y > top and strip[S_HEADER] < 0:
            y += strip[S_BEFORE]
        _put_place(scratch, i, page, y)
        y += strip[S_HEIGHT]
        if y > bottom:
            scratch.counts[N_FAILED] = FAILED_TOO_LONG
    if scratch.counts[N_PLACES] == 0:
        scratch.counts[N_FAILED] = FAILED_EMPTY
    if page + 1 > program.page[PG_MAX]:
        scratch.counts[N_FAILED] = FAILED_PAGES
    return page + 1
