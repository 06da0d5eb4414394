"""What a state table is: every legal step of one noun, with its rule number and its guard by name.

Everything that decides a state lives in the tables of this package. An event that has no row is refused loudly; there is no
default row and no "ignore". Guards are conditions on the world that a table cannot see: the caller that records the event
must have checked them (`controller.integrity`, `controller.line`); the table names them so that nobody forgets one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class RefusedEvent(Exception):
    """A noun cannot see that event in the state it is in; nothing was changed."""

    def __init__(self, noun: str, state: str | None, event: str) -> None:
        self.noun, self.state, self.event = noun, state, event
        super().__init__(f"a {noun} that is {state or 'not there yet'} cannot be {event}")


@dataclass(frozen=True, slots=True)
class Transition:
    """One row. ``source`` None: the noun begins here. ``durable``: must be on disk before its effect is visible."""

    rule: str
    source: str | None
    event: str
    target: str
    guard: str = ""
    durable: bool = True


@dataclass(frozen=True, slots=True)
class StateTable:
    """All rows of one noun, and the states in which its life is over."""

    noun: str
    title_zh: str
    rows: tuple[Transition, ...]
    ends: frozenset[str]
    steps: Mapping[tuple[str | None, str], str]

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order in which the rows first reach it."""
        return tuple(dict.fromkeys(row.target for row in self.rows))

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(row.event for row in self.rows))


def table(noun: str, title_zh: str, rows: tuple[Transition, ...], ends: frozenset[str]) -> StateTable:
    """Build a table.

    Raises:
        ValueError: two rows leave one state by the same event, or a state that ends life has a row leaving it.
    """
    steps: dict[tuple[str | None, str], str] = {}
    for row in rows:
        key = (row.source, row.event)
        if key in steps:
            raise ValueError(f"{noun}: two rows for {key}")
        if row.source in ends:
            raise ValueError(f"{noun}: {row.source} ends a life but rule {row.rule} leaves it")
        steps[key] = row.target
    return StateTable(noun, title_zh, rows, ends, MappingProxyType(steps))


def rows_from(
    rule: str, sources: tuple[str | None, ...], event: str, target: str, guard: str = "", *, durable: bool = True
) -> tuple[Transition, ...]:
    """Return one row per source for a rule that leaves several states alike."""
    return tuple(Transition(rule, source, event, target, guard, durable) for source in sources)
