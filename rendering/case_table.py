"""The simplest reading of a case table for ``letterline render`` and template previews: CSV or JSON of fields ready to print.

It checks nothing of a case's content: intake is the controller's. Column headings may be field names or their labels.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from rendering.model import Letter
from rendering.template import Template
from rendering.template.settings import Table


class CaseTableError(Exception):
    """The file cannot be read as a case table; the message names the file and the line."""


def read_letters(path: Path, template: Template, refused: list[str]) -> Iterator[Letter]:
    """Yield the letters of ``path`` (.csv or .json) one by one; rows that cannot be read are told in ``refused``.

    Raises CaseTableError when the file as a whole cannot be read.
    """
    rows = _json_rows(path) if path.suffix.lower() == ".json" else _csv_rows(path)
    settings = template.settings
    names = {rule.label: name for name, rule in settings.fields.items()}
    tables = {
        **{name: name for name in settings.tables},
        **{table.label: name for name, table in settings.tables.items()},
    }
    for number, row in enumerate(rows, start=1):
        fields: dict[str, str] = {}
        found: dict[str, list[Mapping[str, str]]] = {}
        try:
            if None in row:
                raise ValueError("more cells than headings")
            for heading, value in row.items():
                if heading in tables:
                    found[tables[heading]] = _table_rows(value, settings.tables[tables[heading]])
                else:
                    fields[names.get(heading, heading)] = "" if value is None else str(value)
        except ValueError as error:
            refused.append(f"{path.name}, row {number}: {error}")
            continue
        record = fields.get("record_id") or f"{path.stem}-{number:06d}"
        yield Letter(record, fields, found)


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            yield from reader
    except UnicodeDecodeError as error:
        raise CaseTableError(
            f"{path.name} is not UTF-8 text; save it as CSV UTF-8, or use letterline run, which reads others"
        ) from error
    except csv.Error as error:
        raise CaseTableError(f"{path.name}: not a CSV table: {error}") from error


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CaseTableError(f"{path.name}: not JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CaseTableError(f"{path.name}: must hold a list of objects, one a letter")
    yield from rows


def _table_rows(value: Any, table: Table) -> list[Mapping[str, str]]:
    """Rows of a table: a list of objects, or text "a:b:c;a:b:c" split as the template says. Raises ValueError."""
    if isinstance(value, list):
        return [{str(key): str(cell) for key, cell in row.items()} for row in value]
    rows: list[Mapping[str, str]] = []
    for part in str(value or "").split(";"):
        if not part.strip():
            continue
        cells = part.split(":")
        if len(cells) != len(table.split):
            wanted = ":".join(table.split) or "nothing (the template gives no split)"
            raise ValueError(f"{part!r} in {table.label} should be {wanted}")
        row = dict(zip(table.split, (cell.strip() for cell in cells), strict=True))
        if table.total:
            try:
                row["total"] = f"{sum(Decimal(row[name]) for name in table.total):.2f}"
            except InvalidOperation:
                raise ValueError(f"{part!r} in {table.label} holds no amount") from None
        rows.append(row)
    return rows
