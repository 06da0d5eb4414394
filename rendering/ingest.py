"""Letters (Python values) into the arrays of the kernels, and the defects that show without any layout.

A run of letters is taken column by column, which Python's own loops in C do, and its text as one row of code points, checked at once for
characters that cannot or must not be printed. Nothing is repaired: a letter with a doubtful value is reported and held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rendering.jit import kernel
from rendering.layout.arrays import Values
from rendering.layout.classes import KIND_PRINTABLE, TABLE_SIZE, character_kinds
from rendering.model import Codes, Defect, Letter
from rendering.template import Template
from rendering.template.compiler import Slot
from rendering.template.values import FILTERS, compile_test, money
from rendering.value_defects import (
    KIND_MISSING,
    add_defect,
    bad_character,
    duplicate,
    field_too_long,
    missing_column,
    missing_field,
    missing_table,
    too_many_rows,
)

SEPARATOR: Final = "\x1f"
UNDECLARED_LENGTH_MAX: Final = 1000
ROWS_MAX: Final = 2000
_SEPARATOR_POINT: Final = ord(SEPARATOR)
_BAD_CHARACTERS_MAX: Final = 100_000
_ENCODED: Final = 4096  # values made code points at a time

_Ints = NDArray[np.int64]
_Points = NDArray[np.uint32]
_Defects = dict[int, list[Defect]]
_Filter = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Values of a run of letters as code points, before the batch's characters are known.

    ``points`` holds each value followed by one separator (points past the tables, always defects, cut to the last entry); first all
    letters' fields, then all their rows of each table. ``defects[i]`` is empty for a letter that may be laid out.
    """

    points: _Points
    offsets: _Ints
    fields: _Ints
    tables: _Ints
    conditions: NDArray[np.uint8]
    defects: Mapping[int, tuple[Defect, ...]]

    def values(self, index_of: NDArray[np.uint16]) -> Values:
        """The kernels' view, with text as indices into the batch's characters."""
        text = np.zeros(len(self.points), np.uint16)
        _look_up(self.points, index_of, text)
        return Values(text, self.offsets, self.fields, self.tables, self.conditions)


_Row = tuple[str, ...]


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, str]], _Row]:
    if not names:
        return lambda _fields: ()
    if len(names) == 1:
        name = names[0]
        return lambda fields: (fields[name],)
    return itemgetter(*names)


@dataclass(frozen=True, slots=True)
class _Cells:
    """One table of the template: its name, what fetches a row's cells, the columns' filters and how many columns there are."""

    name: str
    fetch: Callable[[Mapping[str, str]], _Row]
    filters: list[tuple[int, _Filter]]
    width: int


