"""Every crash point, every single fault at every place, every pair of them, on a job of a few letters. Nothing is drawn but details.

A *place* is (row, n): the fault of that row strikes at the n-th opportunity of its site. The places of a job are counted in a run
without faults, plus a few more, because faults make work.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from simulator.campaign.faults import ROWS, FaultPlan, Profile, Site
from simulator.campaign.franking import POSTAGE
from simulator.campaign.run import Tally, audited
from simulator.campaign.shift import Shift, ShiftPlan

THREE_LETTERS = (2, 1, 2)
TWO_LETTERS = (2, 1)
CALM = Profile(rate=0.0)
HOURS = 48
UNKNOWN_MAX = 8
"""I13: so many pieces may be between the exit camera and the tray eye when a controller dies."""
SITE_OF = {row.row: row.site for row in ROWS}
FRANKING_ROW = 39

Place = tuple[int, int]


class PlacedFaults(FaultPlan):
    """A plan in which exactly the given places are struck."""

    def __init__(self, places: Sequence[Place], rng: random.Random) -> None:
        super().__init__(CALM, rng)
        self.passed: Counter[Site] = Counter()
        self._at: dict[tuple[Site, int], int] = {(SITE_OF[row], n): row for row, n in places}

    def draw(self, site: Site) -> int:
        self.passed[site] += 1
        return 0 if self.quiet else self._at.get((site, self.passed[site]), 0)


def placed_shift(sheets: tuple[int, ...], places: Sequence[Place], seed: int = 1) -> Shift:
    """Return a shift of one small job with faults at ``places``."""
    franks = any(SITE_OF[row] is Site.FRANKING for row, _ in places)
    plan = ShiftPlan(seed, len(sheets), CALM, sheets, HOURS, postage=POSTAGE if franks else 0)
    return Shift(plan, faults=lambda rng: PlacedFaults(places, rng))


def run_placed(sheets: tuple[int, ...], places: Sequence[Place], seed: int = 1) -> Tally:
    """Run and audit it."""
    return audited(0, placed_shift(sheets, places, seed).run())


def places_of(sheets: tuple[int, ...]) -> list[Place]:
    """Return every place of the job, by row."""
    passed = _passed(sheets, ())
    # The head is there only where one of its faults is placed: here one that comes too late to strike.
    passed[Site.FRANKING] = _passed(sheets, ((FRANKING_ROW, 1 << 30),))[Site.FRANKING]
    return [(row.row, n) for row in ROWS for n in range(1, passed[row.site] + 2)]


def _passed(sheets: tuple[int, ...], places: Sequence[Place]) -> Counter[Site]:
    shift = placed_shift(sheets, places)
    shift.run()
    plan = shift.faults
    assert isinstance(plan, PlacedFaults)
    return plan.passed


def crash_points(sheets: tuple[int, ...]) -> int:
    """Return at how many points a controller can be killed in that job."""
    shift = placed_shift(sheets, ())
    shift.run()
    return shift.host.points.passed


def run_killed(sheets: tuple[int, ...], at: Sequence[int], seed: int = 1) -> Tally:
    """Run the job with the controller killed at the given points (each counted from the start), and audit it."""
    shift = placed_shift(sheets, (), seed)
    shift.host.points.at = frozenset(at)
    return audited(0, shift.run())


def pairs_of_places(places: Sequence[Place]) -> Iterator[tuple[Place, Place]]:
    """Yield every pair of places; two faults of one site at one opportunity cannot both strike and are left out."""
    for first, second in combinations(places, 2):
        if (SITE_OF[first[0]], first[1]) != (SITE_OF[second[0]], second[1]):
            yield first, second


def problems(tally: Tally) -> list[str]:
    """Return what went wrong in a run, in words."""
    return [text for found in (tally.violations, tally.findings, tally.unfinished) for _, text in found]
