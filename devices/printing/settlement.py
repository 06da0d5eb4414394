"""What to do with a job the spooler still holds after a restart, and what the end of a job is worth. Pure.

The rule behind it: a job may be sent (again) only if the printer certainly has nothing of it. Where that cannot be known, a person or the
controller decides; the sheets, each with its own mark, tell in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from devices.printing.ipp import PrinterJob
from devices.printing.notices import JobState

PRINTER_MEMORY_S = 50
"""Printers forget ended jobs after a while; the shortest seen is 60 s (ippeveprinter). Within this time "not known" means "never got it"."""

LOST_SIGHT = "cups-ipp-missing-job-history"
"""CUPS says completed, with this reason, when the printer has lost the job: observed with 71 of 100 pages never printed."""

_OVER = frozenset({JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED})


@dataclass(frozen=True, slots=True)
class SpooledJob:
    """A job as CUPS tells it. ``begun_unix`` 0: CUPS never began to send it."""

    job_id: int
    queue: str
    title: str
    state: JobState
    documents: int
    begun_unix: int
    impressions: int
    reasons: tuple[str, ...] = ()
    message: str = ""

    @property
    def is_over(self) -> bool:
        return self.state in _OVER


class Settling(StrEnum):
    DROP = "drop"
    """Its document never arrived whole: remove it, it can be submitted again."""
    SEND = "send"
    """The printer has nothing of it: let CUPS send it."""
    FOLLOW_AT_PRINTER = "follow_at_printer"
    """The printer has it: hold the spooler's copy and listen to the printer."""
    ASK = "ask"
    """It was being sent and the printer cannot or does not tell: hold it for a decision."""


def settle(
    job: SpooledJob, at_printer: PrinterJob | None, printer_answers: bool, printer_up_s: int, now_unix: int
) -> Settling:
    """Decide about one unfinished job of a restarted spooler.

    Args:
        at_printer: the printer's newest job of this title.
        printer_answers: False: it could not be asked at all.
        printer_up_s: seconds since the printer started, 0 if it does not say.
        now_unix: time now, seconds.
    """
    if job.documents == 0:
        return Settling.DROP
    if at_printer is not None and not came_to_nothing(at_printer):
        return Settling.FOLLOW_AT_PRINTER
    if job.begun_unix == 0:
        return Settling.SEND
    if not printer_answers:
        return Settling.ASK
    return Settling.SEND if has_nothing(at_printer, job.begun_unix, printer_up_s, now_unix) else Settling.ASK


def has_nothing(at_printer: PrinterJob | None, since_unix: float, printer_up_s: int, now_unix: float) -> bool:
    """Whether the printer certainly has nothing of a job that may have reached it since ``since_unix``: it gave it up unprinted, or it would still know it."""
    if at_printer is not None:
        return came_to_nothing(at_printer)
    since_s = now_unix - since_unix
    return -1 <= since_s <= PRINTER_MEMORY_S and (printer_up_s == 0 or printer_up_s > since_s)


def came_to_nothing(job: PrinterJob) -> bool:
    """Whether the printer gave a job up before printing any of it."""
    return job.state in (JobState.ABORTED, JobState.CANCELED) and job.impressions <= 0


def is_doubtful(state: JobState, impressions: int, expected: int, printer_reasons: tuple[str, ...]) -> bool:
    """Whether the end of a job leaves open what was printed.

    ``impressions`` is the best claim there is, -1 for none; ``expected`` 0 when the sender did not say.
    """
    if state is not JobState.COMPLETED or LOST_SIGHT in printer_reasons:
        return True
    return bool(expected) and 0 <= impressions != expected


def newest_by_title(jobs: list[PrinterJob]) -> dict[str, PrinterJob]:
    """The printer's jobs by title. Of several with one title the one that printed most counts: it is what may be on paper."""
    found: dict[str, PrinterJob] = {}
    for job in sorted(jobs, key=lambda job: job.job_id):
        before = found.get(job.title)
        if before is None or came_to_nothing(before) or not came_to_nothing(job):
            found[job.title] = job
    return found
