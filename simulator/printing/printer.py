"""The printer behind the IPP door: jobs, their states, and the thread that makes sheets of them at the engine's speed.

A job's sheets come out in page order, face by face (two pages a sheet when duplex). Source of states and reasons:
RFC 8011, sections 5.3.7 and 5.4.11. It knows no HTTP.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from simulator.defects import Defects
from simulator.journal import Journal
from simulator.paper import MARGIN_MM, MARGIN_PX_PER_MM, PANEL_MM, PANEL_PX_PER_MM, Picture, Sheet, Stack
from simulator.printing.raster import PdfPages, UnprintablePdf, blank, smear

WINDOW_MARK_MM = (84.0, 50.0, 13.0, 13.0)
MARGIN_MARK_MM = (193.0, 50.0, 13.0, 13.0)
FINISHED_JOBS_KEPT = 500
BEHIND = 10
"""How much nicer a printer's thread is than cameras and machine."""


class JobState(IntEnum):
    """job-state of RFC 8011, section 5.3.7."""

    PENDING = 3
    HELD = 4
    PROCESSING = 5
    STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


FINAL_STATES = frozenset({JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED})


@dataclass(slots=True)
class Job:
    """One print job; ``document`` is forgotten as soon as its paper is out."""

    job_id: int
    name: str
    user: str
    duplex: bool
    created_s: int
    document: bytes = b""
    state: JobState = JobState.HELD
    reason: str = "job-incoming"
    impressions: int = 0
    impressions_done: int = 0
    sheets_done: int = 0
    processing_s: int | None = None
    finished_s: int | None = None
    cancel_wanted: bool = False


@dataclass(slots=True)
class Trouble:
    """What stops the engine now: printer-state-reasons keywords."""

    reasons: set[str] = field(default_factory=set)


_SHEET_IDS = itertools.count(1)