@dataclass(slots=True)
class Intake:
    """Gathers letters of one template. ``missing`` (bool per code point) comes from the faces the template uses."""

    template: Template
    missing: NDArray[np.bool_]
    _kinds: NDArray[np.uint8] = field(init=False)
    _own: list[tuple[int, Slot]] = field(init=False)
    _fetch: Callable[[Mapping[str, str]], _Row] = field(init=False)
    _filters: list[tuple[int, _Filter]] = field(init=False)
    _tests: list[Callable[[Mapping[str, str], Mapping[str, Sequence[Mapping[str, str]]]], Any]] = field(init=False)
    _cells: list[_Cells] = field(init=False)
    _amount_slots: list[int] = field(init=False)
    _amount_columns: list[list[int]] = field(init=False)
    _length_max: _Ints = field(init=False)
    _optional: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        program = self.template.program
        kinds = character_kinds()
        kinds[self.missing & (kinds == KIND_PRINTABLE)] = KIND_MISSING
        kinds[ord(SEPARATOR)] = KIND_PRINTABLE
        self._kinds = kinds
        slots = program.slots
        self._own = [(i, slot) for i, slot in enumerate(slots) if not slot.of_piece]
        self._fetch = _getter([slot.name for _, slot in self._own])
        self._filters = [(i, apply) for i, slot in self._own if (apply := _chain(slot)) is not None]
        self._amount_slots = [i for i, slot in enumerate(slots) if slot.is_amount]
        self._amount_columns = [
            [c for c, slot in enumerate(columns) if slot.is_amount] for columns in program.table_columns
        ]
        names = frozenset(program.table_names)
        self._tests = [compile_test(c.file, c.line, c.test, names, set()) for c in program.conditions]
        self._cells = []
        for name, columns in zip(program.table_names, program.table_columns, strict=True):
            filters = [(i, apply) for i, slot in enumerate(columns) if (apply := _chain(slot)) is not None]
            self._cells.append(_Cells(name, _getter([slot.name for slot in columns]), filters, len(columns)))
        rules = self.template.settings.fields
        self._length_max = np.array(
            [rules[s.name].length_max if s.name in rules else UNDECLARED_LENGTH_MAX for s in slots] or [0], np.int64
        )
        self._optional = frozenset(name for name, rule in rules.items() if not rule.required)

    def gather(
        self, letters: Sequence[Letter], codes: Sequence[Codes] | None, seen: set[str] | None = None
    ) -> Gathered:
        """Collect the values of ``letters`` and find the defects that need no layout.

        ``seen`` holds the record ids of the runs before; those of this run are added.
        """
        defects: _Defects = {}
        _find_duplicates(letters, set() if seen is None else seen, defects)
        parts = self._gather_fields(letters, codes, defects)
        count = len(letters)
        slots = len(self.template.program.slots)
        fields = np.arange(count, dtype=np.int64) * slots
        tables = np.zeros((count, max(1, len(self._cells)), 3), np.int64)
        for t, cells in enumerate(self._cells):
            rows = _gather_cells(cells, letters, parts, defects)
            tables[:, t, 0] = len(parts) - (int(rows.sum()) - np.cumsum(rows) + rows) * cells.width
            tables[:, t, 1] = rows
            tables[:, t, 2] = cells.width
        conditions = np.zeros((count, max(1, len(self._tests))), np.uint8)
        for c, test in enumerate(self._tests):
            conditions[:, c] = [bool(test(letter.fields, letter.tables)) for letter in letters]
        points, offsets = self._encode(parts, tables, defects)
        if self._spell_odd_amounts(parts, points, offsets, fields, tables):
            points, offsets = self._encode(parts, tables, defects)
        self._check_lengths(offsets, fields, defects)
        self._check_characters(points, offsets, tables, defects)
        if defects:
            points = np.minimum(points, np.uint32(TABLE_SIZE - 1))
        frozen = {i: tuple(found) for i, found in defects.items()}
        return Gathered(points, offsets, fields, tables, conditions, frozen)

    def _gather_fields(self, letters: Sequence[Letter], codes: Sequence[Codes] | None, defects: _Defects) -> list[str]:
        """The values of all letters' slots, letter after letter, facts of the piece at their places, filters applied."""
        fields = list(map(attrgetter("fields"), letters))
        try:
            rows = list(map(self._fetch, fields))
        except KeyError:
            rows = [tuple(one.get(slot.name, "") for _, slot in self._own) for one in fields]
        slots = self.template.program.slots
        own = list(zip(*rows, strict=True)) or [()] * len(self._own)
        columns: list[Sequence[str]] = [("",) * len(letters)] * len(slots)
        for (place, slot), column in zip(self._own, own, strict=True):
            columns[place] = column
            if "" in column and slot.name not in self._optional:
                for i in (i for i, value in enumerate(column) if not value):
                    add_defect(defects, i, missing_field(slot.name))
        for place, slot in enumerate(slots):
            if slot.of_piece and codes is not None:
                columns[place] = list(map(attrgetter(slot.name), codes))
        for place, apply in self._filters:
            columns[place] = _filtered(apply, columns[place])
        return list(chain.from_iterable(zip(*columns, strict=True)))

    def _encode(self, parts: list[str], tables: _Ints, defects: _Defects) -> tuple[_Points, _Ints]:
        """All values as code points with a separator after each; a value holding the separator is a defect."""
        # Some thousand values at a time: their text stays in the processor's cache, and a rare character, for which Python stores a
        # whole text in four bytes each, does so to no more than these.
        offsets = np.zeros(len(parts) + 1, np.int64)
        texts: list[_Points] = []
        found = begin = 0
        for first in range(0, len(parts), _ENCODED):
            some = parts[first : first + _ENCODED]
            text = SEPARATOR.join(some)
            halves = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
            points = np.empty(len(text) + 1, np.uint32)
            found += _take_text(halves, points, offsets[first : first + len(some) + 1], begin)
            begin += len(points)
            texts.append(points)
        if found == len(parts):
            return np.concatenate(texts) if texts else np.zeros(0, np.uint32), offsets
        for value, part in enumerate(parts):
            if SEPARATOR in part:
                add_defect(defects, self._owner(value, tables)[0], bad_character(ord(SEPARATOR), 1, None))
                parts[value] = part.replace(SEPARATOR, "")
        return self._encode(parts, tables, defects)

    def _owner(self, value: int, tables: _Ints) -> tuple[int, str]:
        """The letter a value belongs to and the name of its field or column."""
        program = self.template.program
        slots = len(program.slots)
        if value < slots * len(tables):
            return value // slots, program.slots[value % slots].name
        for t, columns in enumerate(program.table_columns):
            starts, rows, width = tables[:, t, 0], tables[:, t, 1], len(columns)
            found = np.flatnonzero((starts <= value) & (value < starts + rows * width))
            if len(found):
                i = int(found[0])
                return i, f"{program.table_names[t]}.{columns[(value - int(starts[i])) % width].name}"
        raise ValueError(f"value {value} belongs to no letter")

    def _spell_odd_amounts(
        self, parts: list[str], points: _Points, offsets: _Ints, fields: _Ints, tables: _Ints
    ) -> bool:
        """Write out the amounts the layout would not recognise; True when any was changed."""
        values = [fields + slot for slot in self._amount_slots]
        for t, columns in enumerate(self._amount_columns):
            if columns and tables[:, t, 1].any():
                rows = tables[:, t, 1]
                starts = np.repeat(tables[:, t, 0] - (np.cumsum(rows) - rows) * tables[:, t, 2], rows)
                first_cells = starts + np.arange(int(rows.sum())) * np.repeat(tables[:, t, 2], rows)
                values += [first_cells + column for column in columns]
        if not values:
            return False
        wanted = np.concatenate(values)
        odd = np.zeros(len(wanted), np.bool_)
        _find_odd_amounts(points, offsets, wanted, odd)
        changed = False
        for value in wanted[odd].tolist():
            spelt = money(parts[value])
            changed = changed or spelt != parts[value]
            parts[value] = spelt
        return changed

    def _check_lengths(self, offsets: _Ints, fields: _Ints, defects: _Defects) -> None:
        """Find values too long, for all letters at once."""
        slots = self.template.program.slots
        if not slots or not len(fields):
            return
        after = len(slots) * len(fields)
        lengths = (offsets[1 : after + 1] - offsets[:after] - 1).reshape(-1, len(slots))
        for i, s in np.argwhere(lengths > self._length_max[None, :]):
            add_defect(defects, int(i), field_too_long(slots[s].name, int(lengths[i, s]), int(self._length_max[s])))

    def _check_characters(self, points: _Points, offsets: _Ints, tables: _Ints, defects: _Defects) -> None:
        """Find characters that cannot be printed, for all letters at once."""
        if _all_printable(points, self._kinds):
            return
        kinds = self._kinds[np.minimum(points, TABLE_SIZE - 1)]
        kinds[points >= TABLE_SIZE] = KIND_MISSING
        told: set[tuple[int, int]] = set()
        for at in np.flatnonzero(kinds)[:_BAD_CHARACTERS_MAX]:
            value = int(np.searchsorted(offsets, at, "right")) - 1
            if (value, int(points[at])) not in told:
                told.add((value, int(points[at])))
                i, name = self._owner(value, tables)
                add_defect(defects, i, bad_character(int(points[at]), int(kinds[at]), name))


