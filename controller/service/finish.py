"""The expected finish of every open batch, learned from the ledger; worked out at most every few seconds, however many screens ask."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from controller.model import batch_of, letter_of
from controller.service.estimate import WINDOW_S, Estimate, Out, estimate
from controller.service.views import OUT_STATES, BatchView, LedgerDoor

FRESH_S: Final = 5.0
EVENTS_MAX: Final = 200_000
BATCHES_KEPT: Final = 16
_KINDS: Final = ("job.planned", "piece.in-tray")
_UNDECIDED: Final = frozenset({"PLANNED", "RENDERED", "SUBMITTED", "PRINTED", "IN_FEED", "COLLATED", "VERIFIED", "PASS_GRANTED"})  # fmt: skip


@dataclass(slots=True)
class _Learned:
    """What was read of one batch so far: sheets of each letter, pieces that fell into a tray, and up to which event."""

    sheets: dict[int, int] = field(default_factory=dict)
    arrived: set[int] = field(default_factory=set)
    out: list[Out] = field(default_factory=list)
    seq: int = 0
    at_unix_ns: int = 0
    asked_s: float = 0.0
    guess: Estimate | None = None


class Finish:
    """Safe from many threads. ``clock`` gives seconds since 1970."""

    def __init__(self, door: LedgerDoor, clock: Callable[[], float]) -> None:
        self._door, self._clock = door, clock
        self._lock = threading.Lock()
        self._known: dict[int, _Learned] = {}

    def of(self, batch: BatchView) -> Estimate | None:
        """Return when ``batch`` will be finished; None when it is closed, or when too little came out to learn from."""
        if batch.state != "OPEN":
            return None
        with self._lock:
            now = self._clock()
            if batch.batch not in self._known and len(self._known) >= BATCHES_KEPT:
                self._known.clear()
            learned = self._known.setdefault(batch.batch, _Learned())
            if not 0 <= now - learned.asked_s < FRESH_S:
                learned.asked_s = now
                self._read(batch, learned)
                learned.guess = _guess(batch, learned, int(now * 1e9))
            return learned.guess

    def _read(self, batch: BatchView, learned: _Learned) -> None:
        """Read on where the last reading ended."""
        since = max(batch.since_unix_ns, learned.at_unix_ns)
        for uid, moment in self._door.moments(_KINDS, since, EVENTS_MAX):
            if moment.seq <= learned.seq:
                continue
            learned.seq, learned.at_unix_ns = moment.seq, moment.at_unix_ns
            if moment.kind == "job.planned":
                planned = ((letter_of(piece), sheets) for piece, sheets, _ in _pieces(moment.data))
                learned.sheets.update((letter, sheets) for letter, sheets in planned if letter // 10**7 == batch.batch)
            elif batch_of(uid) == batch.batch:
                letter = letter_of(uid)
                learned.arrived.add(letter)
                learned.out.append(Out(moment.at_unix_ns, learned.sheets.get(letter, 1)))
        oldest = learned.at_unix_ns - WINDOW_S * 10**9
        learned.out = [one for one in learned.out if one.at_unix_ns >= oldest]


def _guess(batch: BatchView, learned: _Learned, now_ns: int) -> Estimate | None:
    arrived = sum(batch.pieces.get(state, 0) for state in OUT_STATES)
    decided = sum(count for state, count in batch.pieces.items() if state not in _UNDECIDED)
    count = max(batch.letters_total - batch.letters.get("CANCELLED", 0) - batch.letters.get("HELD", 0) - arrived, 0)
    return estimate(learned.out, _left(learned, count), (decided - arrived) / max(arrived, 1), now_ns)


def _left(learned: _Learned, count: int) -> Mapping[int, float]:
    """Return ``count`` letters by their sheets: as those that are planned and not yet in a tray; the unplanned are taken to be like them."""
    waiting = Counter(sheets for letter, sheets in learned.sheets.items() if letter not in learned.arrived)
    like = waiting or Counter(learned.sheets.values()) or Counter({1: 1})
    return {sheets: count * share / like.total() for sheets, share in like.items()}


def _pieces(data: Mapping[str, Any]) -> list[tuple[int, int, str]]:
    pieces = data.get("pieces", [])
    return [tuple(piece) for piece in pieces] if isinstance(pieces, list) else []
