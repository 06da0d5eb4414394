"""SIMULATED 模拟: the people at the line when nobody is there. Only ever used with a simulated line.

They do what the screens would have them do, through the same inbox, with two badges of their own: start and resume the line, scan what
was rejected, have trays audited, destroy what is void before two persons, close trays and the batch. They read the line's book, as people
read the screens; they never write into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.line.actions import Answer, Reply
from controller.line.book import PieceEntry, TrayEntry
from controller.line.core import LineCore
from controller.model import ControlMark, PieceUid, parse_piece_name, piece_name
from controller.runner.floor_tasks import OPEN_TRAYS, has_run
from controller.runner.scanner import ScannerLine
from controller.runner.zone_scan import ZoneScan
from controller.service.commands import Command
from controller.states import BatchState, JobState, LetterState, PackState, PieceState

BADGE, SECOND = "SIM-1", "SIM-2"
ANSWER_S = 5.0
"""An unanswered command is asked again after this."""
RETRY_S = 1.0
QUIET_S = 1.2
"""No scan for so long: everything that was rejected has been brought and scanned."""
UNFOUND_S = 4.0
"""Taken out of the machine, and not scanned by then: it will not be."""
LOST_JOB_S = 12.0
"""A doubtful job whose paper has not come by then will not come."""
LOST_STACK_S = 20.0
"""Printed, says the queue, the feeder is empty, and no stack of it by then: burnt, soaked, or carried elsewhere."""

_PIECE_NAME: Final = re.compile(r"\d{6}-\d{7}-\d{2}")
_WAITING_STATES: Final = frozenset(
    {PackState.HELD, PackState.ABORTED, PackState.STOPPED, PackState.IDLE, PackState.COMPLETE}
)
_ON_THE_WAY: Final = frozenset(
    {
        PieceState.SUBMITTED,
        PieceState.PRINTED,
        PieceState.IN_FEED,
        PieceState.COLLATED,
        PieceState.VERIFIED,
        PieceState.PASS_GRANTED,
    }
)

Ask = Callable[[str, Mapping[str, object], str], int]
"""Name, arguments, badge."""


@dataclass(slots=True)
class SimulatedOperator:
    """Looks at the line about ten times a second. ``ask`` writes a command into the inbox and returns its number."""

    core: LineCore
    scanner: ScannerLine
    ask: Ask
    batch: int
    zone: ZoneScan
    speed: float = 1.0
    scans: int = 0
    last_scan_s: float = 0.0
    _waiting: dict[str, tuple[int, float]] = field(default_factory=dict)
    _auditing: int = 0
    _auditor: str = BADGE
    _scanning: bool = False
    _audit_started_s: float = 0.0
    _audit_scans: list[str] = field(default_factory=list)
    _in_hand: set[int] = field(default_factory=set)
    _quiet_since_s: float = 0.0
    _zone_since_s: float = 0.0
    _fed_s: float = 0.0

    # -- one look ----------------------------------------------------------------------------------------------------------

    def look(self, now_s: float, replies: list[Reply]) -> None:
        """Take answers and scans, then do the next useful thing."""
        for reply in replies:
            self._answered(reply, now_s)
        for scan in self.scanner.take():
            self.last_scan_s = now_s
            self.scans += 1
            self._scanned(scan, now_s)
        if not self.core.line.link:
            return
        self._mind_trays(now_s)
        self._mind_machine(now_s)
        self._mind_stacks(now_s)
        self._destroy(now_s)

    def finish(self, now_s: float) -> bool:
        """Called when no paper is under way: search, close trays, account, close the batch. True when nothing is left to do here."""
        if not self._is_quiet(now_s):
            return False
        book = self.core.book
        if self._unfound():
            self._once("search", Command.SEARCH_ENDED, {"batch": self.batch}, now_s)
            return False
        if any(True for _ in book.needs_attempt(self.batch)):
            return False
        for tray in book.trays.values():
            if tray.state in OPEN_TRAYS and (tray.pieces or tray is not self.core.line.tray) and not tray.holds:
                self._once(f"close:{tray.number}", Command.TRAY_CLOSE, {"tray": tray.number}, now_s)
                return False
        if self._account_for_missing(now_s):
            return False
        entry = book.batches[self.batch]
        if any(letter.state == LetterState.HELD for letter in entry.letters):
            return (
                True  # two real persons must decide about them; nobody simulated does, and nothing else is left to do
            )
        if entry.state == BatchState.OPEN:
            self._once("batch", Command.BATCH_CLOSE, {"batch": self.batch}, now_s)
            return False
        return True

    def unsettled(self, now_s: float) -> bool:
        """Whether something rejected is still to be brought, scanned or searched for, so that planning a reprint would be early."""
        return not self._is_quiet(now_s) or bool(self._unfound())

    def paper_is_through(self, now_s: float) -> bool:
        """Whether every print job's stack has run and nothing is left inside the machine."""
        line = self.core.line
        busy = line.inside or line.feed.waiting or self._auditing
        jobs = [job for job in self.core.book.jobs.values() if job.state != JobState.CANCELLED]
        if busy or not all(has_run(job) for job in jobs):
            self._quiet_since_s = now_s
            return False
        late = any(not job.stacks for job in jobs)
        return now_s - self._quiet_since_s >= (LOST_JOB_S if late else QUIET_S)

    # -- scans -------------------------------------------------------------------------------------------------------------

    def _scanned(self, scan: str, now_s: float) -> None:
        if scan.startswith("TRAY "):
            self._scanning, self._audit_scans = True, []
        elif scan.startswith("COUNT "):
            self._scanning = False
            arguments = {"tray": self._auditing, "payloads": self._audit_scans, "counted": int(scan[6:])}
            self._once(f"audit:{self._auditing}", Command.TRAY_AUDIT, arguments, now_s, self._auditor)
        elif self._scanning:
            self._audit_scans.append(scan)
        elif scan.isdigit():
            self._take_in_hand(scan)
        elif found := _PIECE_NAME.search(scan):
            arguments = {"uid": parse_piece_name(found[0]), "reason": "mark unreadable", "second_badge": SECOND}
            self._in_hand.add(parse_piece_name(found[0]))
            self.ask(Command.CUSTODY_TYPED, arguments, BADGE)

    def _take_in_hand(self, payload: str) -> None:
        if len(payload) == 36:
            self._in_hand.add(int(payload[1:16]))
        self.ask(Command.CUSTODY_SCAN, {"payload": payload, "reason": "rejected"}, BADGE)

    # -- machine and trays -------------------------------------------------------------------------------------------------

    def _mind_machine(self, now_s: float) -> None:
        line = self.core.line
        # A tray that went without having been replaced on the screen is on HOLD: another takes its place, and it is looked through.
        none_there = line.tray is None or (not line.tray_present and line.state != PackState.EXECUTE)
        if none_there and self.core.book.batches[self.batch].state == BatchState.OPEN:
            if not self._auditing and not self._closing():
                number = max(self.core.book.trays, default=0) + 1
                self._once("tray", Command.TRAY_OPEN, {"tray": number}, now_s)
            return
        waits = PackState(line.state) in _WAITING_STATES and not line.want_execute
        if not self.zone.left:
            self._zone_since_s = now_s
        if not waits or now_s - self.last_scan_s <= QUIET_S / self.speed:
            return
        if not self.zone.left:
            self._once("resume", Command.RESUME, {}, now_s)

        elif now_s - max(self._zone_since_s, self.last_scan_s) > UNFOUND_S:
            # What was taken out does not turn up (thrown away, put into a tray): the floor is searched, the tray on HOLD is looked through.
            self._once("search", Command.SEARCH_ENDED, {"batch": self.batch}, now_s)

    def _mind_stacks(self, now_s: float) -> None:
        """Give up, before two persons, a printed job whose paper never comes: its letters are printed again."""
        line = self.core.line
        jobs = [job for job in self.core.book.jobs.values() if job.state != JobState.CANCELLED and not has_run(job)]
        if (
            not jobs
            or not self._fed_s
            or line.inside
            or line.feed.waiting
            or any(job.state != JobState.COMPLETED for job in jobs)
        ):
            self._fed_s = now_s
        elif now_s - self._fed_s >= LOST_STACK_S:
            arguments = {"job": jobs[0].name, "reason": "SIMULATED: its stack never came", "second_badge": SECOND}
            self._once(f"give-up:{jobs[0].name}", Command.GIVE_UP_JOB, arguments, now_s)

    def _closing(self) -> bool:
        letters = self.core.book.batches[self.batch].letters
        return all(
            letter.state != LetterState.OPEN or (letter.live and letter.live.state == PieceState.IN_TRAY)
            for letter in letters
        )

    def _mind_trays(self, now_s: float) -> None:
        line = self.core.line
        for tray in self.core.book.trays.values():
            if tray.state not in OPEN_TRAYS:
                continue
            if tray is line.tray and len(tray.pieces) >= line.config.tray_capacity:
                self._once("tray", Command.TRAY_OPEN, {"tray": max(self.core.book.trays) + 1}, now_s)
            elif tray.holds:
                self._settle_hold(tray, now_s)
                return
            elif tray is not line.tray and not tray.under_way:
                self._once(f"close:{tray.number}", Command.TRAY_CLOSE, {"tray": tray.number}, now_s)

    def _settle_hold(self, tray: TrayEntry, now_s: float) -> None:
        """A tray on HOLD is looked through envelope by envelope, after another has taken its place at the exit."""
        line = self.core.line
        if tray is line.tray:
            if line.state in (PackState.EXECUTE, PackState.SUSPENDED):
                self._once("tray", Command.TRAY_OPEN, {"tray": max(self.core.book.trays) + 1}, now_s)
        elif tray.under_way:
            return
        elif not self._auditing:
            self._auditing, self._audit_started_s = tray.number, now_s
            if not self.scanner.show(f"AUDIT {tray.number}"):
                self._auditing = 0
        elif now_s - self._audit_started_s > 60.0 + len(tray.pieces) * 0.5:
            self._auditing = 0

    # -- the end of paper --------------------------------------------------------------------------------------------------

    def _destroy(self, now_s: float) -> None:
        """Shred, before two persons, what is void and in hand; copies too."""
        if self._auditing:
            return
        for uid in list(self._in_hand):
            piece = self.core.book.pieces.get(uid)
            if piece is None:
                self._in_hand.discard(uid)
            elif piece.state == PieceState.VOID or piece.copies > piece.copies_gone:
                self._once(f"destroy:{uid}", Command.DESTROY, {"uid": uid, "second_badge": SECOND}, now_s)
            elif piece.state in (PieceState.DESTROYED, PieceState.LOST):
                self._in_hand.discard(uid)

    def _unfound(self) -> list[PieceEntry]:
        states = (PieceState.SUSPECT, PieceState.SUBMITTED, PieceState.PRINTED)
        return [piece for piece in self.core.book.batches[self.batch].pieces if piece.state in states]

    def _account_for_missing(self, now_s: float) -> bool:
        """Two persons answer for what cannot be found; True while something is still open."""
        for piece in self.core.book.batches[self.batch].pieces:
            missing = piece.state in (PieceState.VOID, PieceState.DIVERTED) or piece.copies > piece.copies_gone
            if missing and piece.uid not in self._in_hand:
                arguments = {"uid": piece.uid, "reason": "SIMULATED: searched, not found", "second_badge": SECOND}
                self._once(f"lost:{piece.uid}", Command.DECLARE_LOST, arguments, now_s)
                return True
            if missing:
                return True
        return False

    # -- commands ----------------------------------------------------------------------------------------------------------

    def _is_quiet(self, now_s: float) -> bool:
        return now_s - self.last_scan_s > QUIET_S and not self._auditing

    def _once(
        self, key: str, command: Command, arguments: Mapping[str, object], now_s: float, badge: str = BADGE
    ) -> None:
        """Ask, unless the same thing was asked and is not answered, or was answered a moment ago."""
        asked = self._waiting.get(key)
        if asked is None or now_s - asked[1] > ANSWER_S:
            self._waiting[key] = (self.ask(str(command), arguments, badge), now_s)

    def _answered(self, reply: Reply, now_s: float) -> None:
        key = next((key for key, (number, _) in self._waiting.items() if number == reply.command), None)
        if key is None:
            return
        # Answered: the same may be asked again after a pause, should it still be needed.
        self._waiting[key] = (0, now_s - ANSWER_S + RETRY_S)
        if key.startswith("audit:"):
            del self._waiting[key]
            self._auditing = 0
            # What one person counted and did not find, another counts again.
            self._auditor = SECOND if reply.why == "recount-by-another" and self._auditor == BADGE else BADGE
            if reply.answer is Answer.REFUSED and reply.why == "pull-first":
                self._pull(reply.subjects)

    def _pull(self, names: tuple[str, ...]) -> None:
        for name in names:
            if not _PIECE_NAME.fullmatch(name):
                continue
            uid = parse_piece_name(name)
            piece = self.core.book.pieces.get(uid)
            sheets = piece.sheets if piece else 1
            self.scanner.show(f"PULL {ControlMark(PieceUid(uid), 1, sheets).encode(self.core.line.config.key)}")


def waiting_for(operator: SimulatedOperator) -> list[str]:
    """Name the pieces on the way, for a message when a run does not come to its end."""
    batch = operator.core.book.batches[operator.batch]
    return [f"{piece_name(piece.uid)} {piece.state}" for piece in batch.pieces if piece.state in _ON_THE_WAY]
