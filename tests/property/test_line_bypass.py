"""A bypassed camera lets the line run on; it makes nothing good. And mail that comes back is on the books."""

from __future__ import annotations

import pytest
from line_faults import machine_reboots
from line_floor import KEY, Floor, violations

from controller.line import actions as act
from controller.line import events as ev
from controller.line.state import LineConfig
from controller.model import ControlMark
from controller.states import PackState

MINUTE_US = 60_000_000


def running(*sheets: int) -> Floor:
    floor = Floor(LineConfig(key=KEY, challenge_at_start=False))
    floor.plan(1, sheets)
    floor.start()
    return floor


def bypass(floor: Floor, camera: int, minutes: int = 10, second: str = "sup2") -> act.Reply:
    reply = floor.ask(ev.BypassCamera(floor.next_command(), "sup1", second, camera, minutes, "lens is being cleaned"))
    assert reply is not None
    return reply


def without_item_codes(floor: Floor) -> None:
    """The exit camera reads no postal number any more."""
    tell = floor.tell

    def blind(event: ev.LineEvent) -> None:
        tell(
            ev.ExitRead(event.trigger, event.payloads, (), event.address_ok)
            if isinstance(event, ev.ExitRead)
            else event
        )

    floor.tell = blind  # type: ignore[method-assign]


def test_one_person_cannot_bypass_a_camera() -> None:
    floor = running(1, 1)
    assert bypass(floor, 1, second="sup1").why == "two-persons"
    assert bypass(floor, 1, second=" SUP1 ").why == "two-persons"
    assert floor.core.line.bypass is None


@pytest.mark.parametrize(("camera", "minutes"), [(3, 10), (0, 10), (1, 0), (1, 31), (2, -1)])
def test_a_bypass_is_of_one_of_two_cameras_and_lasts_at_most_half_an_hour(camera: int, minutes: int) -> None:
    assert bypass(running(1), camera, minutes).why == "bad-arguments"


def test_only_one_camera_is_bypassed_at_a_time() -> None:
    floor = running(1)
    assert bypass(floor, 2).answer is act.Answer.DONE
    assert bypass(floor, 1).why == "other-camera-bypassed"


def test_unread_sheets_do_not_hold_a_line_with_a_bypassed_camera_and_every_one_is_rejected_all_the_same() -> None:
    floor = running(*[1] * 12)
    bypass(floor, 1)
    unread = [paper.uid for paper in list(floor.stacks[0][1])[2:8]]
    for paper in list(floor.stacks[0][1])[2:8]:
        paper.readable = False
    floor.run()
    assert floor.machine.state == PackState.EXECUTE
    assert not {grant.uid for grant in floor.granted} & set(unread)
    floor.finish(1)
    assert violations(floor) == []


def test_a_bypassed_exit_camera_may_miss_the_postal_number_but_never_the_mark() -> None:
    floor = running(*[1] * 12)
    without_item_codes(floor)
    assert bypass(floor, 2).answer is act.Answer.DONE
    top = list(floor.stacks[0][1])[4]
    shoot = floor._shoot

    def unseen(envelope: object) -> None:
        envelope.shows_readable = envelope.papers[0] is not top  # type: ignore[attr-defined]
        shoot(envelope)  # type: ignore[arg-type]

    floor._shoot = unseen  # type: ignore[method-assign, assignment]
    floor.run()
    passed = {grant.uid for grant in floor.granted}
    assert len(passed) == 11
    assert top.uid not in passed


def test_a_postal_number_that_disagrees_is_rejected_under_a_bypass_too() -> None:
    floor = running(*[1] * 6)
    bypass(floor, 2)
    for paper in floor.stacks[0][1]:
        paper.item = "XA000000000CN"
    floor.run()
    assert floor.granted == []


@pytest.mark.parametrize("end", ["time", "epoch"])
def test_a_bypass_ends_by_itself(end: str) -> None:
    floor = running(*[1] * 12)
    without_item_codes(floor)
    bypass(floor, 2, minutes=1)
    if end == "time":
        floor.tell(ev.Tick(floor.now_us + MINUTE_US - 1))
        assert floor.core.line.bypass is not None
        floor.now_us += MINUTE_US
        floor.tell(ev.Tick(floor.now_us))
    else:
        machine_reboots(floor)
        floor.start()
    assert floor.core.line.bypass is None
    floor.run()
    assert floor.granted == []
    ended = [event for event in floor.durable.ledger.read() if event.kind == "bypass.ended"]
    assert len(ended) == 1


def test_a_restarted_controller_knows_of_no_bypass() -> None:
    floor = running(*[1] * 4)
    bypass(floor, 2)
    floor.kill()
    floor.recover()
    assert floor.core.line.bypass is None
    assert floor.core.line.exit_policy == floor.config.policy


def test_a_letter_that_comes_back_is_returned_once_and_only_if_it_had_left() -> None:
    floor = running(1, 1)
    uid = floor.core.book.batches[1].pieces[0].uid

    def returned() -> act.Reply | None:
        return floor.ask(ev.ReturnedMail(floor.next_command(), "post1", uid, "moved", "ab" * 32))

    reply = returned()
    assert reply is not None
    assert reply.why == "letter-not-mailed"
    floor.finish(1)
    reply = returned()
    assert reply is not None
    assert reply.answer is act.Answer.DONE
    assert floor.core.book.pieces[uid].letter.state == "RETURNED"
    reply = returned()
    assert reply is not None
    assert reply.why == "already-returned"
    assert floor.durable.core(floor.config).book.letters[uid // 100].state == "RETURNED"
    assert ControlMark(uid, 1, 1).encode(KEY)  # what a person scans still names it
