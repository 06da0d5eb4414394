"""The driver's session and the simulator's firmware, each written from the document alone, over a bad wire in virtual time."""

from __future__ import annotations

import itertools
import random
from collections import deque
from typing import Any

import numpy as np
import pytest

from devices.inserter.messages import Command, CommandCode
from devices.inserter.register_session import Read, RegisterSession, Rest, Write
from devices.inserter.session import Phase, Session
from devices.kinds import (
    NO_LIMIT,
    CommandResult,
    CommandUnknown,
    InserterEvent,
    LinkLost,
    LinkLostWhy,
    LinkUp,
    MachineState,
    PieceAtExit,
    PieceExited,
    ResultCode,
    SheetFed,
    StateChanged,
    TrayEye,
    Verb,
)
from simulator.defects import Defects
from simulator.inserter.firmware import Firmware
from simulator.inserter.registers import DeviceRegisters
from simulator.inserter.wire import DeviceWire
from simulator.paper import Envelope, Picture, Sheet, Stack
from simulator.scenario import MachinePlan

pytestmark = pytest.mark.slow

STEP_US = 1000
_BLANK = Picture.of(np.zeros((1, 1), np.uint8))
_NEXT_VERB = {
    MachineState.ABORTED: Verb.CLEAR,
    MachineState.STOPPED: Verb.RESET,
    MachineState.IDLE: Verb.START,
    MachineState.HELD: Verb.UNHOLD,
}


class Floor:
    """What really happened to paper, as the simulator's world log would tell."""

    def __init__(self) -> None:
        self.in_tray: list[tuple[int, int]] = []
        self.in_bin = 0
        self.epoch = 1

    def c1_fires(self, trigger: int, papers: list[Sheet]) -> None: ...
    def c2_fires(self, trigger: int, envelope: Envelope) -> None: ...

    def lands_in_tray(self, tray: int, envelope: Envelope) -> None:
        self.in_tray.append((self.epoch, envelope.piece_no))

    def lands_in_bin(self, envelope: Envelope) -> None:
        self.in_bin += 1

    def fact(self, what: str, **facts: object) -> None: ...


