"""Make the core of a line again from its ledger, after a crash or a planned stop. Pure: it is handed the states and the events.

The states say what everything is; the *notes* (every event that is not about a single piece or letter, a few per print job)
say what pieces belong together; the *recent* events say which grants the machine may still have to report on.
Whoever restores a core must then tell it `events.Restarted` before anything else.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, Final

from controller.ledger.records import Event
from controller.ledger.store import Standing
from controller.line.book import BatchEntry, Book, JobEntry, LetterEntry, PieceEntry, TrayEntry
from controller.line.core import LineCore
from controller.line.rules import zone
from controller.line.state import LineConfig
from controller.model import Divert
from controller.states import LIVE, PieceState, TrayState

BULK_PREFIXES: Final = ("piece.", "letter.")
"""Kinds that are not notes: all they say is in the states."""
HEARD_KIND: Final = "line.heard"
"""Says up to which event the machine has been heard, written with every commit before the machine may forget those events."""
RECENT_EVENTS: Final = 4_096
"""So many newest events hold every grant that a machine's ring (1,024 events) can still report on."""

_LISTED: Final = frozenset({PieceState.IN_TRAY, PieceState.RELEASED, PieceState.ACCEPTED})
_NOT_YET_FED: Final = frozenset(
    {PieceState.PLANNED, PieceState.RENDERED, PieceState.SUBMITTED, PieceState.PRINTED, PieceState.NEVER_PRINTED}
)


def is_note(kind: str) -> bool:
    """Return whether an event of this kind is needed to restore a core beside the state rows."""
    return not kind.startswith(BULK_PREFIXES)


def restore(
    config: LineConfig, standing: AbstractContextManager[Standing], notes: Iterable[Event], recent: Iterable[Event]
) -> LineCore:
    """Return a core that knows what the ledger knows.

    ``standing`` gives the state of everything, ``notes``: every event for which `is_note`, in order; ``recent``: the newest `RECENT_EVENTS` events, in order.
    """
    collecting = gc.isenabled()
    gc.disable()  # millions of entries that all stay: looking through them again and again costs more than making them
    try:
        with standing as now:
            return _restored(config, now, notes, recent)
    finally:
        if collecting:
            gc.enable()


def _restored(config: LineConfig, now: Standing, notes: Iterable[Event], recent: Iterable[Event]) -> LineCore:
    book = Book()
    book.batches = {number: BatchEntry(number, state) for number, state in now.batches.items()}
    book.trays = {number: TrayEntry(number, state) for number, state in now.trays.items()}
    entries, batch, of_batch = book.letters, 0, list[LetterEntry]()
    for letter, state in now.letters:
        if letter // 10_000_000 != batch:
            batch = letter // 10_000_000
            of_batch = book.batches[batch].letters
        entry = entries[letter] = LetterEntry(letter, batch, state)
        of_batch.append(entry)
    core = LineCore(config, book)
    for event in notes:
        apply = _NOTES.get(event.kind)
        if apply is not None:
            apply(core, event, json.loads(event.data), now)
    pieces = book.pieces
    for uid, number, state in now.pieces:
        piece = pieces[uid]
        piece.state = state
        if state in LIVE:
            piece.letter.live = piece
        if state not in _NOT_YET_FED:
            _seen_and_fallen(book, piece, number)
    for tray in book.trays.values():
        tray.edges = len(tray.pieces)
    in_place = core.line.tray
    if in_place is not None and in_place.state not in (TrayState.OPEN, TrayState.AUDIT):
        core.line.tray = None
    _recall_grants(core, recent)
    return core


