"""Letters (Python values) into the arrays of the kernels, and the defects that show without any layout.

A run of letters is taken column by column, which Python's own loops in C do, and its text as one row of code points, checked at once for
characters that cannot or must not be printed. Nothing is repaired: a letter with a doubtful value is reported and held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rendering.columns import Columns, Test, evaluate, field_columns, ids_of, table_columns
from rendering.layout.classes import KIND_PRINTABLE, TABLE_SIZE, character_kinds
from rendering.model import Codes, Defect, Letter
from rendering.template import Template
from rendering.template.compiler import Slot
from rendering.template.values import FILTERS, compile_test, money, reads_any
from rendering.value_defects import (
    KIND_MISSING,
    add_defect,
    bad_character,
    duplicate,
    field_too_long,
    missing_field,
)
from rendering.value_text import (
    SEPARATOR,
    Ints,
    Points,
    all_printable,
    encode,
    find_odd_amounts,
    put_pieces,
)

UNDECLARED_LENGTH_MAX: Final = 1000
_BAD_CHARACTERS_MAX: Final = 100_000

_Defects = dict[int, list[Defect]]
_Filter = Callable[[str], str]
_Owner = Callable[[int], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Values of letters as code points, before the batch's characters are known.

    ``points`` holds each value followed by one separator (points past the tables, always defects, cut to the last entry); first all
    letters' fields, ``slots`` of each, then all their rows of each table. ``defects[i]`` is empty for a letter that may be laid out.
    """

    points: Points
    offsets: Ints
    fields: Ints
    tables: Ints
    conditions: NDArray[np.uint8]
    defects: Mapping[int, tuple[Defect, ...]]
    slots: int

    def part(self, chosen: slice | Sequence[int]) -> Gathered:
        """Some of the letters, by number; their values stay where they are until `with_facts` copies them."""
        numbers = range(len(self.fields))[chosen] if isinstance(chosen, slice) else chosen
        at = chosen if isinstance(chosen, slice) else np.asarray(chosen, np.int64)
        defects = {i: self.defects[old] for i, old in enumerate(numbers) if old in self.defects} if self.defects else {}
        return Gathered(
            self.points, self.offsets, self.fields[at], self.tables[at], self.conditions[at], defects, self.slots
        )

    def compact(self) -> Gathered:
        """A copy in which the letters' values stand close behind one another."""
        return self.with_facts(np.full(self.slots, -1, np.int64), encode(())[:2], self.defects)

    def with_facts(
        self, places: Ints, facts: tuple[Points, Ints], defects: Mapping[int, tuple[Defect, ...]]
    ) -> Gathered:
        """A compact copy with ``facts`` of the letters' pieces in the slots that ``places`` names, see `put_pieces`."""
        first, count = self.tables[:, :, 0], self.tables[:, :, 1] * self.tables[:, :, 2]
        length = int((self.offsets[self.fields + self.slots] - self.offsets[self.fields]).sum())
        length += int((self.offsets[first + count] - self.offsets[first]).sum()) + len(facts[0])
        points = np.empty(length, np.uint32)
        offsets = np.empty(self.slots * len(self.fields) + int(count.sum()) + 1, np.int64)
        fields, tables = np.empty_like(self.fields), np.empty_like(self.tables)
        put_pieces(
            self.points, self.offsets, facts, places, self.fields, self.tables, (points, offsets, fields, tables)
        )
        points = _cut(points[: offsets[-1]], defects)
        return Gathered(points, offsets, fields, tables, self.conditions, defects, self.slots)


@dataclass(frozen=True, slots=True)
class _Cells:
    """One table of the template: its name, its columns' names and their filters."""

    name: str
    columns: tuple[str, ...]
    filters: list[tuple[int, _Filter]]


