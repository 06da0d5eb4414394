"""The text a letter should show, worked out from template and values without any layout.

Plain Python over the compiled runs, independent of the kernels: the text layer of a rendered letter is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rendering.layout import opcodes as o
from rendering.template import Template
from rendering.template.compiler import Slot
from rendering.template.values import FILTERS, compile_test


@dataclass(frozen=True, slots=True)
class PageNumbers:
    """Where a frame stands: page and sheet from 1."""

    page: int
    pages: int
    sheet: int
    sheets: int


class PlainText:
    """Texts of one letter."""

    def __init__(
        self,
        template: Template,
        fields: Mapping[str, str],
        tables: Mapping[str, Sequence[Mapping[str, str]]],
        piece: Mapping[str, str],
    ) -> None:
        self._program = template.program
        self._settings = template.settings
        self._fields = fields
        self._tables = tables
        self._piece = piece
        names = frozenset(template.table_names)
        self._conditions = [
            bool(compile_test(c.file, c.line, c.test, names, set())(fields, tables))
            for c in template.program.conditions
        ]
        self._static = "".join(template.program.static)

    def body(self) -> list[tuple[str, str]]:
        """Paragraphs and table rows in order: (text, header to expect again when a page begins with this row or "")."""
        return list(self._operations(0, None))

    def frames(self, at: PageNumbers) -> list[tuple[float, str]]:
        """(y in mm, text) of every frame on a page, in the order of the template."""
        found = []
        duplex = self._settings.duplex
        for row, frame in zip(self._program.frames, self._settings.frames, strict=True):
            on = {
                o.ON_FIRST: at.page == 1,
                o.ON_OTHER: at.page > 1,
                o.ON_ALL: True,
                o.ON_LAST: at.page == at.pages,
                o.ON_FRONT: not duplex or at.page % 2 == 1,
            }[row[0]]
            if on:
                found.append((frame.box.y, "".join(text for text, _ in self._operations(row[5], at))))
        return found

    def _operations(self, first: int, at: PageNumbers | None) -> Iterator[tuple[str, str]]:
        ops, op, row = self._program.ops, first, 0
        while ops[op][0] != o.OP_END:
            code, a, b, c = ops[op][:4]
            following = op + 1
            if code == o.OP_PARAGRAPH:
                yield self._runs(b, c, row, at), ""
            elif code == o.OP_TABLE:
                yield from self._table(a)
            elif code == o.OP_UNLESS and not self._conditions[a]:
                following = b
            elif code == o.OP_JUMP:
                following = a
            elif code == o.OP_LOOP:
                row = 0
                following = following if self._rows(a) else b
            elif code == o.OP_NEXT:
                row += 1
                following = a if row < len(self._rows(ops[a - 1][1])) else following
                row = row if following == a else 0
            op = following

    def _rows(self, table: int) -> Sequence[Mapping[str, str]]:
        return self._tables.get(self._program.table_names[table], ())

    def _table(self, layout: int) -> Iterator[tuple[str, str]]:
        row = self._program.tables[layout]
        columns = self._program.columns[row[2] : row[2] + row[1]]
        if not self._rows(row[0]):
            return
        header = "".join(self._runs(column[4], column[5], 0, None) for column in columns) if row[4] >= 0 else ""
        if header:
            yield header, ""
        for number in range(len(self._rows(row[0]))):
            yield "".join(self._runs(column[2], column[3], number, None) for column in columns), header

    def _runs(self, first: int, after: int, row: int, at: PageNumbers | None) -> str:
        text, r = "", first
        while r < after:
            kind, a, b = self._program.runs[r][:3]
            r += 1
            if kind == o.RUN_STATIC:
                text += self._static[a : a + b]
            elif kind == o.RUN_FIELD:
                text += self._value(self._program.slots[a])
            elif kind == o.RUN_CELL:
                slot = self._program.table_columns[a][b]
                text += _filtered(self._rows(a)[row][slot.name], slot)
            elif kind == o.RUN_UNLESS:
                r = r if self._conditions[a] else b
            elif kind == o.RUN_JUMP:
                r = b
            elif at is not None:
                text += str((at.page, at.pages, at.sheet, at.sheets)[kind - o.RUN_PAGE])
        return text

    def _value(self, slot: Slot) -> str:
        source = self._piece if slot.of_piece else self._fields
        return _filtered(source.get(slot.name, ""), slot)


def _filtered(value: str, slot: Slot) -> str:
    for name in slot.filters:
        value = FILTERS[name](value)
    return value
