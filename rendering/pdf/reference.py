"""The kernels that write bytes once more in plain Python: page descriptions, page objects, the cross-reference table.

Short, slow, and the specification `streams`, `graphics`, `compose`, `objects` and `xref` are tested against, byte for byte. They read the same
records (`rendering.layout.arrays`), which hold a letter already laid out. Nothing in production imports this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rendering.layout import opcodes as o
from rendering.layout.arrays import (
    A_LETTER,
    A_PAGE,
    A_PAGES,
    N_PLACES,
    Z_ART,
    Z_MARKS,
    Program,
    Scratch,
    Typography,
    Values,
)
from rendering.layout.flow import paginate, run_operations
from rendering.layout.letter import load_letter, load_static
from rendering.pdf.compose import Marks, lay_frames
from rendering.pdf.mark_frame import FRAME

GROUP = 128
_ASCENT = 880  # 1/1000 em


def number(value: int, places: int) -> str:
    """``value`` / 10**``places`` as PDF numbers are written here: no zero that can be left out."""
    text = f"{Decimal(value).scaleb(-places):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def points(mpt: int) -> str:
    """Millipoints as points with two places."""
    return number(int(mpt + 5) // 10, 2)


def colour_operator(colour: int) -> str:
    """Set the fill colour 0xRRGGBB."""
    parts = [number((colour >> shift & 255) * 1000 // 255, 3) for shift in (16, 8, 0)]
    return f"{parts[0]} g\n" if len(set(parts)) == 1 else f"{' '.join(parts)} rg\n"


# -- text


@dataclass(slots=True)
class Pen:
    """What the text operators of a page last set."""

    font: int = -1
    size: int = -1
    tracking: int = 0
    colour: int = 0
    x: int = 0
    y: int = 0
    leading: int = 0
    open: bool = False


def shown(typography: Typography, scratch: Scratch, row: NDArray[np.int64], pen: Pen) -> bytes:
    """The characters of a line, an array for each run of one font, kerns between the strings."""
    runs: list[tuple[int, list[bytes | int]]] = [(pen.font, [])]
    if row[o.L_LEADING_KERN]:
        runs[0][1].append(int(row[o.L_LEADING_KERN]))
    for i in range(row[o.L_START], row[o.L_END]):
        code = int(typography.codes[scratch.glyph[i]])
        if code >> 16 != runs[-1][0]:
            runs.append((code >> 16, []))
        items = runs[-1][1]
        value = (code & 0xFFFF).to_bytes(1 if code & 0xFFFF < 256 else 2, "big")
        if items and isinstance(items[-1], bytes):
            items[-1] += value
        else:
            items.append(value)
        if scratch.kern[i] and i < row[o.L_END] - 1:
            items.append(int(scratch.kern[i]))
    pen.font = runs[-1][0]
    size = number(pen.size, 3)
    out = b""
    for n, (font, items) in enumerate(runs):
        body = b"".join(b"(%b)" % item if isinstance(item, bytes) else b"%d" % item for item in items)
        out += (f"/F{font} {size} Tf\n".encode() if n else b"") + b"[%b]TJ\n" % body
    return out


def line(
    program: Program, typography: Typography, scratch: Scratch, number_: int, place: tuple[int, int], pen: Pen
) -> bytes:
    """One line with its baseline at ``place`` (1/100 pt), and the text state it needs set."""
    row = scratch.lines[number_]
    style = program.styles[row[o.L_STYLE]]
    leading = int(style[o.ST_LEADING] + 5) // 10
    out = ""
    if not pen.open:
        out += "BT\n"
        pen.open, pen.x, pen.y, pen.leading = True, 0, 0, 0
    if pen.colour != style[o.ST_COLOUR]:
        pen.colour = int(style[o.ST_COLOUR])
        out += colour_operator(pen.colour)
    if pen.tracking != row[o.L_TC]:
        pen.tracking = int(row[o.L_TC])
        out += f"{number(pen.tracking, 3)} Tc\n"
    fixed = program.fixed_lines[row[o.L_END]] if row[o.L_START] < 0 else None
    font = int(typography.codes[scratch.glyph[row[o.L_START]]]) >> 16 if fixed is None else int(fixed[o.X_FONT])
    if (pen.font, pen.size) != (font, style[o.ST_SIZE]):
        pen.font, pen.size = font, int(style[o.ST_SIZE])
        out += f"/F{font} {number(pen.size, 3)} Tf\n"
    dx, dy = place[0] - pen.x, place[1] - pen.y
    if dx == 0 and dy == -pen.leading:
        out += "T*"
    else:
        out += f"{number(dx, 2)} {number(dy, 2)} {'TD' if dy == -leading else 'Td'}"
        pen.leading = leading if dy == -leading else pen.leading
    pen.x, pen.y = place
    if fixed is None:
        return out.encode() + shown(typography, scratch, row, pen)
    pen.font = int(fixed[o.X_LAST_FONT])
    return out.encode() + program.fixed_bytes[fixed[o.X_FROM] : fixed[o.X_TO]].tobytes()


def strip_text(program: Program, typography: Typography, scratch: Scratch, place: int, pen: Pen) -> bytes:
    """The lines of a placed strip."""
    strip = scratch.strips[scratch.places[place, o.P_STRIP]]
    out = b""
    for n in range(strip[o.S_LINE0], strip[o.S_LINE1]):
        baseline = _baseline(program, scratch, n, int(scratch.places[place, o.P_Y] + scratch.lines[n, o.L_DY]))
        where = int(scratch.lines[n, o.L_X] + 5) // 10, (int(program.page[o.PG_HEIGHT]) - baseline + 5) // 10
        out += line(program, typography, scratch, n, where, pen)
    return out


def _baseline(program: Program, scratch: Scratch, n: int, top: int) -> int:
    style = program.styles[scratch.lines[n, o.L_STYLE]]
    return top + int(style[o.ST_LEADING] - style[o.ST_SIZE]) // 2 + _ASCENT * int(style[o.ST_SIZE]) // 1000


def body_text(
    program: Program, typography: Typography, scratch: Scratch, first: int, after: int, pen: Pen
) -> Iterator[bytes]:
    """The body's lines; a paragraph that is the same in every letter is drawn by its form when all of it is on the page."""
    place = first
    while place < after:
        strip = scratch.strips[scratch.places[place, o.P_STRIP]]
        row = scratch.lines[strip[o.S_LINE0]]
        lines = 0
        if strip[o.S_KIND] == o.STRIP_TEXT and row[o.L_START] < 0:
            lines = int(program.fixed_lines[row[o.L_END], o.X_LINES])
        if not lines or place + lines > after:
            yield strip_text(program, typography, scratch, place, pen)
            place += 1
            continue
        out = "ET\n" if pen.open else ""
        pen.open = False
        colour = int(program.styles[row[o.L_STYLE], o.ST_COLOUR])
        if pen.colour != colour:
            pen.colour = colour
            out += colour_operator(colour)
        y = program.page[o.PG_HEIGHT] - _baseline(program, scratch, strip[o.S_LINE0], scratch.places[place, o.P_Y])
        form = program.fixed_lines[row[o.L_END], o.X_PARAGRAPH]
        yield f"{out}q 1 0 0 1 0 {points(y)} cm\n/P{form} Do\nQ\n".encode()
        place += lines


