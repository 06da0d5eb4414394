"""The ledger itself: append, verify, rebuild. One object for one writing thread; it stops for good at the first fault.

Order of an append: read and lock the head, check the lease, load the states spoken of, apply the state tables (an illegal event is
refused here, before anything is written), hash, write all, commit, then the witness. Only after `append` returned may paper move.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Final

from controller.ledger import chain, projection
from controller.ledger.checkpoint import Checkpoint, Witness, confirm
from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.lease import Lease
from controller.ledger.projection import Advance, States
from controller.ledger.records import Event, Record
from controller.ledger.store import Finished, Store

DISK_RESERVE_BYTES: Final = 256 * 1024 * 1024
"""Below this the ledger stops while there is still room to write down why."""
CHECKPOINT_EVERY_EVENTS: Final = 500
VERIFY_AT_OPEN_EVENTS: Final = 100_000
"""Checked before the first append, in less than a second; `Ledger.verify_older` checks the others while the line works already."""
OLDER_AT_ONCE_EVENTS: Final = 2_000
OLDER_AFTER_S: Final = 10.0
"""A restarted line is on its way back to Idle for so long; older events can wait, whoever restores the line's core cannot."""
OLDER_PAUSE_S: Final = 0.02
"""Between two stretches of older events, so that whoever decides for the line never waits for more than some milliseconds."""
WITNESS_RETRY_EVENTS: Final = 50
WITNESS_PATIENCE_NS: Final = 8 * 3_600 * 10**9
"""A witness on another disk may be away for so long while production goes on (fault matrix row 50)."""
STATES_CACHED_MAX: Final = 400_000


