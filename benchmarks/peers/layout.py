"""The letter the peers set: geometry, line breaking and page flow in plain Python, shared by those without layout of their own.

Same text, type sizes and places as examples/templates/lawyer_letter. Lengths in points from the bottom left of an A4 page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

MM = 72 / 25.4
PAGE = (595.2756, 841.8898)
LEFT, WIDTH = 28 * MM, 156 * MM
TOP_FIRST, TOP_OTHER, BOTTOM = PAGE[1] - 98 * MM, PAGE[1] - 28 * MM, PAGE[1] - 270 * MM
NO_START = frozenset("、，。：；！？）》」』】〉〕”’％…—·,.:;!?)]}%")
NO_END = frozenset("（《「『【〈〔“‘([{￥¥")
HEADS = ("应还日期", "应还本金（元）", "应还利息（元）", "合计（元）")
COLUMNS = (42 * MM, 38 * MM, 38 * MM, 38 * MM)
# kind: (size, leading, alignment, first-line indent in em, space before, space after)
STYLES = {
    "title": (18, 27, "center", 0, 4 * MM, 6 * MM),
    "number": (10.5, 16, "right", 0, 0, 2 * MM),
    "salutation": (12, 19.5, "justify", 0, 0, 2 * MM),
    "heading": (12, 21, "left", 0, 3 * MM, 0),
    "body": (12, 19.5, "justify", 2, 0, 0),
    "small": (9, 13.5, "justify", 2, 0, 0),
    "sign": (12, 21, "right", 0, 0, 0),
}
FIRM = "北辰明理（虚构）律师事务所"
FIRM_LINE = "示例市示例区虚构路 1 号 · 电话 {} · 本函件及其中人物、机构均为虚构"
ROW_HEIGHT = 13 + 2.2 * MM


@dataclass(frozen=True)
class Line:
    """One line: baseline start, size, text and the extra space after every character that justifies it."""

    x: float
    y: float
    size: float
    text: str
    spread: float = 0.0


@dataclass(frozen=True)
class Table:
    """A run of table rows: top edge and the cells; the first row may be the heads."""

    top: float
    rows: tuple


@lru_cache(maxsize=100_000)
def pieces(text: str) -> tuple[str, ...]:
    """Unbreakable runs: single ideographs, whole Latin words and numbers."""
    found, run = [], ""
    for character in text:
        if character.isascii() and not character.isspace():
            run += character
            continue
        if run:
            found.append(run)
            run = ""
        found.append(character)
    return tuple([*found, run] if run else found)


def break_lines(text: str, size: float, width: float, indent: float, advance) -> list[tuple[str, float]]:
    """Greedy lines with kinsoku: (text, natural width)."""
    lines, line, used = [], [], indent
    for piece in pieces(text):
        wide = sum(advance(character) for character in piece) * size
        if used + wide > width and line:
            carried = []
            if piece[0] in NO_START and len(line) > 1:
                carried.insert(0, line.pop())
            while line and line[-1][-1] in NO_END and len(line) > 1:
                carried.insert(0, line.pop())
            whole = "".join(line)
            lines.append((whole, sum(advance(character) for character in whole) * size))
            line = carried
            used = sum(advance(character) for part in carried for character in part) * size
        line.append(piece)
        used += wide
    whole = "".join(line)
    lines.append((whole, sum(advance(character) for character in whole) * size))
    return lines


def flow(letter: dict, advance) -> list[list]:
    """Pages of Line and Table objects."""
    pages: list[list] = [[]]
    y = TOP_FIRST
    for kind, text in letter["blocks"]:
        if kind == "table":
            y = _table(pages, y, letter["rows"])
            continue
        size, leading, align, indent, before, after = STYLES[kind]
        y -= before
        lines = break_lines(text, size, WIDTH, indent * size, advance)
        for at, (line, wide) in enumerate(lines):
            if y - leading < BOTTOM:
                pages.append([])
                y = TOP_OTHER
            y -= leading
            shift = indent * size if at == 0 else 0.0
            spread = 0.0
            if align == "justify" and at + 1 < len(lines) and len(line) > 1:
                spread = (WIDTH - shift - wide) / (len(line) - 1)
            x = LEFT + shift + {"center": (WIDTH - wide) / 2, "right": WIDTH - wide}.get(align, 0.0)
            pages[-1].append(Line(x, y + leading * 0.25, size, line, spread))
        y -= after
    return pages


def _table(pages: list[list], y: float, rows: list) -> float:
    todo = [HEADS, *rows]
    while todo:
        fit = int((y - BOTTOM) / ROW_HEIGHT)
        if fit < 2:
            pages.append([])
            y, fit = TOP_OTHER, int((TOP_OTHER - BOTTOM) / ROW_HEIGHT)
        taken, todo = todo[:fit], todo[fit:]
        pages[-1].append(Table(y, tuple(taken)))
        y -= len(taken) * ROW_HEIGHT
        if todo:
            todo = [HEADS, *todo]
    return y


def furniture(letter: dict, page: int, pages: int) -> list[Line]:
    """Address, letterhead line, running head and footer of one page."""
    lines = [Line(LEFT + WIDTH / 2 - 40, PAGE[1] - 283 * MM, 9, f"第 {page} 页　共 {pages} 页")]
    if page == 1:
        lines += [Line(22 * MM, PAGE[1] - 54 * MM - 11.8 * at, 9.5, text) for at, text in enumerate(letter["address"])]
        lines.append(Line(LEFT + 60, PAGE[1] - 27 * MM, 8.5, FIRM_LINE.format(letter["phone"])))
    else:
        lines.append(Line(LEFT + WIDTH / 2 - 90, PAGE[1] - 20 * MM, 9, letter["running"]))
    if page % 2:
        lines.append(Line(191 * MM, PAGE[1] - 66 * MM, 5, letter["caption"]))
    return lines


def cells(table: Table) -> list[tuple[float, float, str, str]]:
    """(x, baseline, text, alignment) of every cell; x is the left edge, the centre or the right edge of the cell."""
    placed = []
    for at, row in enumerate(table.rows):
        x = LEFT
        for column, text in enumerate(row):
            wide = COLUMNS[column]
            align = "center" if row is HEADS or column == 0 else "right"
            edge = x + wide / 2 if align == "center" else x + wide - 1.1 * MM
            placed.append((edge, table.top - (at + 1) * ROW_HEIGHT + 1.1 * MM + 3, text, align))
            x += wide
    return placed


def dark_runs(row: str) -> list[tuple[int, int]]:
    """(start, length) of each run of 1 in a row of modules."""
    runs, start = [], -1
    for at, module in enumerate(row + "0"):
        if module == "1" and start < 0:
            start = at
        elif module == "0" and start >= 0:
            runs.append((start, at - start))
            start = -1
    return runs


def mark_rectangles(letter: dict, page: int) -> list[tuple[float, float, float, float]]:
    """Rectangles (x, y, width, height) of the codes of one page."""
    module = 0.5 * MM
    found = []
    places = ([86 * MM] if page == 1 else []) + ([195 * MM] if page % 2 else [])
    for x in places:
        for row, text in enumerate(letter["mark"]):
            y = PAGE[1] - 52 * MM - (row + 1) * module
            found += [(x + at * module, y, length * module, module) for at, length in dark_runs(text)]
    if page == 1:
        bar = 0.3125 * MM
        found += [
            (24 * MM + at * bar, PAGE[1] - 78 * MM, length * bar, 9 * MM) for at, length in dark_runs(letter["item"])
        ]
    return found