# -- graphics


def form(name: int, x: int, y: int, width: int, height: int) -> str:
    """A picture of one unit scaled to its box."""
    return f"q {points(width)} 0 0 {points(height)} {points(x)} {points(y)} cm\n/X{name} Do\nQ\n"


def graphics(program: Program, scratch: Scratch, first: int, after: int) -> str:
    """Table rules (neighbouring rows of a table share one grid) and pictures of the placed strips."""
    out = ""
    grid: list[int] = []
    for place in range(first, after):
        strip = scratch.strips[scratch.places[place, o.P_STRIP]]
        row = strip[o.S_KIND] == o.STRIP_ROW
        if grid and not (row and strip[o.S_ARG] == scratch.strips[scratch.places[grid[0], o.P_STRIP], o.S_ARG]):
            out += rules(program, scratch, grid)
            grid = []
        if row:
            grid.append(place)
        elif strip[o.S_KIND] == o.STRIP_FORM:
            op = program.ops[strip[o.S_ARG]]
            y = program.page[o.PG_HEIGHT] - (scratch.places[place, o.P_Y] + op[3]) - op[5]
            out += form(op[1], strip[o.S_X], y, op[4], op[5])
    return out + (rules(program, scratch, grid) if grid else "")


def rules(program: Program, scratch: Scratch, rows: Sequence[int]) -> str:
    """The grid of a table's rows on one page: a box around them, the lines inside two by two as the edges of a box."""
    strips = [scratch.strips[scratch.places[place, o.P_STRIP]] for place in rows]
    table = program.tables[strips[0][o.S_ARG]]
    widths = program.columns[table[2] : table[2] + table[1], 0]
    xs = [(int(x) + 5) // 10 for x in strips[0][o.S_X] + np.cumsum([0, *widths])]
    tops = [int(scratch.places[place, o.P_Y]) for place in rows]
    ends = [top + int(strip[o.S_HEIGHT]) for top, strip in zip(tops, strips, strict=True)]
    ys = [(int(program.page[o.PG_HEIGHT]) - y + 5) // 10 for y in (tops[0], *ends)]
    boxes = [(xs[0], ys[-1], xs[-1], ys[0])]
    boxes += [(xs[0], pair[-1], xs[-1], pair[0]) for pair in _pairs(ys[1:-1])]
    boxes += [(pair[0], ys[-1], pair[-1], ys[0]) for pair in _pairs(xs[1:-1])]
    return f"{number(int(table[7]), 3)} w\n{''.join(_box(*box) for box in boxes)}S\n"


def _pairs(places: Sequence[int]) -> list[Sequence[int]]:
    return [places[at : at + 2] for at in range(0, len(places), 2)]


def _box(left: int, bottom: int, right: int, top: int) -> str:
    """A rectangle, or the line it is; 1/100 pt."""
    begin = f"{number(left, 2)} {number(bottom, 2)} "
    if left == right or bottom == top:
        return f"{begin}m {number(right, 2)} {number(top, 2)} l\n"
    return f"{begin}{number(right - left, 2)} {number(top - bottom, 2)} re\n"


def matrix(modules: NDArray[np.uint8]) -> str:
    """A grid of modules as rectangles: each takes a row's run from the first module not yet drawn, and reaches down as far as all is dark."""
    dark = {(int(r), int(c)) for r, c in np.argwhere(modules & 1)}
    drawn = {(int(r), int(c)) for r, c in np.argwhere(modules & FRAME)}
    out = "/M Do\n" if drawn else ""
    for r, c in sorted(dark):
        if (r, c) in drawn:
            continue
        stop = c
        while (r, stop) in dark:
            stop += 1
        while (r, stop - 1) in drawn:
            stop -= 1
        bottom = r
        while all((bottom, x) in dark for x in range(c, stop)):
            drawn |= {(bottom, x) for x in range(c, stop)}
            bottom += 1
        out += f"{c} {r} {stop - c} {bottom - r} re\n"
    return f"{out}f Q\n"


def is_on(rule: int, page: int, pages: int, duplex: bool) -> bool:
    """Whether something with page rule ``rule`` stands on page ``page`` of ``pages``."""
    return {
        o.ON_ALL: True,
        o.ON_FIRST: page == 0,
        o.ON_OTHER: page > 0,
        o.ON_LAST: page == pages - 1,
        o.ON_FRONT: not duplex or page % 2 == 0,
    }[rule]


def code_marks(program: Program, scratch: Scratch, marks: Marks) -> str:
    """The codes of a page."""
    letter, page, pages = (int(scratch.at[at]) for at in (A_LETTER, A_PAGE, A_PAGES))
    duplex = bool(program.page[o.PG_DUPLEX])
    sheet = int(marks.first[letter]) + (page // 2 if duplex else page)
    out = ""
    for mark in program.marks[: program.sizes[Z_MARKS]]:
        if not is_on(int(mark[1]), page, pages, duplex):
            continue
        y = program.page[o.PG_HEIGHT] - mark[3]
        out += f"q {number(int(mark[4]), 3)} 0 0 {number(-int(mark[5]), 3)} {points(mark[2])} {points(y)} cm\n"
        if mark[0] == o.MARK_ITEM:
            out += matrix(marks.items[letter : letter + 1])
        elif mark[0] == o.MARK_TRACK:
            out += matrix(marks.tracks[sheet])
        else:
            out += matrix(marks.sheets[marks.first[letter] if mark[0] == o.MARK_WINDOW else sheet])
    return out


def page(
    program: Program, typography: Typography, scratch: Scratch, marks: Marks, places: tuple[int, int, int]
) -> bytes:
    """One page's description; ``places`` is (its first body place, the one after its last, first frame place)."""
    first, after, frames = places
    number_, pages = int(scratch.at[A_PAGE]), int(scratch.at[A_PAGES])
    last = int(scratch.counts[N_PLACES])
    drawn = ""
    for art in program.art[: program.sizes[Z_ART]]:
        if is_on(int(art[1]), number_, pages, bool(program.page[o.PG_DUPLEX])):
            drawn += form(art[0], art[2], program.page[o.PG_HEIGHT] - art[3] - art[5], art[4], art[5])
    drawn += graphics(program, scratch, first, after) + graphics(program, scratch, frames, last)
    pen = Pen()
    top = program.page[o.PG_BODY + 1] if number_ == 0 else program.page[o.PG_BODY + 5]
    above = [place for place in range(frames, last) if scratch.places[place, o.P_Y] < top]
    below = [place for place in range(frames, last) if scratch.places[place, o.P_Y] >= top]
    text = [strip_text(program, typography, scratch, place, pen) for place in above]
    text += body_text(program, typography, scratch, first, after, pen)
    text += [strip_text(program, typography, scratch, place, pen) for place in below]
    end = ("ET\n" if pen.open else "") + ("0 g\n" if pen.colour else "")
    return drawn.encode() + b"".join(text) + (end + code_marks(program, scratch, marks)).encode()


def letter_pages(
    program: Program, typography: Typography, values: Values, scratch: Scratch, marks: Marks, letter: int
) -> Iterator[bytes]:
    """The descriptions of a letter's pages: laid out by the layout kernels, which have their own twin, and written here."""
    scratch.counts[:] = 0
    scratch.at[:] = 0
    scratch.at[A_LETTER] = letter
    load_static(program, scratch)
    load_letter(program, values, scratch, letter)
    body = int(program.page[o.PG_BODY]), int(program.page[o.PG_BODY + 2])
    run_operations(program, typography, scratch, int(program.page[o.PG_BODY_OP]), body)
    pages = paginate(program, scratch)
    of_body = scratch.counts.copy()
    on_page = scratch.places[: of_body[N_PLACES], o.P_PAGE]
    for n in range(pages):
        scratch.counts[:] = of_body
        scratch.at[A_PAGE] = n
        scratch.at[A_PAGES] = pages
        lay_frames(program, typography, scratch)
        first, after = (int(at) for at in np.searchsorted(on_page, [n, n + 1]))
        yield page(program, typography, scratch, marks, (first, after, int(of_body[N_PLACES])))


# -- objects


def sides(
    descriptions: Sequence[bytes], compress: Callable[[bytes], bytes], parts: Sequence[int], place: tuple[int, int, int]
) -> tuple[bytes, dict[int, int]]:
    """The objects of printed sides and the offset of each; arguments as `objects.put_sides` takes them."""
    first_side, first_object, before = place
    out = b""
    offsets = {}
    for n, (text, part) in enumerate(zip(descriptions, parts, strict=True), start=first_side):
        node = first_object + n // GROUP * (2 * GROUP + 1)
        own = node + 1 + n % GROUP * 2
        contents = f"/Contents {own + 1} 0 R" if text else ""
        of_part = f"/DPart {part} 0 R" if part else ""
        offsets[own] = before + len(out)
        out += f"{own} 0 obj\n<</Type/Page/Parent {node} 0 R{contents}{of_part}>>\nendobj\n".encode()
        if text:
            packed = compress(text)
            offsets[own + 1] = before + len(out)
            head = f"{own + 1} 0 obj\n<</Filter/FlateDecode/Length {len(packed):8}>>stream\n"
            out += head.encode() + packed + b"\nendstream\nendobj\n"
    return out, offsets


def cross_references(offsets: Sequence[int]) -> bytes:
    """The entries of the table (ISO 32000-1, 7.5.4): an offset of 0 is a free number, which names the next free one."""
    free = [n for n, offset in enumerate(offsets) if not offset]
    following = dict(zip(free, [*free[1:], 0], strict=True))
    return b"".join(
        b"%010d %05d f \n" % (following[n], 0 if n else 65535) if not offset else b"%010d 00000 n \n" % offset
        for n, offset in enumerate(offsets)
    )
