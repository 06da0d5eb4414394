"""Kernels that turn runs of characters into justified lines.

A line takes as many characters as fit when its marks are pressed together ("press in first, push out second", CLREQ
3.1.6), never breaks where the prohibition table forbids it, and spreads what is left: first into the gaps between Han and
Latin (up to half an em), then evenly. The plain-Python twin and specification is `rendering.layout.reference`.
"""

from __future__ import annotations

from rendering.jit import inlined
from rendering.layout.arrays import (
    FAILED_TOO_LONG,
    LINES_MAX,
    N_CHARS,
    N_FAILED,
    N_LINES,
    Program,
    Scratch,
    Typography,
)
from rendering.layout.opcodes import (
    ALIGN_CENTRE,
    ALIGN_JUSTIFY,
    ALIGN_LEFT,
    ALIGN_RIGHT,
    FLAG_FULL_END,
    FLAG_GRID,
    FLAG_HANG,
    L_DY,
    L_END,
    L_LEADING_KERN,
    L_START,
    L_STYLE,
    L_TC,
    L_X,
    ST_FIRST,
    ST_FLAGS,
    ST_LEFT,
    ST_LEVEL,
    ST_RIGHT,
    ST_SIZE,
    ST_TRACKING,
)

# Classes by number, for the kernels (rendering.layout.classes.CharClass).
STOP = 3
SPACE = 9
CAREFUL_EM = 8  # the stretch before a line's end in which breaks are looked for first
LOOSE_GAP_MAX = 250  # what justification may add to a Han-Latin gap, 1/1000 em


@inlined
def _used(
    scratch: Scratch, typography: Typography, start: int, i: int, kind: int, style: tuple[int, int, int, int]
) -> int:
    """The width of a line from ``start`` to character ``i``, whose class is ``kind``: a mark at its end hangs or gives up its white."""
    size, flags, _, _ = style
    used = scratch.reach[i] - scratch.reach[start] + scratch.width[i]
    if flags & (FLAG_GRID | FLAG_FULL_END) == 0 and typography.edge[kind, 0]:
        used -= scratch.width[i] if flags & FLAG_HANG and kind == STOP else typography.edge[kind, 0] * size // 1000
    return int(used)


@inlined
def _look_from(scratch: Scratch, start: int, end: int, careless: int, size: int) -> int:
    """The first character that ends more than ``careless`` millipoints behind the line's start."""
    reaches = scratch.reach
    widths = scratch.width
    aim = careless + reaches[start]
    i = start
    rest = aim - reaches[i] - widths[i]
    while rest >= size and i + rest // size < end:  # characters are an em wide at most, hardly ever more
        i += rest // size
        rest = aim - reaches[i] - widths[i]
    while i > start and reaches[i] + widths[i] > aim:
        i -= 1
    while i < end and reaches[i] + widths[i] <= aim:
        i += 1
    return i


@inlined
def _fit(
    scratch: Scratch, typography: Typography, start: int, end: int, width: int, style: tuple[int, int, int, int]
) -> tuple[int, int, int]:
    """Return (index after the line's last character, its natural width, what its marks can give), in millipoints.

    ``style`` is (size, flags, level, tracking). The last break whose pressed width fits wins; without any, the line breaks
    inside the word, because text must never leave the frame. Breaks are looked for near the margin first, and from the line's start
    only when none lies there.
    """
    size, _, level, _ = style
    kinds = scratch.kind
    gives = scratch.give
    give0 = gives[start]
    used = _used(scratch, typography, start, end - 1, kinds[end - 1], style)
    if used - (gives[end - 1] - give0) <= width:
        return end, used, gives[end - 1] - give0
    limit = width + 2 * size
    forced = start + 1
    forced_natural = scratch.width[start]
    careless = width - CAREFUL_EM * size
    for _ in range(2):
        best = -1
        best_natural = 0
        for i in range(_look_from(scratch, start, end, careless, size), end):
            kind = kinds[i]
            used = _used(scratch, typography, start, i, kind, style)
            give = gives[i] - give0
            if used <= width:
                forced = i + 1
                forced_natural = used
            if used - give > limit and kind != SPACE:
                break
            following = kinds[i + 1] if i + 1 < end else SPACE
            if used - give <= width and (i + 1 == end or typography.breaks[level, kind, following]):
                best = i + 1
                best_natural = used
        if best >= 0:
            return best, best_natural, gives[best - 1] - give0
        careless = 0 - size
    return forced, forced_natural, 0