def _job_planned(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    book = core.book
    job = book.jobs[event.job] = JobEntry(event.job, event.batch, now.jobs[event.job])
    letters, pieces = book.letters, book.pieces
    for index, (uid, sheets, item_id) in enumerate(data["pieces"]):
        letter = letters[uid // 100]
        piece = pieces[uid] = PieceEntry(uid, sheets, item_id, letter, job, index)
        letter.pieces.append(piece)
        job.pieces.append(piece)
    book.batches[event.batch].pieces += job.pieces


def _seen_and_fallen(book: Book, piece: PieceEntry, number: int) -> None:
    """Enter what is known of a piece whose paper has been at the cameras."""
    piece.tray = number
    piece.granted = number != 0
    # Which of several sheets were seen is not on the books; the first was. The others may still be in the feeder.
    piece.seen = 1 << 1 if piece.state == PieceState.IN_FEED and piece.sheets > 1 else -1
    if piece.state in _LISTED:
        tray = book.trays.get(number)
        if tray is not None:
            tray.pieces[piece.uid] = piece


def _stack_ended(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    if data["job"]:
        core.book.jobs[data["job"]].stacks += 1
    else:
        core.book.stacks_unknown += 1


def _search_ended(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.book.stacks_unknown = 0


def _tray_opened(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.line.tray = core.book.trays[event.tray]


def _hold_placed(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.book.trays[event.tray].holds.add(data["reason"])


def _hold_lifted(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.book.trays[event.tray].holds.discard(data["reason"])


def _copy_seen(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    piece = core.book.pieces[event.piece]
    piece.copies += 1
    piece.copy_k = data["sheet"]
    piece.duplicate = True


def _copy_gone(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.book.pieces[event.piece].copies_gone += 1


def _sheet_missing(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.book.pieces[event.piece].sheets_gone = data["destroyed"]


def _sheet_lost(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    piece = core.book.pieces[event.piece]
    piece.sheets_gone = piece.sheets


def _recalled(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.book.letters[data["letter"]].recalled = True


def _epoch(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    core.line.epoch = data["epoch"]
    core.line.feed.last_no = 0


def _feed_limit(core: LineCore, event: Event, data: dict[str, Any], now: Standing) -> None:
    # The machine cannot have fed beyond its limit: the next limit must lie beyond that.
    core.line.feed.last_no = data["sheet"]


_NOTES: Final[dict[str, Callable[[LineCore, Event, dict[str, Any], Standing], None]]] = {
    "job.planned": _job_planned,
    "stack.ended": _stack_ended,
    "search.ended": _search_ended,
    "tray.opened": _tray_opened,
    "hold.placed": _hold_placed,
    "hold.lifted": _hold_lifted,
    "copy.seen": _copy_seen,
    "copy.destroyed": _copy_gone,
    "copy.lost": _copy_gone,
    "sheet.missing": _sheet_missing,
    "sheet.lost": _sheet_lost,
    "recall.too-late": _recalled,
    "line.epoch": _epoch,
    "line.feed-limit": _feed_limit,
}


def _recall_grants(core: LineCore, recent: Iterable[Event]) -> None:
    """Find the last machine event that was settled, and the grants of this epoch that the ring may still conclude."""
    line = core.line
    for event in recent:
        if event.kind == "line.epoch":
            line.seq = 0
        elif event.kind == HEARD_KIND:
            line.seq, line.seq_known = json.loads(event.data)["seq"], True
        elif event.kind in ("piece.in-tray", "piece.diverted"):
            line.seq = max(line.seq, json.loads(event.data).get("seq", 0))
        elif event.kind == "piece.granted":
            data = json.loads(event.data)
            zone.resume_granted(line, data["epoch"], data["no"], event.piece)
        elif event.kind == "piece.exit-unknown" and json.loads(event.data)["why"] != Divert.RESTART:
            # Why it was doubted (a cover, a hand, lost events) outlives the controller: the eyes cannot settle it any more.
            for doubted in line.inside.values():
                if doubted.owner is not None and doubted.owner.uid == event.piece:
                    doubted.hands = True
        elif event.kind == "line.other-tray":
            envelope = line.inside.get(json.loads(event.data)["no"])
            if envelope is not None and envelope.owner is not None and envelope.owner.uid == event.piece:
                envelope.tray = event.tray
