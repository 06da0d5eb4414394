"""Follows jobs and printers, settles what a restarted spooler holds, moves waiting jobs away from a printer that cannot print.

Looks when told to, on its caller's thread; waits for nothing but the answers of spooler and printers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devices.errors import DeviceError
from devices.printing.ipp import Printer, PrinterJob, PrinterStatus
from devices.printing.notices import (
    JobEndedClaim,
    JobMissing,
    JobMoved,
    JobProgress,
    JobState,
    JobStuck,
    PrinterReasons,
    PrintNotice,
)
from devices.printing.settlement import (
    Settling,
    SpooledJob,
    came_to_nothing,
    has_nothing,
    is_doubtful,
    newest_by_title,
    settle,
)
from devices.printing.spool_client import SpoolClient
from devices.printing.spooler import PrinterAddress

PATIENCE_S = 30.0
"""How long a queue waits for its printer's word about a job that may be half printed, before a decision is asked for."""
FAIL_OVER_S = 10.0
_STOPPED = 5
_BLOCKING = frozenset(
    {
        "media-jam",
        "media-empty",
        "media-needed",
        "cover-open",
        "door-open",
        "interlock-open",
        "paused",
        "shutdown",
        "offline",
        "output-area-full",
    }
)
UNREACHABLE = "offline-report"
_HOUSEKEEPING = frozenset({"paused", "cups-waiting-for-job-completed", "connecting-to-device"})
"""What a queue says while we hold it to settle its jobs, and while it works; of no interest to an operator."""


@dataclass(slots=True)
class _Job:
    """One submitted job. ``at_printer``: the printer's word counts, the spooler's copy is held. ``asked``: waits for a decision."""

    sheets: int
    impressions: int
    queue: str = ""
    cups_job: int = 0
    at_printer: bool = False
    asked: bool = False
    accepted_unix: float = 0.0
    told: tuple[JobState, int] | None = None


@dataclass(slots=True)
class _Queue:
    address: PrinterAddress
    unsettled_since: float = -1.0
    """When the queue was found stopped: by us or a restarted spooler, with jobs of before that must be settled first. -1: it runs."""
    blocked_since: float = -1.0
    told: tuple[object, ...] = ()
    answers: bool = False
    status: PrinterStatus | None = None
    up_s: int = 0


