"""Kernels that turn runs of characters into justified lines.

A line takes as many characters as fit when its marks are pressed together ("press in first, push out second", CLREQ
3.1.6), never breaks where the prohibition table forbids it, and spreads what is left: first into the gaps between Han and
Latin (up to half an em), then evenly. The plain-Python twin and specification is `rendering.layout.reference`.
"""

from __future__ import annotations

from rendering.jit import inlined, kernel
from rendering.layout.arrays import (
    A_PAGE,
    A_PAGES,
    A_ROW,
    CHARS_MAX,
    FAILED_TOO_LONG,
    LINES_MAX,
    N_CHARS,
    N_FAILED,
    N_LINES,
    STRIDE,
    Z_READY,
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
    RUN_CELL,
    RUN_FIELD,
    RUN_JUMP,
    RUN_PAGE,
    RUN_SHEET,
    RUN_STATIC,
    RUN_UNLESS,
    ST_FACE,
    ST_FIRST,
    ST_FLAGS,
    ST_LEFT,
    ST_LEVEL,
    ST_RIGHT,
    ST_SIZE,
    ST_TRACKING,
)

# Classes by number, for the kernels (rendering.layout.classes.CharClass).
HAN = 0
STOP = 3
DIGIT = 8
SPACE = 9
UNIT = 10
PREFIX = 11
CAREFUL_EM = 8  # the stretch before a line's end in which breaks are looked for first
LOOSE_GAP_MAX = 250  # what justification may add to a Han-Latin gap, 1/1000 em


@inlined
def _append(
    scratch: Scratch, typography: Typography, first: int, after: int, face: int, style: tuple[int, int, int, int]
) -> None:
    """Append the characters ``first`` to ``after`` of the letter's text; a unit counts as such only after a number.

    ``style`` is (first character of the paragraph, size, whether it is set loosely, tracking). What a line may need of the characters
    before one is summed up here, once: ``reach`` and ``give``.
    """
    n = scratch.counts[N_CHARS]
    if n + after - first >= CHARS_MAX - 8:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return
    char0, size, loose, tracking = style
    classes = typography.classes
    advances = typography.advances
    between = typography.between
    edges = typography.edge
    text = scratch.text
    base = face * STRIDE
    glyph = scratch.glyph
    kinds = scratch.kind
    widths = scratch.width
    kerns = scratch.kern
    reaches = scratch.reach
    gives = scratch.give
    previous = kinds[n - 1] if n > 0 else HAN
    reach = 0
    give = 0
    if n > char0:
        reach = reaches[n - 1] + widths[n - 1] + tracking
        give = gives[n - 1]
    for i in range(first, after):
        ch = text[i]
        kind = classes[ch]
        if kind == UNIT and previous != DIGIT and previous != UNIT:
            kind = HAN
        if loose and n > char0:
            kern = between[previous, kind]
            kerns[n - 1] = kern
            if kern:
                reach -= kern * size // 1000
            elif edges[previous, 2]:
                give += edges[previous, 2] * size // 1000
        elif n > char0:
            kerns[n - 1] = 0
        advance = advances[base + ch]
        width = size if advance == 1000 else advance * size // 1000
        glyph[n] = base + ch
        kinds[n] = kind
        widths[n] = width
        reaches[n] = reach
        gives[n] = give
        reach += width + tracking
        previous = kind
        n += 1
    scratch.counts[N_CHARS] = n


@kernel
def _append_number(
    scratch: Scratch, typography: Typography, value: int, face: int, style: tuple[int, int, int, int]
) -> None:
    """Append a number below 100; the text begins with the characters 0 to 9."""
    if value >= 10:
        tens = value // 10 % 10
        _append(scratch, typography, tens, tens + 1, face, style)
    ones = value % 10
    _append(scratch, typography, ones, ones + 1, face, style)


@inlined
def _is_amount(scratch: Scratch, typography: Typography, first: int, after: int) -> bool:
    """Whether the text is an amount as amounts are kept: 1234.50, no leading zero. The letter's text starts 0123456789,. ."""
    text = scratch.text
    if after - first < 4 or text[after - 3] != text[11] or (text[first] == text[0] and after - first > 4):
        return False
    good = True
    for i in range(first, after):
        good = good and (i == after - 3 or typography.classes[text[i]] == DIGIT)
    return good


