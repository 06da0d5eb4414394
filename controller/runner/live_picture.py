"""The live picture of the line for the screens, drawn from what the shell knows. Overwritten, never evidence."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from controller.ledger.records import Record
from controller.line import events
from controller.line.actions import Alarm
from controller.line.core import LineCore
from controller.line.state import Bypass, LinePiece
from controller.runner.alarm_words import on_screen
from controller.runner.eye_care import EyeCare
from controller.runner.floor_tasks import floor_tasks
from controller.runner.print_room import PrintRoom
from controller.runner.zone_scan import ZoneScan
from controller.service import live
from controller.service.live import (
    TREND_POINTS_MAX,
    BeltPiece,
    Camera,
    LiveSnapshot,
    Machine,
    Press,
    QueuedJob,
    RecentVerdict,
    Task,
    TaskKind,
)
from controller.states import PackState

VERDICTS_SHOWN = 40
JOBS_SHOWN = 12
RATE_WINDOW_S = 60.0
READS_COUNTED = 500
READS_PER_POINT = 25
CAMERAS = {1: "C1", 2: "C2"}
COUNT_EVERY_S = 1.0
"""All pieces of a batch are counted by state so often: at 50,000 pieces a count takes milliseconds of the line's own thread."""
TELLS_AT_ONCE = ("tray.", "hold.", "batch.", "search.", "line.state")
"""Rare records after which something else is to be done: then the pieces are counted at once."""
ABOUT_A_TRAY = frozenset({TaskKind.PUT_TRAY, TaskKind.CHANGE_TRAY, TaskKind.AUDIT_TRAY})
TARGET_PER_HOUR = 36_000.0
"""Envelopes an hour of the reference machine at speed 1."""


