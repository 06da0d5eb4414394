"""Print jobs as the line sees them: intent, acceptance, claims, doubt. A claim never proves paper; the sheet camera does."""

from __future__ import annotations

from controller.line.actions import AlarmCode, PrintJobNow
from controller.line.book import JobEntry
from controller.line.events import BatchOpened, JobAbsent, JobAccepted, JobClaim, JobDoubted, JobPlanned
from controller.line.state import LineState
from controller.states import JobEvent, JobState, PieceEvent, PieceState


def batch_opened(line: LineState, event: BatchOpened) -> None:
    """Enter the letters of a case file; what is held is not planned until two persons free it."""
    for letter in event.letters:
        line.book.open_letter(letter, held=event.held.get(letter, ""))


def job_planned(line: LineState, event: JobPlanned) -> None:
    """A rendered job: mint its pieces, write the intent down, then let it be submitted."""
    job = line.book.plan_job(event.job)
    for piece in job.pieces:
        line.book.move(piece, PieceEvent.RENDERED)
    _submit(line, job)


def _submit(line: LineState, job: JobEntry) -> None:
    line.book.move_job(job, JobEvent.SUBMITTED)
    for piece in job.pieces:
        if piece.state == PieceState.RENDERED:
            line.book.move(piece, PieceEvent.SUBMITTED)
    line.actions.append(PrintJobNow(job.name))


def job_accepted(line: LineState, event: JobAccepted) -> None:
    """The queue has the job."""
    job = line.book.jobs.get(event.job)
    if job is not None and job.state == JobState.SUBMITTED:
        line.book.move_job(job, JobEvent.ACCEPTED, {"queue_job": event.queue_job, "queue": event.queue})


def job_claim(line: LineState, event: JobClaim) -> None:
    """The queue says it is done. Another number of impressions than planned is a doubt, not a claim."""
    job = line.book.jobs.get(event.job)
    if job is None or job.state not in (JobState.SUBMITTED, JobState.ACCEPTED):
        return
    if not believable(sum(piece.sheets for piece in job.pieces), event.impressions):
        job_doubted(line, JobDoubted(event.job, f"{event.impressions} impressions"))
        return
    line.book.move_job(job, JobEvent.COMPLETED, {"impressions": event.impressions})
    for piece in job.pieces:
        if piece.state == PieceState.SUBMITTED:
            line.book.move(piece, PieceEvent.PRINTED)


def believable(sheets: int, impressions: int) -> bool:
    """Return whether a queue that counts so many impressions can have printed a job once and whole.

    A duplex job counts two a sheet, or one for a sheet whose back is blank; some queues count sheets; 0: it does not count.
    """
    return impressions == 0 or sheets <= impressions <= 2 * sheets


def job_doubted(line: LineState, event: JobDoubted) -> None:
    """Nobody knows which sheets exist, or how often. What comes is used; what does not is searched for; copies are rejected."""
    job = line.book.jobs.get(event.job)
    if job is None or job.state == JobState.CANCELLED or job.state == JobState.PLANNED:
        return
    line.book.move_job(job, JobEvent.DOUBTED, {"why": event.why})
    for piece in job.pieces:
        if piece.state in (PieceState.SUBMITTED, PieceState.PRINTED):
            line.book.move(piece, PieceEvent.PRINT_DOUBTED)
    line.alarm(AlarmCode.PRINT_DOUBTFUL, job.name, event.why)


def job_absent(line: LineState, event: JobAbsent) -> None:
    """The intent is on the books but the queue has never had the job: the same attempt may be submitted again, once more durable."""
    job = line.book.jobs.get(event.job)
    if job is not None and job.state == JobState.SUBMITTED:
        _submit(line, job)
