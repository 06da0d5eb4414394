"""Letters column by column: the shape case tables come in, and the one whose texts Python's own loops in C can work on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, Final

from rendering.model import Defect, Letter
from rendering.value_defects import add_defect, missing_column, missing_table, too_many_rows

ROWS_MAX: Final = 2000

Row = tuple[str, ...]
Facts = tuple[Mapping[str, str], Mapping[str, Sequence[Any]]]
_Defects = dict[int, list[Defect]]


@dataclass(frozen=True, slots=True)
class TableRows:
    """One table of all letters: ``rows`` letter after letter, each with a cell for every name in ``names``; ``counts[i]`` are letter i's."""

    names: Row
    rows: Sequence[Row]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Columns:
    """Letters as columns: ``fields[name]`` has a value of every letter, "" where there is none."""

    ids: Sequence[str]
    fields: Mapping[str, Sequence[str]]
    tables: Mapping[str, TableRows]

    def __len__(self) -> int:
        return len(self.ids)

    def letters(self) -> list[Letter]:
        """The same as single letters."""
        values = zip(*self.fields.values(), strict=True) if self.fields else ((),) * len(self)
        found = [dict(zip(self.fields, row, strict=True)) for row in values]
        tables: list[dict[str, list[Mapping[str, str]]]] = [{} for _ in self.ids]
        for name, table in self.tables.items():
            after = 0
            for one, count in zip(tables, table.counts, strict=True):
                first, after = after, after + count
                one[name] = [dict(zip(table.names, row, strict=True)) for row in table.rows[first:after]]
        return [Letter(*parts) for parts in zip(self.ids, found, tables, strict=True)]


def ids_of(letters: Sequence[Letter] | Columns) -> Sequence[str]:
    """The record ids of letters in either shape."""
    return letters.ids if isinstance(letters, Columns) else list(map(attrgetter("record_id"), letters))


def field_columns(letters: Sequence[Letter] | Columns, names: Sequence[str]) -> list[Sequence[str]]:
    """The values of the fields ``names``, a column each; "" where a letter has none."""
    if isinstance(letters, Columns):
        nothing = ("",) * len(letters)
        return [letters.fields.get(name, nothing) for name in names]
    fields = list(map(attrgetter("fields"), letters))
    try:
        rows = list(map(_getter(names), fields))
    except KeyError:
        rows = [tuple(one.get(name, "") for name in names) for one in fields]
    return list(zip(*rows, strict=True)) or [()] * len(names)


def table_rows(letters: Sequence[Letter] | Columns, name: str, columns: Sequence[str], defects: _Defects) -> TableRows:
    """The rows of one table with the cells ``columns`` in that order; a letter whose rows cannot be used gets a defect and none."""
    if not isinstance(letters, Columns):
        return _rows_of_letters(letters, name, columns, defects)
    table = letters.tables.get(name)
    count = len(letters)
    if table is None or not set(columns) <= set(table.names):
        for i in range(count):
            if table is None:
                add_defect(defects, i, missing_table(name))
            elif table.counts[i]:
                absent = next(column for column in columns if column not in table.names)
                add_defect(defects, i, missing_column(name, absent))
        return TableRows(tuple(columns), (), (0,) * count)
    rows, counts = table.rows, table.counts
    if max(counts, default=0) > ROWS_MAX:
        rows, counts = _without_endless(name, table, defects)
    if tuple(columns) != table.names:
        rows = list(map(_getter([table.names.index(column) for column in columns]), rows))
    return TableRows(tuple(columns), rows, counts)


def facts(letters: Sequence[Letter] | Columns, names: Iterable[str]) -> Iterable[Facts]:
    """What conditions are decided by, letter by letter: the fields ``names`` and the tables, of which only the number of rows counts."""
    if not isinstance(letters, Columns):
        return ((letter.fields, letter.tables) for letter in letters)
    known = [name for name in names if name in letters.fields]
    values = zip(*[letters.fields[name] for name in known], strict=True) if known else iter(((),) * len(letters))
    lengths = [(name, table.counts) for name, table in letters.tables.items()]
    return (
        (dict(zip(known, row, strict=True)), {name: range(counts[i]) for name, counts in lengths})
        for i, row in enumerate(values)
    )


def _getter(names: Sequence[Any]) -> Callable[[Any], Row]:
    if not names:
        return lambda _fields: ()
    if len(names) == 1:
        name = names[0]
        return lambda fields: (fields[name],)
    return itemgetter(*names)


def _rows_of_letters(letters: Sequence[Letter], name: str, columns: Sequence[str], defects: _Defects) -> TableRows:
    found = [letter.tables.get(name) for letter in letters]
    for i, rows in enumerate(found):
        if rows is None:
            add_defect(defects, i, missing_table(name))
            found[i] = ()
        elif len(rows) > ROWS_MAX:
            add_defect(defects, i, too_many_rows(name, len(rows), ROWS_MAX))
            found[i] = ()
    fetch = _getter(columns)
    try:
        cells = [fetch(row) for rows in found for row in rows or ()]
    except KeyError:
        cells = []
        for i, rows in enumerate(found):
            try:
                cells += [fetch(row) for row in rows or ()]
            except KeyError as error:
                add_defect(defects, i, missing_column(name, str(error.args[0])))
                found[i] = ()
    return TableRows(tuple(columns), cells, [len(rows or ()) for rows in found])


def _without_endless(name: str, table: TableRows, defects: _Defects) -> tuple[list[Row], list[int]]:
    """Leave out the rows of letters that have more than any letter can print."""
    rows: list[Row] = []
    counts: list[int] = []
    after = 0
    for i, count in enumerate(table.counts):
        first, after = after, after + count
        if count > ROWS_MAX:
            add_defect(defects, i, too_many_rows(name, count, ROWS_MAX))
            counts.append(0)
            continue
        rows += table.rows[first:after]
        counts.append(count)
    return rows, counts
