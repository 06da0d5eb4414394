"""The simplest reading of a case table for ``letterline render`` and template previews: CSV or JSON of fields ready to print.

It checks nothing of a case's content: intake is the controller's. Column headings may be field names or their labels.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, cast

from rendering.model import Letter
from rendering.template import Template
from rendering.template.settings import Table


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


def read_letters(path: Path, template: Template, refused: list[str]) -> Iterator[Letter]:
    """Yield the letters of ``path`` (.csv or .json) one by one; rows that cannot be read are told in ``refused``.

    Raises CaseTableError when the file as a whole cannot be read.
    """
    rows = _json_rows(path) if path.suffix.lower() == ".json" else _csv_rows(path)
    headings = _Headings(template)
    named: Sequence[str] = ()
    for number, (names, cells) in enumerate(rows, start=1):
        if names is not named:
            headings.read(names)
            named = names
        try:
            if len(cells) > len(names):
                raise ValueError("more cells than headings")
            short = len(names) - len(cells)
            letter = headings.letter([*cells, *[None] * short] if short else cells, f"{path.stem}-{number:06d}")
        except ValueError as error:
            refused.append(f"{path.name}, row {number}: {error}")
            continue
        yield letter


def _csv_rows(path: Path) -> Iterator[tuple[Sequence[str], Sequence[Any]]]:
    """Headings and cells of every row that is not empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            headings = next(reader, [])
            for row in reader:
                if row:
                    yield headings, row
    except UnicodeDecodeError as error:
        raise CaseTableError(
            f"{path.name} is not UTF-8 text; save it as CSV UTF-8, or use letterline run, which reads others"
        ) from error
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


def _total(amounts: Sequence[str]) -> str:
    """Their sum with two decimals. Raises InvalidOperation for one that is no amount."""
    fen = 0
    for text in amounts:
        digits = text[:-3] + text[-2:]
        if text[-3:-2] != "." or not digits.isdigit() or not digits.isascii():
            break
        fen += int(digits)
    else:
        return f"{fen // 100}.{fen % 100:02d}"
    return f"{sum(map(Decimal, amounts)):.2f}"


def _table_rows(value: Any, table: Table) -> list[Mapping[str, str]]:
    """Rows of a table: a list of objects, or text "a:b:c;a:b:c" split as the template says. Raises ValueError."""
    if isinstance(value, list):
        return [{str(key): str(cell) for key, cell in row.items()} for row in value]
    rows: list[Mapping[str, str]] = []
    width = len(table.split)
    summed = [table.split.index(name) for name in table.total]
    for cells in _cells(str(value or ""), width):
        if len(cells) != width:
            wanted = ":".join(table.split) or "nothing (the template gives no split)"
            raise ValueError(f"{':'.join(cells)!r} in {table.label} should be {wanted}")
        row = dict(zip(table.split, cells, strict=True))
        if summed:
            try:
                row["total"] = _total([cells[at] for at in summed])
            except InvalidOperation:
                raise ValueError(f"{':'.join(cells)!r} in {table.label} holds no amount") from None
        rows.append(row)
    return rows


def _cells(text: str, width: int) -> Sequence[Sequence[str]]:
    """The cells of the rows of a table written as text; rows of white space are left out.

    Text as programs write it, ``width`` cells in every row and no white space, is taken apart by one expression.
    """
    if width > 1 and len(text.split(None, 1)) == 1:
        whole, row = _plain_rows(width)
        if whole.fullmatch(text):
            return cast(Sequence[Sequence[str]], row.findall(text))
    return [[cell.strip() for cell in part.split(":")] for part in text.split(";") if part.strip()]


@cache
def _plain_rows(width: int) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The whole of a table of ``width`` cells in every row, and one row of it."""
    row = ":".join(["([^:;]*)"] * width)
    return re.compile(f"{row}(?:;{row})*"), re.compile(row)
