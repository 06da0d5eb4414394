"""The simplest reading of a case table for ``letterline render`` and template previews: CSV or JSON of fields ready to print.

It checks nothing of a case's content: intake is the controller's. Column headings may be field names or their labels. A CSV is read
column by column, some thousand rows at a time, and cell by cell only where a row is not like the others.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from operator import methodcaller
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rendering.amounts import AMOUNT_BYTES, sum_rows, write_amounts
from rendering.columns import Columns, TableColumns
from rendering.model import Letter
from rendering.template import Template
from rendering.template.settings import Table

_COMMAS: Final = methodcaller("count", ",")
_CELL_MAX: Final = (
    1 << 24
)  # a longer cell refuses the file; the template's own limits hold back the letter of a shorter one


class CaseTableError(Exception):
    """The file cannot be read as a case table; the message names the file and the line."""


class _Headings:
    """What each column of a table is: a field by name, or a table of the letter."""

    def __init__(self, template: Template) -> None:
        settings = template.settings
        self._names = {rule.label: name for name, rule in settings.fields.items()}
        self._tables = {table.label: name for name, table in settings.tables.items()}
        self._tables.update({name: name for name in settings.tables})
        self._settings = settings.tables
        self._plain: list[tuple[int, str]] = []
        self._found: list[tuple[int, str, Table]] = []

    def read(self, headings: Sequence[str]) -> None:
        """Take the headings of the rows to come."""
        self._plain = []
        self._found = []
        for at, heading in enumerate(headings):
            table = self._tables.get(heading)
            if table:
                self._found.append((at, table, self._settings[table]))
            else:
                self._plain.append((at, self._names.get(heading, heading)))

    def letter(self, row: Sequence[Any], fallback: str) -> Letter:
        """The letter of a row with a cell for every heading; ``fallback`` is its id when it brings none. Raises ValueError."""
        fields = {name: "" if row[at] is None else str(row[at]) for at, name in self._plain}
        found: dict[str, list[Mapping[str, str]]] = {
            name: _table_rows(row[at], table) for at, name, table in self._found
        }
        return Letter(fields.get("record_id") or fallback, fields, found)

    def columns(self, cells: Sequence[Sequence[str]]) -> Columns | None:
        """The letters of a column for every heading; None when one has no id or a table is not as programs write it."""
        fields = {name: cells[at] for at, name in self._plain}
        ids = fields.get("record_id", ("",))
        if "" in ids:
            return None
        tables: dict[str, TableColumns] = {}
        for at, name, table in self._found:
            found = _table_columns(cells[at], table)
            if found is None:
                return None
            tables[name] = found
        return Columns(ids, fields, tables)


@dataclass(frozen=True, slots=True)
class TablePart:
    """Some rows of a CSV: the number of the first, from 1, and the bytes they take in the file. Of a JSON file there is one part, all of it."""

    number: int
    begin: int
    end: int


def read_letters(path: Path, template: Template, refused: list[str]) -> Iterator[Letter]:
    """Yield the letters of ``path`` (.csv or .json) one by one; rows that cannot be read are told in ``refused``.

    Raises CaseTableError when the file as a whole cannot be read.
    """
    for part in table_parts(path):
        run = read_part(path, template, part, refused)
        yield from run.letters() if isinstance(run, Columns) else run


def table_parts(path: Path, rows: int = 1000) -> list[TablePart]:
    """Where to cut a table into parts of up to ``rows`` rows, blank ones counted; each can be read alone, in any process.

    A CSV with quotation marks where none belong is not cut: nobody could say where a row ends.
    """
    if path.suffix.lower() == ".json":
        return [TablePart(1, 0, path.stat().st_size)]
    data = path.read_bytes()
    ends = _row_ends(data)
    if not ends:
        return []
    cuts = ends[::rows]
    if cuts[-1] < len(data):
        cuts.append(len(data))
    return [TablePart(1 + at * rows, begin, end) for at, (begin, end) in enumerate(pairwise(cuts))]


def _row_ends(data: bytes) -> list[int]:
    """Where the rows of a CSV end; only the first one's end when quotation marks make the others' doubtful."""
    if b'"' not in data:
        plain: list[int] = []
        end = data.find(b"\n") + 1
        while end:
            plain.append(end)
            end = data.find(b"\n", end) + 1
        return plain
    array = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(array == ord('"'))
    ends = np.flatnonzero(array == ord("\n")) + 1
    ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    found: list[int] = ends[: None if _quotes_in_place(array, quotes) else 1].tolist()
    return found


def _quotes_in_place(data: NDArray[np.uint8], quotes: NDArray[np.int64]) -> bool:
    """Whether quotation marks come in pairs around whole cells, doubled ones inside."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    doubled = np.isin(opening, closing + 1)
    before = data[opening[~doubled & (opening > 0)] - 1]
    after = data[np.minimum(closing[~np.isin(closing + 1, opening)] + 1, len(data) - 1)]
    ends = [ord(mark) for mark in ',\r\n"']  # the last mark of the file follows itself here
    return bool(np.isin(before, [ord(","), ord("\n")]).all() and np.isin(after, ends).all())


