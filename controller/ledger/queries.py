"""What screens and the shell ask of a ledger: small read-only questions, each one statement. Never the line's own decisions.

Ids are ranges: batch 7 has the pieces ``7·10^9 … 8·10^9-1`` and the letters ``7·10^7 … 8·10^7-1``, attempt ``a`` of letter ``l`` is
piece ``100·l + a`` (`controller.model`); so a question about a batch or letter is a scan of one stretch of an index.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, or_, select

from controller.ledger.records import Event
from controller.ledger.schema import BATCHES, EVENTS, LETTERS, PIECES, PRINT_JOBS, STATES, TRAYS
from controller.ledger.sql_store import storage_faults


@dataclass(frozen=True, slots=True)
class PieceRow:
    """Where one piece stands; ``tray`` 0 and ``job`` "" when it has none."""

    piece: int
    tray: int
    job: str
    state: str
    seq: int


class Queries:
    """Read-only questions; safe from any thread and process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def batches(self) -> dict[int, str]:
        """Return the state of every batch."""
        return dict(self._rows(select(BATCHES.c.batch, BATCHES.c.state).order_by(BATCHES.c.batch)))

    def trays(self) -> dict[int, str]:
        """Return the state of every tray."""
        return dict(self._rows(select(TRAYS.c.tray, TRAYS.c.state).order_by(TRAYS.c.tray)))

    def print_jobs(self, batch: int) -> dict[str, str]:
        """Return the state of every print job of ``batch``."""
        return dict(
            self._rows(
                select(PRINT_JOBS.c.job, PRINT_JOBS.c.state)
                .where(PRINT_JOBS.c.batch == batch)
                .order_by(PRINT_JOBS.c.job)
            )
        )

    def piece_counts(self, batch: int) -> dict[str, int]:
        """Return how many pieces of ``batch`` are in each state."""
        first = batch * 10**9
        chosen = select(PIECES.c.state, func.count()).where(PIECES.c.piece.between(first, first + 10**9 - 1))
        return dict(self._rows(chosen.group_by(PIECES.c.state).order_by(PIECES.c.state)))

    def letter_counts(self, batch: int) -> dict[str, int]:
        """Return how many letters of ``batch`` are in each state."""
        first = batch * 10**7
        chosen = select(LETTERS.c.state, func.count()).where(LETTERS.c.letter.between(first, first + 10**7 - 1))
        return dict(self._rows(chosen.group_by(LETTERS.c.state).order_by(LETTERS.c.state)))

    def pieces_of_letter(self, letter: int) -> list[PieceRow]:
        """Return every attempt at ``letter``, oldest first."""
        return [
            PieceRow(*row)
            for row in self._rows(
                select(PIECES).where(PIECES.c.piece.between(letter * 100, letter * 100 + 99)).order_by(PIECES.c.piece)
            )
        ]

    def pieces_in_tray(self, tray: int) -> list[PieceRow]:
        """Return every piece that was ever confirmed in ``tray``, with its state now."""
        return [
            PieceRow(*row) for row in self._rows(select(PIECES).where(PIECES.c.tray == tray).order_by(PIECES.c.piece))
        ]

    def pieces_in(self, batch: int, states: Iterable[str], limit: int = 1000) -> list[PieceRow]:
        """Return the first ``limit`` pieces of ``batch`` that are in one of ``states``: the list of what is unaccounted for."""
        first = batch * 10**9
        chosen = select(PIECES).where(
            PIECES.c.piece.between(first, first + 10**9 - 1), PIECES.c.state.in_(list(states))
        )
        return [PieceRow(*row) for row in self._rows(chosen.order_by(PIECES.c.piece).limit(limit))]

    def letters_in(self, batch: int, states: Iterable[str], limit: int = 1000) -> list[int]:
        """Return the first ``limit`` letters of ``batch`` that are in one of ``states``."""
        first = batch * 10**7
        chosen = select(LETTERS.c.letter).where(
            LETTERS.c.letter.between(first, first + 10**7 - 1), LETTERS.c.state.in_(list(states))
        )
        return [int(row[0]) for row in self._rows(chosen.order_by(LETTERS.c.letter).limit(limit))]

    def state(self, noun: str, key: int | str) -> str | None:
        """Return the state of one thing, or None when the ledger never heard of it."""
        table = STATES[noun]
        rows = self._rows(select(table.c.state).where(next(iter(table.primary_key)) == key))
        return str(rows[0][0]) if rows else None

    def timeline(self, letter: int) -> list[Event]:
        """Return every event about ``letter`` or one of its pieces, in order."""
        chosen = select(EVENTS).where(
            or_(EVENTS.c.piece.between(letter * 100, letter * 100 + 99), EVENTS.c.letter == letter)
        )
        return [Event(*row) for row in self._rows(chosen.order_by(EVENTS.c.seq))]

    def piece_timeline(self, piece: int) -> list[Event]:
        """Return every event about one attempt, in order."""
        return [Event(*row) for row in self._rows(select(EVENTS).where(EVENTS.c.piece == piece).order_by(EVENTS.c.seq))]

    def latest(self, kind: str) -> Event | None:
        """Return the newest event of ``kind``."""
        rows = self._rows(select(EVENTS).where(EVENTS.c.kind == kind).order_by(EVENTS.c.seq.desc()).limit(1))
        return Event(*rows[0]) if rows else None

    def head(self) -> tuple[int, int]:
        """Return seq and Unix ns of the newest event; (0, 0) in an empty ledger."""
        rows = self._rows(select(EVENTS.c.seq, EVENTS.c.at_unix_ns).order_by(EVENTS.c.seq.desc()).limit(1))
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def _rows(self, statement: Select[Any]) -> list[Any]:
        with storage_faults(), self._reading() as connection:
            return list(connection.execute(statement).all())

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(read_only=True)


def event_data(event: Event) -> dict[str, object]:
    """Return what ``event`` says beside its ids."""
    found = json.loads(event.data)
    assert isinstance(found, dict)
    return found
