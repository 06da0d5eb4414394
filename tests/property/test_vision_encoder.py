"""The encoder's rule: it hears surplus triggers and wrong counts, keeps quiet on a sound belt, and never makes anything good."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.encoder import ANY_BELT, BeltRule, Doubt, Exposed, doubt_of

PITCH = 900
SPEED = 10_000.0
"""Pulses a second at full speed."""
RULE = BeltRule(PITCH, SPEED, required=True)

STEPS = st.tuples(
    st.integers(min_value=0, max_value=40_000),  # pulses beyond the pitch: empty places
    st.floats(min_value=0.05, max_value=1.0),  # share of full speed
    st.integers(min_value=0, max_value=60_000_000),  # standing still, µs
    st.integers(min_value=1, max_value=4),  # triggers since the frame before: more than one, and frames were lost
)
START = st.integers(min_value=-(2**40), max_value=2**40)


def journey(start: int, steps: list[tuple[int, float, int, int]]) -> list[Exposed]:
    """What a sound camera on a sound belt gives, however the belt runs, waits, and however many frames are lost."""
    seen = [Exposed(1, 0, start)]
    for extra, share, rest_us, triggers in steps:
        last = seen[-1]
        assert last.pulses is not None
        run = PITCH * triggers + extra
        took_us = round(run / (SPEED * share) * 1e6) + rest_us + 1
        seen.append(Exposed(last.trigger + triggers, last.device_us + took_us, last.pulses + run))
    return seen


def doubts(rule: BeltRule, seen: list[Exposed]) -> list[Doubt | None]:
    return [doubt_of(rule, before, now) for before, now in itertools.pairwise(seen)]


@given(START, st.lists(STEPS, min_size=1, max_size=20))
def test_a_sound_belt_is_never_doubted_through_stops_gaps_and_lost_frames(start, steps):
    seen = journey(start, steps)
    assert doubt_of(RULE, None, seen[0]) is None
    assert not any(doubts(RULE, seen))
    assert not any(doubts(ANY_BELT, seen))


@given(START, st.lists(STEPS, min_size=1, max_size=20), st.data())
def test_a_surplus_trigger_anywhere_is_heard_before_its_picture_is_believed(start, steps, data):
    seen = journey(start, steps)
    place = data.draw(st.integers(0, len(seen) - 1))
    before = seen[place]
    bounce = data.draw(st.integers(0, PITCH - 1))
    surplus = Exposed(before.trigger + 1, before.device_us + 100 + bounce * 200, before.pulses + bounce)
    later = [Exposed(shot.trigger + 1, shot.device_us, shot.pulses) for shot in seen[place + 1 :]]
    assert doubts(RULE, [*seen[: place + 1], surplus, *later])[place] is Doubt.SURPLUS


@given(START, STEPS, st.integers(min_value=1, max_value=2**31))
def test_a_count_that_goes_back_is_doubted_even_when_nothing_is_known_of_the_belt(start, step, back):
    before, now = journey(start, [step])
    assert before.pulses is not None
    assert doubt_of(ANY_BELT, before, Exposed(now.trigger, now.device_us, before.pulses - back)) is Doubt.MISCOUNT


@given(START, STEPS)
def test_a_count_that_stands_is_doubted_even_when_nothing_is_known_of_the_belt(start, step):
    before, now = journey(start, [step])
    assert doubt_of(ANY_BELT, before, Exposed(now.trigger, now.device_us, before.pulses)) is Doubt.SURPLUS


@given(START, STEPS, st.integers(min_value=1, max_value=2**31))
def test_a_count_that_jumps_farther_than_the_belt_can_run_is_doubted(start, step, beyond):
    before, now = journey(start, [step])
    assert before.pulses is not None
    reach = round(SPEED * 1.25 * (now.device_us - before.device_us) / 1e6) + beyond
    leap = Exposed(now.trigger, now.device_us, before.pulses + max(reach, PITCH * (now.trigger - before.trigger)))
    assert doubt_of(RULE, before, leap) is Doubt.MISCOUNT


@given(START, STEPS)
def test_a_count_that_is_missing_is_doubted_where_one_is_due(start, step):
    before, now = journey(start, [step])
    silent = Exposed(now.trigger, now.device_us, None)
    assert doubt_of(RULE, None, silent) is Doubt.MISCOUNT
    assert doubt_of(ANY_BELT, before, silent) is Doubt.MISCOUNT
    assert doubt_of(ANY_BELT, None, silent) is None
    assert doubt_of(ANY_BELT, silent, silent) is None


@given(
    st.integers(1, 5),
    st.integers(-(2**40), 2**40) | st.none(),
    st.integers(-(2**40), 2**40) | st.none(),
    st.integers(0, 10**9),
    st.integers(1, 10_000),
    st.floats(0, 1e6),
)
def test_a_stricter_rule_doubts_whatever_a_laxer_one_doubts(triggers, pulses, later, took_us, pitch, speed):
    before, now = Exposed(1, 0, pulses), Exposed(1 + triggers, took_us, later)
    if doubt_of(ANY_BELT, before, now) is not None:
        assert doubt_of(BeltRule(pitch, speed, required=True), before, now) is not None


def test_a_rule_that_no_belt_can_have_is_refused():
    with pytest.raises(ValueError, match="at least one pulse"):
        BeltRule(0)
    with pytest.raises(ValueError, match="less than nothing"):
        BeltRule(1, -1.0)
