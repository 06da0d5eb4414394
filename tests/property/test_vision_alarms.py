"""Alarms about print: silent over months of healthy print, and early when it really gets worse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.vision_wear import GOOD_PIECES, wear
from vision.readings import Grade
from vision.trends import SAME_LINE_MM, PrintTrends, Rule

MEASURED = Path(__file__).parents[1] / "vectors" / "vision" / "healthy_grades.json"
"""Grades of 400 simulated frames each of a steady camera and of level P1, as `vision.grading` measured them."""
PIECES = 5_000
Series = NDArray[np.float64]


def rings(window: str, parameter: str, values: Series) -> list[tuple[int, str]]:
    trends = PrintTrends()
    found = [trends.follow("p", "exit", window, Grade(4.0, "test", measured={parameter: v})) for v in values.tolist()]
    return [(warning.piece, warning.rule.value) for warnings in found for warning in warnings]


def measured() -> dict[str, list[float]]:
    levels = json.loads(MEASURED.read_text(encoding="utf-8"))
    return {
        f"{level}/{window}/{parameter}": values
        for level, windows in levels.items()
        for window, parameters in windows.items()
        for parameter, values in parameters.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", measured())
def test_healthy_print_as_it_was_measured_never_rings(name: str) -> None:
    values = np.array(measured()[name])
    _, window, parameter = name.split("/")
    for seed in range(3):
        drawn = np.random.default_rng(seed).choice(values, PIECES)
        assert rings(window, parameter, drawn) == [], f"seed {seed}"


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    level=st.floats(0.45, 0.95),
    sigma=st.floats(0.0, 0.06),
    memory=st.floats(0.0, 0.6),
    drift=st.floats(0.0, 0.02),
)
@example(seed=1_016_164_991, level=0.5, sigma=0.06, memory=0.6, drift=0.0)
@example(seed=1_029_694_514, level=0.45, sigma=0.03, memory=0.6, drift=0.02)
def test_print_that_wanders_a_little_and_remembers_its_last_pieces_never_rings(
    seed: int, level: float, sigma: float, memory: float, drift: float
) -> None:
    noise = np.random.default_rng(seed).normal(0, sigma, PIECES)
    own = np.zeros(PIECES)
    for place in range(1, PIECES):
        own[place] = memory * own[place - 1] + noise[place] * np.sqrt(1 - memory**2)
    lamp = drift * np.sin(2 * np.pi * np.arange(PIECES) / 3_000)
    assert rings("mark", "modulation", level + own + lamp) == []


@given(st.lists(st.sampled_from([0.75, 2.75, 4.75, 6.75]), max_size=3, unique=True), st.integers(0, 2**31))
def test_light_places_that_move_about_are_no_nozzle_and_one_that_stays_is_named(dust: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    trends = PrintTrends()
    grade = Grade(4.0, "test")
    found = []
    for _ in range(150):
        places = [x for x in dust if rng.random() < 0.2]
        found += trends.follow("p", "exit", "mark", grade, places)
    assert found == []
    for _ in range(40):
        found += trends.follow("p", "exit", "mark", grade, [4.25])
    assert [w.rule for w in found] == [Rule.MISSING_LINE]
    assert abs((found[0].x_mm or 0.0) - 4.25) <= SAME_LINE_MM


@pytest.mark.slow
def test_a_head_that_wears_is_reported_two_hundred_pieces_before_the_first_no_read() -> None:
    run = wear(seed=11)
    assert run.first_no_read, "the head did not wear enough to stop the reading"
    assert run.lead >= 200
    assert run.first_warning > GOOD_PIECES, "rang on good print"
    assert run.names_the_line
