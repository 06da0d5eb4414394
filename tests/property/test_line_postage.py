"""Row 39 of the fault matrix on the small floor: no confirmation of exactly the postage due, no grant."""

from __future__ import annotations

import json

import pytest
from line_floor import KEY, Envelope, Floor, violations

from controller.integrity import ExitPolicy
from controller.line import actions as act
from controller.line import events as ev
from controller.line.state import LineConfig
from controller.states import PackState

DUE = 120
PRINTED, REFUSED, UNCONFIRMED = 1, 0, 2


def franking(letters: int, **config: object) -> Floor:
    policy = ExitPolicy(postage=DUE)
    floor = Floor(LineConfig(**{"key": KEY, "challenge_at_start": False, "policy": policy, **config}))  # type: ignore[arg-type]
    floor.plan(1, (1,) * letters)
    floor.start()
    return floor


def once(floor: Floor, number: int, *words: tuple[int, int]) -> None:
    """Let the head say ``words`` of the envelope with this machine number, the first time there is one."""
    said: set[int] = set()

    def franks(envelope: Envelope) -> tuple[tuple[int, int], ...]:
        if envelope.number == number and number not in said:
            said.add(number)
            return words
        return ((DUE, PRINTED),)

    floor.franks = franks


def finished(floor: Floor) -> None:
    floor.finish(1)
    assert violations(floor) == []
    assert floor.last_reply is not None
    assert floor.last_reply.answer is act.Answer.DONE, floor.last_reply


def records(floor: Floor, kind: str) -> list[dict[str, object]]:
    return [json.loads(event.data) for event in floor.durable.store.events if event.kind == kind]


def test_every_envelope_franked_as_due_passes_and_its_postage_is_on_the_books() -> None:
    floor = franking(6)
    floor.run()
    assert [data["postage"] for data in records(floor, "piece.verified")] == [DUE] * 6
    finished(floor)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ((), None),
        (((0, REFUSED),), None),
        (((DUE, UNCONFIRMED),), DUE),
        (((DUE - 20, PRINTED),), DUE - 20),
        (((DUE + 80, PRINTED),), DUE + 80),
        (((DUE, PRINTED), (DUE, PRINTED)), 2 * DUE),
        (((0, REFUSED), (DUE, PRINTED)), DUE),
    ],
    ids=["not heard", "refused", "not confirmed", "too little", "too much", "twice", "refused, then printed"],
)
def test_whatever_is_not_one_word_of_exactly_the_postage_due_sends_the_piece_to_the_bin(
    words: tuple[tuple[int, int], ...], printed: int | None
) -> None:
    floor = franking(4)
    once(floor, 2, *words)
    floor.run()
    (diverted,) = records(floor, "piece.diverted")
    assert diverted["reason"] == "no-postage"
    assert diverted.get("postage") == printed  # what stands on a destroyed envelope can be claimed back
    finished(floor)


def test_a_head_that_refuses_three_in_a_row_holds_the_line_instead_of_wasting_the_batch() -> None:
    floor = franking(12)
    floor.franks = lambda envelope: ((0, REFUSED),)
    floor.run()
    assert "postage-refused" in {str(alarm.code) for alarm in floor.alarms}
    assert floor.machine.state == PackState.HELD


def test_a_word_about_an_envelope_nobody_knows_changes_nothing() -> None:
    floor = franking(3)
    floor.run()
    floor.tell(ev.Franked(floor.next_seq(), 999, DUE, PRINTED))
    finished(floor)
