"""The live picture, scans, estimates, figures of a shift, training: pure parts of the service."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model import ControlMark, piece_name, piece_uid
from controller.service import kpi
from controller.service.estimate import Out, estimate, learn
from controller.service.live import (
    Alarm,
    BeltPiece,
    Bypass,
    Camera,
    LiveSnapshot,
    Machine,
    Press,
    QueuedJob,
    RecentVerdict,
    Severity,
    Words,
)
from controller.service.packml import PACKML, worst
from controller.service.scans import ScanKind, read_scan, tray_label
from controller.service.training import (
    GIVE_UP_FACTOR,
    Goal,
    Run,
    Seen,
    StoryFault,
    advance,
    hints_due,
    read_story,
    score,
)

STORIES = Path(__file__).parents[2] / "station_ui" / "training"
HOUR = 3600 * 10**9

FULL = LiveSnapshot(
    line="line-1",
    at_unix_ns=5,
    simulated=True,
    machines=(Machine("inserter", 6, "JAM"),),
    belt=(BeltPiece(70000001001, 4, "PASS", True),),
    rate_now=1.5,
    counts={"IN_TRAY": 3},
    batch="7",
    queue=(QueuedJob("B1", "p", "processing", 1, 2),),
    cameras=(Camera("C1", 0.99, "A", (0.9, 1.0)),),
    alarms=(
        Alarm(
            "jam",
            Words("卡纸", "Jam"),
            Words("折页", "fold"),
            Words("清理", "clear"),
            Severity.WARN,
            Press.SCAN_ZONE,
            4,
        ),
    ),
    verdicts=(RecentVerdict(70000001001, "DIVERT", "no-read", 3),),
    zone_to_scan=(70000001001,),
    bypass=Bypass("C2", ("LB1", "LB2"), 9),
)


def test_a_live_picture_survives_its_journey():
    assert LiveSnapshot.from_json(FULL.to_json()) == FULL


def test_an_older_screen_ignores_what_a_newer_line_adds():
    told = json.loads(FULL.to_json())
    told["colour"] = "blue"
    told["machines"][0]["torque"] = 4
    assert LiveSnapshot.from_json(json.dumps(told)) == FULL


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_a_picture_or_a_value_error(value):
    try:
        LiveSnapshot.from_json(json.dumps(value))
    except ValueError:
        pass


@given(st.integers(1, 999_999), st.integers(1, 9_999_999), st.integers(1, 99))
def test_a_piece_is_recognised_by_its_mark_and_by_its_printed_name(batch, number, attempt):
    uid = piece_uid(batch, number, attempt)
    assert read_scan(ControlMark(uid, 1, 2).encode(b"k")).number == uid
    assert read_scan("]d1" + ControlMark(uid, 1, 2).encode(b"k")).kind is ScanKind.MARK
    assert read_scan(piece_name(uid)).number == uid


@given(st.text(max_size=200))
def test_any_scan_is_something(text):
    assert read_scan(text).kind in ScanKind


def test_a_tray_label_is_read_back():
    assert read_scan(tray_label(42).lower() + "\r\n").number == 42


def test_a_postal_number_with_a_wrong_check_digit_is_not_one():
    assert read_scan("XA000000116CN").kind is ScanKind.ITEM
    assert read_scan("XA000000117CN").kind is ScanKind.OTHER


def test_a_line_is_in_the_worst_state_of_its_machines():
    assert worst((6, 11, 4)) == 11
    assert worst((6, 9, 11)) == 9
    assert worst((6, 99)) == 0
    assert worst(()) == 0
    assert all(worst((state,)) == state for state in PACKML)


def history(gaps_s, sheets):
    """Pieces that came out one after the other, the last one now."""
    now = 100 * HOUR
    at, out = now, []
    for gap, count in zip(reversed(gaps_s), reversed(sheets), strict=True):
        out.append(Out(at, count))
        at -= int(gap * 10**9)
    return list(reversed(out)), now


def hours(guess, now):
    return (guess.finish_unix_ns - now) / HOUR


def test_the_estimate_is_the_measured_yield_and_its_spread():
    out, now = history([10] * 100, [1] * 100)
    guess = estimate(out, {1: 360}, 0.0, now)
    assert guess.per_hour == pytest.approx(360, rel=0.02)
    assert guess.early_unix_ns <= now + HOUR * 1.02
    assert guess.late_unix_ns >= now + HOUR * 0.98


@pytest.mark.parametrize(("left", "seconds"), [({1: 600}, 300), ({5: 600}, 1500), ({1: 300, 5: 300}, 900)])
def test_what_is_left_is_weighed_by_its_sheets(left, seconds):
    """Half a second for one sheet, two and a half for five, learned from a mixed hour; duplex halves the sheets, and so the time."""
    sheets = [1, 5, 5, 1] * 60
    out, now = history([0.2 + 0.3 if count == 1 else 2.5 for count in sheets], sheets)
    assert hours(estimate(out, left, 0.0, now), now) * 3600 == pytest.approx(seconds, rel=0.08)


def test_stops_are_part_of_the_yield_but_not_of_the_pace():
    running = [1.0] * 300
    out, now = history([*running, 300.0, *running], [1] * 601)
    pace = learn(out, now)
    assert pace.per_piece_ns + pace.per_sheet_ns == pytest.approx(1e9)
    assert pace.running == pytest.approx(600 / 900, rel=0.02)
    assert pace.of(1) * 600 == pytest.approx(900e9, rel=0.02)


def test_what_is_rejected_has_to_be_made_again():
    out, now = history([1.0] * 400, [1] * 400)
    plain, spoiled = (hours(estimate(out, {1: 1000}, share, now), now) for share in (0.0, 0.25))
    assert spoiled == pytest.approx(plain * 1.25, rel=0.01)


@given(
    gaps=st.lists(st.floats(0.05, 120), min_size=12, max_size=60),
    sheets=st.lists(st.integers(1, 6), min_size=60, max_size=60),
    idle_s=st.integers(0, 1000),
)
def test_an_estimate_is_never_in_the_past_nor_turned_round(gaps, sheets, idle_s):
    out, now = history(gaps, sheets[: len(gaps)])
    guess = estimate(out, {1: 10, 4: 7}, 0.1, now + idle_s * 10**9)
    if guess is not None:
        assert now < guess.early_unix_ns <= guess.finish_unix_ns <= guess.late_unix_ns


def test_nothing_is_estimated_from_nothing():
    assert estimate([], {1: 10}, 0.0, 10) is None
    assert estimate([Out(HOUR)] * 50, {1: 10}, 0.0, 3 * HOUR) is None


def fact(kind, at_s, uid=0, **data):
    return kpi.Fact(kind, at_s * 10**9, uid, data)


def test_the_times_of_a_shift_are_sorted_into_the_loss_tree_and_add_up():
    facts = [
        fact("line.state", 0, state=6, reason=0),
        fact("line.state", 600, state=11, reason=4),
        fact("line.state", 700, state=6, reason=0),
        fact("line.state", 800, state=5, reason=5),
        fact("line.state", 850, state=6, reason=0),
        fact("line.state", 900, state=11, reason=8),
    ]
    shift = kpi.figures(facts, 0, 1000 * 10**9, 36_000)
    assert shift.running_s == 750
    assert shift.losses_s == {kpi.Loss.FAULT: 100, kpi.Loss.WAITING: 50, kpi.Loss.STOPPED: 100}
    assert shift.running_s + sum(shift.losses_s.values()) == shift.planned_s
    assert shift.faults == 1
    assert shift.mean_time_to_clear_s == 100


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.sampled_from(sorted(PACKML)), st.integers(0, 11)), max_size=30),
    st.integers(1, 1500),
)
def test_running_and_lost_time_always_make_the_whole(states, until):
    facts = [fact("line.state", at, state=state, reason=reason) for at, state, reason in sorted(states)]
    shift = kpi.figures(facts, 100 * 10**9, (100 + until) * 10**9, 1000)
    assert shift.running_s + sum(shift.losses_s.values()) == pytest.approx(until)


def test_oee_is_the_product_and_unknown_without_production():
    facts = [
        fact("line.state", 0, state=6, reason=0),
        *(fact("piece.in-tray", n, uid=n * 100 + 1) for n in range(1, 91)),
    ]
    facts += [fact("piece.suspected", n, reason="no-read") for n in range(91, 101)]
    shift = kpi.figures(facts, 0, 1000 * 10**9, 720)
    assert shift.oee == pytest.approx(1.0 * 0.5 * 0.9)
    assert shift.skipped_cycles == 100
    assert kpi.figures([], 0, 10**9, 720).oee is None


def test_reprints_and_false_alarms_are_counted_against_their_budget():
    facts = [
        fact("piece.planned", 1, uid=101),
        fact("piece.planned", 2, uid=102),
        fact("piece.voided", 3, uid=101, reason="nothing-wrong"),
    ]
    facts += [fact("piece.in-tray", 4, uid=201)] * 400
    shift = kpi.figures(facts, 0, 10**10, 100)
    assert shift.reprint_rate == 0.5
    assert (shift.false_alarms, shift.false_alarm_budget) == (1, 2)


RUNNING = Seen(running=True, held=False, zone=0, custody=0)
HELD = Seen(running=False, held=True, zone=0, custody=0)


@pytest.mark.parametrize("path", sorted(STORIES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_story_is_whole_and_has_hints_in_both_languages(path):
    story = read_story(path.stem, path.read_text("utf-8"))
    assert all(task.hints and task.what.zh and task.what.en for task in story.tasks)
    assert all(hint.zh and hint.en for task in story.tasks for hint in task.hints)


def story_of(*goals: Goal):
    tasks = "".join(
        f'[[task]]\nwhat = {{ zh = "做", en = "do" }}\nhints = [{{ zh = "看", en = "look" }}]\ngoal = "{goal}"\nwithin_s = 10\n'
        for goal in goals
    )
    return read_story("s", 'title = { zh = "题", en = "title" }\n' + tasks)


def test_a_goal_counts_only_after_the_fault_was_seen():
    story = story_of(Goal.RUNNING)
    run = Run("s", "LB1", 0, 0)
    assert not advance(run, story, RUNNING, 1).finished
    run = advance(run, story, HELD, 2)
    assert advance(run, story, RUNNING, 6).results[0].seconds == 6


def test_a_perfect_run_scores_a_hundred_and_mistakes_cost_points():
    story = story_of(Goal.HELD, Goal.RUNNING)
    run = advance(Run("s", "LB1", 0, 0), story, HELD, 3)
    run = advance(advance(run, story, HELD, 4), story, RUNNING, 5)
    assert run.finished
    assert score(run, story) == 100
    assert score(replace(run, wrong_scans=2), story) == 90
    late = replace(run, results=(replace(run.results[0], seconds=35), run.results[1]))
    assert score(late, story) == 98


def test_a_task_nobody_solves_is_missed_and_the_story_goes_on():
    story = story_of(Goal.CUSTODY, Goal.HELD)
    run = advance(Run("s", "LB1", 0, 0), story, RUNNING, 10 * GIVE_UP_FACTOR + 1)
    assert run.results[0].missed
    assert run.task == 1
    assert score(advance(run, story, HELD, 50), story) == 80


def test_custody_counts_from_the_start_of_the_task():
    story = story_of(Goal.CUSTODY)
    run = Run("s", "LB1", 0, 0, custody_before=3)
    assert not advance(run, story, replace(RUNNING, custody=3), 1).finished
    assert advance(run, story, replace(RUNNING, custody=4), 1).finished


def test_hints_come_one_by_one():
    story = story_of(Goal.HELD)
    assert hints_due(Run("s", "LB1", 0, 0), story, 5) == ()
    assert len(hints_due(Run("s", "LB1", 0, 0), story, 25)) == 1


@pytest.mark.parametrize(
    "text", ["", "x = ", "title = { zh = 'a', en = 'b' }", "title = { zh = 'a', en = 'b' }\n[[task]]\ngoal = 'fly'"]
)
def test_a_broken_story_says_so(text):
    with pytest.raises(StoryFault):
        read_story("s", text)
