"""The conversation with the inserter, in virtual time over a bad wire."""

from __future__ import annotations

import itertools
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.errors import Busy
from devices.inserter.messages import Command, CommandCode
from devices.inserter.session import MAX_UNDELIVERED, MAX_WAITING_COMMANDS, Phase, Session
from devices.kinds import (
    CommandResult,
    CommandUnknown,
    InserterEvent,
    LinkLost,
    LinkLostWhy,
    LinkUp,
    RejectEye,
    ResultCode,
)
from tests.protocol.inserter_peer import Peer

STEP_US = 1000


class Wire:
    """Host and peer joined by a wire that may flip bits and lose bytes; time goes in steps of 1 ms."""

    def __init__(self, seed: int = 0, flips: float = 0.0, losses: float = 0.0) -> None:
        self.random = random.Random(seed)
        self.flips, self.losses = flips, losses
        self.now = 1_000_000
        self.ids = itertools.count(1)
        self.session = Session("inserter", lambda: self.random.getrandbits(64) or 1)
        self.peer = Peer()
        self.notices: list[object] = []
        self.session.open(self.now)

    def damage(self, data: bytes) -> bytes:
        if not (self.flips or self.losses):
            return data
        out = bytearray()
        for byte in data:
            if self.random.random() < self.losses:
                continue
            if self.random.random() < self.flips * 8:
                byte ^= 1 << self.random.randrange(8)
            out.append(byte)
        return bytes(out)

    def step(self, steps: int = 1, acknowledge: bool = True) -> None:
        for _ in range(steps):
            self.now += STEP_US
            self.peer.receive(self.damage(self.session.poll(self.now)), self.now)
            self.session.receive(self.damage(self.peer.poll(self.now)), self.now)
            while self.session.notices:
                notice = self.session.notices.popleft()
                self.notices.append(notice)
                if acknowledge and isinstance(notice, InserterEvent):
                    self.session.acknowledge(notice.epoch, notice.event_seq)

    def say(self, value: int) -> Command:
        command = Command(CommandCode.SET_TRAY, next(self.ids), (value,))
        self.session.submit(command)
        return command

    def events(self) -> list[tuple[int, int]]:
        return [(n.epoch, n.event_seq) for n in self.notices if isinstance(n, InserterEvent)]


def test_a_quiet_wire_carries_commands_and_events_in_order() -> None:
    wire = Wire()
    wire.step(5)
    assert wire.notices == [LinkUp("inserter", 1, False, 0)]
    sent = [wire.say(n) for n in range(30)]
    wire.peer.emit(8, struct.pack("<II", 7, 1))
    wire.step(40)
    assert wire.peer.applied == sent
    assert [n for n in wire.notices if isinstance(n, CommandResult)] == [
        CommandResult(c.command_id, ResultCode.OK) for c in sent
    ]
    assert [n for n in wire.notices if isinstance(n, RejectEye)] == [RejectEye(1, 1, 0, 7, 1)]
    assert wire.peer.ring == {}
    assert abs(wire.session.clock.offset_us - 5_000_000) <= STEP_US


def test_an_event_is_forgotten_by_the_device_only_when_it_is_durable_here() -> None:
    wire = Wire()
    wire.step(5)
    wire.peer.emit(8, struct.pack("<II", 7, 1))
    wire.step(200, acknowledge=False)
    assert list(wire.peer.ring) == [1]
    assert wire.events() == [(1, 1)]
    wire.session.acknowledge(1, 1)
    wire.step(60)
    assert wire.peer.ring == {}


def test_an_acknowledgement_of_another_boot_or_of_an_unseen_event_says_nothing() -> None:
    wire = Wire()
    wire.step(5)
    wire.peer.emit(8, struct.pack("<II", 7, 1))
    wire.step(10, acknowledge=False)
    wire.session.acknowledge(2, 1)
    wire.session.acknowledge(1, 99)
    wire.step(100, acknowledge=False)
    assert list(wire.peer.ring) == [1]


def test_a_silent_device_is_a_lost_link_within_300_ms() -> None:
    wire = Wire()
    wire.step(5)
    wire.peer.silent = True
    before = wire.now
    while not any(isinstance(n, LinkLost) for n in wire.notices):
        wire.step()
    assert wire.now - before <= 302_000
    wire.peer.silent = False
    wire.step(250)
    assert wire.session.phase is Phase.UP


def test_commands_under_way_when_the_link_is_lost_are_unknown_and_never_said_again() -> None:
    wire = Wire()
    wire.step(5)
    first = wire.say(1)
    wire.session.poll(wire.now)  # sent, and lost on the way
    wire.session.port_lost(LinkLostWhy.UNPLUGGED, "pulled")
    late = wire.say(2)
    wire.session.open(wire.now)
    wire.step(500)
    unknown = [n for n in wire.notices if isinstance(n, CommandUnknown)]
    assert unknown == [CommandUnknown(first.command_id, True), CommandUnknown(late.command_id, False)]
    assert wire.peer.applied == []
    assert wire.session.phase is Phase.UP


