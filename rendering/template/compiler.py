"""Blocks and settings into the small program the layout kernels run. Compiled once; every name is checked here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from jinja2 import nodes

from rendering.layout import opcodes as o
from rendering.template import markup
from rendering.template.errors import TemplateError
from rendering.template.settings import ALIGNMENTS, Settings, Style
from rendering.template.values import FILTERS

PIECE_FIELDS: Final = ("caption", "item")
DIGITS: Final = "0123456789,."  # the static text begins with them: page numbers and amounts are made of these
AMOUNT: Final = "money"


def mpt(mm: float) -> int:
    """Millimetres to millipoints."""
    return round(mm * o.MPT_PER_MM)


@dataclass(frozen=True, slots=True)
class Slot:
    """One value a letter supplies: a field, or a fact of the piece (``piece.caption``), and the filters it passes."""

    name: str
    filters: tuple[str, ...]
    of_piece: bool = False

    @property
    def is_amount(self) -> bool:
        """Whether the last filter groups thousands, which the layout kernel does while it copies."""
        return bool(self.filters) and self.filters[-1] == AMOUNT and not self.of_piece


@dataclass(frozen=True, slots=True)
class ConditionSource:
    """The expression of an ``if`` and where it stands; compiled to a function in each process."""

    test: nodes.Expr
    file: str
    line: int


@dataclass(slots=True)
class Compiled:
    """The growing program: rows of integers, the static text, and what the numbers stand for."""

    settings: Settings
    faces: list[str] = field(default_factory=list)
    style_names: list[str] = field(default_factory=list)
    styles: list[list[int]] = field(default_factory=list)
    ops: list[list[int]] = field(default_factory=list)
    runs: list[list[int]] = field(default_factory=list)
    frames: list[list[int]] = field(default_factory=list)
    tables: list[list[int]] = field(default_factory=list)
    columns: list[list[int]] = field(default_factory=list)
    static: list[str] = field(default_factory=lambda: [DIGITS])
    static_length: int = len(DIGITS)
    slots: list[Slot] = field(default_factory=list)
    conditions: list[ConditionSource] = field(default_factory=list)
    table_names: list[str] = field(default_factory=list)
    table_columns: list[list[Slot]] = field(default_factory=list)
    picture_names: list[str] = field(default_factory=list)
    file: str = ""


def _index(items: list[str], name: str) -> int:
    if name not in items:
        items.append(name)
    return items.index(name)


def _style_row(compiled: Compiled, style: Style) -> list[int]:
    settings = compiled.settings
    row = [0] * o.ST_WIDTH
    size = round(style.size_pt * 1000)
    row[o.ST_FACE] = _index(compiled.faces, style.face)
    row[o.ST_SIZE] = size
    row[o.ST_LEADING] = round(style.leading_pt * 1000)
    row[o.ST_ALIGN] = ALIGNMENTS[style.align]
    row[o.ST_FIRST] = round(style.first_indent_em * size)
    row[o.ST_LEFT] = mpt(style.left_mm)
    row[o.ST_RIGHT] = mpt(style.right_mm)
    row[o.ST_BEFORE] = round(style.before_pt * 1000)
    row[o.ST_AFTER] = round(style.after_pt * 1000)
    row[o.ST_COLOUR] = style.colour
    row[o.ST_LEVEL] = int(settings.kinsoku)
    flags = o.FLAG_KEEP_NEXT * style.keep_next | o.FLAG_KEEP_PREVIOUS * style.keep_previous
    flags |= o.FLAG_HANG * (settings.line_end == "hang") | o.FLAG_FULL_END * (settings.line_end == "full")
    if style.cells:
        pitch = mpt(settings.body_first.width) // style.cells
        row[o.ST_TRACKING] = pitch - size
        row[o.ST_FIRST] = round(style.first_indent_em * pitch)
        flags |= o.FLAG_GRID
    row[o.ST_FLAGS] = flags
    return row


def _style_index(compiled: Compiled, name: str, line: int) -> int:
    if name not in compiled.style_names:
        raise TemplateError(compiled.file, line, f"style {name!r} does not exist in template.toml")
    return compiled.style_names.index(name)


class _RunWriter:
    """Writes the inline pieces of one paragraph, cell or frame as runs."""

    def __init__(self, compiled: Compiled, style: int, loop: markup.Loop | None) -> None:
        self.compiled = compiled
        self.loop = loop
        name = compiled.style_names[style]
        self.strong = _index(compiled.faces, compiled.settings.styles[name].strong)

    def write(self, pieces: tuple[object, ...]) -> tuple[int, int]:
        """Append the runs of ``pieces``; return (first run, run after the last)."""
        runs = self.compiled.runs
        first = len(runs)
        for piece in pieces:
            if isinstance(piece, markup.Text):
                self._static(piece)
            elif isinstance(piece, markup.Field):
                self._field(piece)
            elif isinstance(piece, markup.Choice):
                self._choice(piece)
        return first, len(runs)

    def _static(self, piece: markup.Text) -> None:
        c = self.compiled
        c.runs.append([o.RUN_STATIC, c.static_length, len(piece.text), self.strong if piece.strong else -1, 0])
        c.static.append(piece.text)
        c.static_length += len(piece.text)

    def _field(self, piece: markup.Field) -> None:
        c = self.compiled
        face = self.strong if piece.strong else -1
        for name in piece.filters:
            if name not in FILTERS:
                raise TemplateError(c.file, piece.line, f"filter {name!r} does not exist; known: {', '.join(FILTERS)}")
        if len(piece.path) == 2:
            owner, name = piece.path
            if owner == "piece":
                if name not in PIECE_FIELDS:
                    raise TemplateError(c.file, piece.line, f"piece has no {name!r}; known: {', '.join(PIECE_FIELDS)}")
                c.runs.append([o.RUN_FIELD, self._slot(Slot(name, piece.filters, True)), 0, face, 0])
                return
            if self.loop is None or owner != self.loop.variable:
                raise TemplateError(c.file, piece.line, f"{owner}.{name} stands outside a table or a for over {owner}")
            table = c.table_names.index(self.loop.table)
            columns = c.table_columns[table]
            slot = Slot(name, piece.filters)
            if slot not in columns:
                columns.append(slot)
            c.runs.append([o.RUN_CELL, table, columns.index(slot), face, int(slot.is_amount)])
            return
        name = piece.path[0]
        if name in markup.SPECIALS:
            c.runs.append([o.RUN_PAGE + markup.SPECIALS.index(name), 0, 0, face, 0])
            return
        known = c.settings.fields
        if known and name not in known:
            raise TemplateError(c.file, piece.line, f"field {name!r} is not declared under [fields] in template.toml")
        slot = Slot(name, piece.filters)
        c.runs.append([o.RUN_FIELD, self._slot(slot), 0, face, int(slot.is_amount)])

    def _slot(self, slot: Slot) -> int:
        slots = self.compiled.slots
        if slot not in slots:
            slots.append(slot)
        return slots.index(slot)

    def _choice(self, piece: markup.Choice) -> None:
        runs = self.compiled.runs
        jumps = []
        for test, pieces in piece.branches:
            skip = None
            if test is not None:
                skip = len(runs)
                runs.append([o.RUN_UNLESS, _condition(self.compiled, test, piece.line), 0, -1, 0])
            self.write(pieces)
            jumps.append(len(runs))
            runs.append([o.RUN_JUMP, 0, 0, -1, 0])
            if skip is not None:
                runs[skip][2] = len(runs)
        for jump in jumps:
            runs[jump][1] = 0
            runs[jump][2] = len(runs)


def _condition(compiled: Compiled, test: nodes.Expr, line: int) -> int:
    compiled.conditions.append(ConditionSource(test, compiled.file, line))
    return len(compiled.conditions) - 1


class _OperationWriter:
    """Writes blocks as operations."""

    def __init__(self, compiled: Compiled, in_frame: bool) -> None:
        self.compiled = compiled
        self.in_frame = in_frame

    def write(self, blocks: tuple[object, ...], loop: markup.Loop | None = None) -> None:
        for block in blocks:
            if isinstance(block, markup.Paragraph):
                self._paragraph(block, loop)
            elif isinstance(block, markup.Choice):
                self._choice(block, loop)
            elif isinstance(block, markup.Loop):
                self._loop(block, loop)
            elif isinstance(block, markup.Order):
                self._order(block)
            elif isinstance(block, tuple):
                order, inside = block
                self._put(o.OP_KEEP, 1, int("with-previous" in order.words))
                self.write(inside, loop)
                self._put(o.OP_KEEP, 0)

    def _put(self, *row: int) -> int:
        self.compiled.ops.append([*row, *([0] * (o.OP_WIDTH - len(row)))])
        return len(self.compiled.ops) - 1

    def _paragraph(self, block: markup.Paragraph, loop: markup.Loop | None) -> None:
        style = _style_index(self.compiled, block.style, block.line)
        first, after = _RunWriter(self.compiled, style, loop).write(block.inlines)
        if not self.in_frame:
            self._refuse_page_numbers(first, after, block.line)
        self._put(o.OP_PARAGRAPH, style, first, after)

    def _refuse_page_numbers(self, first: int, after: int, line: int) -> None:
        if any(o.RUN_PAGE <= run[0] <= o.RUN_SHEETS for run in self.compiled.runs[first:after]):
            raise TemplateError(
                self.compiled.file, line, "page and sheet numbers belong into a frame: running text has no page yet"
            )

    def _choice(self, block: markup.Choice, loop: markup.Loop | None) -> None:
        if loop is not None:
            raise TemplateError(self.compiled.file, block.line, "an if around paragraphs is not possible inside a for")
        jumps = []
        for test, blocks in block.branches:
            skip = None
            if test is not None:
                skip = self._put(o.OP_UNLESS, _condition(self.compiled, test, block.line), 0)
            self.write(blocks, loop)
            jumps.append(self._put(o.OP_JUMP, 0))
            if skip is not None:
                self.compiled.ops[skip][2] = len(self.compiled.ops)
        for jump in jumps:
            self.compiled.ops[jump][1] = len(self.compiled.ops)

    def _loop(self, block: markup.Loop, outer: markup.Loop | None) -> None:
        if outer is not None:
            raise TemplateError(self.compiled.file, block.line, "a for inside a for is not possible")
        _use_table(self.compiled, block.table)
        begin = self._put(o.OP_LOOP, self.compiled.table_names.index(block.table), 0)
        self.write(block.blocks, block)
        self._put(o.OP_NEXT, begin + 1)
        self.compiled.ops[begin][2] = len(self.compiled.ops)

    def _order(self, order: markup.Order) -> None:
        c = self.compiled
        options = dict(order.options)
        if order.name == "newpage":
            self._put(o.OP_NEW_PAGE)
        elif order.name == "space":
            self._put(o.OP_SPACE, mpt(self._number(order, order.words[0] if order.words else "", "space")))
        elif order.name == "table" and len(order.words) == 1:
            if order.words[0] not in c.settings.tables:
                raise TemplateError(
                    c.file, order.line, f"table {order.words[0]!r} is not described under [tables] in template.toml"
                )
            self._put(o.OP_TABLE, _write_table(c, order.words[0]))
        elif order.name in ("picture", "image") and len(order.words) == 1:
            name = order.words[0]
            if name not in c.settings.pictures:
                raise TemplateError(
                    c.file, order.line, f"picture {name!r} is not described under [pictures] in template.toml"
                )
            picture = c.settings.pictures[name]
            in_flow = order.name == "image"
            x = mpt(self._number(order, options.get("x", "0"), "x"))
            dy = mpt(self._number(order, options.get("dy", "0"), "dy"))
            form = _index(c.picture_names, name)
            self._put(o.OP_FORM, form, x, dy, mpt(picture.width_mm), mpt(picture.height_mm), int(in_flow))
        else:
            raise TemplateError(
                c.file,
                order.line,
                f"unknown order :{order.name}; known: table, picture, image, keep … end, space, newpage",
            )

    def _number(self, order: markup.Order, text: str, name: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise TemplateError(
                self.compiled.file, order.line, f"{name} must be a number of mm, not {text!r}"
            ) from None


def _use_table(compiled: Compiled, name: str) -> None:
    if name not in compiled.table_names:
        compiled.table_names.append(name)
        compiled.table_columns.append([])


def _write_table(compiled: Compiled, name: str) -> int:
    """Compile a table's layout; return its number."""
    table = compiled.settings.tables[name]
    _use_table(compiled, name)
    outer = compiled.file
    compiled.file = "template.toml"
    cell_style = _style_index(compiled, table.cell_style, table.line)
    header_style = -1 if table.header_style is None else _style_index(compiled, table.header_style, table.line)
    loop = markup.Loop("row", name, (), table.line)
    rows = []
    for column in table.columns:
        cells = _RunWriter(compiled, cell_style, loop).write(
            markup.parse_inline("template.toml", table.line, column.cell)
        )
        titles = (0, 0)
        if header_style >= 0:
            title = markup.parse_inline("template.toml", table.line, column.title)
            titles = _RunWriter(compiled, header_style, None).write(title)
        rows.append([mpt(column.width_mm), ALIGNMENTS[column.align], *cells, *titles])
    compiled.file = outer
    compiled.tables.append(
        [
            compiled.table_names.index(name),
            len(rows),
            len(compiled.columns),
            cell_style,
            header_style,
            mpt(table.padding_mm),
            mpt(table.x_mm),
            round(table.rule_pt * 1000),
        ]
    )
    compiled.columns.extend(rows)
    return len(compiled.tables) - 1


def compile_program(settings: Settings, body: str) -> Compiled:
    """Compile the letter's text and frames. Raises TemplateError with file, line and reason."""
    compiled = Compiled(settings, file=settings.body_file)
    for name, style in settings.styles.items():
        compiled.style_names.append(name)
        compiled.styles.append(_style_row(compiled, style))
    for table in settings.tables:
        _use_table(compiled, table)
    writer = _OperationWriter(compiled, in_frame=False)
    writer.write(markup.parse_blocks(settings.body_file, 1, body))
    compiled.ops.append([o.OP_END] + [0] * (o.OP_WIDTH - 1))
    compiled.file = "template.toml"
    for frame in settings.frames:
        first = len(compiled.ops)
        _OperationWriter(compiled, in_frame=True).write(markup.parse_blocks("template.toml", frame.line, frame.text))
        compiled.ops.append([o.OP_END] + [0] * (o.OP_WIDTH - 1))
        box = frame.box
        compiled.frames.append(
            [
                frame.pages,
                mpt(box.x),
                mpt(box.y),
                mpt(box.width),
                mpt(box.height),
                first,
                len(compiled.ops),
                int(frame.bottom),
            ]
        )
    compiled.file = settings.body_file
    return compiled