@kernel
def _append_amount(
    scratch: Scratch, typography: Typography, first: int, after: int, face: int, style: tuple[int, int, int, int]
) -> None:
    """Append a value with a comma before every third digit of yuan; a value that is no plain amount as it is."""
    if _is_amount(scratch, typography, first, after):
        stop = first + (after - 3 - first) % 3
        if stop == first:
            stop += 3
        while stop < after - 3:
            _append(scratch, typography, first, stop, face, style)
            _append(scratch, typography, 10, 11, face, style)
            first = stop
            stop += 3
    _append(scratch, typography, first, after, face, style)


@inlined
def _append_ready(
    program: Program,
    scratch: Scratch,
    typography: Typography,
    first: int,
    after: int,
    face: int,
    style: tuple[int, int, int, int],
) -> None:
    """Append static text as it was set once; what depends on the text before it, its first character and units there, anew.

    While `rendering.layout.ready` sets it, all of it.
    """
    ready = program.ready
    begin = first + 1 if program.sizes[Z_READY] else after
    while begin < after and typography.classes[scratch.text[begin - 1]] == UNIT:
        begin += 1
    _append(scratch, typography, first, begin, face, style)
    if begin == after or scratch.counts[N_FAILED]:
        return
    n = scratch.counts[N_CHARS]
    if n + after - begin >= CHARS_MAX - 8:
        scratch.counts[N_FAILED] = FAILED_TOO_LONG
        return
    reach = scratch.reach[n - 1] - ready.reach[begin - 1]
    give = scratch.give[n - 1] - ready.give[begin - 1]
    for i in range(begin, after):
        scratch.glyph[n + i - begin] = ready.glyph[i]
        scratch.kind[n + i - begin] = ready.kind[i]
        scratch.width[n + i - begin] = ready.width[i]
        scratch.kern[n + i - begin - 1] = ready.kern[i - 1]
        scratch.reach[n + i - begin] = ready.reach[i] + reach
        scratch.give[n + i - begin] = ready.give[i] + give
    scratch.counts[N_CHARS] = n + after - begin


@inlined
def _how(program: Program, scratch: Scratch, style: int) -> tuple[int, int, int, int]:
    """How a paragraph that begins here is set: what `_append` calls its style."""
    loose = 1 if program.styles[style, ST_FLAGS] & FLAG_GRID == 0 else 0
    return scratch.counts[N_CHARS], program.styles[style, ST_SIZE], loose, program.styles[style, ST_TRACKING]


@inlined
def fill_runs(program: Program, typography: Typography, scratch: Scratch, style: int, first: int, after: int) -> None:
    """Append the characters of runs ``first`` to ``after`` for the letter, row and page in ``scratch.at``."""
    how = _how(program, scratch, style)
    row = scratch.at[A_ROW]
    page = scratch.at[A_PAGE]
    pages = scratch.at[A_PAGES]
    r = first
    while r < after:
        kind = program.runs[r, 0]
        a = program.runs[r, 1]
        b = program.runs[r, 2]
        face = program.runs[r, 3]
        if face < 0:
            face = program.styles[style, ST_FACE]
        r += 1
        if kind == RUN_STATIC:
            _append_ready(program, scratch, typography, a, a + b, face, how)
        elif kind in (RUN_FIELD, RUN_CELL):
            value = a
            if kind == RUN_CELL:
                value = scratch.tables[a, 0] + row * scratch.tables[a, 2] + b
            begin = scratch.offsets[value]
            stop = scratch.offsets[value + 1] - 1
            if program.runs[r - 1, 4]:
                _append_amount(scratch, typography, begin, stop, face, how)
            else:
                _append(scratch, typography, begin, stop, face, how)
        elif kind == RUN_UNLESS:
            if scratch.conditions[a] == 0:
                r = b
        elif kind == RUN_JUMP:
            r = b
        else:
            divisor = 2 if program.page[2] and kind >= RUN_SHEET else 1
            counts_from_one = kind in (RUN_PAGE, RUN_SHEET)
            number = page // divisor + 1 if counts_from_one else (pages + divisor - 1) // divisor
            _append_number(scratch, typography, number, face, how)


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
