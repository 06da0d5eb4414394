"""What printing tells: jobs, printers and the spooler. Claims, each by the one who makes it; none is proof of paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class JobState(IntEnum):
    """IPP job-state (RFC 8011 §5.3.7). A claim of the spooler, never proof of paper."""

    PENDING = 3
    HELD = 4
    PROCESSING = 5
    STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


@dataclass(frozen=True, slots=True)
class JobAccepted:
    """The spooler took the job; ``already``: it was found under its title and not sent again."""

    queue: str
    job_uid: str
    cups_job: int
    already: bool


@dataclass(frozen=True, slots=True)
class JobProgress:
    """What spooler and printer claim about a job. ``impressions`` -1: nothing claimed."""

    queue: str
    job_uid: str
    state: JobState
    impressions: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobEndedClaim:
    """The spooler says the job is over. ``doubtful``: it also says it lost sight of the printer, or counted fewer impressions than asked."""

    queue: str
    job_uid: str
    state: JobState
    impressions: int
    doubtful: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JobMissing:
    """The spooler does not know a job it had taken. ``at_printer``: what the printer itself says of it; None: it does not know it either, or cannot be asked."""

    queue: str
    job_uid: str
    at_printer: JobState | None
    printer_impressions: int


@dataclass(frozen=True, slots=True)
class JobStuck:
    """The job is back as pending after a restart of the spooler and will not go on by itself; ``at_printer`` as in ``JobMissing``."""

    queue: str
    job_uid: str
    at_printer: JobState | None
    printer_impressions: int


@dataclass(frozen=True, slots=True)
class JobRefused:
    """The job was not handed over: nothing of it reached the spooler, or it was cancelled there before the printer began."""

    queue: str
    job_uid: str
    why: str


@dataclass(frozen=True, slots=True)
class JobMoved:
    """A job nothing of which had been sent was moved from a printer that cannot print to one that can."""

    job_uid: str
    from_queue: str
    to_queue: str


@dataclass(frozen=True, slots=True)
class PrinterReasons:
    """``printer-state`` and ``printer-state-reasons`` (RFC 8011 §5.4.11–12) have changed; ``accepting``: the queue takes jobs."""

    queue: str
    state: int
    reasons: tuple[str, ...]
    accepting: bool
    message: str


@dataclass(frozen=True, slots=True)
class SpoolerDown:
    """The print spooler does not answer."""

    detail: str


@dataclass(frozen=True, slots=True)
class SpoolerUp:
    detail: str


PrintNotice = (
    JobAccepted
    | JobProgress
    | JobEndedClaim
    | JobMissing
    | JobStuck
    | JobMoved
    | JobRefused
    | PrinterReasons
    | SpoolerDown
    | SpoolerUp
)

PrintSink = Callable[[PrintNotice], None]