def read_part(path: Path, template: Template, part: TablePart, refused: list[str]) -> Columns | Sequence[Letter]:
    """The letters of one part of the table; rows that cannot be read are told in ``refused``. Raises CaseTableError."""
    headings = _Headings(template)
    if path.suffix.lower() == ".json":
        letters: list[Letter] = []
        for number, (names, values) in enumerate(_json_rows(path), start=part.number):
            headings.read(names)
            letters += _row_by_row(path, headings, names, [values], number, refused)
        return letters
    names, text = _csv_text(path, part)
    headings.read(names)
    cells = _plain_columns(text, len(names))
    rows: list[list[str]] = []
    if cells is None:
        rows = _csv_rows(path, text)
        cells = list(zip(*rows, strict=True)) if set(map(len, rows)) == {len(names)} else None
    columns = headings.columns(cells) if cells is not None else None
    if columns is not None:
        return columns
    return list(_row_by_row(path, headings, names, rows or _csv_rows(path, text), part.number, refused))


def _plain_columns(text: str, width: int) -> list[Sequence[str]] | None:
    """The columns of rows of ``width`` cells without any quotation mark; None when a row is not so."""
    text = text.replace("\r\n", "\n").removesuffix("\n")
    if '"' in text or "\r" in text or set(map(_COMMAS, text.split("\n"))) != {width - 1} or width < 2:
        return None
    cells = text.replace("\n", ",").split(",")
    return [cells[at::width] for at in range(width)]


def _row_by_row(
    path: Path, headings: _Headings, names: Sequence[str], rows: Sequence[Sequence[Any]], first: int, refused: list[str]
) -> Iterator[Letter]:
    for number, row in enumerate(rows, start=first):
        if not row:
            continue
        try:
            if len(row) > len(names):
                raise ValueError("more cells than headings")
            yield headings.letter([*row, *[None] * (len(names) - len(row))], f"{path.stem}-{number:06d}")
        except ValueError as error:
            refused.append(f"{path.name}, row {number}: {error}")


def _csv_text(path: Path, part: TablePart) -> tuple[Sequence[str], str]:
    """Headings, and the text of the part's rows."""
    try:
        with path.open("rb") as file:
            first = file.read(part.begin) if part.number == 1 else file.readline()
            while part.number != 1 and first.count(b'"') % 2:
                first += file.readline()
            file.seek(part.begin)
            text = file.read(part.end - part.begin).decode("utf-8")
        (names,) = _csv_rows(path, first.decode("utf-8-sig"))
        return names, text
    except UnicodeDecodeError as error:
        raise CaseTableError(
            f"{path.name} is not UTF-8 text; save it as CSV UTF-8, or use letterline run, which reads others"
        ) from error


def _csv_rows(path: Path, text: str) -> list[list[str]]:
    """The cells of rows; none of a blank one."""
    csv.field_size_limit(_CELL_MAX)
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise CaseTableError(f"{path.name}: not a CSV table: {error}") from error


def _json_rows(path: Path) -> Iterator[tuple[Sequence[str], Sequence[Any]]]:
    """Names and values of every object."""
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CaseTableError(f"{path.name}: not JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CaseTableError(f"{path.name}: must hold a list of objects, one a letter")
    for row in rows:
        yield list(row), list(row.values())


def _table_rows(value: Any, table: Table) -> list[Mapping[str, str]]:
    """Rows of a table: a list of objects, or text "a:b:c;a:b:c" split as the template says. Raises ValueError."""
    if isinstance(value, list):
        return [{str(key): str(cell) for key, cell in row.items()} for row in value]
    rows: list[Mapping[str, str]] = []
    width = len(table.split)
    summed = [table.split.index(name) for name in table.total]
    for part in filter(str.strip, str(value or "").split(";")):
        cells = [cell.strip() for cell in part.split(":")]
        if len(cells) != width:
            wanted = ":".join(table.split) or "nothing (the template gives no split)"
            raise ValueError(f"{':'.join(cells)!r} in {table.label} should be {wanted}")
        row = dict(zip(table.split, cells, strict=True))
        if summed:
            try:
                row["total"] = f"{sum(Decimal(cells[at]) for at in summed):.2f}"
            except InvalidOperation:
                raise ValueError(f"{':'.join(cells)!r} in {table.label} holds no amount") from None
        rows.append(row)
    return rows


def _table_columns(texts: Sequence[str], table: Table) -> TableColumns | None:
    """The rows of a table of many letters from texts as programs write them; None when one of them is not: see `_table_rows`."""
    some = [text for text in texts if text]
    joined = ";".join(some)
    if not table.split or (not joined.isascii() and joined.split(None, 1) != [joined]):
        return None  # the kernel looks for white space in ASCII text
    counts = [text.count(";") + 1 if text else 0 for text in texts]
    sums = np.zeros(sum(counts), np.int64)
    wanted = np.array([name in table.total for name in table.split])
    if some and sum_rows(np.frombuffer(joined.encode(), np.uint8), wanted, sums) != len(sums):
        return None
    cells = joined.replace(";", ":").split(":") if some else []
    columns: dict[str, Sequence[str]] = {name: cells[at :: len(wanted)] for at, name in enumerate(table.split)}
    if table.total:
        written = np.empty(len(sums) * AMOUNT_BYTES, np.uint8)
        columns["total"] = written[: write_amounts(sums, written)].tobytes().decode("ascii").split()
    return TableColumns(columns, counts)
