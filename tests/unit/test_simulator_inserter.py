"""The simulated inserter keeps the rules of docs/protocols/inserter.md: the gate rests in reject, interlocks act, paper is conserved."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.inserter.vocabulary import Code, Command, EventCode, GateWhy, Mode, Reason, Result, State, Verb, Zone
from simulator.scenario import MachinePlan
from tests.unit.simulated_machine import Bench


def test_granted_pieces_reach_the_tray_one_sheet_each_in_order() -> None:
    bench = Bench()
    bench.start()
    papers = bench.load(5)
    bench.run(4)
    assert [[sheet.sheet_id for sheet in envelope.sheets] for _, envelope in bench.tray] == [
        [p.sheet_id] for p in papers
    ]
    assert not bench.bin
    assert [(tray, reject) for _, tray, reject in bench.of(EventCode.EXIT)] == [(1, 0)] * 5
    assert bench.of(EventCode.STACK) == [(1, 1), (1, 2)]


def test_without_a_token_the_gate_stays_in_reject() -> None:
    bench = Bench()
    bench.grants = lambda piece_no: piece_no == 2
    bench.start()
    bench.load(3)
    bench.run(4)
    assert [values[1:] for values in bench.of(EventCode.GATE)] == [
        (0, GateWhy.NO_TOKEN),
        (1, GateWhy.TOKEN),
        (0, GateWhy.NO_TOKEN),
    ]
    assert len(bench.tray) == 1
    assert len(bench.bin) == 2


def test_a_token_that_expired_on_the_devices_clock_opens_nothing() -> None:
    bench = Bench()
    bench.grants = lambda piece_no: False
    bench.start()
    bench.load(1)
    bench.run(0.6)
    (piece_no, _, gate_at_us, _) = bench.of(EventCode.EXIT_SHOT)[0]
    assert bench.say(Code.GRANT, 1, piece_no, 7, gate_at_us - 1) is Result.OK
    bench.run(2)
    assert bench.of(EventCode.GATE) == [(1, 0, GateWhy.EXPIRED)]


def test_a_revoked_token_opens_nothing_and_a_piece_past_its_gate_is_too_late() -> None:
    bench = Bench()
    bench.start()
    bench.load(1)
    bench.run(0.6)
    assert bench.say(Code.REVOKE, 1, 1) is Result.OK
    bench.run(2)
    assert bench.of(EventCode.GATE) == [(1, 0, GateWhy.NO_TOKEN)]
    bench.load(1, stack_no=2)
    bench.run(0.3)
    assert bench.say(Code.GRANT, 1, 1, 7, 1 << 60) is Result.TOO_LATE
    assert bench.say(Code.GRANT, 1, 99, 7, 1 << 60) is Result.UNKNOWN_PIECE


def test_another_uid_for_a_granted_piece_is_a_conflict_and_another_epoch_is_refused() -> None:
    bench = Bench()
    bench.start()
    bench.load(1)
    bench.run(0.6)
    assert bench.say(Code.GRANT, 1, 1, 4711, 1 << 60) is Result.CONFLICT
    assert bench.say(Code.GRANT, 2, 1, 1001, 1 << 60) is Result.REFUSED_EPOCH


def test_the_same_command_id_is_answered_from_memory() -> None:
    bench = Bench()
    bench.start(limit=1)
    command = Command(Code.FEED_LIMIT, 777, (1, 5))
    assert bench.machine.command(command) is Result.OK
    bench.say(Code.FEED_LIMIT, 1, 2)
    assert bench.machine.command(command) is Result.OK
    assert bench.machine.path.feed_limit == 2


def test_sheets_of_one_set_leave_in_one_envelope() -> None:
    bench = Bench()
    bench.ends = lambda sheet_no: sheet_no % 3 == 0
    bench.start()
    bench.load(6)
    bench.run(4)
    assert [len(envelope.sheets) for _, envelope in bench.tray] == [3, 3]
    assert bench.of(EventCode.PIECE) == [(1, 1, 3, 0), (2, 4, 6, 0)]


def test_an_undecided_sheet_closes_its_set_by_itself_and_holds_back_the_feeder() -> None:
    bench = Bench()
    bench.ends = lambda sheet_no: None if sheet_no == 2 else True
    bench.start()
    bench.load(4)
    bench.run(0.45)
    assert len(bench.of(EventCode.SHEET)) <= 4
    bench.run(4)
    assert [values[3] for values in bench.of(EventCode.PIECE)] == [0, 1, 0, 0]
    assert bench.say(Code.END_SET, 1, 2, 1) is Result.TOO_LATE


def test_the_feeder_stops_at_its_limit_and_says_so_once_nothing_is_inside() -> None:
    bench = Bench()
    bench.start(limit=2)
    bench.load(5)
    bench.run(3)
    assert len(bench.of(EventCode.SHEET)) == 2
    assert bench.of(EventCode.STATE)[-1] == (State.EXECUTE, Mode.PRODUCTION, Reason.FEED_LIMIT)
    bench.say(Code.FEED_LIMIT, 1, 5)
    bench.run(3)
    assert len(bench.tray) == 5


def test_the_watchdog_aborts_and_a_purge_rejects_all_that_was_inside() -> None:
    bench = Bench()
    bench.start()
    bench.load(8)
    bench.run(0.7)
    inside = len(bench.machine.path.inside.pieces)
    assert inside > 1
    bench.machine.watchdog()
    bench.run(1)
    assert bench.machine.state is State.ABORTED
    assert bench.of(EventCode.STATE)[-1][2] == Reason.WATCHDOG
    passed = len(bench.tray)
    for verb in (Verb.CLEAR, Verb.RESET, Verb.START):
        bench.run(2)
        assert bench.say(Code.PACKML, verb) is Result.OK
    bench.run(5)
    whys = [why for _, position, why in bench.of(EventCode.GATE) if position == 0]
    assert GateWhy.PURGE in whys
    assert len(bench.tray) + len(bench.bin) == 8
    assert passed < len(bench.tray) < 8


def test_a_jam_holds_until_the_cover_was_closed_and_reports_what_was_taken_out() -> None:
    bench = Bench()
    bench.start()
    bench.load(6)
    bench.defects.jam_after(2, Zone.ENVELOPE)
    bench.run(1.5)
    assert bench.machine.state is State.HELD
    assert bench.machine.take_out(Zone.ENVELOPE) == [], "nobody reaches in through a closed cover"
    bench.machine.block(Reason.COVER_OPEN, Zone.ENVELOPE)
    bench.hands += bench.machine.take_out(Zone.ENVELOPE)
    assert bench.hands
    assert bench.say(Code.PACKML, Verb.UNHOLD) is Result.REFUSED_STATE
    bench.machine.unblock(Reason.JAM)
    bench.machine.unblock(Reason.COVER_OPEN)
    assert bench.say(Code.PACKML, Verb.UNHOLD) is Result.OK
    bench.run(4)
    assert bench.of(EventCode.REMOVED) == [(Zone.ENVELOPE, len(bench.hands))]
    assert bench.paper_everywhere() == list(range(6))


def test_a_reboot_begins_an_epoch_and_old_pieces_leave_without_a_number() -> None:
    bench = Bench()
    bench.start()
    bench.load(6)
    bench.run(0.8)
    bench.machine.reboot(bench.now, 2)
    bench.events.clear()
    assert bench.say(Code.GRANT, 1, 3, 1003, 1 << 60) is Result.REFUSED_EPOCH
    bench.start()
    bench.run(4)
    assert bench.events[0].seq == 1
    assert (0, 1) in bench.of(EventCode.REJECT_EYE)
    assert bench.paper_everywhere() == list(range(6))


def test_two_sheets_fed_as_one_fire_the_thickness_sensor_unless_it_is_blind() -> None:
    bench = Bench()
    bench.start()
    bench.load(4)
    bench.defects.add("double_feed", 1)
    bench.run(4)
    assert [values[4] for values in bench.of(EventCode.SHEET)].count(1) == 1
    assert sorted(len(envelope.sheets) for _, envelope in bench.tray) == [1, 1, 2]
    blind = Bench()
    blind.defects.switch("thickness_blind", on=True)
    blind.start()
    blind.defects.add("double_feed", 1)
    blind.load(4)
    blind.run(4)
    assert [values[4] for values in blind.of(EventCode.SHEET)] == [0, 0, 0]
    assert sorted(len(envelope.sheets) for _, envelope in blind.tray) == [1, 1, 2]


@pytest.mark.parametrize(("defect", "seen"), [("tray_eye_miss", (0, 0)), ("reject_eye_ghost", (1, 1))])
def test_a_failing_eye_makes_the_exit_report_ambiguous(defect: str, seen: tuple[int, int]) -> None:
    bench = Bench()
    bench.start()
    bench.defects.add(defect, 1)
    bench.load(1)
    bench.run(2)
    assert bench.of(EventCode.EXIT) == [(1, *seen)]
    assert len(bench.tray) == 1


def test_a_full_ring_holds_the_machine_and_loses_no_event() -> None:
    bench = Bench()
    bench.start()
    bench.machine.ring.capacity = 160
    bench.load(60)
    for _ in range(8000):
        bench.now += 1000
        bench.machine.advance(bench.now)
    assert bench.machine.state is State.HELD
    assert bench.machine.reason is Reason.RING_FULL
    numbers = [event.seq for event in bench.machine.ring.pending]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.floats(0.01, 0.4)),
        st.tuples(st.just("verb"), st.sampled_from(list(Verb))),
        st.tuples(st.just("tray"), st.integers(0, 2)),
        st.tuples(st.just("limit"), st.integers(0, 30)),
        st.tuples(st.just("reboot"), st.none()),
        st.tuples(st.just("watchdog"), st.none()),
        st.tuples(
            st.just("jam"), st.sampled_from([Zone.FEEDER, Zone.ACCUMULATOR, Zone.FOLD, Zone.ENVELOPE, Zone.GATE])
        ),
        st.tuples(st.just("hands"), st.sampled_from(list(Zone))),
        st.tuples(st.just("defect"), st.sampled_from(["double_feed", "empty_envelope", "tray_eye_miss"])),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(DEEDS, st.integers(0, 1 << 16))
def test_whatever_happens_paper_is_conserved_and_only_granted_pieces_reach_the_tray(
    deeds: list[tuple[str, object]], seed: int
) -> None:
    bench = Bench(seed=seed)
    bench.start()
    bench.load(12)
    epoch = 1
    for deed, value in deeds:
        match deed:
            case "run":
                bench.run(float(str(value)))
            case "verb":
                bench.say(Code.PACKML, int(str(int(value))))  # type: ignore[call-overload]
            case "tray":
                bench.say(Code.SET_TRAY, int(str(value)))
            case "limit":
                bench.say(Code.FEED_LIMIT, epoch, int(str(value)))
            case "reboot":
                epoch += 1
                bench.machine.reboot(bench.now, epoch)
            case "watchdog":
                bench.machine.watchdog()
            case "jam":
                bench.defects.jam_after(1, int(value))  # type: ignore[call-overload]
            case "hands":
                bench.machine.block(Reason.COVER_OPEN, 5)
                bench.hands += bench.machine.take_out(int(value))  # type: ignore[call-overload]
                bench.machine.path.free_jam()
                bench.machine.unblock(Reason.JAM)
                bench.machine.unblock(Reason.COVER_OPEN)
            case "defect":
                bench.defects.add(str(value), 1)
        assert bench.paper_everywhere() == list(range(12))
    bench.answer()
    opened = [values for values in bench.of(EventCode.GATE) if values[1] == 1]
    assert len(bench.tray) <= len(opened)
    assert all(why == GateWhy.TOKEN for _, _, why in opened)


def test_the_feeder_rests_while_sets_wait_for_the_fold_and_no_gap_opens_at_the_gate() -> None:
    plan = MachinePlan(sheet_pitch_ms=50, piece_pitch_ms=100, fold_buffer=4)
    bench = Bench(plan.at(1.0))
    bench.start()
    bench.load(60)
    waiting = 0
    for _ in range(80):
        bench.run(0.1)
        pieces = bench.machine.path.inside.pieces
        waiting = max(waiting, sum(piece.zone == Zone.ACCUMULATOR for piece in pieces))
    # Sheets that left the feeder before the buffer was full still come: two may be on their way.
    assert 4 <= waiting <= 6
    shots = [gate_at_us for _, _, gate_at_us, _ in bench.of(EventCode.EXIT_SHOT)]
    assert len(shots) == 60
    assert {b - a for a, b in itertools.pairwise(shots)} == {100_000}


def test_a_franking_head_says_once_what_it_printed_before_the_exit_shot_and_the_amount_stays_on_the_envelope() -> None:
    bench = Bench(MachinePlan(franking=120).at(1.0))
    for defect in ("franking_refuses", "franking_wrong", "franking_unconfirmed"):
        bench.defects.add(defect, 1)
    bench.start()
    bench.load(4)
    bench.run(4)
    said = bench.of(EventCode.POSTAGE)
    assert [(piece_no, outcome) for piece_no, _, outcome in said] == [(1, 0), (2, 1), (3, 2), (4, 1)]
    assert said[0][1] == 0
    assert said[1][1] not in (0, 120)
    assert said[2][1] == said[3][1] == 120
    order = [event.code for event in bench.events if event.code in (EventCode.POSTAGE, EventCode.EXIT_SHOT)]
    assert order == [EventCode.POSTAGE, EventCode.EXIT_SHOT] * 4
    printed = {envelope.piece_no: envelope.postage for _, envelope in bench.tray}
    assert printed == {piece_no: amount for piece_no, amount, _ in said}