@dataclass(slots=True)
class Intake:
    """Gathers letters of one template. ``missing`` (bool per code point) comes from the faces the template uses."""

    template: Template
    missing: NDArray[np.bool_]
    _kinds: NDArray[np.uint8] = field(init=False)
    _own: list[tuple[int, Slot]] = field(init=False)
    _of_piece: list[tuple[int, Slot]] = field(init=False)
    _tests: list[tuple[Test, list[str], bool]] = field(init=False)
    _cells: list[_Cells] = field(init=False)
    _amount_slots: list[int] = field(init=False)
    _amount_columns: list[list[int]] = field(init=False)
    _length_max: Ints = field(init=False)
    _optional: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        program = self.template.program
        kinds = character_kinds()
        kinds[self.missing & (kinds == KIND_PRINTABLE)] = KIND_MISSING
        kinds[ord(SEPARATOR)] = KIND_PRINTABLE
        self._kinds = kinds
        slots = program.slots
        self._own = [(i, slot) for i, slot in enumerate(slots) if not slot.of_piece]
        self._of_piece = [(i, slot) for i, slot in enumerate(slots) if slot.of_piece]
        self._amount_slots = [i for i, slot in self._own if slot.is_amount]
        self._amount_columns = [
            [c for c, slot in enumerate(columns) if slot.is_amount] for columns in program.table_columns
        ]
        names = frozenset(program.table_names)
        self._tests = []
        for c in program.conditions:
            used: set[str] = set()
            test = compile_test(c.file, c.line, c.test, names, used)
            self._tests.append((test, sorted(used), reads_any(c.test, names)))
        self._cells = []
        for name, columns in zip(program.table_names, program.table_columns, strict=True):
            filters = [(i, apply) for i, slot in enumerate(columns) if (apply := _chain(slot)) is not None]
            self._cells.append(_Cells(name, tuple(slot.name for slot in columns), filters))
        rules = self.template.settings.fields
        self._length_max = np.array(
            [rules[s.name].length_max if s.name in rules else UNDECLARED_LENGTH_MAX for s in slots] or [0], np.int64
        )
        self._optional = frozenset(name for name, rule in rules.items() if not rule.required)

    def gather(self, letters: Sequence[Letter] | Columns, seen: set[str] | None = None) -> Gathered:
        """Collect the values of ``letters`` and find the defects that need no layout; the facts of pieces are empty until `with_codes`.

        ``seen`` holds the record ids of the runs before; those of this run are added.
        """
        defects: _Defects = {}
        _find_duplicates(ids_of(letters), set() if seen is None else seen, defects)
        parts = self._gather_fields(letters, defects)
        count = len(letters)
        fields = np.arange(count, dtype=np.int64) * len(self.template.program.slots)
        tables = np.zeros((count, max(1, len(self._cells)), 3), np.int64)
        for t, cells in enumerate(self._cells):
            self._gather_cells(cells, letters, parts, tables[:, t], defects)
        conditions = np.zeros((count, max(1, len(self._tests))), np.uint8)
        for c, (test, names, of_tables) in enumerate(self._tests):
            conditions[:, c] = evaluate(test, names, of_tables, letters)
        points, offsets = self._encode(parts, tables, defects)
        if self._spell_odd_amounts(parts, points, offsets, fields, tables):
            points, offsets = self._encode(parts, tables, defects)
        slots = len(self.template.program.slots)
        self._check_lengths(offsets, np.arange(slots), count, defects)
        self._check_characters(points, offsets, lambda value: self._owner(value, tables), defects)
        return Gathered(_cut(points, defects), offsets, fields, tables, conditions, _frozen(defects), slots)

    def with_codes(self, gathered: Gathered, codes: Sequence[Codes]) -> Gathered:
        """The values of ``gathered`` with the facts of each letter's piece; the letters stand close behind one another again."""
        slots = len(self.template.program.slots)
        columns = []
        for _, slot in self._of_piece:
            column: Sequence[str] = list(map(attrgetter(slot.name), codes))
            apply = _chain(slot)
            if slot.is_amount:
                column = list(map(money, column))
            columns.append(_filtered(apply, column) if apply is not None else column)
        own, own_offsets, wrong = encode(list(chain.from_iterable(zip(*columns, strict=True))))
        found = {i: list(defects) for i, defects in gathered.defects.items()}
        owner = self._owner_of_fact
        for value in wrong:
            add_defect(found, *_bad_separator(owner(value)))
        of_piece = np.array([place for place, _ in self._of_piece], np.int64)
        self._check_lengths(own_offsets, of_piece, len(codes), found)
        self._check_characters(own, own_offsets, owner, found)
        places = np.full(slots, -1, np.int64)
        places[of_piece] = np.arange(len(of_piece))
        return gathered.with_facts(places, (own, own_offsets), _frozen(found))

    def _gather_fields(self, letters: Sequence[Letter] | Columns, defects: _Defects) -> list[str]:
        """The values of all letters' slots, letter after letter, filters applied; a fact of a piece is empty."""
        own = field_columns(letters, [slot.name for _, slot in self._own])
        columns: list[Sequence[str]] = [("",) * len(letters)] * len(self.template.program.slots)
        for (place, slot), column in zip(self._own, own, strict=True):
            columns[place] = column
            if "" in column and slot.name not in self._optional:
                for i in (i for i, value in enumerate(column) if not value):
                    add_defect(defects, i, missing_field(slot.name))
            apply = _chain(slot)
            if apply is not None:
                columns[place] = _filtered(apply, column)
        return list(chain.from_iterable(zip(*columns, strict=True)))

    def _gather_cells(
        self, cells: _Cells, letters: Sequence[Letter] | Columns, parts: list[str], places: Ints, defects: _Defects
    ) -> None:
        """Append the cells of one table of all letters to ``parts``, filters applied; ``places`` says where each letter's are."""
        columns, rows = table_columns(letters, cells.name, cells.columns, defects)
        width, start = len(cells.columns), len(parts)
        for at, apply in cells.filters:
            columns[at] = _filtered(apply, columns[at])
        counts = np.array(rows, np.int64)
        flat: list[str] = [""] * (width * int(counts.sum()))
        for at, column in enumerate(columns):
            flat[at::width] = column
        parts += flat
        places[:, 0] = start + (np.cumsum(counts) - counts) * width
        places[:, 1] = counts
        places[:, 2] = width

    def _encode(self, parts: list[str], tables: Ints, defects: _Defects) -> tuple[Points, Ints]:
        """All values as code points; one holding the separator is a defect."""
        points, offsets, wrong = encode(parts)
        for value in wrong:
            add_defect(defects, *_bad_separator(self._owner(value, tables)))
            parts[value] = parts[value].replace(SEPARATOR, "")
        return points, offsets

    def _owner(self, value: int, tables: Ints) -> tuple[int, str]:
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

    def _owner_of_fact(self, value: int) -> tuple[int, str]:
        """The letter and the name of a fact of its piece, as `with_codes` numbers them."""
        return value // len(self._of_piece), self._of_piece[value % len(self._of_piece)][1].name

    def _spell_odd_amounts(self, parts: list[str], points: Points, offsets: Ints, fields: Ints, tables: Ints) -> bool:
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
        find_odd_amounts(points, offsets, wanted, odd)
        changed = False
        for value in wanted[odd].tolist():
            spelt = money(parts[value])
            changed = changed or spelt != parts[value]
            parts[value] = spelt
        return changed

    def _check_lengths(self, offsets: Ints, slots: NDArray[np.int64], count: int, defects: _Defects) -> None:
        """Find values too long, for all letters at once; the first values are those of ``slots``, letter after letter."""
        after = len(slots) * count
        if not after:
            return
        lengths = (offsets[1 : after + 1] - offsets[:after] - 1).reshape(-1, len(slots))
        most = self._length_max[slots]
        for i, s in np.argwhere(lengths > most[None, :]):
            name = self.template.program.slots[slots[s]].name
            add_defect(defects, int(i), field_too_long(name, int(lengths[i, s]), int(most[s])))

    def _check_characters(self, points: Points, offsets: Ints, owner: _Owner, defects: _Defects) -> None:
        """Find characters that cannot be printed, for all letters at once."""
        if all_printable(points, self._kinds):
            return
        kinds = self._kinds[np.minimum(points, TABLE_SIZE - 1)]
        kinds[points >= TABLE_SIZE] = KIND_MISSING
        told: set[tuple[int, int]] = set()
        for at in np.flatnonzero(kinds)[:_BAD_CHARACTERS_MAX]:
            value = int(np.searchsorted(offsets, at, "right")) - 1
            if (value, int(points[at])) not in told:
                told.add((value, int(points[at])))
                i, name = owner(value)
                add_defect(defects, i, bad_character(int(points[at]), int(kinds[at]), name))


def _bad_separator(owner: tuple[int, str]) -> tuple[int, Defect]:
    return owner[0], bad_character(ord(SEPARATOR), 1, None)


def _cut(points: Points, defects: Mapping[int, Any]) -> Points:
    """Points past the tables are always defects: they become the last entry, so that kernels may look them up."""
    return np.minimum(points, np.uint32(TABLE_SIZE - 1)) if defects else points


def _frozen(defects: _Defects) -> dict[int, tuple[Defect, ...]]:
    return {i: tuple(found) for i, found in defects.items()}


def _find_duplicates(ids: Sequence[str], seen: set[str], defects: _Defects) -> None:
    """Note letters whose id came before; all ids are added to ``seen``."""
    if seen.isdisjoint(ids) and len(set(ids)) == len(ids):
        seen.update(ids)
        return
    for i, record_id in enumerate(ids):
        if record_id in seen:
            add_defect(defects, i, duplicate(record_id))
        seen.add(record_id)


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
