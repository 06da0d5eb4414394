"""Questions of the station screens to a ledger: read-only, each short. Beside `queries`, which serves the shell and the line's own commands.

Events that name neither a piece nor a letter (jobs, trays, holds, batches) are few; the index on letters without a piece finds them fast.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Engine, Select, func, select

from controller.ledger.records import Event
from controller.ledger.schema import CASES, EVENTS, LIVE, PIECES, PRINT_JOBS, TRAYS
from controller.ledger.sql_store import storage_faults

PieceColumns = tuple[int, int, str, str, int]
"""piece, tray, job, state, seq of its last event."""

ENDED: Final = ("RELEASED", "ACCEPTED", "DESTROYED", "LOST", "NEVER_PRINTED")
_COMMON = (EVENTS.c.piece == 0, EVENTS.c.letter == 0)


@dataclass(frozen=True, slots=True)
class PieceStory:
    """What a piece's events say beside its state: its postal number, and why it last left the path ("" if it did not)."""

    item: str
    reason: str


class ScreenQueries:
    """Safe from any thread and process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def picture(self, line: str) -> tuple[int, str] | None:
        """Return when ``line`` last showed itself and what, as the JSON it wrote."""
        row = self._first(select(LIVE.c.at_unix_ns, LIVE.c.snapshot).where(LIVE.c.line == line))
        return None if row is None else (int(row[0]), str(row[1]))

    def piece(self, uid: int) -> PieceColumns | None:
        row = self._first(select(*_PIECE).where(PIECES.c.piece == uid))
        return None if row is None else _columns(row)

    def attempts(self, letter: int) -> list[PieceColumns]:
        """Return every attempt at ``letter``, oldest first."""
        chosen = select(*_PIECE).where(PIECES.c.piece.between(letter * 100, letter * 100 + 99))
        return [_columns(row) for row in self._rows(chosen.order_by(PIECES.c.piece))]

    def pieces_in(self, states: Sequence[str], limit: int) -> list[PieceColumns]:
        """Return pieces in ``states``, whatever the batch, by their last event, oldest first."""
        chosen = select(*_PIECE).where(PIECES.c.state.in_(list(states)))
        return [_columns(row) for row in self._rows(chosen.order_by(PIECES.c.seq).limit(limit))]

    def unended_pieces(self, batch: int, limit: int) -> list[PieceColumns]:
        """Return the pieces of ``batch`` that have no counted end yet (I6)."""
        first = batch * 10**9
        chosen = select(*_PIECE).where(PIECES.c.piece.between(first, first + 10**9 - 1), PIECES.c.state.not_in(ENDED))
        return [_columns(row) for row in self._rows(chosen.order_by(PIECES.c.piece).limit(limit))]

    def released_pieces(self, batch: int) -> list[PieceColumns]:
        """Return the pieces of ``batch`` that left in closed trays."""
        first = batch * 10**9
        chosen = select(*_PIECE).where(
            PIECES.c.piece.between(first, first + 10**9 - 1), PIECES.c.state.in_(("RELEASED", "ACCEPTED"))
        )
        return [_columns(row) for row in self._rows(chosen.order_by(PIECES.c.piece))]

    def items_of_batch(self, batch: int) -> dict[int, str]:
        """Return the postal number of every piece of ``batch``."""
        plans = select(EVENTS.c.data).where(*_COMMON, EVENTS.c.kind == "job.planned", EVENTS.c.batch == batch)
        return {
            int(uid): str(item) for (data,) in self._rows(plans) for uid, _, item in json.loads(data).get("pieces", ())
        }

    def pieces_of_tray(self, tray: int) -> list[PieceColumns]:
        chosen = select(*_PIECE).where(PIECES.c.tray == tray, PIECES.c.state.in_(("IN_TRAY", "RELEASED", "ACCEPTED")))
        return [_columns(row) for row in self._rows(chosen.order_by(PIECES.c.seq))]

    def piece_story(self, uid: int) -> PieceStory:
        """Return what the events of one piece tell beside its state."""
        job = self._first(select(PIECES.c.job).where(PIECES.c.piece == uid))
        item = _item_in(self._job_plan(str(job[0])), uid) if job and job[0] else ""
        events = select(EVENTS.c.kind, EVENTS.c.data).where(EVENTS.c.piece == uid).order_by(EVENTS.c.seq.desc())
        for kind, data in self._rows(events.limit(40)):
            if kind in ("piece.diverted", "piece.suspected", "piece.exit-unknown", "piece.voided"):
                told = json.loads(data)
                reason = told.get("reason") or told.get("why") or ""
                if reason and reason != "gate-rejected":
                    return PieceStory(item, str(reason))
        return PieceStory(item, "")

    def piece_with_item(self, item: str) -> int:
        """Return the uid of the piece that carries postal number ``item``; 0 when none does."""
        plans = select(EVENTS.c.data).where(
            *_COMMON, EVENTS.c.kind == "job.planned", EVENTS.c.data.contains(item, autoescape=True)
        )
        for (data,) in self._rows(plans):
            for uid, _, one in json.loads(data).get("pieces", ()):
                if one == item:
                    return int(uid)
        return 0

    def letters_with_case(self, case_id: str) -> list[int]:
        """Return the letters whose case document carries the client's reference ``case_id``."""
        told = json.dumps(case_id, ensure_ascii=False)
        chosen = select(CASES.c.letter, CASES.c.document).where(CASES.c.document.contains(told, autoescape=True))
        found = self._rows(chosen.limit(200))
        return [int(letter) for letter, document in found if case_id in json.loads(document).values()]

    def trays(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest trays with their pieces counted and the reasons of a HOLD that is open."""
        counts = dict(
            self._rows(
                select(PIECES.c.tray, func.count())
                .where(PIECES.c.tray != 0, PIECES.c.state.in_(("IN_TRAY", "RELEASED", "ACCEPTED")))
                .group_by(PIECES.c.tray)
            )
        )
        holds = self._holds()
        rows = self._rows(
            select(TRAYS.c.tray, TRAYS.c.batch, TRAYS.c.state, EVENTS.c.at_unix_ns)
            .join(EVENTS, EVENTS.c.seq == TRAYS.c.seq)
            .order_by(TRAYS.c.tray.desc())
            .limit(limit)
        )
        return [
            {
                "tray": tray,
                "batch": batch,
                "state": state,
                "pieces": counts.get(tray, 0),
                "hold": ", ".join(sorted(holds.get(tray, ()))),
                "at_unix_ns": at,
            }
            for tray, batch, state, at in rows
        ]

    def trays_to_hand_over(self, limit: int) -> list[int]:
        """Return the closed trays without a HOLD that no carrier has signed for, by number."""
        closed = self._rows(select(TRAYS.c.tray).where(TRAYS.c.state == "CLOSED").order_by(TRAYS.c.tray).limit(limit))
        holds = self._holds() if closed else {}
        return [int(tray) for (tray,) in closed if not holds.get(int(tray))]

    def event(self, seq: int) -> Event | None:
        row = self._first(select(EVENTS).where(EVENTS.c.seq == seq))
        return None if row is None else Event(*row)

    def first_event(self, kind: str, batch: int) -> Event | None:
        """Return the oldest event of ``kind`` about ``batch``."""
        chosen = select(EVENTS).where(*_COMMON, EVENTS.c.kind == kind, EVENTS.c.batch == batch)
        row = self._first(chosen.order_by(EVENTS.c.seq).limit(1))
        return None if row is None else Event(*row)

    def events(self, kinds: Sequence[str], since_unix_ns: int, limit: int) -> list[Event]:
        """Return the newest ``limit`` events of ``kinds`` since a time, oldest first."""
        chosen = select(EVENTS).where(EVENTS.c.kind.in_(list(kinds)), EVENTS.c.at_unix_ns >= since_unix_ns)
        newest = self._rows(chosen.order_by(EVENTS.c.seq.desc()).limit(limit))
        return [Event(*row) for row in reversed(newest)]

    def jobs(self, batch: int) -> list[tuple[str, str]]:
        """Return (job, state) of every print job of ``batch``."""
        chosen = select(PRINT_JOBS.c.job, PRINT_JOBS.c.state).where(PRINT_JOBS.c.batch == batch)
        return [(str(job), str(state)) for job, state in self._rows(chosen.order_by(PRINT_JOBS.c.job))]

    def _holds(self) -> dict[int, set[str]]:
        kinds = ("hold.placed", "hold.lifted")
        chosen = select(EVENTS.c.tray, EVENTS.c.kind, EVENTS.c.data).where(*_COMMON, EVENTS.c.kind.in_(kinds))
        open_holds: dict[int, set[str]] = {}
        for tray, kind, data in self._rows(chosen.order_by(EVENTS.c.seq)):
            reasons = open_holds.setdefault(int(tray), set())
            (reasons.add if kind == "hold.placed" else reasons.discard)(str(json.loads(data).get("reason", "")))
        return open_holds

    def _job_plan(self, job: str) -> str:
        row = self._first(select(EVENTS.c.data).where(*_COMMON, EVENTS.c.kind == "job.planned", EVENTS.c.job == job))
        return "" if row is None else str(row[0])

    def _first(self, statement: Select[Any]) -> Any:
        rows = self._rows(statement)
        return rows[0] if rows else None

    def _rows(self, statement: Select[Any]) -> list[Any]:
        with storage_faults(), self._engine.connect().execution_options(read_only=True) as connection:
            return list(connection.execute(statement).all())


_PIECE: Final = (PIECES.c.piece, PIECES.c.tray, PIECES.c.job, PIECES.c.state, PIECES.c.seq)


def _columns(row: Any) -> PieceColumns:
    uid, tray, job, state, seq = row
    return int(uid), int(tray), str(job), str(state), int(seq)


def _item_in(plan: str, uid: int) -> str:
    pieces = json.loads(plan).get("pieces", ()) if plan else ()
    return next((str(item) for one, _, item in pieces if one == uid), "")