class Ledger:
    """An append-only, hash-chained record with the states that follow from it."""

    def __init__(
        self,
        store: Store,
        advance: Advance,
        *,
        witness: Witness | None = None,
        witness_patience_ns: int = 0,
        disk_reserve_bytes: int = DISK_RESERVE_BYTES,
        verify_events: int | None = VERIFY_AT_OPEN_EVENTS,
    ) -> None:
        """Open the ledger in ``store`` and check it: its newest ``verify_events`` events (None: all) and the witness.

        ``witness_patience_ns``: how long the witness may be away before the ledger stops. 0 for one beside the ledger: what fails
        there is the ledger's own disk.

        Raises:
            LedgerFault: CHAIN with the altered event, ROLLBACK when the witness saw more, STORAGE, DISK_RESERVE.
        """
        self.store = store
        self.fault: LedgerFault | None = None
        self._advance = advance
        self.witness_away = ""
        """Why the witness cannot be written at present, "" when it can."""
        self._witness = witness
        self._patience_ns = witness_patience_ns
        self._away_since_ns = self._at_ns = self._tried_seq = 0
        self._reserve_bytes = disk_reserve_bytes
        self._lock = threading.Lock()
        self._resident = store.resident is not None
        self._known: States = projection.empty() if store.resident is None else store.resident
        with store.writing() as writing:
            self.seq, self.hash = writing.head()
        self._witnessed_seq = 0
        self._check_disk()
        first = 1 if verify_events is None else max(1, self.seq - verify_events + 1)
        self.verify(first)
        self._checked_from = first
        self._older: threading.Thread | None = None
        self._closing = threading.Event()
        self._confirm_witness()

    def append(
        self,
        records: Sequence[Record],
        at_unix_ns: int,
        *,
        lease: Lease | None = None,
        finished: Sequence[tuple[int, str]] = (),
    ) -> int:
        """Make ``records`` durable, all or none, in order; return the seq of the last event.

        ``finished`` are operator commands of the inbox that are done by this, with their outcome as JSON.

        Raises:
            LedgerFault: it did not become durable, or nobody can know; the line must stop.
            Whatever the state tables raise for an illegal event: nothing was written, the ledger goes on.
        """
        with self._lock:
            if self.fault is not None:
                raise self.fault
            if not records and not finished:
                return self.seq
            self._at_ns = at_unix_ns
            try:
                self._check_disk()
                if self.witness_away and self._patience_is_over():
                    self.witness()  # back by now, or nothing more is written
                self._append(records, at_unix_ns, lease, finished)
            except LedgerFault as fault:
                self.fault = fault
                raise
            return self.seq

    def _append(
        self, records: Sequence[Record], at_unix_ns: int, lease: Lease | None, finished: Sequence[tuple[int, str]]
    ) -> None:
        with self.store.writing() as writing:
            seq, last_hash = writing.head()
            if lease is not None:
                newest = writing.lease_epoch(lease.line)
                if newest != lease.epoch:
                    raise LedgerFault(
                        FaultCode.FENCED,
                        f"line {lease.line!r} was taken over by another controller (epoch {newest}, ours {lease.epoch})",
                    )
            if seq != self.seq and not self._resident:
                # Another process wrote since: what we remember may be old.
                self._known = projection.empty()
            if not self._resident:
                for noun, keys in projection.subjects(records, self._known).items():
                    self._known[noun].update(writing.states(noun, keys))
            events = chain.extend(last_hash, seq + 1, at_unix_ns, records)
            changed = projection.fold(events, self._known, self._advance)
            last_seq = seq + len(events)
            done: list[Finished] = [(command_id, outcome, last_seq) for command_id, outcome in finished]
            writing.put(events, changed, done)
        self.seq = last_seq
        self.hash = events[-1].hash if events else last_hash
        if not self._resident:
            self._remember(changed)
        wait = WITNESS_RETRY_EVENTS if self.witness_away else CHECKPOINT_EVERY_EVENTS
        due = self.seq - max(self._witnessed_seq, self._tried_seq) >= wait
        if self._witness is not None and (due or any(record.kind == "tray.closed" for record in records)):
            self.witness()

    def _remember(self, changed: States) -> None:
        if sum(map(len, self._known.values())) > STATES_CACHED_MAX:
            self._known = projection.empty()
        for noun, rows in changed.items():
            self._known[noun].update(rows)

    def catch_up(self) -> bool:
        """Take in and check what another process wrote since this ledger was opened; return whether there was anything.

        Raises:
            LedgerFault: CHAIN, as `verify`.
        """
        with self._lock:
            with self.store.writing() as writing:
                seq, last_hash = writing.head()
            if seq == self.seq:
                return False
            first, self.seq, self.hash = self.seq + 1, seq, last_hash
            if not self._resident:
                self._known = projection.empty()
        self.verify(first)
        return True

    def state(self, noun: str, key: projection.Key) -> str | None:
        """Return the state of one letter, piece, tray, batch or print job as this ledger last knew it; None when there is none."""
        row = self._known[noun].get(key)
        if row is None:
            with self._lock, self.store.writing() as writing:
                row = writing.states(noun, [key]).get(key)
        return None if row is None else str(row[-2])

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[Event]:
        """Yield the events of that range in order."""
        return self.store.read(first_seq, last_seq)

    def read_notes(self) -> Iterator[Event]:
        """Yield, in order, the events that are not about a single piece or letter (print jobs, trays, holds, copies, the line)."""
        return self.store.read_notes()

    def witness(self) -> None:
        """Write the witnessed checkpoint now; done by itself every few hundred events and when a tray closes. Call it when the line stops.

        A witness on another disk may be away for a while: `witness_away` says so, and it is tried again with later events.

        Raises:
            LedgerFault: STORAGE when it could not be written and its patience is at an end.
        """
        if self._witness is None or not self.seq:
            return
        self._tried_seq = self.seq
        try:
            self._witness.write(Checkpoint(self.store.ledger_id, self.seq, self.hash))
        except LedgerFault as fault:
            self._away_since_ns = self._away_since_ns or self._at_ns
            if self._patience_is_over():
                raise
            self.witness_away = str(fault)
        else:
            self._witnessed_seq, self._away_since_ns, self.witness_away = self.seq, 0, ""

    def _patience_is_over(self) -> bool:
        return self._at_ns - self._away_since_ns >= self._patience_ns

    def verify(
        self, first_seq: int = 1, last_seq: int | None = None, progress: Callable[[int], None] | None = None
    ) -> int:
        """Check the chain over that range as it is stored now; return how many events were checked.

        Safe from another thread. When it finds damage the ledger is stopped for its writer too.

        Raises:
            LedgerFault: CHAIN with the first event that is missing or altered.
        """
        last = self.seq if last_seq is None else last_seq
        if last < first_seq:
            return 0
        try:
            previous = chain.genesis(self.store.ledger_id)
            if first_seq > 1:
                before = next(self.store.read(first_seq - 1, first_seq - 1), None)
                if before is None:
                    raise LedgerFault(FaultCode.CHAIN, f"event {first_seq - 1} is missing", seq=first_seq - 1)
                previous = before.hash
            events: Iterator[Event] = self.store.read(first_seq, last)
            if progress is not None:
                events = _reported(events, progress)
            reached, end = chain.check(previous, first_seq, events)
            if reached < last:
                raise LedgerFault(FaultCode.CHAIN, f"event {reached + 1} is missing, and all after it", seq=reached + 1)
            if last == self.seq and end != self.hash:
                raise LedgerFault(FaultCode.CHAIN, f"event {last} is not the one the head names", seq=last)
        except LedgerFault as fault:
            self.fault = fault
            raise
        return last - first_seq + 1

    def verify_older(self) -> None:
        """Begin to check, in a thread, the events that were not checked at opening; damage stops the ledger as `verify` does."""
        if self._checked_from > 1 and self._older is None:
            self._older = threading.Thread(target=self._verify_older, name="ledger-verify", daemon=True)
            self._older.start()

    def _verify_older(self) -> None:
        if self._closing.wait(OLDER_AFTER_S):
            return
        for first in range(1, self._checked_from, OLDER_AT_ONCE_EVENTS):
            try:
                self.verify(first, min(first + OLDER_AT_ONCE_EVENTS, self._checked_from) - 1)
            except LedgerFault:
                return  # `verify` has stopped the ledger; whoever appends next is told
            if self._closing.wait(OLDER_PAUSE_S):
                return

    def replay(self) -> States:
        """Return the states that follow from the events alone."""
        return projection.fold(self.read(1, self.seq), projection.empty(), self._advance)

    def check_states(self) -> None:
        """Compare the state columns with a replay.

        Raises:
            LedgerFault: STATES, naming the first row that differs.
        """
        replayed, stored = self.replay(), self.store.all_states()
        for noun in projection.NOUNS:
            if replayed[noun] == stored[noun]:
                continue
            keys = replayed[noun].keys() | stored[noun].keys()
            key = min(key for key in keys if replayed[noun].get(key) != stored[noun].get(key))
            raise LedgerFault(
                FaultCode.STATES,
                f"{noun} {key} is stored as {stored[noun].get(key)}, but its events say {replayed[noun].get(key)}",
            )

    def rebuild(self) -> States:
        """Write the state columns anew from the events; return them."""
        states = self.replay()
        with self._lock:
            self.store.replace_states(states)
            if not self._resident:
                self._known = projection.empty()
            elif self.store.resident is not None:
                self._known = self.store.resident
        return states

    def close(self) -> None:
        """Write the witness and release the store; idempotent."""
        self._closing.set()
        if self._older is not None:
            self._older.join()
            self._older = None
        if self.fault is None:
            self.witness()
        self.store.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_disk(self) -> None:
        free = self.store.free_bytes()
        if free is not None and free < self._reserve_bytes:
            raise LedgerFault(
                FaultCode.DISK_RESERVE,
                f"only {free // 2**20} MB are free where the ledger is written; the reserve is {self._reserve_bytes // 2**20} MB. Free space, then start again",
            )

    def _confirm_witness(self) -> None:
        if self._witness is None:
            return
        seen = self._witness.read()
        if seen is None:
            return
        at_checkpoint = next(self.store.read(seen.seq, seen.seq), None) if seen.seq <= self.seq else None
        confirm(seen, self.store.ledger_id, self.seq, at_checkpoint.hash if at_checkpoint else None)
        self._witnessed_seq = seen.seq


def _reported(events: Iterator[Event], progress: Callable[[int], None]) -> Iterator[Event]:
    for event in events:
        if event.seq % 10_000 == 0:
            progress(event.seq)
        yield event
