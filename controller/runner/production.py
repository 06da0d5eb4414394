"""Letters in rounds: who needs a piece gets one, pieces become rendered print jobs, jobs are offered to the line core.

The round's order of things: plan (pure), render (other process), write the intent (the core's records), submit (print room).
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from controller.line import events
from controller.line.book import Book, JobEntry
from controller.model import BatchId, ItemId, JobId, Letter, Piece, PieceUid, PrintJob, piece_name
from controller.planning import first_attempts, next_attempts, print_jobs, sheet_marks
from controller.postal import ItemRange
from controller.runner import render_worker
from controller.runner.render_worker import LetterOrder, Printable
from controller.states import JobState

JOBS_AHEAD = 4
"""Jobs being rendered or waiting for room in a queue; rendering is far faster than printing, so little is enough. A day of 50,000 letters
is not rendered at its beginning: files, minted pieces and reference pictures come when they are needed."""


@dataclass(slots=True)
class RoundCounts:
    """How many pieces were planned, and how many of them were further attempts."""

    planned: int = 0
    reprinted: int = 0
    rendered: int = 0
    render_s: float = 0.0


@dataclass(slots=True)
class Production:
    """One batch on its way to paper. ``fields`` are the case fields by letter; they stay here and never enter the ledger."""

    batch: BatchId
    template: Path
    out: Path
    key: bytes
    book: Book
    fields: Mapping[int, Mapping[str, str]]
    items: ItemRange
    sheets: dict[int, int] = field(default_factory=dict)
    counts: RoundCounts = field(default_factory=RoundCounts)
    printable: dict[str, Printable] = field(default_factory=dict)
    _pool: ProcessPoolExecutor = field(init=False)
    _planned: deque[PrintJob] = field(default_factory=deque)
    _under_way: deque[tuple[PrintJob, Future[Printable]]] = field(default_factory=deque)
    _pictures: list[Future[int]] = field(default_factory=list)
    _issued: int = 0

    def __post_init__(self) -> None:
        self._pool = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=render_worker.begin
        )
        self._issued = len(self.book.pieces)
        for name in ("print", "letters"):
            (self.out / name).mkdir(parents=True, exist_ok=True)

    # -- measuring ---------------------------------------------------------------------------------------------------------

    def measure(self, letters: Iterable[int]) -> Future[list[render_worker.Sized]]:
        """Lay out the letters; which of them have defects must be held."""
        orders = [LetterOrder(letter, self.fields[letter]) for letter in letters]
        return self._pool.submit(render_worker.measure, str(self.template), orders)

    def mark_profile(self) -> render_worker.MarkProfile:
        """Ask the rendering process how the template prints its control marks."""
        return self._pool.submit(render_worker.mark_profile, str(self.template)).result(timeout=120)

    # -- rounds ------------------------------------------------------------------------------------------------------------

    @property
    def is_rendering(self) -> bool:
        return bool(self._under_way or self._planned)

    def plan_round(self) -> int:
        """Plan a piece for every open letter that has none which may still leave; return how many."""
        needing = sorted(self.book.needs_attempt(self.batch), key=lambda letter: letter.letter)
        fresh = [letter for letter in needing if not letter.pieces]
        again = [letter for letter in needing if letter.pieces]
        pieces = first_attempts((self._sized(entry.letter) for entry in fresh), self._issue)
        pieces += next_attempts(again, self._issue)
        jobs = print_jobs(
            self.batch, pieces, first_job=len(self.book.jobs) + len(self._under_way) + len(self._planned) + 1
        )
        self._planned.extend(jobs)
        self.counts.planned += len(pieces)
        self.counts.reprinted += len(again)
        return len(pieces)

    def render_again(self, entry: JobEntry) -> Future[Printable]:
        """Render a job of the ledger once more, as after a crash: the bytes are the same."""
        pieces = tuple(Piece(PieceUid(p.uid), p.sheets, p.item_id) for p in entry.pieces)
        return self._pool.submit(
            self._render_call(), *self._render_arguments(PrintJob(JobId(entry.name), self.batch, pieces))
        )

    def finished(self, waiting: int = 0) -> Iterable[events.JobPlanned]:
        """Yield the jobs whose file is ready, in order; each is offered to the core once. ``waiting`` jobs still want a queue."""
        while self._planned and len(self._under_way) + waiting < JOBS_AHEAD:
            job = self._planned.popleft()
            self._under_way.append((job, self._pool.submit(self._render_call(), *self._render_arguments(job))))
        while self._under_way and self._under_way[0][1].done():
            job, future = self._under_way.popleft()
            self.ready(future.result())
            self.counts.rendered += len(job.pieces)
            self.counts.render_s += self.printable[job.job].seconds
            yield events.JobPlanned(job)

    def ready(self, printable: Printable) -> None:
        """Keep a finished file and have its reference pictures cut."""
        self.printable[printable.job] = printable
        missing = {uid: page for uid, page in printable.first_pages.items() if not self.picture(uid).exists()}
        if missing:
            self._pictures.append(
                self._pool.submit(render_worker.cut_pictures, printable.path, missing, self.out / "letters")
            )

    def picture(self, uid: int) -> Path:
        return self.out / "letters" / f"{uid}.png"

    def wait_for_pictures(self) -> None:
        for future in self._pictures:
            future.result()

    def unsubmitted(self) -> list[JobEntry]:
        """Jobs whose intent is in the ledger without the queue's word that it has them."""
        return [job for job in self.book.jobs.values() if job.state == JobState.SUBMITTED]

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- parts -------------------------------------------------------------------------------------------------------------

    def _sized(self, letter: int) -> Letter:
        from controller.model import CaseId, LetterId

        return Letter(LetterId(letter), CaseId(""), self.sheets[letter])

    def _issue(self, uid: PieceUid) -> ItemId:
        item = self.items.number(self._issued)
        self._issued += 1
        return item

    @staticmethod
    def _render_call() -> Callable[..., Printable]:
        return render_worker.render

    def _render_arguments(self, job: PrintJob) -> tuple[str, str, list[LetterOrder], Path]:
        orders = [
            LetterOrder(
                piece.uid,
                self.fields[piece.uid // 100],
                tuple(sheet_marks(piece, self.key)),
                piece.item_id,
                piece_name(piece.uid),
            )
            for piece in job.pieces
        ]
        return str(self.template), str(job.job), orders, self.out / "print" / f"{job.job}.pdf"
