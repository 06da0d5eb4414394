"""Letters (Python values) into the arrays of the kernels, and the defects that show without any layout.

Text becomes indices into the batch's characters; whole batches are checked at once for characters that cannot or must not
be printed. Nothing is repaired: a letter with a doubtful value is reported and held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rendering.layout.arrays import Values
from rendering.layout.classes import KIND_BIDI, KIND_PRINTABLE, TABLE_SIZE, character_kinds
from rendering.model import Codes, Defect, DefectCode, Letter
from rendering.template import Template
from rendering.template.compiler import Slot
from rendering.template.values import FILTERS, compile_test, money

SEPARATOR: Final = "\x1f"
KIND_MISSING: Final = 3
UNDECLARED_LENGTH_MAX: Final = 1000
ROWS_MAX: Final = 2000


@dataclass(frozen=True, slots=True)
class Gathered:
    """Values of a run of letters as code points, before the batch's characters are known.

    ``points`` holds each value followed by one separator (points past the tables, always defects, cut to the last entry); ``defects[i]`` is empty for a letter that may be laid out.
    """

    points: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    fields: NDArray[np.int64]
    tables: NDArray[np.int64]
    conditions: NDArray[np.uint8]
    defects: Mapping[int, tuple[Defect, ...]]

    def values(self, index_of: NDArray[np.uint16]) -> Values:
        """The kernels' view, with text as indices into the batch's characters."""
        text = index_of[self.points]
        return Values(text, self.offsets, self.fields, self.tables, self.conditions)


def _filled(value: str, may_be_empty: bool) -> bool:
    return may_be_empty or value != ""


def _getter(names: Sequence[str]) -> Callable[[Mapping[str, str]], tuple[str, ...]]:
    if not names:
        return lambda _fields: ()
    if len(names) == 1:
        name = names[0]
        return lambda fields: (fields[name],)
    return itemgetter(*names)


# name of a table, what fetches a row's cells, filters by column, number of columns
_Cells = tuple[str, Callable[[Mapping[str, str]], tuple[str, ...]], list[tuple[int, Callable[[str], str]]], int]


@dataclass(slots=True)
class Intake:
    """Gathers letters of one template. ``missing`` (bool per code point) comes from the faces the template uses."""

    template: Template
    missing: NDArray[np.bool_]
    _kinds: NDArray[np.uint8] = field(init=False)
    _own: list[tuple[int, Slot]] = field(init=False)
    _fetch: Callable[[Mapping[str, str]], tuple[str, ...]] = field(init=False)
    _filters: list[tuple[int, Callable[[str], str]]] = field(init=False)
    _tests: list[Callable[[Mapping[str, str], Mapping[str, Sequence[Mapping[str, str]]]], Any]] = field(init=False)
    _cells: list[_Cells] = field(init=False)
    _amount_slots: list[int] = field(init=False)
    _amount_columns: list[list[int]] = field(init=False)
    _length_max: NDArray[np.int64] = field(init=False)
    _optional: frozenset[str] = field(init=False)
    _may_be_empty: list[bool] = field(init=False)
    _piece_places: list[tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        program = self.template.program
        kinds = character_kinds()
        kinds[self.missing & (kinds == KIND_PRINTABLE)] = KIND_MISSING
        kinds[ord(SEPARATOR)] = KIND_PRINTABLE
        self._kinds = kinds
        slots = program.slots
        # Facts of the piece come after the letter's own fields, in the order of the program's slots.
        self._own = [(i, slot) for i, slot in enumerate(slots) if not slot.of_piece]
        self._piece_places = [(i, slot.name) for i, slot in enumerate(slots) if slot.of_piece]
        self._fetch = _getter([slot.name for _, slot in self._own])
        self._filters = [(i, chain) for i, (_, slot) in enumerate(self._own) if (chain := _chain(slot)) is not None]
        self._amount_slots = [i for i, slot in enumerate(slots) if slot.is_amount]
        self._amount_columns = [
            [c for c, slot in enumerate(columns) if slot.is_amount] for columns in program.table_columns
        ]
        names = frozenset(program.table_names)
        self._tests = [compile_test(c.file, c.line, c.test, names, set()) for c in program.conditions]
        self._cells = []
        for name, columns in zip(program.table_names, program.table_columns, strict=True):
            filters = [(i, chain) for i, slot in enumerate(columns) if (chain := _chain(slot)) is not None]
            self._cells.append((name, _getter([slot.name for slot in columns]), filters, len(columns)))
        rules = self.template.settings.fields
        self._length_max = np.array(
            [rules[s.name].length_max if s.name in rules else UNDECLARED_LENGTH_MAX for s in slots] or [0], np.int64
        )
        self._optional = frozenset(name for name, rule in rules.items() if not rule.required)
        self._may_be_empty = [slot.name in self._optional for _, slot in self._own]

    def gather(
        self, letters: Sequence[Letter], codes: Sequence[Codes] | None, seen: set[str] | None = None
    ) -> Gathered:
        """Collect the values of ``letters`` and find the defects that need no layout.

        ``seen`` holds the record ids of the runs before; those of this run are added.
        """
        parts: list[str] = []
        count = len(letters)
        defects: dict[int, list[Defect]] = {}
        program = self.template.program
        firsts: list[int] = []
        spans: list[int] = []
        holds: list[bool] = []
        seen = set() if seen is None else seen
        whole = len(self._own) == len(program.slots)
        for i, letter in enumerate(letters):
            firsts.append(len(parts))
            if letter.record_id in seen:
                _add(defects, i, _duplicate(letter.record_id))
            seen.add(letter.record_id)
            try:
                own = self._fetch(letter.fields)
                if "" in own and not all(map(_filled, own, self._may_be_empty)):
                    own = self._fill_gaps(i, letter, defects)
            except KeyError:
                own = self._fill_gaps(i, letter, defects)
            if self._filters:
                filtered = list(own)
                for at, apply in self._filters:
                    filtered[at] = apply(filtered[at])
                own = tuple(filtered)
            parts += own if whole else self._with_piece(own, codes[i] if codes else None)
            if self._cells:
                self._gather_tables(i, letter, parts, spans, defects)
            holds += [bool(test(letter.fields, letter.tables)) for test in self._tests]
        fields = np.array(firsts, np.int64)
        tables = np.array(spans, np.int64).reshape(count, -1, 3) if spans else np.zeros((count, 1, 3), np.int64)
        conditions = np.array(holds, np.uint8).reshape(count, -1) if holds else np.zeros((count, 1), np.uint8)
        points, offsets = self._encode(letters, parts, fields, defects)
        if self._spell_odd_amounts(parts, points, offsets, fields, tables):
            points, offsets = self._encode(letters, parts, fields, defects)
        self._check_characters(letters, points, offsets, fields, tables, defects)
        if len(points) and points.max() >= TABLE_SIZE:
            points = np.minimum(points, np.uint32(TABLE_SIZE - 1))
        frozen = {i: tuple(found) for i, found in defects.items()}
        return Gathered(points, offsets, fields, tables, conditions, frozen)

    def _with_piece(self, own: tuple[str, ...], codes: Codes | None) -> list[str]:
        """Put the facts of the piece at their places between the letter's own values."""
        values = list(own)
        for place, name in self._piece_places:
            value = "" if codes is None else codes.caption if name == "caption" else codes.item
            values.insert(place, value)
        return values

    def _fill_gaps(self, i: int, letter: Letter, defects: dict[int, list[Defect]]) -> tuple[str, ...]:
        """Values with gaps: an optional field may be empty, any other is a defect."""
        values = []
        for _, slot in self._own:
            value = letter.fields.get(slot.name, "")
            if not value and slot.name not in self._optional:
                message = f"缺少字段“{slot.name}”", f"field {slot.name!r} is missing or empty"
                _add(defects, i, Defect(DefectCode.MISSING_FIELD, *message, slot.name))
            values.append(value)
        return tuple(values)

    def _gather_tables(
        self, i: int, letter: Letter, parts: list[str], spans: list[int], defects: dict[int, list[Defect]]
    ) -> None:
        for name, fetch, filters, width in self._cells:
            rows = letter.tables.get(name)
            if rows is None:
                message = f"缺少表格“{name}”", f"table {name!r} is missing"
                _add(defects, i, Defect(DefectCode.MISSING_TABLE, *message, name))
                rows = ()
            if len(rows) > ROWS_MAX:
                message = (
                    f"表格“{name}”有 {len(rows)} 行，最多 {ROWS_MAX} 行",
                    f"table {name!r} has {len(rows)} rows, {ROWS_MAX} at most",
                )
                _add(defects, i, Defect(DefectCode.TOO_LONG, *message, name))
                rows = ()
            start = len(parts)
            try:
                for row in rows:
                    parts += fetch(row)
            except KeyError as error:
                message = f"表格“{name}”缺少列“{error.args[0]}”", f"table {name!r} has no column {error.args[0]!r}"
                _add(defects, i, Defect(DefectCode.MISSING_FIELD, *message, f"{name}.{error.args[0]}"))
                del parts[start:]
                rows = ()
            for at, apply in filters:
                parts[start + at :: width] = map(apply, parts[start + at :: width])
            spans += (start, len(rows), width)

    def _encode(
        self, letters: Sequence[Letter], parts: list[str], fields: NDArray[np.int64], defects: dict[int, list[Defect]]
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """All values as code points with a separator after each; a value holding the separator is a defect."""
        text = SEPARATOR.join(parts) + SEPARATOR if parts else ""
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ends = np.flatnonzero(points == ord(SEPARATOR))
        if len(ends) != len(parts):
            for value, part in enumerate(parts):
                if SEPARATOR in part:
                    i = int(np.searchsorted(fields, value, "right")) - 1
                    _add(defects, i, _bad_character(ord(SEPARATOR), 1, None))
                    parts[value] = part.replace(SEPARATOR, "")
            return self._encode(letters, parts, fields, defects)
        offsets = np.zeros(len(parts) + 1, np.int64)
        offsets[1:] = ends + 1
        return points, offsets

    def _spell_odd_amounts(
        self,
        parts: list[str],
        points: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        fields: NDArray[np.int64],
        tables: NDArray[np.int64],
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

    def _check_characters(
        self,
        letters: Sequence[Letter],
        points: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        fields: NDArray[np.int64],
        tables: NDArray[np.int64],
        defects: dict[int, list[Defect]],
    ) -> None:
        """Find values too long and characters that cannot be printed, for all letters at once."""
        slots = self.template.program.slots
        if slots and len(letters):
            values = fields[:, None] + np.arange(len(slots))
            lengths = offsets[values + 1] - offsets[values] - 1
            for i, s in np.argwhere(lengths > self._length_max[None, :]):
                name, most, has = slots[s].name, int(self._length_max[s]), int(lengths[i, s])
                message = (
                    f"字段“{name}”有 {has} 个字，最多 {most} 个",
                    f"field {name!r} has {has} characters, {most} at most",
                )
                _add(defects, int(i), Defect(DefectCode.FIELD_TOO_LONG, *message, name))
        if not len(points):
            return
        if points.max() < TABLE_SIZE:
            kinds = self._kinds[points]
        else:
            kinds = self._kinds[np.minimum(points, TABLE_SIZE - 1)]
            kinds[points >= TABLE_SIZE] = KIND_MISSING
        told: set[tuple[int, int, int]] = set()
        for at in np.flatnonzero(kinds)[:100_000]:
            value = int(np.searchsorted(offsets, at, "right")) - 1
            i = int(np.searchsorted(fields, value, "right")) - 1
            if (i, value, int(points[at])) not in told:
                told.add((i, value, int(points[at])))
                _add(
                    defects, i, _bad_character(int(points[at]), int(kinds[at]), self._name_of(i, value, fields, tables))
                )

    def _name_of(self, i: int, value: int, fields: NDArray[np.int64], tables: NDArray[np.int64]) -> str:
        slots = self.template.program.slots
        at = value - int(fields[i])
        if at < len(slots):
            return slots[at].name
        program = self.template.program
        for t in reversed(range(len(self._cells))):
            if value >= tables[i, t, 0] and tables[i, t, 1]:
                column = (value - int(tables[i, t, 0])) % int(tables[i, t, 2])
                return f"{program.table_names[t]}.{program.table_columns[t][column].name}"
        return "?"


def _chain(slot: Slot) -> Callable[[str], str] | None:
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


@njit(cache=True, nogil=True)
def _find_odd_amounts(
    points: NDArray[np.uint32], offsets: NDArray[np.int64], values: NDArray[np.int64], odd: NDArray[np.bool_]
) -> None:
    """Mark the values that are not written 1234.50: the layout cannot group those itself."""
    for v in range(values.shape[0]):
        first = offsets[values[v]]
        after = offsets[values[v] + 1] - 1
        good = after - first >= 4 and points[after - 3] == 46 and (points[first] != 48 or after - first == 4)
        for i in range(first, after):
            good = good and (i == after - 3 or (points[i] >= 48 and points[i] <= 57))
        odd[v] = not good


def _add(defects: dict[int, list[Defect]], i: int, defect: Defect) -> None:
    found = defects.setdefault(i, [])
    if len(found) < 20:  # a letter of nothing but bad characters needs no longer list
        found.append(defect)


def _duplicate(record_id: str) -> Defect:
    message = f"编号“{record_id}”重复", f"the id {record_id!r} appears twice"
    return Defect(DefectCode.DUPLICATE_ID, *message, None)


def _bad_character(point: int, kind: int, name: str | None) -> Defect:
    where_zh = f"字段“{name}”" if name else "一个字段"
    where_en = f"field {name!r}" if name else "a field"
    label = f"U+{point:04X}"
    if kind == KIND_MISSING:
        shown = chr(point) if point < 0x110000 else "?"
        return Defect(
            DefectCode.MISSING_GLYPH,
            f"{where_zh}中的字“{shown}”（{label}）没有字体可用；请在字体目录中加入含此字的字体",
            f"{where_en}: no installed font draws {shown} ({label}); add a font that has it to the site font folder",
            name,
        )
    if kind == KIND_BIDI:
        return Defect(
            DefectCode.BIDI_CHARACTER,
            f"{where_zh}含有双向控制符 {label}，印出的顺序会与原文不同；请删除",
            f"{where_en} holds the bidirectional control {label}: it would print in another order; remove it",
            name,
        )
    return Defect(
        DefectCode.CONTROL_CHARACTER,
        f"{where_zh}含有控制字符 {label}；请删除",
        f"{where_en} holds the control character {label}; remove it",
        name,
    )
