"""One run of one batch on one line, from the first device opened to the batch closed. Wires the parts together; decides nothing."""

from __future__ import annotations

import gc
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from controller.ledger.errors import LedgerBusy
from controller.ledger.inbox import OperatorCommand
from controller.ledger.lease import Lease
from controller.ledger.opening import OpenLedger
from controller.ledger.records import Record
from controller.ledger.resting import letters_at_rest, trays_at_rest
from controller.line import events
from controller.line.core import LineCore
from controller.line.restore import RECENT_EVENTS, restore
from controller.line.state import LineConfig
from controller.model import BatchId, ControlMark, parse_mark
from controller.postal.items import SIMULATED_RANGE
from controller.runner.batch_intake import Taken
from controller.runner.eye_care import EyeCare
from controller.runner.eyes import Eyes
from controller.runner.frame_archive import FrameArchive
from controller.runner.line_file import LineFile
from controller.runner.live_picture import LivePicture
from controller.runner.outlets import Outlets
from controller.runner.past_alarms import forget_holds, forget_stops
from controller.runner.print_room import PrintRoom
from controller.runner.production import Production
from controller.runner.scanner import ScannerLine
from controller.runner.shell import Hands, LineShell, LineStopped
from controller.runner.silence_watch import SilenceWatch
from controller.runner.simulated_operator import SimulatedOperator, waiting_for
from controller.runner.surroundings import Surroundings
from controller.runner.window_witness import WindowWitness
from controller.runner.zone_scan import ZoneScan
from controller.service.commands import Command
from controller.states import BatchState
from devices.errors import Busy
from devices.inserter.opening import open_inserter

log = logging.getLogger(__name__)

LIVE_EVERY_S = 0.08
OPERATOR_EVERY_S = 0.05
LEASE_PATIENCE_S = 2.0
NO_PROGRESS_S = 120.0
"""A simulated run in which nothing at all happens for so long will not end: stop and say what it waits for."""


def mac_key(out: Path) -> bytes:
    """Return the installation's key for control marks; made once, readable by its owner alone."""
    path = out / "mark.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return bytes.fromhex(path.read_text())


def restored_core(opened: OpenLedger, config: LineConfig) -> LineCore:
    """Make the line's core from the ledger; an empty ledger gives an empty core."""
    ledger = opened.ledger
    notes = ledger.read_notes()
    recent = list(ledger.read(max(1, ledger.seq - RECENT_EVENTS + 1)))
    core = restore(config, ledger.store.standing(), notes, recent)
    gc.freeze()  # no collection walks through a million letters while the line comes back
    return core


@dataclass(slots=True)
class Progress:
    """What a terminal shows while the run goes on."""

    letters: int = 0
    submitted_sheets: int = 0
    fed: int = 0
    exited: int = 0
    in_tray: int = 0
    diverted: int = 0
    released: int = 0
    state: str = ""
    first_fed_s: float = 0.0
    last_exit_s: float = 0.0
    first_submit_s: float = 0.0
    last_claim_s: float = 0.0
    exit_reads: int = 0


