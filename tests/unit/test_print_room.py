"""The print room as the line's thread sees it, and a job moved away from a printer that cannot print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.runner.line_file import PrinterEntry
from controller.runner.print_room import PrintRoom
from devices.printing.following import FAIL_OVER_S, Follower
from devices.printing.notices import JobAccepted, JobMoved, JobProgress, JobState, PrinterReasons, PrintNotice
from devices.printing.settlement import SpooledJob
from devices.printing.spooler import PrinterAddress


@pytest.fixture
def room(tmp_path: Path) -> PrintRoom:
    return PrintRoom(tmp_path / "cups", [PrinterEntry("p1", "ipp://127.0.0.1:1/")], lambda event: None)


def test_what_the_line_walks_through_does_not_change_under_it(room: PrintRoom) -> None:
    """A queue told of a job while the live picture was drawn, and the line stopped: dictionary changed size during iteration."""
    room._hear(JobAccepted("p1", "J1", 7, already=False))
    room._hear(PrinterReasons("p1", 3, ("none",), True, ""))
    walking, reasons = iter(room.states.items()), iter(room.reasons.items())
    next(walking)
    next(reasons)
    room._hear(JobAccepted("p1", "J2", 8, already=False))
    room._hear(PrinterReasons("p2", 3, ("none",), True, ""))
    assert list(walking) == []
    assert list(reasons) == []
    assert set(room.states) == {"J1", "J2"}


def test_a_moved_job_is_shown_at_its_new_printer(room: PrintRoom) -> None:
    room._hear(JobAccepted("p1", "J1", 7, already=False))
    room._hear(JobMoved("J1", "p1", "p2"))
    assert room.states["J1"] == ("p2", "pending", 0)
    room._hear(JobProgress("p2", "J1", JobState.PROCESSING, 4, ()))
    assert room.states["J1"] == ("p2", "processing", 4)


class Cups:
    """Stands for the spooler: notes what was moved."""

    def __init__(self) -> None:
        self.moved: list[tuple[int, str]] = []

    def move(self, job: int, queue: str) -> None:
        self.moved.append((job, queue))


def failing_over(blocked_s: float, *, both: bool = False, begun: int = 0, state: JobState = JobState.PENDING) -> Any:
    """Return what is told and moved when p1 has been blocked for so long with one job waiting in its queue."""
    told: list[PrintNotice] = []
    cups, now = Cups(), 1000.0
    addresses = {name: PrinterAddress(name, f"ipp://127.0.0.1/{name}") for name in ("p1", "p2")}
    follower = Follower(addresses, told.append, lambda uid: True)
    follower.expect("J1", 10, 20)
    follower.took("J1", "p1", 7)
    for name in ("p1", "p2") if both else ("p1",):
        follower._queues[name].blocked_since = now - blocked_s
    spooled = {7: SpooledJob(7, "p1", "J1", state, 1, begun, 0)}
    follower._fail_over(cups, list(follower._jobs.items()), spooled, now)  # type: ignore[arg-type]
    return told, cups.moved


def test_a_waiting_job_is_moved_from_a_printer_that_cannot_print() -> None:
    assert failing_over(FAIL_OVER_S) == ([JobMoved("J1", "p1", "p2")], [(7, "p2")])


@pytest.mark.parametrize(
    "case",
    [
        {"blocked_s": FAIL_OVER_S - 1},
        {"blocked_s": FAIL_OVER_S, "both": True},
        {"blocked_s": FAIL_OVER_S, "begun": 900},
        {"blocked_s": FAIL_OVER_S, "state": JobState.PROCESSING},
    ],
    ids=["not-for-long", "nowhere-to-go", "begun-to-be-sent", "under-way"],
)
def test_a_job_that_may_be_half_printed_or_has_nowhere_to_go_stays(case: dict[str, Any]) -> None:
    assert failing_over(**case) == ([], [])