class Printer:
    """One simulated duplex cut-sheet printer; every public method may be called from any thread."""

    def __init__(
        self,
        name: str,
        sheets_per_s: float,
        journal: Journal,
        defects: Defects,
        on_stack: Callable[[Stack], None],
        on_sheet: Callable[[], None],
    ) -> None:
        self.name = name
        self.sheets_per_s = sheets_per_s
        self.trouble = Trouble()
        self.started_s = time.monotonic()
        self._journal = journal
        self._defects = defects
        self._on_stack = on_stack
        self._on_sheet = on_sheet
        self._jobs: dict[int, Job] = {}
        self._queue: deque[Job] = deque()
        self._numbers = itertools.count(1)
        self._change = threading.Condition()
        self._stop = False
        self._next_sheet: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"sim-printer-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with self._change:
            self._stop = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def up_time_s(self) -> int:
        """Return printer-up-time, at least 1 (RFC 8011, section 5.4.29)."""
        return max(1, int(time.monotonic() - self.started_s))

    # --- jobs -----------------------------------------------------------------------------------------------------

    def create(self, name: str, user: str, *, duplex: bool) -> Job:
        """Open a job that still waits for its document."""
        with self._change:
            job = Job(next(self._numbers), name, user, duplex, self.up_time_s())
            self._jobs[job.job_id] = job
            finished = [old for old in self._jobs.values() if old.state in FINAL_STATES]
            for old in finished[: max(0, len(finished) - FINISHED_JOBS_KEPT)]:
                del self._jobs[old.job_id]
        self._journal.write("job_received", printer=self.name, job=name, job_id=job.job_id)
        return job

    def supply(self, job: Job, document: bytes) -> None:
        """Give a job its document; it waits for the engine from now on."""
        with self._change:
            job.document = document
            job.state, job.reason = JobState.PENDING, "none"
            self._queue.append(job)
            self._change.notify_all()

    def cancel(self, job_id: int) -> bool:
        """Cancel a job; sheets already made stay made. False when it is finished already."""
        with self._change:
            job = self._jobs[job_id]
            if job.state in FINAL_STATES:
                return False
            job.cancel_wanted = True
            if job.state is not JobState.PROCESSING:
                self._finish(job, JobState.CANCELED, "job-canceled-by-user")
            self._change.notify_all()
        return True

    def job(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    def jobs(self, *, finished: bool) -> list[Job]:
        """Return finished jobs, newest first, or the others, oldest first."""
        with self._change:
            chosen = [job for job in self._jobs.values() if (job.state in FINAL_STATES) == finished]
        return chosen[::-1] if finished else chosen

    def is_busy(self) -> bool:
        return any(job.state is JobState.PROCESSING for job in list(self._jobs.values()))

    def queued(self) -> int:
        return sum(1 for job in list(self._jobs.values()) if job.state not in FINAL_STATES)

    # --- engine ---------------------------------------------------------------------------------------------------

    def stop_engine(self, reason: str) -> None:
        """Stop with a printer-state-reasons keyword, for example media-empty."""
        with self._change:
            self.trouble.reasons.add(reason)
        self._journal.write("printer_stopped", printer=self.name, reason=reason)

    def release_engine(self, reason: str) -> None:
        """Take one reason away; with none left the engine goes on."""
        with self._change:
            self.trouble.reasons.discard(reason)
            self._change.notify_all()
        self._journal.write("printer_released", printer=self.name, reason=reason)

    def spoil_next_sheet(self, how: str) -> None:
        """Let jam recovery eat (``eat``) or repeat (``repeat``) the next sheet."""
        self._next_sheet = how

    def _run(self) -> None:
        # A real printer draws its pages on a computer of its own: here they wait for everything that has a deadline (Linux: a thread's niceness).
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + BEHIND)
        while True:
            with self._change:
                while not self._queue and not self._stop:
                    self._change.wait(timeout=1.0)
                if self._stop:
                    return
                job = self._queue.popleft()
                if job.state is not JobState.PENDING:
                    continue
                job.state, job.reason = JobState.PROCESSING, "job-printing"
                job.processing_s = self.up_time_s()
            self._print(job)

    def _finish(self, job: Job, state: JobState, reason: str) -> None:
        job.state, job.reason = state, reason
        job.finished_s = self.up_time_s()
        job.document = b""

    def _print(self, job: Job) -> None:
        stack = Stack(self.name, job.name)
        state, reason = JobState.COMPLETED, "job-completed-successfully"
        try:
            with PdfPages(job.document) as pages:
                per_sheet = 2 if job.duplex else 1
                job.impressions = pages.count
                due = time.monotonic()
                for index in range((pages.count + per_sheet - 1) // per_sheet):
                    due = max(due, time.monotonic() - 0.5) + 1.0 / self.sheets_per_s
                    if not self._wait(due, job):
                        state, reason = JobState.CANCELED, "job-canceled-by-user"
                        break
                    self._make(job, stack, pages, index, index * per_sheet)
                    job.sheets_done += 1
                    job.impressions_done = min(pages.count, (index + 1) * per_sheet)
        except UnprintablePdf as problem:
            state, reason = JobState.ABORTED, "document-format-error"
            self._journal.write("job_unprintable", printer=self.name, job=job.name, problem=str(problem))
        if self._stop:
            return
        if stack.sheets:
            self._journal.write("printed", printer=self.name, job=job.name, sheets=[s.sheet_id for s in stack.sheets])
            self._on_stack(stack)
        with self._change:
            self._finish(job, state, reason)

    def _wait(self, due_s: float, job: Job) -> bool:
        """Wait until ``due_s`` and until nothing is wrong; False when the job shall end."""
        with self._change:
            while not self._stop and not job.cancel_wanted:
                left_s = due_s - time.monotonic()
                if left_s <= 0 and not self.trouble.reasons:
                    return True
                self._change.wait(timeout=max(left_s, 0.001) if not self.trouble.reasons else 1.0)
        return False

    def _make(self, job: Job, stack: Stack, pages: PdfPages, index: int, page: int) -> None:
        self._on_sheet()
        spoiled, self._next_sheet = self._next_sheet, None
        if self._defects.take("blank_sheet"):
            panel, margin = blank()
            caption = ""
        else:
            panel, margin, caption = self._draw(job, pages, index, page)
        for _ in range(0 if spoiled == "eat" else 2 if spoiled == "repeat" else 1):
            stack.sheets.append(Sheet(next(_SHEET_IDS), self.name, job.name, index, panel, margin, caption))
        if spoiled:
            self._journal.write("sheet_spoiled", printer=self.name, job=job.name, index=index, how=spoiled)

    def _draw(self, job: Job, pages: PdfPages, index: int, page: int) -> tuple[Picture, Picture, str]:
        panel, margin = pages.pictures(page)
        window_smeared = self._defects.take("smear_window")
        margin_smeared = self._defects.take("smear_margin")
        caption = ""
        if window_smeared:
            smear(panel, WINDOW_MARK_MM, PANEL_MM[:2], PANEL_PX_PER_MM)
        if margin_smeared:
            smear(margin, MARGIN_MARK_MM, MARGIN_MM[:2], MARGIN_PX_PER_MM)
        if window_smeared or margin_smeared:
            caption = pages.caption(page)
            where = [name for name, hit in (("window", window_smeared), ("margin", margin_smeared)) if hit]
            self._journal.write("smeared", printer=self.name, job=job.name, index=index, where=where)
        return Picture.of(panel), Picture.of(margin), caption
