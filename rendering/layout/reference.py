"""The kernels of `lines` and `flow` once more in plain Python: short, slow, and the specification they are tested against.

Nothing in production imports this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rendering.layout.classes import CharClass, Kinsoku, break_table, edge_table, gap_table, squeeze_table


@dataclass(frozen=True, slots=True)
class Setting:
    """How a paragraph is set; lengths in millipoints."""

    size: int
    width: int
    first_indent: int = 0
    level: Kinsoku = Kinsoku.GB
    latin_gap: int = 250
    line_end: str = "trim"
    justify: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One line: characters [start, end), even tracking, and the kern (1/1000 em) after each character but the last."""

    start: int
    end: int
    tracking: int
    leading_kern: int
    kerns: tuple[int, ...]


def resolve_classes(kinds: Sequence[int]) -> list[int]:
    """A unit is a unit only after a number or after another unit of it (万元); elsewhere it is an ideograph."""
    resolved: list[int] = []
    for kind in kinds:
        after_number = bool(resolved) and resolved[-1] in (CharClass.DIGIT, CharClass.UNIT)
        resolved.append(CharClass.HAN if kind == CharClass.UNIT and not after_number else kind)
    return resolved


def break_paragraph(kinds: Sequence[int], widths: Sequence[int], how: Setting) -> list[Line]:
    """Break characters of resolved classes ``kinds`` and ``widths`` into lines."""
    lines: list[Line] = []
    start, end = 0, len(kinds)
    while end > 0 and kinds[end - 1] == CharClass.SPACE:
        end -= 1
    while start < end:
        while lines and kinds[start] == CharClass.SPACE:
            start += 1
        lines.append(_line(kinds, widths, how, start, end, first=not lines))
        start = _next(kinds, widths, how, start, end, first=not lines[:-1])
    return lines


def _between(how: Setting, before: int, after: int) -> int:
    """Kern between two characters: above 0 pressed together, below 0 a Han-Latin gap."""
    return int(squeeze_table()[before, after] - gap_table(how.latin_gap)[before, after])


def _end_trim(how: Setting, kind: int, width: int) -> int:
    if how.line_end == "full":
        return 0
    if how.line_end == "hang" and kind == CharClass.STOP:
        return width
    return int(edge_table()[kind, 0]) * how.size // 1000


def _measure(
    kinds: Sequence[int], widths: Sequence[int], how: Setting, start: int, stop: int, end: int
) -> tuple[int, int]:
    """(width of characters [start, stop) set without stretching, what their inner marks can give)."""
    width = give = 0
    for i in range(start, stop):
        width += widths[i]
        if i + 1 < stop:
            kern = _between(how, kinds[i], kinds[i + 1])
            width -= kern * how.size // 1000
            if kern == 0:
                give += int(edge_table()[kinds[i], 2]) * how.size // 1000
    return width - _end_trim(how, kinds[stop - 1], widths[stop - 1]), give


def _room(kinds: Sequence[int], how: Setting, start: int, first: bool) -> tuple[int, int]:
    """(room for the line's characters, kern before an opening mark that begins a later line)."""
    lead = 0 if first else int(edge_table()[kinds[start], 1])
    return how.width - (how.first_indent if first else 0) + lead * how.size // 1000, lead


def _next(kinds: Sequence[int], widths: Sequence[int], how: Setting, start: int, end: int, first: bool) -> int:
    """Where the line that begins at ``start`` ends: the last allowed break whose pressed width fits."""
    room, _ = _room(kinds, how, start, first)
    table = break_table(how.level)
    chosen = forced = 0
    for stop in range(start + 1, end + 1):
        width, give = _measure(kinds, widths, how, start, stop, end)
        if width <= room:
            forced = stop
        if width - give <= room and (stop == end or table[kinds[stop - 1], kinds[stop]]):
            chosen = stop
    return chosen or forced or start + 1


def _line(kinds: Sequence[int], widths: Sequence[int], how: Setting, start: int, end: int, first: bool) -> Line:
    stop = _next(kinds, widths, how, start, end, first)
    room, lead = _room(kinds, how, start, first)
    last = stop
    while last > start + 1 and kinds[last - 1] == CharClass.SPACE:
        last -= 1
    width, give = _measure(kinds, widths, how, start, stop, end)
    width -= sum(widths[last:stop])
    kerns = [_between(how, kinds[i], kinds[i + 1]) for i in range(start, last - 1)]
    tracking = 0
    if width > room and give > 0:
        for n, i in enumerate(range(start, last - 1)):
            if kerns[n] == 0:
                kerns[n] = -(-int(edge_table()[kinds[i], 2]) * (width - room) // give)
    elif how.justify and stop < end and last - start > 1:
        loose = [n for n, i in enumerate(range(start, last - 1)) if kerns[n] < 0 or kinds[i] == CharClass.SPACE]
        rest = room - width
        if loose:
            each = min(250, rest * 1000 // (len(loose) * how.size))
            for n in loose:
                kerns[n] -= each
            rest -= len(loose) * (each * how.size // 1000)
        tracking = rest // (last - start - 1)
    return Line(start, last, tracking, lead, tuple(kerns))


@dataclass(frozen=True, slots=True)
class Strip:
    """A band that is never cut: height, white space before it (not at the top of a page), whether it keeps the next."""

    height: int
    before: int = 0
    keep: bool = False
    new_page: bool = False


def paginate(strips: Sequence[Strip], first_height: int, other_height: int) -> list[int]:
    """Page of every strip (of a page break: the page it ends)."""
    pages: list[int] = []
    page, y, room, chain_end = 0, 0, first_height, 0
    for i, strip in enumerate(strips):
        if strip.new_page:
            pages.append(page)
            if y:
                page, y, room = page + 1, 0, other_height
            continue
        needed = strip.height
        if i >= chain_end:
            chain_end = i + 1
            while chain_end < len(strips) and strips[chain_end - 1].keep and not strips[chain_end].new_page:
                chain_end += 1
            whole = strip.height + sum(s.before + s.height for s in strips[i + 1 : chain_end])
            needed = whole if whole <= other_height else strip.height
        if y and y + strip.before + needed > room:
            page, y, room = page + 1, 0, other_height
        y += (strip.before if y else 0) + strip.height
        pages.append(page)
    return pages
