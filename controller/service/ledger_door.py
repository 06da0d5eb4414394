"""The ledger as the screens see it: `LedgerDoor` over the ledger's desk. Reads and the inbox; it can write nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from controller.ledger.inbox import OperatorCommand
from controller.ledger.opening import Desk, open_desk
from controller.ledger.records import Event
from controller.ledger.screens import ScreenQueries
from controller.model import batch_of, letter_of
from controller.service.commands import Sent
from controller.service.views import BatchView, Moment, PieceView, TrayView

_NEVER_SHOWN: Final = frozenset({"salt"})


def open_door(address: str | Path) -> DeskDoor:
    """Open the ledger at ``address``.

    Raises:
        FileNotFoundError: there is none yet.
    """
    return DeskDoor(open_desk(address))


class DeskDoor:
    """Implements `controller.service.views.LedgerDoor`. Safe from many threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._screens = ScreenQueries(desk.engine)

    def close(self) -> None:
        self._desk.close()

    def put_command(self, line: str, name: str, badge: str, arguments: Mapping[str, object], at_unix_ns: int) -> int:
        return self._desk.inbox.ask(line, name, badge, arguments, at_unix_ns)

    def command(self, number: int) -> Sent | None:
        found = self._desk.inbox.command(number)
        return None if found is None else _sent(found)

    def sent(self, limit: int = 100) -> tuple[Sent, ...]:
        newest = [one for line in self.lines() for one in self._desk.inbox.recent(line, limit)]
        return tuple(_sent(one) for one in sorted(newest, key=lambda one: -one.id)[:limit])

    def lines(self) -> tuple[str, ...]:
        return tuple(self._desk.inbox.lines())

    def live(self, line: str) -> tuple[int, str] | None:
        return self._screens.picture(line)

    def batches(self, limit: int = 50) -> tuple[BatchView, ...]:
        newest = sorted(self._desk.queries.batches().items(), reverse=True)[:limit]
        return tuple(self._batch(batch, state) for batch, state in newest)

    def batch(self, batch: int) -> BatchView | None:
        state = self._desk.queries.state("batch", batch)
        return None if state is None else self._batch(batch, state)

    def _batch(self, batch: int, state: str) -> BatchView:
        opened = self._screens.first_event("batch.opened", batch)
        told = _data(opened) if opened else {}
        return BatchView(
            batch=batch,
            state=state,
            letters=self._desk.queries.letter_counts(batch),
            pieces=self._desk.queries.piece_counts(batch),
            since_unix_ns=opened.at_unix_ns if opened else 0,
            client=str(told.get("client", "")),
            refused=_whole(told.get("refused", 0)),
        )

    def unaccounted(self, batch: int, limit: int = 200) -> tuple[PieceView, ...]:
        return tuple(map(self._piece, self._screens.unended_pieces(batch, limit)))

    def pieces(self, states: tuple[str, ...], limit: int = 200) -> tuple[PieceView, ...]:
        return tuple(map(self._piece, self._screens.pieces_in(states, limit)))

    def piece(self, uid: int) -> PieceView | None:
        row = self._screens.piece(uid)
        return None if row is None else self._piece(row)

    def find_item(self, item_id: str) -> PieceView | None:
        uid = self._screens.piece_with_item(item_id)
        return self.piece(uid) if uid else None

    def find_case(self, case_id: str) -> tuple[PieceView, ...]:
        found: list[PieceView] = []
        for letter in self._screens.letters_with_case(case_id):
            found += [piece for row in self._screens.attempts(letter) if (piece := self._piece(row))]
        return tuple(found)

    def timeline(self, uid: int) -> tuple[Moment, ...]:
        return tuple(_moment(event) for event in self._desk.queries.piece_timeline(uid))

    def trays(self, limit: int = 200) -> tuple[TrayView, ...]:
        return tuple(TrayView(**row) for row in self._screens.trays(limit))

    def trays_to_hand_over(self, limit: int = 20) -> tuple[int, ...]:
        return tuple(self._screens.trays_to_hand_over(limit))

    def released(self, batch: int) -> tuple[PieceView, ...]:
        rows = self._screens.released_pieces(batch)
        items = self._screens.items_of_batch(batch)
        return tuple(
            PieceView(uid, batch, letter_of(uid), state, tray, job, 0, item_id=items.get(uid, ""))
            for uid, tray, job, state, _ in rows
        )

    def tray_pieces(self, tray: int) -> tuple[PieceView, ...]:
        return tuple(map(self._piece, self._screens.pieces_of_tray(tray)))

    def case(self, letter: int) -> Mapping[str, str]:
        stored = self._desk.cases.get(letter)
        if stored is None or stored.document is None:
            return {}
        document = json.loads(stored.document)
        return {
            str(key): value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in document.items()
        }

    def moments(
        self, kinds: tuple[str, ...], since_unix_ns: int, limit: int = 20_000
    ) -> tuple[tuple[int, Moment], ...]:
        return tuple((event.piece, _moment(event)) for event in self._screens.events(kinds, since_unix_ns, limit))

    def _piece(self, row: tuple[int, int, str, str, int]) -> PieceView:
        uid, tray, job, state, seq = row
        event = self._screens.event(seq)
        told = self._screens.piece_story(uid)
        case = self.case(letter_of(uid))
        return PieceView(
            uid=uid,
            batch=batch_of(uid),
            letter=letter_of(uid),
            state=state,
            tray=tray,
            job=job,
            at_unix_ns=event.at_unix_ns if event else 0,
            reason=told.reason,
            case_id=case.get("case_id", ""),
            item_id=told.item,
        )


def _sent(found: OperatorCommand) -> Sent:
    return Sent(found.id, found.line, found.name, found.badge, found.arguments, found.at_unix_ns, found.outcome)


def _data(event: Event) -> dict[str, Any]:
    told = json.loads(event.data)
    return {key: value for key, value in told.items() if key not in _NEVER_SHOWN} if isinstance(told, dict) else {}


def _moment(event: Event) -> Moment:
    subject = {"batch": event.batch, "tray": event.tray, "letter": event.letter}.get(event.kind.partition(".")[0], 0)
    return Moment(event.seq, event.at_unix_ns, event.kind, _data(event), subject, event.job)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