@dataclass(slots=True)
class Session:
    """Everything a run needs, opened by ``with``. ``show`` is called a few times a second with the progress."""

    opened: OpenLedger
    core: LineCore
    file: LineFile
    taken: Taken
    template: Path
    out: Path
    sheets: dict[int, int]
    speed: float
    show: Callable[[Progress], None]
    restarted: bool = False
    by_hand: bool = False
    outlets: Outlets = field(default_factory=Outlets)
    progress: Progress = field(default_factory=Progress)
    _stack: ExitStack = field(default_factory=ExitStack)
    _seen_requests: int = 0
    _to_submit: deque[str] = field(default_factory=deque)
    shell: LineShell = field(init=False)
    production: Production = field(init=False)
    room: PrintRoom = field(init=False)
    eyes: Eyes = field(init=False)
    archive: FrameArchive = field(init=False)
    zone: ZoneScan = field(init=False)
    picture: LivePicture = field(init=False)
    scanner: ScannerLine = field(init=False)
    surroundings: Surroundings = field(init=False)

    # -- opening -----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Session:
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self, stack: ExitStack) -> None:
        file, key = self.file, self.core.line.config.key
        lease = self._take_line()
        stack.callback(lease.close)
        if self.opened.ledger.catch_up():
            self.core = restored_core(self.opened, self.core.line.config)
        self.core.line.must_prove(file.proves)
        self.outlets.open_plant(stack, file.name)
        tap = self.outlets.tap(stack, file.inserter)
        epoch, seq = self.core.line.epoch, self.core.line.seq
        driver = open_inserter(file.inserter, self._hear_inserter, known_epoch=epoch, last_durable=seq, tap=tap)
        self.room = PrintRoom(self.out / "cups", file.printers, self._hear)
        hands = Hands(driver, self._print_job, self._reset_camera)
        self.shell = LineShell(file.name, self.core, self.opened.ledger, lease, self.opened.inbox, hands)
        self.production = Production(
            BatchId(self.taken.batch),
            self.template,
            self.out,
            key,
            self.core.book,
            self.taken.fields,
            SIMULATED_RANGE,
            self.sheets,
        )
        stack.callback(self.production.close)
        self.archive = FrameArchive(self.out / "frames")
        stack.callback(self.archive.close)
        self.zone = ZoneScan(self.core)
        care = EyeCare(self._printer_of, self.shell.note_alarm)
        self.picture = LivePicture(
            file.name, file.simulated, self.core, self.room, self.zone, care, self.taken.batch, len(self.taken.fields)
        )
        self.surroundings = Surroundings(
            lambda: self.opened.ledger.witness_away, self.shell.note_alarm, self.shell.told.alarms
        )
        self.shell.refuse = self._refuse
        self.shell.after_commit += [self._count, self.zone.committed, self.picture.committed]
        self.room.start()
        stack.callback(self.room.close)
        marks = self.production.mark_profile()
        witness = WindowWitness(self.out / "letters", key, marks.side_mm)
        self.eyes = stack.enter_context(Eyes(file, self._hear, self.archive.keep, witness, marks.symbology, care))
        self.scanner = ScannerLine(file.scanner)
        if file.scanner:
            self.scanner.start()
        stack.callback(self.scanner.close)
        letters, trays = partial(letters_at_rest, self.opened.engine), partial(trays_at_rest, self.opened.engine)
        stack.enter_context(SilenceWatch(letters, trays, self.shell.note_alarm))
        if self.restarted:
            self.shell.step_now(events.Restarted())
        driver.start()
        stack.callback(driver.close)

    def _take_line(self) -> Lease:
        """Take the line. Whoever keeps the books of a resting line lets go of it within a moment."""
        deadline = time.monotonic() + LEASE_PATIENCE_S
        while True:
            try:
                return self.opened.take_line(self.file.name, f"letterline run {self.out}", time.time_ns())
            except LedgerBusy:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.1)

    def _printer_of(self, payload: str) -> str:
        """Return the queue that printed the piece with this mark; called on the cameras' threads."""
        mark = parse_mark(payload, self.core.line.config.key)
        piece = self.core.book.pieces.get(mark.uid) if isinstance(mark, ControlMark) else None
        queue, _, _ = self.room.states.get(piece.job.name, ("", "", 0)) if piece and piece.job else ("", "", 0)
        return queue

    def _hear_inserter(self, notice: object) -> None:
        self.shell.hear(notice)  # type: ignore[arg-type]

    def _hear(self, event: events.LineEvent) -> None:
        self.shell.hear_or_stop(event)

    # -- acts of the core ----------------------------------------------------------------------------------------------------

    def _refuse(self, command: OperatorCommand) -> str:
        """Resume waits until what hands took out of the machine has been scanned."""
        return "zone-not-empty" if command.name == Command.RESUME and self.zone.left else ""

    def _print_job(self, job: str) -> None:
        self._to_submit.append(job)

    def _submit(self) -> None:
        """Offer waiting jobs to the queues, in order, as far as they take them."""
        while self._to_submit:
            try:
                self._submit_one(self._to_submit[0])
            except Busy:
                return
            self._to_submit.popleft()

    def _submit_one(self, job: str) -> None:
        printable = self.production.printable.get(job)
        if printable is None:
            # After a crash the file may be gone: it is rendered again, byte for byte, and submitted when it is ready.
            entry = self.core.book.jobs[job]
            printable = self.production.render_again(entry).result(timeout=120)
            self.production.ready(printable)
        if not self.progress.first_submit_s:
            self.progress.first_submit_s = time.monotonic()
        self.room.submit(job, printable.path, printable.sheets, printable.impressions)
        self.progress.submitted_sheets += printable.sheets

    def _reset_camera(self, camera: int) -> None:
        self.eyes.reset(camera)
        self.shell.hear_or_stop(events.CameraReset(camera))

    # -- running -----------------------------------------------------------------------------------------------------------

    def run(self) -> bool:
        """Run until the batch is closed; False when it could not be closed.

        Raises:
            LineStopped: the line stopped for good.
        """
        operator = SimulatedOperator(self.core, self.scanner, self._ask, self.taken.batch, self.zone, self.speed)
        for job in self.production.unsubmitted():
            self._print_job(job.name)
        self.production.plan_round()
        gc.collect()
        gc.freeze()  # what is here stays: no collection walks it while pieces are on the belt
        moved_at, mark = time.monotonic(), (0, 0)
        looked_at = shown_at = 0.0
        while True:
            self.shell.turn()
            now = time.monotonic()
            for planned in self.production.finished(len(self._to_submit)):
                self.shell.step_now(planned)
            self._submit()
            self._serve_requests()
            if now - looked_at >= OPERATOR_EVERY_S:
                looked_at = now
                if self._floor(operator, now):
                    break
            if now - shown_at >= LIVE_EVERY_S:
                shown_at = now
                self._publish(finished=False)
            if (here := (self.opened.ledger.seq, operator.scans)) != mark:
                mark, moved_at = here, now
            if self._people_are_simulated and now - moved_at > NO_PROGRESS_S:
                raise LineStopped(
                    f"nothing has happened for {NO_PROGRESS_S:.0f} s; on the way: {waiting_for(operator)[:10]}"
                )
        self.opened.ledger.witness()
        self._publish(finished=True)
        return self.core.book.batches[self.taken.batch].state == BatchState.CLOSED

    @property
    def _people_are_simulated(self) -> bool:
        return self.file.simulated and not self.by_hand

    def _ask(self, name: str, arguments: Mapping[str, object], badge: str) -> int:
        """Put a command of the simulated people into the inbox, as a screen would."""
        return self.opened.inbox.ask(self.file.name, name, badge, arguments, time.time_ns())

    def _floor(self, operator: SimulatedOperator, now: float) -> bool:
        """Let the simulated people act, and plan the next round when all paper is through; True when the batch is closed."""
        replies, self.shell.told.replies = self.shell.told.replies, []
        if self._people_are_simulated:
            operator.look(now, replies)
        if not operator.paper_is_through(now) or self.production.is_rendering or self._to_submit:
            return False
        if self._people_are_simulated and operator.finish(now):
            return True
        if not operator.unsettled(now):
            self.production.plan_round()
        return self.core.book.batches[self.taken.batch].state == BatchState.CLOSED

    def _serve_requests(self) -> None:
        """A simulated world may ask for what only the host can do: end the print server, as a fault would."""
        path = self.file.requests
        if path is None or not path.exists():
            return
        lines = path.read_text(encoding="utf-8").splitlines()
        for line in lines[self._seen_requests :]:
            what = json.loads(line).get("request", "")
            if what in ("cupsd_restart", "cupsd_kill"):
                log.warning("SIMULATED fault: %s", what)
                self.room.restart_server(kill=what == "cupsd_kill")
        if len(lines) > self._seen_requests:
            self._seen_requests = len(lines)
            (self.out / "requests.seen").write_text(str(len(lines)))

    def skip_requests_seen(self) -> None:
        """After a restart, do not serve again what was served before."""
        seen = self.out / "requests.seen"
        self._seen_requests = int(seen.read_text()) if seen.exists() else 0

    def _publish(self, *, finished: bool) -> None:
        forget_holds(self.shell.told.alarms, self.core.book.trays.values())
        self.surroundings.look(time.time_ns(), time.monotonic_ns())
        snapshot = self.picture.draw(list(self.shell.told.alarms.values()), finished=finished)
        self.opened.inbox.show(self.file.name, snapshot.plain(), snapshot.at_unix_ns)
        self.outlets.show(snapshot, self.core.line.mode)
        self.progress.state = str(self.core.line.state)
        self.progress.letters = len(self.core.book.batches[self.taken.batch].letters)
        self.show(self.progress)

    # -- counting ----------------------------------------------------------------------------------------------------------

    def _count(self, records: Sequence[Record], told: Sequence[events.LineEvent]) -> None:
        forget_stops(self.shell.told.alarms, records)
        progress, now = self.progress, time.monotonic()
        for record in records:
            if record.kind == "piece.in-tray":
                progress.in_tray += 1
            elif record.kind == "piece.suspected":
                progress.diverted += 1
            elif record.kind == "piece.released":
                progress.released += 1
        for event in told:
            if isinstance(event, events.SheetFed):
                progress.first_fed_s = progress.first_fed_s or now
                progress.fed += 1
            elif isinstance(event, events.PieceExited):
                progress.last_exit_s = now
                progress.exited += 1
            elif isinstance(event, events.JobClaim):
                progress.last_claim_s = now
            elif isinstance(event, events.ExitRead):
                progress.exit_reads += 1
            self.archive.pair(self.core, event)
