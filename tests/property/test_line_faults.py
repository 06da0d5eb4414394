"""Every single fault at every pitch of a small job, and pairs of faults on a smaller one: nothing wrong may ever leave."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from line_faults import FAULTS
from line_floor import Floor, violations

Fault = Callable[[Floor], None]


def run_with(faults: list[tuple[int, Fault]], sheets: tuple[int, ...]) -> Floor:
    """Run a batch; ``faults`` are (pitch, what happens just before it)."""
    floor = Floor()
    floor.plan(1, sheets, per_job=2)
    floor.start()
    pitch = 0
    for at, fault in sorted(faults, key=lambda pair: pair[0]):
        floor.run(at - pitch)
        pitch = max(pitch, at)
        fault(floor)
    floor.finish(1)
    return floor


def complaint(floor: Floor) -> object:
    """Return what is wrong with the outcome, or None."""
    found = violations(floor)
    if found:
        return found
    settled = {letter.state for letter in floor.core.book.letters.values()} <= {"MAILED", "CANCELLED"}
    if floor.core.book.batches[1].state != "CLOSED" or not settled:
        return floor.last_reply
    return None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_single_fault_at_any_pitch_ends_balanced_with_every_letter_once(fault: Fault) -> None:
    wrong = {}
    for at in range(10):
        problem = complaint(run_with([(at, fault)], (1, 2, 2)))
        if problem:
            wrong[at] = problem
    assert wrong == {}