def _find_duplicates(letters: Sequence[Letter], seen: set[str], defects: _Defects) -> None:
    """Note letters whose id came before; all ids are added to ``seen``."""
    ids = list(map(attrgetter("record_id"), letters))
    if seen.isdisjoint(ids) and len(set(ids)) == len(ids):
        seen.update(ids)
        return
    for i, record_id in enumerate(ids):
        if record_id in seen:
            add_defect(defects, i, duplicate(record_id))
        seen.add(record_id)


def _gather_cells(cells: _Cells, letters: Sequence[Letter], parts: list[str], defects: _Defects) -> _Ints:
    """Append the cells of one table of all letters to ``parts``, filters applied; return every letter's number of rows."""
    found = [letter.tables.get(cells.name) for letter in letters]
    held: set[int] = set()
    for i, rows in enumerate(found):
        if rows is None:
            add_defect(defects, i, missing_table(cells.name))
            found[i] = ()
        elif len(rows) > ROWS_MAX:
            add_defect(defects, i, too_many_rows(cells.name, len(rows), ROWS_MAX))
            found[i] = ()
    start = len(parts)
    try:
        parts += chain.from_iterable(map(cells.fetch, chain.from_iterable(found)))  # type: ignore[arg-type]
    except KeyError:
        del parts[start:]
        for i, rows in enumerate(found):
            try:
                parts += [cell for row in rows or () for cell in cells.fetch(row)]
            except KeyError as error:
                add_defect(defects, i, missing_column(cells.name, str(error.args[0])))
                held.add(i)
    for column, apply in cells.filters:
        places = slice(start + column, None, cells.width)
        parts[places] = _filtered(apply, parts[places])
    return np.array([0 if i in held else len(rows or ()) for i, rows in enumerate(found)], np.int64)


