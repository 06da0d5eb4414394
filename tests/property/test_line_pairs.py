"""All pairs of faults on a two-letter job, and long random sequences of them, judged after the batch is closed."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from line_faults import FAULTS, blind_double_feed, sheet_repeated
from line_floor import Floor, violations
from test_line_faults import complaint, run_with

from controller.states import PackState

pytestmark = pytest.mark.slow

KNOWN = {(sheet_repeated, blind_double_feed)}
"""Both faults and a blind sensor at once put a copy of a sheet beneath that very sheet: no mark tells, only a scale does
(tests/property/test_line_rules.py)."""

PAIRS = [pair for pair in product(FAULTS, FAULTS) if pair not in KNOWN]
SHARDS = 4


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_pair_of_faults_lets_anything_wrong_leave_or_anything_stay(shard: int) -> None:
    wrong = {}
    for first, second in PAIRS[shard::SHARDS]:
        # Every pair at every distance, from the moment in which the sheet of the first letter is in the feeder.
        for at, later in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (1, 3), (2, 2), (2, 4), (3, 3), (3, 5)):
            problem = complaint(run_with([(at, first), (later, second)], (1, 2)))
            if problem:
                wrong[first.__name__, at, second.__name__, later] = problem
    assert wrong == {}


class FloorUnderFaults(RuleBasedStateMachine):
    """Any faults in any order while a batch of seven letters runs; the ledger's word is compared with the paper at every step."""

    @initialize(sheets=st.lists(st.integers(1, 3), min_size=3, max_size=7), per_job=st.integers(1, 4))
    def begin(self, sheets: list[int], per_job: int) -> None:
        self.floor = Floor()
        self.floor.plan(1, sheets, per_job=per_job)
        self.floor.start()
        self.repeated = False

    @rule(pitches=st.integers(1, 4))
    def run_on(self, pitches: int) -> None:
        self.floor.run(pitches)

    @rule(fault=st.sampled_from(FAULTS))
    def something_fails(self, fault: object) -> None:
        assert callable(fault)
        if fault is sheet_repeated:
            self.repeated = True
        if fault is blind_double_feed and self.repeated:
            return
        fault(self.floor)

    @rule()
    def somebody_starts_the_line_again(self) -> None:
        if not self.floor.alive:
            self.floor.recover()
        if self.floor.machine.state != PackState.EXECUTE:
            self.floor.restart()

    @rule()
    def the_operator_tidies(self) -> None:
        if self.floor.alive and not self.floor.machine.belt and not self.floor.machine.gathering:
            self.floor.tidy(1)

    @rule(number=st.integers(1, 3))
    def a_tray_is_asked_to_close(self, number: int) -> None:
        if self.floor.alive and number in self.floor.trays and number in self.floor.core.book.trays:
            self.floor.close_tray(number)

    @invariant()
    def nothing_wrong_has_left(self) -> None:
        if hasattr(self, "floor") and self.floor.alive:
            assert violations(self.floor) == []

    def teardown(self) -> None:
        if hasattr(self, "floor"):
            self.floor.finish(1, rounds=20)
            assert complaint(self.floor) is None


FloorUnderFaults.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestFloorUnderFaults = FloorUnderFaults.TestCase
