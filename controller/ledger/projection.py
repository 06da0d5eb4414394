"""The state columns as a pure fold over events: what each letter, piece, tray, batch and print job is now.

Decides nothing itself: whether an event is legal in a state is said by the tables of `controller.states`, handed in as ``advance``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from controller.ledger.records import Event, Record
from controller.ledger.schema import STATE_TABLES

Advance = Callable[[str, str | None, str], str]
"""``advance(noun, state, event)`` returns the next state (state None: not yet there) or raises what `controller.states` raises."""

Key = int | str
StateRow = tuple[int | str, ...]
"""A row of a state table in column order: key, carried ids, state, seq."""
States = dict[str, dict[Key, StateRow]]
"""noun -> key -> row."""

NOUNS: Final = tuple(spec.noun for spec in STATE_TABLES)

_FIELD: Final = {name: index for index, name in enumerate(Event._fields)}
_RECORD_FIELD: Final = {name: index for index, name in enumerate(Record._fields)}
_KEY_FIELD: Final = {spec.noun: _FIELD[spec.key] for spec in STATE_TABLES}
_CARRIED_FIELDS: Final = {spec.noun: tuple(_FIELD[name] for name in spec.carried) for spec in STATE_TABLES}
_KEY_FIELD_OF_RECORD: Final = {spec.noun: _RECORD_FIELD[spec.key] for spec in STATE_TABLES}

_routes: dict[str, tuple[str, str] | None] = {}


def route(kind: str) -> tuple[str, str] | None:
    """Return (noun, event of its state table), or None when ``kind`` changes no state."""
    try:
        return _routes[kind]
    except KeyError:
        noun, _, event = str(kind).partition(".")
        found = (noun, event) if noun in _KEY_FIELD else None
        _routes[str(kind)] = found
        return found


def empty() -> States:
    """Return the states before the first event."""
    return {noun: {} for noun in NOUNS}


def subjects(records: Iterable[Record], known: Mapping[str, Mapping[Key, StateRow]]) -> dict[str, set[Key]]:
    """Return, by noun, the keys ``records`` speak of that are not in ``known``."""
    missing: dict[str, set[Key]] = {}
    for record in records:
        target = route(record[0])
        if target is None:
            continue
        noun = target[0]
        key = record[_KEY_FIELD_OF_RECORD[noun]]
        if key not in known[noun]:
            missing.setdefault(noun, set()).add(key)  # type: ignore[arg-type]
    return missing


def fold(
    events: Iterable[Event | tuple[object, ...]], known: Mapping[str, Mapping[Key, StateRow]], advance: Advance
) -> States:
    """Return the rows that ``events`` change, by noun and key; ``known`` holds the rows before them and stays as it is.

    Raises:
        ValueError: an event about a noun does not say which one.
        Whatever ``advance`` raises for an event that is illegal in its state.
    """
    changed: dict[str, dict[object, tuple[object, ...]]] = {noun: {} for noun in NOUNS}
    for event in events:
        target = route(event[2])  # type: ignore[arg-type]
        if target is None:
            continue
        noun, word = target
        key = event[_KEY_FIELD[noun]]
        if not key:
            raise ValueError(f"event {event[0]} ({event[2]}) does not say which {noun} it is about")
        rows = changed[noun]
        row: tuple[object, ...] | None = rows.get(key)
        if row is None:
            row = known[noun].get(key)  # type: ignore[call-overload]
        fields = _CARRIED_FIELDS[noun]
        if row is None:
            carried = [event[field] for field in fields]
            state = None
        else:
            carried = [event[field] or row[place] for place, field in enumerate(fields, 1)]
            state = row[-2]
        rows[key] = (key, *carried, advance(noun, state, word), event[0])  # type: ignore[arg-type]
    return changed  # type: ignore[return-value]