def _filtered(apply: _Filter, column: Sequence[str]) -> list[str]:
    """A column with a filter applied once to each distinct value."""
    return list(map(_Results(apply).__getitem__, column))


class _Results(dict[str, str]):
    """What a filter makes of each value it was asked for."""

    def __init__(self, apply: _Filter) -> None:
        self._apply = apply

    def __missing__(self, value: str) -> str:
        self[value] = result = self._apply(value)
        return result


def _chain(slot: Slot) -> _Filter | None:
    """The filters of a slot as one function; grouping thousands at the end is left to the layout."""
    names = slot.filters[:-1] if slot.is_amount else slot.filters
    functions = [FILTERS[name] for name in names]
    if len(functions) < 2:
        return functions[0] if functions else None

    def apply(text: str) -> str:
        for function in functions:
            text = function(text)
        return text

    return apply


@kernel
def _take_text(halves: NDArray[np.uint16], points: _Points, offsets: _Ints, base: int) -> int:
    """UTF-16 as code points with a separator at the end; the place after each separator, counted from ``base``, goes into ``offsets``, from
    its second entry on. Returns how many separators there are.
    """
    found = 0
    n = 0
    i = 0
    while i < halves.shape[0]:
        point = np.int64(halves[i])
        i += 1
        if point >> 10 == 0xD800 >> 10 and i < halves.shape[0] and halves[i] >> 10 == 0xDC00 >> 10:
            point = 0x10000 + ((point & 1023) << 10) + (np.int64(halves[i]) & 1023)
            i += 1
        points[n] = point
        n += 1
        if point == _SEPARATOR_POINT:
            found += 1
            if found < offsets.shape[0]:
                offsets[found] = base + n
    points[n] = _SEPARATOR_POINT
    found += 1
    if found < offsets.shape[0]:
        offsets[found] = base + n + 1
    return found


@kernel
def _all_printable(points: _Points, kinds: NDArray[np.uint8]) -> bool:
    """Whether every code point is in the table and of the kind that may be printed."""
    wrong = 0
    for i in range(points.shape[0]):
        if points[i] >= kinds.shape[0] or kinds[points[i]] != KIND_PRINTABLE:
            wrong += 1
    return wrong == 0


@kernel
def _look_up(points: _Points, index_of: NDArray[np.uint16], text: NDArray[np.uint16]) -> None:
    """Code points as characters of the batch."""
    for i in range(points.shape[0]):
        text[i] = index_of[points[i]]


@kernel
def _find_odd_amounts(points: _Points, offsets: _Ints, values: _Ints, odd: NDArray[np.bool_]) -> None:
    """Mark the values that are not written 1234.50: the layout cannot group those itself."""
    for v in range(values.shape[0]):
        first = offsets[values[v]]
        after = offsets[values[v] + 1] - 1
        good = after - first >= 4 and points[after - 3] == 46 and (points[first] != 48 or after - first == 4)
        for i in range(first, after):
            good = good and (i == after - 3 or (points[i] >= 48 and points[i] <= 57))
        odd[v] = not good
