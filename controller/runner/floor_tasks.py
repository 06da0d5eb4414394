"""What hands have to do at the line now, first things first, so that a shift can be run from the screen alone. Pure: reads the book.

The machine's own stops and the zone of a jam are not here: they have the banner and its one button (integrity.md §3.4). A person who
does the first task of the list, again and again, ends the batch balanced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from controller.line.book import BatchEntry, JobEntry, TrayEntry
from controller.line.core import LineCore
from controller.service.live import Task, TaskKind
from controller.states import BatchState, JobState, LetterState, PackState, PieceState, TrayState

OPEN_TRAYS: Final = frozenset({TrayState.OPEN, TrayState.CLOSING, TrayState.AUDIT})
_TO_COME: Final = frozenset(
    {
        PieceState.PLANNED,
        PieceState.RENDERED,
        PieceState.SUBMITTED,
        PieceState.PRINTED,
        PieceState.IN_FEED,
        PieceState.COLLATED,
        PieceState.VERIFIED,
        PieceState.PASS_GRANTED,
    }
)
_REJECTED: Final = (PieceState.SUSPECT, PieceState.DIVERTED)
_UNSEEN: Final = (PieceState.SUBMITTED, PieceState.PRINTED)
_ENDED: Final = frozenset(
    {PieceState.RELEASED, PieceState.ACCEPTED, PieceState.DESTROYED, PieceState.LOST, PieceState.NEVER_PRINTED}
)


def floor_tasks(core: LineCore, batch: int, counts: Mapping[str, int]) -> tuple[Task, ...]:
    """Return the tasks of ``batch``; ``counts`` are its pieces per state, counted by the caller who needs them too."""
    entry = core.book.batches.get(batch)
    if entry is None or entry.state != BatchState.OPEN:
        return ()
    return tuple(_tasks(core, entry, counts))


def has_run(job: JobEntry) -> bool:
    """Whether nothing more can come of a job: its stack was recognised, it is doubtful, or the stack was purged before a sheet of it
    was read and every piece has been accounted for by hand."""
    return bool(job.stacks) or job.state == JobState.DOUBTFUL or all(p.state not in _TO_COME for p in job.pieces)


def _tasks(core: LineCore, entry: BatchEntry, counts: Mapping[str, int]) -> Iterator[Task]:
    more_to_come = _more_to_come(entry)
    yield from _trays_to_mind(core, more_to_come=more_to_come)
    inside = {uid for envelope in core.line.inside.values() for uid in envelope.uids}
    rejected = sum(counts.get(state, 0) for state in _REJECTED)
    rejected -= sum(uid in core.book.pieces and core.book.pieces[uid].state in _REJECTED for uid in inside)
    unseen = rejected + sum(counts.get(state, 0) for state in _UNSEEN)
    in_hand = (
        Task(TaskKind.SCAN_BIN, rejected),
        Task(TaskKind.DECIDE, counts.get(PieceState.QUARANTINED, 0)),
        Task(TaskKind.DESTROY, counts.get(PieceState.VOID, 0)),
        Task(TaskKind.SEARCH, unseen if _paper_is_through(core, entry) else 0, entry.number),
    )
    yield from (task for task in in_hand if task.count > 0)
    for tray in core.book.trays.values():
        if _may_close(tray) and (tray is not core.line.tray or (tray.pieces and not more_to_come)):
            yield Task(TaskKind.CLOSE_TRAY, len(tray.pieces), tray.number)
    if sum(counts.values()) == sum(counts.get(state, 0) for state in _ENDED) and not more_to_come:
        yield Task(TaskKind.CLOSE_BATCH, 0, entry.number)


def _trays_to_mind(core: LineCore, *, more_to_come: bool) -> Iterator[Task]:
    line = core.line
    if more_to_come and (line.tray is None or not (line.tray_present or line.state == PackState.EXECUTE)):
        yield Task(TaskKind.PUT_TRAY)
    for tray in core.book.trays.values():
        if tray.holds and tray.state in OPEN_TRAYS:
            if tray is line.tray and more_to_come:
                yield Task(TaskKind.CHANGE_TRAY, len(tray.pieces), tray.number)
            elif not tray.under_way and not any(envelope.granted for envelope in line.inside.values()):
                yield Task(TaskKind.AUDIT_TRAY, len(tray.pieces), tray.number)


def _more_to_come(entry: BatchEntry) -> bool:
    """Whether a letter is open that does not lie in a tray. The last ones are looked at first: there it is found soonest."""
    return any(
        letter.state == LetterState.OPEN and not (letter.live and letter.live.state == PieceState.IN_TRAY)
        for letter in reversed(entry.letters)
    )


def _may_close(tray: TrayEntry) -> bool:
    return tray.state in (TrayState.OPEN, TrayState.CLOSING) and not tray.holds and not tray.under_way


def _paper_is_through(core: LineCore, entry: BatchEntry) -> bool:
    line = core.line
    jobs = (job for job in core.book.jobs.values() if job.batch == entry.number and job.state != JobState.CANCELLED)
    return not line.inside and not line.feed.waiting and all(has_run(job) for job in jobs)
