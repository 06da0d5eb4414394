"""A big batch is rendered as its paper is needed, not all at its beginning: files, pieces and reference pictures stay few jobs ahead."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

from controller.line.book import Book
from controller.model import BatchId, ItemId, Piece, PieceUid
from controller.planning import print_jobs
from controller.postal.items import SIMULATED_RANGE
from controller.runner.production import JOBS_AHEAD, Production
from controller.runner.render_worker import Printable


class Bench:
    """Stands for the rendering process: nothing is ready until it is said to be."""

    def __init__(self) -> None:
        self.asked: list[Future[Any]] = []

    def submit(self, call: object, *arguments: object) -> Future[Any]:
        self.asked.append(Future())
        return self.asked[-1]

    def shutdown(self, **_: object) -> None: ...


def test_a_big_batch_is_rendered_a_few_jobs_ahead_of_the_queues(tmp_path: Path) -> None:
    uids = [PieceUid(10_000_001_00 + place * 100 + 1) for place in range(2000)]
    production = Production(
        BatchId(1), tmp_path, tmp_path, b"k" * 32, Book(), {uid // 100: {} for uid in uids}, SIMULATED_RANGE
    )
    bench = Bench()
    production.close()
    production._pool = bench  # type: ignore[assignment]
    jobs = print_jobs(BatchId(1), [Piece(uid, 1, ItemId("")) for uid in uids])
    production._planned.extend(jobs)
    assert len(jobs) == 25
    assert list(production.finished()) == []
    assert len(bench.asked) == JOBS_AHEAD
    bench.asked[0].set_result(Printable(jobs[0].job, tmp_path / "a.pdf", "", 80, 160, {}, 0.1))
    assert [planned.job for planned in production.finished(waiting=1)] == [jobs[0]]
    assert len(bench.asked) == JOBS_AHEAD, "a job that waits for a queue counts as ahead"
    assert list(production.finished(waiting=0)) == []
    assert len(bench.asked) == JOBS_AHEAD + 1
    assert production.is_rendering