class Shop:
    """One simulated machine and one host that grants every second piece it sees at the exit."""

    def __init__(self, seed: int, flips: float, losses: float) -> None:
        self.random = random.Random(seed)
        self.flips, self.losses = flips, losses
        self.now = 1_000_000
        self.floor = Floor()
        self.firmware = Firmware(
            MachinePlan().at(2.0), self.floor, Defects(seed), random.Random(seed), epoch=1, now_us=self.now
        )
        self.applied: list[int] = []
        self._watch_applications()
        self.wire = DeviceWire(self.firmware, self.now)
        self.session = Session("inserter", lambda: self.random.getrandbits(64) or 1)
        self.session.open(self.now)
        self.command_ids = itertools.count(1)
        self.stacks = itertools.count(1)
        self.sheet_ids = itertools.count(1)
        self.granted: set[tuple[int, int]] = set()
        self.events: list[InserterEvent] = []
        self.settled: list[Any] = []
        self.lost: list[LinkLost] = []

    def _watch_applications(self) -> None:
        apply = self.firmware._apply

        def watched(command: Any) -> Any:
            self.applied.append(command.command_id)
            return apply(command)

        self.firmware._apply = watched  # type: ignore[method-assign]

    def damage(self, data: bytes) -> bytes:
        if not (self.flips or self.losses):
            return data
        out = bytearray()
        for byte in data:
            if self.random.random() >= self.losses:
                out.append(byte ^ (1 << self.random.randrange(8)) if self.random.random() < self.flips * 8 else byte)
        return bytes(out)

    def step(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.now += STEP_US
            if not self.firmware.path.has_sheets():
                self.load()
            self.firmware.advance(self.now)
            self.wire.receive(self.damage(self.session.poll(self.now)), self.now)
            self.firmware.advance(self.now)
            self.wire.tick(self.now)
            self.session.receive(self.damage(self.wire.take_out()), self.now)
            while self.session.notices:
                self.take(self.session.notices.popleft())

    def load(self) -> None:
        sheets = deque(Sheet(next(self.sheet_ids), "p1", "job", index, _BLANK, _BLANK) for index in range(12))
        self.firmware.load(Stack("p1", "job", sheets, next(self.stacks)))

    def take(self, notice: Any) -> None:
        if isinstance(notice, InserterEvent):
            self.events.append(notice)
            self.session.acknowledge(notice.epoch, notice.event_seq)
        if isinstance(notice, StateChanged) and notice.state in _NEXT_VERB:
            self.say(CommandCode.PACKML, _NEXT_VERB[notice.state])
        elif isinstance(notice, SheetFed):
            self.say(CommandCode.END_SET, notice.epoch, notice.sheet_no, 1)
        elif isinstance(notice, PieceAtExit) and notice.piece_no % 2:
            self.granted.add((notice.epoch, notice.piece_no))
            self.say(CommandCode.GRANT, notice.epoch, notice.piece_no, notice.piece_no, notice.gate_at_us)
        elif isinstance(notice, LinkUp):
            self.say(CommandCode.SET_TRAY, 1)
            self.say(CommandCode.FEED_LIMIT, notice.epoch, NO_LIMIT)
            self.say(CommandCode.PACKML, Verb.CLEAR)
        elif isinstance(notice, CommandResult | CommandUnknown):
            self.settled.append(notice)
        elif isinstance(notice, LinkLost):
            self.lost.append(notice)

    def say(self, code: CommandCode, *values: int) -> None:
        self.session.submit(Command(code, next(self.command_ids), values))

    def reboot(self) -> None:
        self.floor.epoch += 1
        self.firmware.reboot(self.now, self.floor.epoch)

    def check(self) -> None:
        """What must hold whatever the wire did."""
        assert len(self.applied) == len(set(self.applied)), "a command was applied twice"
        assert set(self.floor.in_tray) <= self.granted, "a piece passed that nobody granted"
        done = {n.command_id for n in self.settled if isinstance(n, CommandResult)}
        assert done <= set(self.applied)
        never_sent = {n.command_id for n in self.settled if isinstance(n, CommandUnknown) and not n.sent}
        assert not never_sent & set(self.applied)
        for epoch in {event.epoch for event in self.events}:
            numbers = [event.event_seq for event in self.events if event.epoch == epoch]
            assert numbers == list(range(1, len(numbers) + 1)), "an event was lost, doubled or out of order"


def test_on_a_good_wire_granted_pieces_reach_the_tray_and_the_others_the_bin() -> None:
    shop = Shop(1, 0.0, 0.0)
    shop.step(4000)
    shop.check()
    exits = [event for event in shop.events if isinstance(event, PieceExited)]
    assert len(exits) > 30
    assert all((event.piece_no % 2 == 1) == event.tray == (not event.reject) for event in exits)
    assert all(n.code is ResultCode.OK for n in shop.settled)
    assert shop.lost == []
    assert shop.session.retransmissions == 0


@pytest.mark.parametrize(("flips", "losses"), [(1e-4, 0.0), (1e-3, 0.0), (0.0, 0.01), (1e-3, 0.05)])
def test_over_a_bad_wire_nothing_is_applied_twice_and_no_event_is_lost(flips: float, losses: float) -> None:
    for seed in range(5):
        shop = Shop(seed, flips, losses)
        chance = random.Random(seed)
        for _ in range(60):
            shop.step(100)
            event = chance.random()
            if event < 0.04:
                shop.reboot()
            elif event < 0.08:
                shop.session.port_lost(LinkLostWhy.UNPLUGGED, "cut")
                shop.step(chance.randrange(500))
                shop.session.open(shop.now)
        shop.flips = shop.losses = 0.0
        shop.step(1500)
        shop.check()
        assert shop.session.phase is Phase.UP
        assert shop.firmware.state in (6, 4, 3, 5, 16), "the line does not run again"
        assert any(isinstance(event, TrayEye) and event.epoch == shop.floor.epoch for event in shop.events)


def test_a_dead_host_stops_the_machine_within_300_ms_and_nothing_passes_after() -> None:
    for seed in range(5):
        shop = Shop(seed, 0.0, 0.0)
        shop.step(3000 + 37 * seed)
        assert shop.firmware.state == 6
        passed, died = len(shop.floor.in_tray), shop.now
        for _ in range(1000):
            shop.now += STEP_US
            shop.firmware.advance(shop.now)
            shop.wire.tick(shop.now)
            if shop.firmware.state in (8, 9):
                break
        assert shop.now - died <= 302_000
        assert shop.firmware.tokens() == {}
        on_the_way = len(shop.floor.in_tray)
        for _ in range(2000):
            shop.now += STEP_US
            shop.firmware.advance(shop.now)
        assert len(shop.floor.in_tray) - on_the_way <= 1  # a piece already past the gate
        assert passed <= on_the_way


class RegisterShop(Shop):
    """The same shop on transport B: a share of the transactions fails before or after the machine has acted, or comes back garbled."""

    def __init__(self, seed: int, failing: float) -> None:
        super().__init__(seed, 0.0, 0.0)
        self.failing = failing
        self.registers = DeviceRegisters(self.firmware, self.now)
        self.host = RegisterSession("inserter", lambda: self.random.getrandbits(32) or 1)
        self.host.open(self.now)
        self.session = self.host  # type: ignore[assignment]

    def step(self, steps: int = 1) -> None:
        for _ in range(steps):
            self.now += STEP_US
            if not self.firmware.path.has_sheets():
                self.load()
            self.firmware.advance(self.now)
            self.registers.tick(self.now)
            request = self.host.next_request(self.now)
            if not isinstance(request, Rest):
                self.host.answer(request, self.transact(request), self.now)
            while self.host.notices:
                self.take(self.host.notices.popleft())

    def transact(self, request: Read | Write) -> list[int] | None:
        fate = self.random.random() / self.failing if self.failing else 2.0
        if fate < 0.4:
            return None
        if isinstance(request, Write):
            words = list(request.words)
            if fate < 0.7:
                words[self.random.randrange(len(words))] ^= 1 << self.random.randrange(16)
            self.registers.write(request.address, words, self.now)
            self.firmware.advance(self.now)
            return None if fate < 1.0 else []
        found = self.registers.read(request.address, request.count, self.now)
        if fate < 1.0:
            found[self.random.randrange(len(found))] ^= 1 << self.random.randrange(16)
        return found


@pytest.mark.parametrize("failing", [0.0, 0.05, 0.3])
def test_on_registers_nothing_is_applied_twice_and_no_event_is_lost(failing: float) -> None:
    for seed in range(4):
        shop = RegisterShop(seed, failing)
        chance = random.Random(seed)
        for _ in range(60):
            shop.step(100)
            if failing and chance.random() < 0.05:
                shop.reboot()
        shop.failing = 0.0
        shop.step(2500)
        shop.check()
        assert shop.host.phase is Phase.UP
        assert any(isinstance(event, TrayEye) and event.epoch == shop.floor.epoch for event in shop.events)
        if not failing:
            assert shop.lost == []
            assert shop.host.retransmissions == 0