@inlined
def _press(scratch: Scratch, typography: Typography, start: int, end: int, need: int, give: int) -> None:
    """Take ``need`` millipoints out of the marks inside the line, each in proportion to what it can give."""
    for i in range(start, end - 1):
        kind = scratch.kind[i]
        if typography.edge[kind, 2] and typography.between[kind, scratch.kind[i + 1]] == 0:
            scratch.kern[i] += (typography.edge[kind, 2] * need + give - 1) // give


@inlined
def _spread(scratch: Scratch, typography: Typography, start: int, end: int, size: int, slack: int) -> int:
    """Widen the Han-Latin gaps and word spaces of a line; return the slack that is left for even tracking."""
    gaps = 0
    for i in range(start, end - 1):
        if typography.between[scratch.kind[i], scratch.kind[i + 1]] < 0 or scratch.kind[i] == SPACE:
            gaps += 1
    if gaps == 0:
        return slack
    each = min(LOOSE_GAP_MAX, slack * 1000 // (gaps * size))
    for i in range(start, end - 1):
        if typography.between[scratch.kind[i], scratch.kind[i + 1]] < 0 or scratch.kind[i] == SPACE:
            scratch.kern[i] -= each
    return slack - gaps * (each * size // 1000)


@inlined
def _adjust(
    scratch: Scratch,
    typography: Typography,
    span: tuple[int, int],
    lengths: tuple[int, int, int, int],
    align: int,
    flags: int,
) -> tuple[int, int]:
    """Press, spread or shift the line ``span``; return (extra tracking, shift to the right).

    ``lengths`` is (size, room, natural width, what the marks can give); ``align`` is ALIGN_LEFT for a paragraph's last line.
    """
    start, last = span
    size, room, natural, give = lengths
    if natural > room and give > 0:
        _press(scratch, typography, start, last, natural - room, give)
    elif align == ALIGN_JUSTIFY and last - start > 1:
        rest = room - natural
        if not flags & FLAG_GRID:
            rest = _spread(scratch, typography, start, last, size, rest)
        return rest // (last - start - 1), 0
    elif align == ALIGN_CENTRE:
        return 0, (room - natural) // 2
    elif align == ALIGN_RIGHT:
        return 0, room - natural
    return 0, 0


@inlined
def break_lines(
    program: Program, typography: Typography, scratch: Scratch, style: int, first_char: int, box: tuple[int, int, int]
) -> int:
    """Break the characters from ``first_char`` into lines of a paragraph; return the number of lines.

    ``box`` is (x of the frame, its width, alignment). Lines go to ``scratch.lines`` with dy 0; the
    caller places them.
    """
    x_frame, frame_width, align = box
    size = program.styles[style, ST_SIZE]
    flags = program.styles[style, ST_FLAGS]
    tracking = program.styles[style, ST_TRACKING]
    text_style = (size, flags, program.styles[style, ST_LEVEL], tracking)
    left = x_frame + program.styles[style, ST_LEFT]
    width = frame_width - program.styles[style, ST_LEFT] - program.styles[style, ST_RIGHT]
    indent = program.styles[style, ST_FIRST]
    end = scratch.counts[N_CHARS]
    while end > first_char and scratch.kind[end - 1] == SPACE:
        end -= 1
    start = first_char
    lines = 0
    while start < end:
        while lines > 0 and scratch.kind[start] == SPACE:
            start += 1
        if scratch.counts[N_LINES] >= LINES_MAX - 4:
            scratch.counts[N_FAILED] = FAILED_TOO_LONG
            return lines
        room = width - indent
        lead = 0
        if lines > 0 and not flags & FLAG_GRID:
            lead = typography.edge[scratch.kind[start], 1]
        trimmed = lead * size // 1000
        stop, natural, give = _fit(scratch, typography, start, end, room + trimmed, text_style)
        natural -= trimmed
        last = stop
        while last > start + 1 and scratch.kind[last - 1] == SPACE:
            last -= 1
            natural -= scratch.width[last] + tracking
        line_align = ALIGN_LEFT if stop >= end and align == ALIGN_JUSTIFY else align
        extra, shift = _adjust(scratch, typography, (start, last), (size, room, natural, give), line_align, flags)
        row = scratch.lines[scratch.counts[N_LINES]]
        row[L_START] = start
        row[L_END] = last
        row[L_X] = left + indent + shift
        row[L_DY] = 0
        row[L_TC] = tracking + extra
        row[L_STYLE] = style
        row[L_LEADING_KERN] = lead
        scratch.counts[N_LINES] += 1
        lines += 1
        indent = 0
        start = stop
    return lines
