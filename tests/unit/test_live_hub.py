"""Which line a station looks at: the one it was given, or the one that speaks; a line of last week is not waited for."""

from __future__ import annotations

from typing import Any

import pytest

from controller.service.live import LiveSnapshot
from station_ui.live import LiveHub

NOW_S = 1_700_000_000.0


class Door:
    """A ledger in which lines show themselves, the one heard last first."""

    def __init__(self) -> None:
        self.shown: dict[str, tuple[int, str]] = {}

    def show(self, line: str, at_s: float, *, finished: bool = False) -> None:
        at_ns = int(at_s * 1e9)
        self.shown[line] = (at_ns, LiveSnapshot(line, at_ns, simulated=True, finished=finished).to_json())

    def lines(self) -> tuple[str, ...]:
        return tuple(sorted(self.shown, key=lambda line: -self.shown[line][0]))

    def live(self, line: str) -> tuple[int, str] | None:
        return self.shown.get(line)

    def trays_to_hand_over(self) -> tuple[int, ...]:
        return ()


class Clock:
    now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def hub_of(door: Any, line: str | None = None) -> tuple[LiveHub, Clock]:
    clock = Clock()
    return LiveHub(door, line, lambda _snapshot, _language: {}, languages=("zh",), clock=clock), clock


@pytest.mark.parametrize("finished", [True, False])
def test_a_station_turns_to_the_line_that_speaks_when_its_own_has_ended_or_died(finished: bool) -> None:
    door = Door()
    hub, clock = hub_of(door)
    door.show("A", NOW_S, finished=finished)
    hub.refresh()
    assert hub.line == "A"
    clock.now_s += 60
    hub.refresh()
    door.show("B", clock.now_s)
    hub.refresh()
    assert hub.line == hub.line_known == "B"
    snapshot = hub.snapshot()
    assert snapshot is not None
    assert snapshot.line == "B"


def test_a_station_stays_with_the_line_it_was_given() -> None:
    door = Door()
    hub, clock = hub_of(door, "A")
    door.show("A", NOW_S, finished=True)
    hub.refresh()
    clock.now_s += 60
    door.show("B", clock.now_s)
    hub.refresh()
    assert hub.line == "A"


def test_a_station_does_not_leave_a_line_that_speaks() -> None:
    door = Door()
    hub, clock = hub_of(door)
    door.show("A", NOW_S)
    hub.refresh()
    clock.now_s += 1
    door.show("B", clock.now_s)
    hub.refresh()
    assert hub.line == "A"
