"""Exhaustive runs of small jobs: the controller killed at every point, every fault at every place, pairs of both."""

from __future__ import annotations

import random

import pytest

from simulator.campaign.exhaustive import (
    THREE_LETTERS,
    TWO_LETTERS,
    crash_points,
    pairs_of_places,
    places_of,
    problems,
    run_killed,
    run_placed,
)

UNKNOWN_MAX = 8
PAIRS = 250


def test_the_controller_killed_at_every_point_recovers_and_loses_nothing():
    points = crash_points(THREE_LETTERS)
    assert points > 100
    for at in range(1, points + 1):
        tally = run_killed(THREE_LETTERS, [at])
        assert problems(tally) == [], f"killed at point {at}"
        assert tally.deaths == 1, f"point {at} was not reached"
        assert tally.unknown_at_restart_max <= UNKNOWN_MAX


def test_the_controller_killed_again_while_it_recovers():
    points = crash_points(TWO_LETTERS)
    rng = random.Random(4)
    for _ in range(80):
        first = rng.randint(1, points)
        at = [first, first + rng.randint(1, 6), first + rng.randint(7, 20)]
        assert problems(run_killed(TWO_LETTERS, at)) == [], f"killed at points {at}"


PLACES = places_of(THREE_LETTERS)


@pytest.mark.parametrize("row", sorted({row for row, _ in PLACES}))
def test_every_single_fault_at_every_place_of_a_three_letter_job(row):
    for place in PLACES:
        if place[0] == row:
            assert problems(run_placed(THREE_LETTERS, [place])) == [], f"fault at {place}"


def test_pairs_of_faults_on_a_two_letter_job():
    """A part of all pairs, another in each order of seeds; never the whole set."""
    pairs = list(pairs_of_places(places_of(TWO_LETTERS)))
    for pair in random.Random(9).sample(pairs, PAIRS):
        assert problems(run_placed(TWO_LETTERS, pair)) == [], f"faults at {pair}"
