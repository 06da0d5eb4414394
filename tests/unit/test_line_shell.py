"""The shell of a line and the machine's window: what needs no record is acknowledged all the same, or the machine would fall silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.ledger.opening import OpenLedger, open_ledger
from controller.line.state import LineConfig
from controller.runner.session import restored_core
from controller.runner.shell import Hands, LineShell
from devices.kinds import GatePosition, GateSet, GateWhy, InserterEvent, RejectEye

LINE = "A"
IN_FLIGHT_MAX = 16
"""inserter.md, section 5: a machine says no more until the oldest of so many is acknowledged."""


class Machine:
    """Says one event after another, as many at once as its window lets it."""

    def __init__(self) -> None:
        self.said = self.acknowledged = 0

    def next_words(self) -> list[InserterEvent]:
        words: list[InserterEvent] = []
        while self.said - self.acknowledged < IN_FLIGHT_MAX:
            self.said += 1
            if self.said % 2:
                words.append(GateSet(1, self.said, self.said, 7, GatePosition.REJECT, GateWhy.NO_TOKEN))
            else:
                words.append(RejectEye(1, self.said, self.said, 7, self.said))
        return words

    def acknowledge(self, _epoch: int, event_seq: int) -> None:
        self.acknowledged = event_seq

    def device_now_us(self) -> int:
        return self.said

    def packml(self, _verb: object) -> int:
        return 0


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenLedger]:
    with open_ledger(tmp_path / "ledger.db", disk_reserve_bytes=0) as ledger:
        yield ledger


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def shell(opened: OpenLedger, machine: Machine) -> Iterator[LineShell]:
    lease = opened.take_line(LINE, "test", time.time_ns())
    core = restored_core(opened, LineConfig(b"k" * 32))
    hands = Hands(machine, lambda _job: None, lambda _camera: None)  # type: ignore[arg-type]
    yield LineShell(LINE, core, opened.ledger, lease, opened.inbox, hands)
    lease.close()


def test_a_machine_that_tells_nothing_worth_a_record_is_heard_to_the_end(shell: LineShell, machine: Machine) -> None:
    for _ in range(12):
        for word in machine.next_words():
            shell.hear(word)
        shell.turn()
    assert machine.said > 10 * IN_FLIGHT_MAX
    assert machine.acknowledged == machine.said


def test_a_few_such_words_are_acknowledged_after_a_while(
    shell: LineShell, machine: Machine, opened: OpenLedger
) -> None:
    shell.hear(machine.next_words()[0])
    shell.turn()
    deadline = time.monotonic() + 20
    while machine.acknowledged < 1 and time.monotonic() < deadline:
        shell.turn()
    assert machine.acknowledged == 1
    assert [event.kind for event in opened.ledger.store.read()].count("line.heard") == 1
