"""Where events and states are kept: the protocol every store keeps, and the store in memory that virtual-time campaigns use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol

from controller.ledger import projection
from controller.ledger.chain import genesis
from controller.ledger.projection import Key, StateRow
from controller.ledger.records import Event

Finished = tuple[int, str, int]
"""An operator command that is done: its id, the outcome as JSON, the seq of the last event of the same transaction."""


class Standing(NamedTuple):
    """The state of every noun, by its key. ``letters``: (letter, state); ``pieces``: (uid, tray, state), both to be read once."""

    batches: Mapping[int, str]
    trays: Mapping[int, str]
    jobs: Mapping[str, str]
    letters: Iterable[tuple[int, str]]
    pieces: Iterable[tuple[int, int, str]]


class Writing(Protocol):
    """One open transaction. Everything in it becomes durable together or not at all."""

    def head(self) -> tuple[int, bytes]:
        """Return seq and hash of the last event; no other writer can add one until this transaction ends."""

    def lease_epoch(self, line: str) -> int:
        """Return the epoch of the controller that may write for ``line``; 0 when none ever took it."""

    def states(self, noun: str, keys: Iterable[Key]) -> dict[Key, StateRow]:
        """Return the rows there are for ``keys``."""

    def put(self, events: Sequence[Event], states: projection.States, finished: Sequence[Finished]) -> None:
        """Write all of it, and the new head."""


class Store(Protocol):
    """A place for one ledger."""

    ledger_id: str
    resident: projection.States | None
    """All state rows, when the store holds them in this process anyway; the ledger then keeps no cache of its own."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Open a transaction: commits on leaving, rolls back on an exception."""

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[Event]:
        """Yield the events of that range in order, as one consistent snapshot."""

    def read_notes(self) -> Iterator[Event]:
        """Yield, in order, the events that are not about a single piece or letter."""

    def all_states(self) -> projection.States:
        """Return every state row."""

    def standing(self) -> AbstractContextManager[Standing]:
        """Read what everything is now, and nothing else: all that a restart needs of millions of rows."""

    def replace_states(self, states: projection.States) -> None:
        """Overwrite the state tables."""

    def free_bytes(self) -> int | None:
        """Return the free space where the ledger is written, or None when it is not this machine's to know."""

    def close(self) -> None:
        """Release the files or connections; idempotent."""


class MemoryStore:
    """Keeps everything in this process: for virtual-time campaigns and unit tests. Never for a line: nothing in it is durable."""

    def __init__(self, ledger_id: str = "memory") -> None:
        self.ledger_id = ledger_id
        self.events: list[Event] = []
        self.resident: projection.States | None = projection.empty()
        self.leases: dict[str, int] = {}
        self.finished: list[Finished] = []
        self._hash = genesis(ledger_id)

    def head(self) -> tuple[int, bytes]:
        return len(self.events), self._hash

    def lease_epoch(self, line: str) -> int:
        return self.leases.get(line, 0)

    def states(self, noun: str, keys: Iterable[Key]) -> dict[Key, StateRow]:
        rows = self._rows()[noun]
        return {key: rows[key] for key in keys if key in rows}

    def put(self, events: Sequence[Event], states: projection.States, finished: Sequence[Finished]) -> None:
        self.events.extend(events)
        for noun, rows in states.items():
            if rows:
                self._rows()[noun].update(rows)
        self.finished.extend(finished)
        if events:
            self._hash = events[-1].hash

    def writing(self) -> AbstractContextManager[Writing]:
        # The ledger calls put() last and put() cannot fail half way, so there is nothing to roll back.
        return nullcontext(self)

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[Event]:
        yield from self.events[first_seq - 1 : last_seq]

    def read_notes(self) -> Iterator[Event]:
        return (event for event in self.events if not event.kind.startswith(("piece.", "letter.")))

    def all_states(self) -> projection.States:
        return {noun: dict(rows) for noun, rows in self._rows().items()}

    def standing(self) -> AbstractContextManager[Standing]:
        rows = self._rows()

        def states(noun: str) -> dict[Any, str]:
            return {key: str(row[-2]) for key, row in rows[noun].items()}

        pieces: Any = [(uid, row[1], row[-2]) for uid, row in rows["piece"].items()]
        letters: Any = states("letter").items()
        return nullcontext(Standing(states("batch"), states("tray"), states("job"), letters, pieces))

    def _rows(self) -> projection.States:
        assert self.resident is not None
        return self.resident

    def replace_states(self, states: projection.States) -> None:
        self.resident = {noun: dict(rows) for noun, rows in states.items()}

    def free_bytes(self) -> int | None:
        return None

    def close(self) -> None:
        """Nothing to release."""