class Follower:
    """Follows the jobs of all queues.

    Args:
        printers: the queues.
        tell: takes each notice.
        send_anew: puts a job whose submission was lost back in line; False when its document is gone with it.
    """

    def __init__(
        self,
        printers: Mapping[str, PrinterAddress],
        tell: Callable[[PrintNotice], None],
        send_anew: Callable[[str], bool],
    ) -> None:
        self._queues = {name: _Queue(address) for name, address in printers.items()}
        self._tell = tell
        self._send_anew = send_anew
        self._sending = ""
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}
        self._decisions: dict[str, bool] = {}

    # -- told by others ------------------------------------------------------------------------------------------------

    def expect(self, job_uid: str, sheets: int, impressions: int) -> None:
        with self._lock:
            self._jobs.setdefault(job_uid, _Job(sheets, impressions))

    def took(self, job_uid: str, queue: str, cups_job: int) -> None:
        with self._lock:
            job = self._jobs.get(job_uid)
            if job is not None:
                job.queue, job.cups_job, job.at_printer = queue, cups_job, cups_job == 0
                job.accepted_unix = time.time()

    def sending(self, job_uid: str) -> None:
        """This job's document is on its way to the spooler just now ("": none); its half-made job there is not to be tidied away."""
        self._sending = job_uid

    def forget(self, job_uid: str) -> None:
        with self._lock:
            self._jobs.pop(job_uid, None)

    def decide(self, job_uid: str, send: bool) -> None:
        with self._lock:
            self._decisions[job_uid] = send

    @property
    def sheets_ahead(self) -> int:
        with self._lock:
            return sum(job.sheets for job in self._jobs.values())

    def best_queue(self) -> str:
        """The queue with fewest sheets to print among those whose printer can print; among all when none can."""
        with self._lock:
            load = dict.fromkeys(self._queues, 0)
            for job in self._jobs.values():
                if job.queue in load:
                    load[job.queue] += job.sheets
        return min(load, key=lambda name: (self._queues[name].blocked_since >= 0, load[name]))

    # -- looking -------------------------------------------------------------------------------------------------------

    def look(self, client: SpoolClient, now_unix: float) -> None:
        """One round of questions; tells what has changed.

        Raises:
            LinkError: the spooler went away.
        """
        spooled = {job.job_id: job for job in client.jobs(unfinished_only=True)}
        at_printers: dict[str, dict[str, PrinterJob]] = {}
        for name, one in self._queues.items():
            at_printers[name] = self._ask_printer(one)
            self._tell_reasons(client, name, one, now_unix)
            if one.unsettled_since >= 0:
                self._settle_queue(client, name, one, spooled, at_printers[name], now_unix)
        self._take_decisions(client)
        with self._lock:
            tracked = [(uid, job) for uid, job in self._jobs.items() if job.queue]
        for uid, job in tracked:
            printer_job = at_printers.get(job.queue, {}).get(uid)
            if job.at_printer:
                self._follow_at_printer(client, uid, job, printer_job)
            elif not job.asked:
                self._follow_spooled(client, uid, job, spooled.get(job.cups_job), printer_job, now_unix)
        self._fail_over(client, tracked, spooled, now_unix)

    def _ask_printer(self, one: _Queue) -> dict[str, PrinterJob]:
        printer = Printer(one.address.uri, timeout_s=1.5)
        try:
            one.status = printer.status()
            jobs = newest_by_title(printer.jobs())
        except DeviceError as problem:
            one.answers = False
            one.status = PrinterStatus(_STOPPED, (UNREACHABLE,), str(problem), False)
            return {}
        one.answers, one.up_s = True, one.status.up_s
        return jobs

    def _tell_reasons(self, client: SpoolClient, name: str, one: _Queue, now_unix: float) -> None:
        assert one.status is not None
        queue_state, queue_reasons, queue_message, accepting = client.queue_state(name)
        if (queue_state == _STOPPED or not accepting) and one.unsettled_since < 0:
            one.unsettled_since = now_unix
        reasons = tuple(sorted({*one.status.reasons, *queue_reasons} - _HOUSEKEEPING))
        blocked = one.status.state == _STOPPED or any(
            _word(reason) in _BLOCKING or reason.endswith("-error") for reason in reasons
        )
        if not blocked:
            one.blocked_since = -1.0
        elif one.blocked_since < 0:
            one.blocked_since = now_unix
        told = (one.status.state, reasons, accepting)
        if told != one.told:
            one.told = told
            self._tell(PrinterReasons(name, one.status.state, reasons, accepting, one.status.message or queue_message))

    # -- after a restart -----------------------------------------------------------------------------------------------

    def _settle_queue(
        self,
        client: SpoolClient,
        name: str,
        one: _Queue,
        spooled: dict[int, SpooledJob],
        at_printer: dict[str, PrinterJob],
        now_unix: float,
    ) -> None:
        waiting = [job for job in spooled.values() if job.queue == name]
        if not one.answers and any(job.begun_unix for job in waiting) and now_unix - one.unsettled_since < PATIENCE_S:
            return
        for job in waiting:
            at_printer = self._give_up_half_arrived(one, job.title, at_printer)
            self._carry_out(
                client,
                job,
                settle(job, at_printer.get(job.title), one.answers, one.up_s, int(now_unix)),
                at_printer.get(job.title),
            )
        one.unsettled_since = -1.0
        client.let_go(name)

    def _give_up_half_arrived(
        self, one: _Queue, title: str, at_printer: dict[str, PrinterJob]
    ) -> dict[str, PrinterJob]:
        """A job whose document was cut off stays at the printer and blocks it; nobody is left to send the rest, so it is cancelled there."""
        job = at_printer.get(title)
        if job is None or not job.incomplete:
            return at_printer
        printer = Printer(one.address.uri, timeout_s=1.5)
        try:
            printer.cancel(job.job_id)
            return newest_by_title(printer.jobs())
        except DeviceError:
            return at_printer

    def _carry_out(
        self, client: SpoolClient, spooled: SpooledJob, settling: Settling, at_printer: PrinterJob | None
    ) -> None:
        if settling is Settling.DROP:
            if spooled.title != self._sending:
                client.cancel(spooled.job_id)  # if we had been told it was taken, it is missed below and sent anew
            return
        with self._lock:
            job = self._jobs.setdefault(spooled.title, _Job(0, 0))
        job.queue, job.cups_job = spooled.queue, spooled.job_id
        job.at_printer = settling is Settling.FOLLOW_AT_PRINTER
        job.asked = settling is Settling.ASK
        if settling is Settling.SEND:
            client.release(spooled.job_id)
            return
        client.hold(spooled.job_id)
        if settling is Settling.ASK:
            self._tell(JobStuck(spooled.queue, spooled.title, *_claim(at_printer)))

    def _take_decisions(self, client: SpoolClient) -> None:
        with self._lock:
            decisions, self._decisions = self._decisions, {}
            decided = [(uid, self._jobs[uid], send) for uid, send in decisions.items() if uid in self._jobs]
        for uid, job, send in decided:
            job.asked = job.at_printer = False
            if send:
                client.release(job.cups_job)
            else:
                client.cancel(job.cups_job)
                self._end(uid, job, JobState.CANCELED, -1, ())

    # -- one job -------------------------------------------------------------------------------------------------------

    def _follow_spooled(
        self,
        client: SpoolClient,
        uid: str,
        job: _Job,
        spooled: SpooledJob | None,
        at_printer: PrinterJob | None,
        now_unix: float,
    ) -> None:
        if spooled is None or spooled.documents == 0:
            spooled = client.job(job.cups_job)
        if spooled is None or (spooled.documents == 0 and not spooled.begun_unix):
            self._settle_missing(uid, job, at_printer, now_unix)
            return
        impressions = (
            at_printer.impressions if at_printer is not None and at_printer.impressions >= 0 else spooled.impressions
        )
        if spooled.is_over:
            queue_reasons = client.queue_state(job.queue)[1]
            self._end(uid, job, spooled.state, impressions, tuple(sorted({*spooled.reasons, *queue_reasons})))
        else:
            self._progress(uid, job, spooled.state, impressions, spooled.reasons)

    def _settle_missing(self, uid: str, job: _Job, at_printer: PrinterJob | None, now_unix: float) -> None:
        """The spooler took the job and lost it: killed in the moment between its answer and its disk."""
        one = self._queues[job.queue]
        nothing_there = one.answers and has_nothing(at_printer, job.accepted_unix, one.up_s, now_unix)
        if nothing_there and self._send_anew(uid):
            job.queue, job.cups_job, job.told = "", 0, None
            return
        self._tell(JobMissing(job.queue, uid, *_claim(at_printer)))
        job.at_printer = at_printer is not None
        job.asked = at_printer is None

    def _follow_at_printer(self, client: SpoolClient, uid: str, job: _Job, at_printer: PrinterJob | None) -> None:
        if at_printer is None:
            if self._queues[job.queue].answers:
                job.asked, job.at_printer = True, False
                self._tell(JobStuck(job.queue, uid, None, -1))
        elif came_to_nothing(at_printer) and job.cups_job:
            job.at_printer = False
            client.release(job.cups_job)
        elif at_printer.state in (JobState.COMPLETED, JobState.ABORTED, JobState.CANCELED):
            if job.cups_job:
                client.cancel(job.cups_job)
            self._end(uid, job, at_printer.state, at_printer.impressions, ())
        else:
            self._progress(uid, job, at_printer.state, at_printer.impressions, ())

    def _progress(self, uid: str, job: _Job, state: JobState, impressions: int, reasons: tuple[str, ...]) -> None:
        told = (state, impressions)
        if told != job.told:
            job.told = told
            self._tell(JobProgress(job.queue, uid, state, impressions, reasons))

    def _end(self, uid: str, job: _Job, state: JobState, impressions: int, reasons: tuple[str, ...]) -> None:
        self.forget(uid)
        doubtful = is_doubtful(state, impressions, job.impressions, reasons)
        self._tell(JobEndedClaim(job.queue, uid, state, impressions, doubtful, reasons))

    def _fail_over(
        self, client: SpoolClient, tracked: list[tuple[str, _Job]], spooled: dict[int, SpooledJob], now_unix: float
    ) -> None:
        blocked = {
            name
            for name, one in self._queues.items()
            if one.blocked_since >= 0 and now_unix - one.blocked_since >= FAIL_OVER_S
        }
        if not blocked or len(blocked) == len(self._queues):
            return
        for uid, job in tracked:
            waiting = spooled.get(job.cups_job)
            if (
                job.queue not in blocked
                or waiting is None
                or waiting.state is not JobState.PENDING
                or waiting.begun_unix
                or job.at_printer
            ):
                continue
            before, target = job.queue, self.best_queue()
            if self._queues[target].blocked_since < 0:
                client.move(job.cups_job, target)
                job.queue = target
                self._tell(JobMoved(uid, before, target))


def _claim(at_printer: PrinterJob | None) -> tuple[JobState | None, int]:
    return (None, -1) if at_printer is None else (at_printer.state, at_printer.impressions)


def _word(reason: str) -> str:
    """The reason without its severity (RFC 8011 §5.4.12: -report, -warning, -error)."""
    for severity in ("-report", "-warning", "-error"):
        reason = reason.removesuffix(severity)
    return reason
