"""The finish the batch board shows is learned from the ledger: from the sheets that are left, the stops, and what was rejected."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from controller.model import piece_uid
from controller.service.finish import FRESH_S, Finish
from controller.service.views import BatchView, Moment

BATCH, START_NS, S = 7, 10**18, 10**9


class Door:
    """A ledger of plans and falls into trays."""

    def __init__(self, sheets: list[int]) -> None:
        self.uids = [piece_uid(BATCH, number, 1) for number in range(1, len(sheets) + 1)]
        plan = [[uid, count, ""] for uid, count in zip(self.uids, sheets, strict=True)]
        self.told: list[tuple[int, Moment]] = [(0, Moment(1, START_NS, "job.planned", {"pieces": plan}))]
        self.asked = 0

    def fell(self, number: int, at_s: float) -> None:
        self.told.append(
            (self.uids[number], Moment(len(self.told) + 1, START_NS + int(at_s * S), "piece.in-tray", {"seq": 1}))
        )

    def moments(self, kinds: Iterable[str], since_unix_ns: int, limit: int) -> list[tuple[int, Moment]]:
        self.asked += 1
        return [one for one in self.told if one[1].at_unix_ns >= since_unix_ns][-limit:]

    def view(self, **rejected: int) -> BatchView:
        out = len(self.told) - 1
        pieces = {"IN_TRAY": out, "SUBMITTED": len(self.uids) - out, **rejected}
        return BatchView(BATCH, "OPEN", {"OPEN": len(self.uids)}, pieces, START_NS)


def board(door: Door, now_s: float) -> tuple[Finish, list[float]]:
    clock = [START_NS / S + now_s]
    return Finish(door, lambda: clock[0]), clock  # type: ignore[arg-type]


def left_s(finish: Finish, view: BatchView, now_s: float) -> float:
    guess = finish.of(view)
    assert guess is not None
    return (guess.finish_unix_ns - START_NS) / S - now_s


def test_thick_letters_that_are_left_take_longer_than_the_thin_ones_that_went() -> None:
    """A second for one sheet, two for two: eighty thin and twenty thick letters went; two hundred thick ones are left."""
    sheets = [1, 1, 2, 1, 1] * 20 + [2] * 200
    door, at = Door(sheets), 0.0
    for number in range(100):
        at += sheets[number]
        door.fell(number, at)
    finish, _ = board(door, at)
    assert left_s(finish, door.view(), at) == pytest.approx(400, rel=0.1), "by the mean of what went it would be 240"


def test_a_stop_and_rejects_delay_the_finish() -> None:
    door = Door([1] * 1000)
    for number in range(400):
        door.fell(number, number + (300 if number >= 200 else 0))
    finish, _ = board(door, 700)
    calm = left_s(finish, door.view(), 700)
    assert calm == pytest.approx(600 * 700 / 400, rel=0.1)
    finish, _ = board(door, 700)
    assert left_s(finish, door.view(DESTROYED=60, SUSPECT=40), 700) == pytest.approx(calm * 1.25, rel=0.02)


def test_what_is_read_bit_by_bit_is_what_is_read_at_once_and_nobody_reads_more_often() -> None:
    door = Door([1, 3] * 200)
    finish, clock = board(door, 0)
    for number in range(200):
        door.fell(number, number * 2.0)
        clock[0] = START_NS / S + number * 2.0
        finish.of(door.view())
        finish.of(door.view())
    assert door.asked <= 400 / FRESH_S + 1
    clock[0] += FRESH_S
    now_s = clock[0] - START_NS / S
    fresh, _ = board(door, now_s)
    assert finish.of(door.view()) == fresh.of(door.view())


def test_a_closed_batch_has_no_estimate() -> None:
    door = Door([1] * 20)
    finish, _ = board(door, 0)
    view = door.view()
    assert finish.of(BatchView(BATCH, "CLOSED", view.letters, view.pieces, START_NS)) is None
