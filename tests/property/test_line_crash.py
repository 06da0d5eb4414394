"""A controller may be killed anywhere: before and after every commit, before every action. A small batch, every point."""

from __future__ import annotations

import pytest
from line_floor import Floor, violations

pytestmark = pytest.mark.slow

SHEETS = (1, 2, 2)


def _batch(crash_at: int) -> Floor:
    floor = Floor()
    floor.crash_at = crash_at
    floor.plan(1, SHEETS, per_job=2)
    floor.start()
    floor.finish(1)
    return floor


def test_killed_at_any_point_every_letter_still_leaves_once_and_the_batch_balances() -> None:
    points = _batch(0).points
    assert points > 120
    failed = {}
    for crash_at in range(1, points + 1):
        floor = _batch(crash_at)
        found = violations(floor)
        if found or floor.core.book.batches[1].state != "CLOSED" or len(floor.left) != len(SHEETS):
            failed[crash_at] = (found, floor.last_reply, len(floor.left))
    assert failed == {}