def test_a_reboot_is_told_and_events_begin_anew() -> None:
    wire = Wire()
    wire.step(5)
    for _ in range(3):
        wire.peer.emit(8, struct.pack("<II", 7, 1))
    wire.step(20)
    wire.peer.boot()
    wire.step(20)
    wire.peer.emit(8, struct.pack("<II", 7, 1))
    wire.step(100)
    assert wire.events() == [(1, 1), (1, 2), (1, 3), (2, 1)]
    lost = [n for n in wire.notices if isinstance(n, LinkLost)]
    assert [n.why for n in lost] == [LinkLostWhy.REBOOT]
    assert LinkUp("inserter", 2, True, 0) in wire.notices


def test_a_restarted_host_gets_just_the_events_it_has_not_stored() -> None:
    wire = Wire()
    wire.step(5)
    for _ in range(5):
        wire.peer.emit(8, struct.pack("<II", 7, 1))
    wire.step(5, acknowledge=False)
    wire.session = Session("inserter", lambda: 99, known_epoch=1, last_durable=3)
    wire.notices.clear()
    wire.session.open(wire.now)
    wire.step(100)
    assert wire.events() == [(1, 4), (1, 5)]


@pytest.mark.parametrize(("known_epoch", "last_durable"), [(0, 0), (1, 2)])
def test_a_host_that_has_forgotten_begins_at_the_oldest_event_held_and_says_how_many_it_missed(
    known_epoch: int, last_durable: int
) -> None:
    wire = Wire()
    wire.step(5)
    for _ in range(5):
        wire.peer.emit(8, struct.pack("<II", 7, 1))
    wire.step(20)
    wire.session = Session("inserter", lambda: 99, known_epoch, last_durable)
    wire.notices.clear()
    wire.session.open(wire.now)
    wire.peer.emit(8, struct.pack("<II", 8, 2))
    wire.step(100)
    assert wire.notices == [LinkUp("inserter", 1, False, 6, 5 - last_durable), RejectEye(1, 6, 0, 8, 2)]
    assert wire.peer.ring == {}


def test_too_many_commands_are_refused_and_too_many_events_stay_with_the_device() -> None:
    wire = Wire()
    wire.step(5)
    for n in range(MAX_WAITING_COMMANDS):
        wire.say(n)
    with pytest.raises(Busy):
        wire.say(0)
    wire = Wire()
    wire.step(5)
    for _ in range(MAX_UNDELIVERED + 100):
        wire.peer.emit(8, struct.pack("<II", 7, 1))
    for _ in range(400):
        wire.now += STEP_US
        wire.peer.receive(wire.session.poll(wire.now), wire.now)
        wire.session.receive(wire.peer.poll(wire.now), wire.now)
    assert len(wire.session.notices) == MAX_UNDELIVERED
    wire.step(2000)
    assert len(wire.events()) == MAX_UNDELIVERED + 100


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([(1e-3, 0.0), (0.0, 0.01), (1e-4, 0.002), (1e-3, 0.05)]))
def test_no_command_twice_and_no_event_lost_over_a_bad_wire_with_cuts_and_reboots(
    seed: int, noise: tuple[float, float]
) -> None:
    wire = Wire(seed, *noise)
    rng = random.Random(seed)
    said: list[Command] = []
    applied: list[Command] = []
    emitted: dict[int, int] = {}
    for round_no in range(1500):
        if rng.random() < 0.05:
            try:
                said.append(wire.say(round_no))
            except Busy:
                pass
        if rng.random() < 0.05:
            emitted[wire.peer.epoch] = wire.peer.emit(8, struct.pack("<II", round_no, wire.peer.epoch), wire.now)
        if rng.random() < 0.002:
            wire.session.port_lost(LinkLostWhy.UNPLUGGED, "cut")
            wire.session.open(wire.now)
        if rng.random() < 0.001:
            applied += wire.peer.applied
            wire.peer.boot()
        wire.step()
    wire.flips = wire.losses = 0.0
    wire.step(4000)
    applied += wire.peer.applied
    ids = [command.command_id for command in applied]
    assert len(ids) == len(set(ids))
    assert set(applied) <= set(said)
    assert ids == sorted(ids)
    assert wire.session.phase is Phase.UP
    settled = [n.command_id for n in wire.notices if isinstance(n, (CommandResult, CommandUnknown))]
    assert sorted(settled) == [command.command_id for command in said]
    answered = {n.command_id for n in wire.notices if isinstance(n, CommandResult)}
    assert answered <= set(ids)
    never_sent = {n.command_id for n in wire.notices if isinstance(n, CommandUnknown) and not n.sent}
    assert not never_sent & set(ids)
    got = wire.events()
    assert len(got) == len(set(got))
    for epoch in {e for e, _ in got}:
        numbers = [seq for e, seq in got if e == epoch]
        assert numbers == list(range(1, len(numbers) + 1))
    assert (
        [seq for e, seq in got if e == wire.peer.epoch][-1:] == [emitted[wire.peer.epoch]]
        if wire.peer.epoch in emitted
        else True
    )
