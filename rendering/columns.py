"""Letters column by column: the shape case tables come in, and the one whose texts Python's own loops in C can work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any, Final

from rendering.model import Defect, Letter
from rendering.value_defects import add_defect, missing_column, missing_table, too_many_rows

ROWS_MAX: Final = 2000

Row = tuple[str, ...]
Test = Callable[[Mapping[str, str], Mapping[str, Sequence[Any]]], Any]
_Defects = dict[int, list[Defect]]


@dataclass(frozen=True, slots=True)
class TableColumns:
    """One table of all letters: ``cells[name]`` has a cell of every row, letter after letter; ``counts[i]`` rows are letter i's."""

    cells: Mapping[str, Sequence[str]]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Columns:
    """Letters as columns: ``fields[name]`` has a value of every letter, "" where there is none."""

    ids: Sequence[str]
    fields: Mapping[str, Sequence[str]]
    tables: Mapping[str, TableColumns]

    def __len__(self) -> int:
        return len(self.ids)

    def letters(self) -> list[Letter]:
        """The same as single letters."""
        values = zip(*self.fields.values(), strict=True) if self.fields else ((),) * len(self)
        found = [dict(zip(self.fields, row, strict=True)) for row in values]
        tables: list[dict[str, list[Mapping[str, str]]]] = [{} for _ in self.ids]
        for name, table in self.tables.items():
            rows = zip(*table.cells.values(), strict=True) if table.cells else iter(((),) * sum(table.counts))
            for one, count in zip(tables, table.counts, strict=True):
                one[name] = [dict(zip(table.cells, row, strict=True)) for row in islice(rows, count)]
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


def table_columns(
    letters: Sequence[Letter] | Columns, name: str, columns: Sequence[str], defects: _Defects
) -> tuple[list[Sequence[str]], Sequence[int]]:
    """The cells of ``columns`` of one table, and each letter's number of rows; a letter whose rows cannot be used gets a defect and none."""
    if not isinstance(letters, Columns):
        rows, counts = _rows_of_letters(letters, name, columns, defects)
        return list(zip(*rows, strict=True)) or [()] * len(columns), counts
    count = len(letters)
    table = letters.tables.get(name)
    absent = [column for column in columns if table is not None and column not in table.cells]
    if table is None or absent:
        for i in range(count):
            if table is None:
                add_defect(defects, i, missing_table(name))
            elif table.counts[i]:
                add_defect(defects, i, missing_column(name, absent[0]))
        return [()] * len(columns), (0,) * count
    cells = [table.cells[column] for column in columns]
    if max(table.counts, default=0) > ROWS_MAX:
        return _without_endless(name, cells, table.counts, defects)
    return cells, table.counts


def evaluate(test: Test, names: Sequence[str], of_tables: bool, letters: Sequence[Letter] | Columns) -> list[bool]:
    """What a condition on the fields ``names`` (and, ``of_tables``, on numbers of rows) is for each letter."""
    if not isinstance(letters, Columns):
        return [bool(test(letter.fields, letter.tables)) for letter in letters]
    columns = field_columns(letters, names)
    if len(names) == 1 and not of_tables:
        name = names[0]
        known = {value: bool(test({name: value}, {})) for value in set(columns[0])}
        return [known[value] for value in columns[0]]
    lengths = [(name, table.counts) for name, table in letters.tables.items()]
    values = zip(*columns, strict=True) if names else iter(((),) * len(letters))
    return [
        bool(test(dict(zip(names, row, strict=True)), {name: range(counts[i]) for name, counts in lengths}))
        for i, row in enumerate(values)
    ]


def _getter(names: Sequence[Any]) -> Callable[[Any], Row]:
    if not names:
        return lambda _fields: ()
    if len(names) == 1:
        name = names[0]
        return lambda fields: (fields[name],)
    return itemgetter(*names)


def _rows_of_letters(
    letters: Sequence[Letter], name: str, columns: Sequence[str], defects: _Defects
) -> tuple[list[Row], list[int]]:
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
    return cells, [len(rows or ()) for rows in found]


def _without_endless(
    name: str, cells: Sequence[Sequence[str]], counts: Sequence[int], defects: _Defects
) -> tuple[list[Sequence[str]], list[int]]:
    """Leave out the rows of letters that have more than any letter can print."""
    kept: list[list[str]] = [[] for _ in cells]
    after = 0
    for i, count in enumerate(counts):
        first, after = after, after + count
        if count > ROWS_MAX:
            add_defect(defects, i, too_many_rows(name, count, ROWS_MAX))
            continue
        for column, own in zip(kept, cells, strict=True):
            column += own[first:after]
    return list(kept), [0 if count > ROWS_MAX else count for count in counts]