@dataclass(slots=True)
class LivePicture:
    """Listens to every commit; `draw` makes a snapshot."""

    line: str
    simulated: bool
    core: LineCore
    room: PrintRoom
    zone: ZoneScan
    care: EyeCare
    batch: int
    letters: int
    _verdicts: deque[RecentVerdict] = field(default_factory=lambda: deque(maxlen=VERDICTS_SHOWN))
    _exits: deque[float] = field(default_factory=deque)
    _reads: tuple[deque[bool], deque[bool]] = field(
        default_factory=lambda: (deque(maxlen=READS_COUNTED), deque(maxlen=READS_COUNTED))
    )
    _rates: tuple[deque[float], deque[float]] = field(
        default_factory=lambda: (deque(maxlen=TREND_POINTS_MAX), deque(maxlen=TREND_POINTS_MAX))
    )
    """Read rate of each camera after every `READS_PER_POINT` readings, oldest first."""
    _seen: list[int] = field(default_factory=lambda: [0, 0])
    _started_s: float = field(default_factory=time.monotonic)
    _passed: int = 0
    _news_ns: int = 0
    _until: tuple[Bypass | None, int] = (None, 0)
    _counted: tuple[float, dict[str, int], tuple[Task, ...]] = field(default_factory=lambda: (-COUNT_EVERY_S, {}, ()))

    def committed(self, records: Sequence[Record], told: Sequence[events.LineEvent]) -> None:
        """Take note of verdicts and readings."""
        now_ns = time.time_ns()
        if records and not self._news_ns:
            self._news_ns = now_ns
        for record in records:
            if record.kind.startswith(TELLS_AT_ONCE):
                self._counted = (-COUNT_EVERY_S, *self._counted[1:])
            if record.kind == "piece.granted":
                self._verdicts.appendleft(RecentVerdict(record.piece, "PASS", "", now_ns))
            elif record.kind == "piece.suspected":
                self._verdicts.appendleft(
                    RecentVerdict(record.piece, "DIVERT", str(record.data.get("reason", "")), now_ns)
                )
            elif record.kind == "piece.in-tray":
                self._passed += 1
        for event in told:
            if isinstance(event, events.SheetRead):
                self._read(0, good=bool(event.payloads))
            elif isinstance(event, events.ExitRead):
                self._read(1, good=bool(event.payloads))
            elif isinstance(event, events.PieceExited):
                self._exits.append(time.monotonic())

    def _read(self, camera: int, *, good: bool) -> None:
        reads = self._reads[camera]
        reads.append(good)
        self._seen[camera] += 1
        if self._seen[camera] % READS_PER_POINT == 0:
            last = list(reads)[-READS_PER_POINT:]
            self._rates[camera].append(sum(last) / len(last))

    def draw(self, alarms: Sequence[tuple[Alarm, int]], *, finished: bool = False) -> LiveSnapshot:
        """Return what the screens show now."""
        line, now = self.core.line, time.monotonic()
        while self._exits and now - self._exits[0] > RATE_WINDOW_S:
            self._exits.popleft()
        span = min(RATE_WINDOW_S, max(1.0, now - self._started_s))
        tray = line.tray
        news_ns, self._news_ns = self._news_ns, 0
        counts, tasks = self._count(now, finished=finished)
        return LiveSnapshot(
            line=self.line,
            at_unix_ns=time.time_ns(),
            simulated=self.simulated,
            machines=(
                Machine("inserter", int(line.state), str(line.reason or ""), linked=line.link),
                *self._printers(),
            ),
            belt=tuple(_belt(envelope) for envelope in line.inside.values()),
            rate_now=len(self._exits) / span * 3600,
            rate_shift=self._passed / max(1.0, now - self._started_s) * 3600,
            rate_target=TARGET_PER_HOUR,
            counts=counts,
            batch=str(self.batch),
            letters=self.letters,
            queue=tuple(self._jobs()),
            cameras=tuple(self._camera(number) for number in CAMERAS),
            alarms=tuple(self._alarm(alarm, at, tasks) for alarm, at in alarms),
            verdicts=tuple(self._verdicts),
            zone_to_scan=self.zone.to_scan,
            zone_left=self.zone.left,
            tasks=tasks,
            bypass=self._bypass(),
            tray=tray.number if tray else 0,
            tray_count=len(tray.pieces) if tray else 0,
            finished=finished,
            news_unix_ns=news_ns,
        )

    def _count(self, now: float, *, finished: bool) -> tuple[dict[str, int], tuple[Task, ...]]:
        if finished or now - self._counted[0] >= COUNT_EVERY_S:
            entry = self.core.book.batches.get(self.batch)
            states = Counter(piece.state for piece in entry.pieces) if entry else Counter[str]()
            counts = {str(state): count for state, count in states.items()}
            self._counted = (now, counts, floor_tasks(self.core, self.batch, states))
        return self._counted[1:]

    def _alarm(self, alarm: Alarm, at_unix_ns: int, tasks: Sequence[Task]) -> live.Alarm:
        """An alarm that asks for scans offers Resume as soon as nothing is left to scan.

        So does one that asks for an audit as long as none can be made: what is on the belt for that tray has to come out first.
        """
        shown = on_screen(alarm, at_unix_ns)
        scanned = shown.press is Press.SCAN_ZONE and not self.zone.to_scan
        too_early = shown.press is Press.AUDIT_TRAY and not any(task.kind in ABOUT_A_TRAY for task in tasks)
        return replace(shown, press=Press.RESUME) if scanned or too_early else shown

    def _bypass(self) -> live.Bypass | None:
        line = self.core.line
        if line.bypass is None:
            return None
        if self._until[0] is not line.bypass:  # told once: the two clocks drift, the screens need not see it
            left_us = max(line.bypass.until_us - line.now_us, 0)
            self._until = (line.bypass, time.time_ns() + left_us * 1000)
        return live.Bypass(CAMERAS[line.bypass.camera], line.bypass.badges, self._until[1])

    def _printers(self) -> list[Machine]:
        printing = {queue for queue, state, _ in self.room.states.values() if state == "processing"}
        return [
            Machine(
                name,
                int(PackState.EXECUTE if name in printing else PackState.IDLE),
                " ".join(reason for reason in reasons if reason != "none"),
                kind="printer",
            )
            for name, reasons in sorted(self.room.reasons.items())
        ]

    def _jobs(self) -> list[QueuedJob]:
        jobs = []
        for name, (queue, state, impressions) in list(self.room.states.items())[-JOBS_SHOWN:]:
            entry = self.core.book.jobs.get(name)
            sheets = sum(piece.sheets for piece in entry.pieces) if entry else 0
            jobs.append(QueuedJob(name, queue, state, min(sheets, impressions // 2), sheets))
        return jobs

    def _camera(self, number: int) -> Camera:
        reads = self._reads[number - 1]
        rate = sum(reads) / len(reads) if reads else 1.0
        return Camera(CAMERAS[number], rate, self.care.grade(number), tuple(self._rates[number - 1]))


def _belt(envelope: LinePiece) -> BeltPiece:
    uid = envelope.owner.uid if envelope.owner else next(iter(envelope.uids), 0)
    zone = 6 if envelope.at_exit else 5
    verdict = "PASS" if envelope.granted else ("DIVERT" if envelope.refused else "")
    return BeltPiece(uid, zone, verdict, suspect=envelope.zone is not None)
