"""The print queue and printer in virtual time: jobs become stacks, or something like them. Nothing here is transactional.

Stacks that are printed wait for the person who carries them. What the queue claims and what lies on the tray are different things.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.line import events as ev
from controller.model import PrintJob
from controller.planning import sheet_marks
from simulator.campaign.clockwork import Clockwork
from simulator.campaign.faults import FaultPlan, Site
from simulator.campaign.host import Host, Killed, SafetyBreach
from simulator.campaign.paper import Sheet, Stack
from simulator.onlooker import Papers

SHEET_US = 20_000


class Press:
    """One queue with one printer behind it. ``deliver`` takes each finished stack."""

    def __init__(
        self, clock: Clockwork, plan: FaultPlan, host: Host, key: bytes, deliver: Callable[[Stack], None]
    ) -> None:
        self.clock, self.plan, self.host, self.key, self.deliver = clock, plan, host, key, deliver
        self.jobs: dict[str, PrintJob] = {}
        """What was rendered, by job."""
        self.papers = Papers()
        self.stacks: list[list[Sheet]] = []
        """Every sheet as it was sent to print, job by job."""
        self._marks: dict[int, tuple[str, ...]] = {}
        self.queued: dict[str, int] = {}
        """What the queue was given, with its number there."""
        self.finished: dict[str, int] = {}
        self.doubtful: set[str] = set()
        self.busy_until_us = 0
        self._places = 0
        self.old_void: list[Sheet] = []
        """Sheets of void attempts somebody forgot on a table."""
        self.mix_with: Stack | None = None
        self.printed: Callable[[list[Sheet]], None]

    def rendered(self, job: PrintJob) -> None:
        """Keep the pages of ``job``; the queue does not have it yet."""
        self.jobs[job.job] = job
        for piece in job.pieces:
            self._marks[piece.uid] = tuple(sheet_marks(piece, self.key))
        self.papers.printed(job.job, [(piece.uid, piece.item_id, self._marks[piece.uid]) for piece in job.pieces])

    def submit(self, name: str) -> None:
        """Take a job, once; a second submission of the same attempt would print every letter twice."""
        row = self.plan.draw(Site.PRINT_CALL)
        if row == 2:
            self.plan.struck(row, "SUBMITTED")
            raise Killed
        if name in self.queued:
            raise SafetyBreach(f"{name} was submitted a second time")
        self.queued[name] = len(self.queued) + 1
        self._print(name)
        if row == 3:
            self.plan.struck(row, "SUBMITTED")
            raise Killed
        self.clock.after(50_000, self._tell, ev.JobAccepted(name, self.queued[name]))

    def after_restart(self) -> list[Any]:
        """Answer, for each job whose fate the books do not know, what the queue knows of it by its name."""
        answers: list[Any] = []
        for job in self.host.core.book.jobs.values():
            if job.state in ("SUBMITTED", "ACCEPTED"):
                if job.name not in self.queued:
                    answers.append(ev.JobAbsent(job.name))
                    continue
                answers.append(ev.JobAccepted(job.name, self.queued[job.name]))
                if job.name in self.doubtful:
                    answers.append(ev.JobDoubted(job.name, "the queue lost it"))
                elif job.name in self.finished:
                    answers.append(ev.JobClaim(job.name, self.finished[job.name]))
        return answers

    def idle(self) -> bool:
        return self.clock.now_us >= self.busy_until_us

    def _tell(self, event: Any) -> None:
        self.host.hear(event)

    def _print(self, name: str) -> None:
        job = self.jobs[name]
        sheets: list[Sheet] = []
        self._places += 1  # no sheet follows the last one of another job
        for piece in job.pieces:
            for k, mark in enumerate(self._marks[piece.uid], 1):
                self._places += 1
                sheets.append(Sheet(piece.uid, k, piece.sheets, mark, piece.item_id, self._places))
        self.stacks.append(list(sheets))
        claimed: int | None = len(sheets)
        delay = len(sheets) * SHEET_US
        row = self.plan.draw(Site.JOB)
        if row:
            self.plan.struck(row, "SUBMITTED")
            whole = list(sheets)
            sheets, claimed, delay = self._job_fault(row, name, sheets, delay)
            self.printed(whole if row in (11, 12) else sheets)
        else:
            self.printed(sheets)
        self.busy_until_us = max(self.busy_until_us, self.clock.now_us) + delay
        wait = self.busy_until_us - self.clock.now_us
        self.clock.after(wait, self._finish, name, Stack(sheets), claimed)

    def _finish(self, name: str, stack: Stack, claimed: int | None) -> None:
        if claimed is None:
            self.doubtful.add(name)
            self._tell(ev.JobDoubted(name, "the print server restarted"))
        else:
            self.finished[name] = claimed
            self._tell(ev.JobClaim(name, claimed))
        if self.mix_with is not None:
            mixed = list(stack.sheets)
            for sheet in self.mix_with.sheets:
                mixed.insert(self.plan.rng.randrange(len(mixed) + 1), sheet)
            self.mix_with = None
            stack = Stack(mixed)
        if stack.sheets:
            self.deliver(stack)

    def release_mixed(self) -> Stack | None:
        """Return the stack that was to be mixed with a later one that never came."""
        stack, self.mix_with = self.mix_with, None
        return stack

    def _job_fault(self, row: int, name: str, sheets: list[Sheet], delay: int) -> tuple[list[Sheet], int | None, int]:
        """Return what is printed, what the queue claims (None: it lost the job), and how long it takes."""
        if row in (9, 10, 12):
            return self._carried_wrong(row, sheets), len(sheets), delay
        rng = self.plan.rng
        claimed: int | None = len(sheets)
        cut = rng.randrange(len(sheets) + 1)
        if row == 4:
            sheets, claimed = sheets[:cut], None
        elif row == 5:
            sheets = sheets[:cut] + [sheet.copy() for sheet in sheets]
            claimed = None if rng.random() < 0.7 else claimed
        elif row == 6:
            place = rng.randrange(len(sheets))
            if rng.random() < 0.5:
                del sheets[place]
            else:
                sheets.insert(place, sheets[place].copy())
        elif row == 7:
            delay += rng.randrange(60_000_000, 1_800_000_000)
        elif row == 11 and self.old_void:
            sheets.insert(cut, self.old_void.pop())
        return sheets, claimed, delay

    def _carried_wrong(self, row: int, sheets: list[Sheet]) -> list[Sheet]:
        """Return the stack as a person lays it into the feeder: reversed, upside down, shuffled, or kept for another stack."""
        rng = self.plan.rng
        if row == 10:
            rng.shuffle(sheets)
        elif row == 12:
            self.mix_with = Stack(sheets + (list(self.mix_with.sheets) if self.mix_with else []))
            return []
        elif rng.random() < 0.5:
            sheets.reverse()
        else:
            for sheet in sheets:
                sheet.turned = True
        return sheets
