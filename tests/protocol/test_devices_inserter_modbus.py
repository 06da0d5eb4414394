"""The inserter over Modbus registers: blocks, the conversation in virtual time, and the driver against a real pymodbus server."""

from __future__ import annotations

import asyncio
import itertools
import random
import struct
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from devices.errors import ProtocolError
from devices.inserter import registers
from devices.inserter.messages import Command, CommandCode
from devices.inserter.modbus import ModbusInserterDriver
from devices.inserter.opening import open_inserter
from devices.inserter.register_session import Read, RegisterSession, Rest, Write
from devices.inserter.session import Phase
from devices.kinds import (
    CommandResult,
    CommandUnknown,
    InserterEvent,
    LinkLost,
    LinkLostWhy,
    LinkUp,
    PieceAtExit,
    RejectEye,
    Verb,
)
from tests.protocol.register_peer import RegisterPeer, opened

STEP_US = 2000


class Bus:
    """Host and peer joined by a bus on which a share of the transactions fails, before or after the device has acted, or comes back garbled."""

    def __init__(self, seed: int = 0, failing: float = 0.0) -> None:
        self.random = random.Random(seed)
        self.failing = failing
        self.now = 1_000_000
        self.peer = RegisterPeer()
        self.ids = itertools.count(1)
        self.session = RegisterSession("inserter", lambda: self.random.getrandbits(32) or 1)
        self.session.open(self.now)
        self.notices: list[object] = []

    def transact(self, request: Read | Write) -> list[int] | None:
        fate = self.random.random()
        if fate < self.failing / 3:
            return None
        if isinstance(request, Write):
            words = list(request.words)
            if fate < 2 * self.failing / 3:
                words[self.random.randrange(len(words))] ^= 1 << self.random.randrange(16)
            self.peer.write(request.address, words)
            return None if fate < self.failing else []
        words = self.peer.read(request.address, request.count, self.now)
        if fate < self.failing:
            words[self.random.randrange(len(words))] ^= 1 << self.random.randrange(16)
        return words

    def step(self, steps: int = 1, acknowledge: bool = True) -> None:
        for _ in range(steps):
            self.now += STEP_US
            for _ in range(4):
                request = self.session.next_request(self.now)
                if isinstance(request, Rest):
                    break
                self.session.answer(request, self.transact(request), self.now)
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


def test_a_grant_fills_the_block_as_the_document_draws_it() -> None:
    grant = Command(CommandCode.GRANT, 0x1122334455667788, (7, 9, 123456000012301, 98765432109))
    words = registers.command_to_words(0xCAFEBABE, 5, grant)
    assert len(words) == 22
    body = opened(words)
    assert body is not None
    assert struct.unpack(">IIQHHIQQ", body) == (
        0xCAFEBABE,
        5,
        0x1122334455667788,
        3,
        7,
        9,
        123456000012301,
        98765432109,
    )


@given(st.lists(st.integers(0, 0xFFFF), min_size=0, max_size=64))
def test_words_that_are_no_block_are_never_taken_for_one(words: list[int]) -> None:
    assert registers.status_from_words(words) is None
    assert registers.event_from_words(words, 1) is None


def test_commands_and_events_pass_in_order() -> None:
    bus = Bus()
    bus.step(20)
    assert bus.notices == [LinkUp("inserter", 1, False, 0)]
    sent = [bus.say(n) for n in range(30)]
    bus.peer.emit(5, struct.pack(">IIQI", 9, 9, 309000, 14970))
    for n in range(40):
        bus.peer.emit(8, struct.pack(">II", n, n))
    bus.step(200)
    assert [command_id for command_id, _, _ in bus.peer.applied] == [command.command_id for command in sent]
    assert sum(isinstance(n, CommandResult) for n in bus.notices) == 30
    assert next(n for n in bus.notices if isinstance(n, PieceAtExit)) == PieceAtExit(1, 1, 0, 9, 9, 309000, 14970)
    assert bus.events() == [(1, n) for n in range(1, 42)]
    assert bus.peer.ring == {}


def test_unacknowledged_events_fill_the_fifo_and_no_more() -> None:
    bus = Bus()
    bus.step(20)
    for n in range(40):
        bus.peer.emit(8, struct.pack(">II", n, n))
    bus.step(200, acknowledge=False)
    assert len(bus.events()) == 16
    assert len(bus.peer.ring) == 40


def test_a_host_that_has_forgotten_begins_at_the_oldest_event_held() -> None:
    bus = Bus()
    bus.step(20)
    for n in range(20):
        bus.peer.emit(8, struct.pack(">II", n, n))
    bus.step(100)
    bus.session = RegisterSession("inserter", lambda: 99)
    bus.notices.clear()
    bus.session.open(bus.now)
    bus.peer.emit(8, struct.pack(">II", 8, 2))
    bus.step(100)
    assert bus.notices == [LinkUp("inserter", 1, False, 21, 20), RejectEye(1, 21, 0, 8, 2)]


def test_a_reboot_ends_the_session_and_what_was_under_way_is_unknown() -> None:
    bus = Bus()
    bus.step(20)
    bus.peer.emit(8, struct.pack(">II", 1, 1))
    bus.step(20)
    bus.peer.boot()
    command = bus.say(1)
    bus.step(50)
    bus.peer.emit(8, struct.pack(">II", 1, 1))
    bus.step(100)
    assert bus.events() == [(1, 1), (2, 1)]
    assert CommandUnknown(command.command_id, True) in bus.notices
    assert [n.why for n in bus.notices if isinstance(n, LinkLost)] == [LinkLostWhy.REBOOT]
    assert LinkUp("inserter", 2, True, 0) in bus.notices


@pytest.mark.parametrize("failing", [0.05, 0.3, 0.6])
def test_on_a_failing_bus_nothing_is_applied_twice_and_no_event_is_lost(failing: float) -> None:
    for seed in range(4):
        bus = Bus(seed, failing)
        chance = random.Random(seed)
        said, applied = [], []
        for n in range(1500):
            if chance.random() < 0.05:
                said.append(bus.say(n).command_id)
            if chance.random() < 0.1:
                bus.peer.emit(8, struct.pack(">II", n, n), bus.now)
            if chance.random() < 0.001:
                applied += bus.peer.applied
                bus.peer.boot()
            bus.step()
        bus.failing = 0.0
        bus.step(2000)
        applied += bus.peer.applied
        done = [command_id for command_id, _, _ in applied]
        assert len(done) == len(set(done))
        assert set(done) <= set(said)
        answered = {n.command_id for n in bus.notices if isinstance(n, CommandResult)}
        assert answered <= set(done)
        assert sorted(n.command_id for n in bus.notices if isinstance(n, CommandResult | CommandUnknown)) == said
        for epoch in {epoch for epoch, _ in bus.events()}:
            numbers = [seq for e, seq in bus.events() if e == epoch]
            assert numbers == list(range(1, len(numbers) + 1))
        assert bus.session.phase is Phase.UP
        assert bus.peer.ring == {}


class Server:
    """The peer behind pymodbus' own TCP server, which knows nothing of this project."""

    def __init__(self) -> None:
        self.peer = RegisterPeer()
        self.lock = threading.Lock()
        self.port = 0
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._up.wait(10)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        device = SimDevice(1, simdata=[SimData(0, count=1100, values=0, datatype=DataType.REGISTERS)], action=self._act)
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        self.port = server.transport.sockets[0].getsockname()[1]
        self._up.set()
        await self._end.wait()
        await server.shutdown()

    async def _act(
        self, function: int, start: int, address: int, count: int, current: list[int], values: list[int] | None
    ) -> None:
        with self.lock:
            if values is not None:
                self.peer.write(address, [int(value) for value in values])
            else:
                now_us = time.monotonic_ns() // 1000 + 5_000_000
                current[address - start : address - start + count] = self.peer.read(address, count, now_us)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


def test_the_driver_talks_to_a_foreign_modbus_server() -> None:
    """A machine so busy that the link is given up (a third of a second without an answer) proves nothing: then once more."""
    for _ in range(20):
        server = Server()
        try:
            if talked_undisturbed(server):
                return
        finally:
            server.close()
    raise AssertionError("the link was lost every time")


def talked_undisturbed(server: Server) -> bool:
    """Command and hear; False when the link was lost meanwhile."""
    heard: list[object] = []

    def store(notice: object) -> None:
        heard.append(notice)
        if isinstance(notice, RejectEye):
            driver.acknowledge(notice.epoch, notice.event_seq)

    def lost() -> bool:
        return any(isinstance(notice, LinkLost) for notice in heard)

    driver = open_inserter(f"modbus-tcp://127.0.0.1:{server.port}", store)
    assert isinstance(driver, ModbusInserterDriver)
    with driver:
        wait_for(lambda: driver.is_up or lost())
        if lost():
            return False
        ids = [driver.packml(Verb.CLEAR), driver.grant(1, 12, 2**60, 99), driver.feed_limit(1, 40)]
        with server.lock:
            for n in range(20):
                server.peer.emit(8, struct.pack(">II", n, n))
        wait_for(lambda: lost() or sum(isinstance(n, CommandResult) for n in heard) == 3)
        wait_for(lambda: lost() or not server.peer.ring)
        offset = (driver.device_now_us() or 0) - time.monotonic_ns() // 1000
        if lost():
            return False
        assert [n.command_id for n in heard if isinstance(n, CommandResult)] == ids
        assert [code for _, code, _ in server.peer.applied] == [1, 3, 6]
        assert abs(offset - 5_000_000) < 50_000
    assert [n.piece_no for n in heard if isinstance(n, RejectEye)] == list(range(20))
    assert isinstance(heard[-1], LinkLost)
    return True


def test_a_wrong_address_is_refused_in_words() -> None:
    for url in ("modbus-tcp://", "modbus-rtu://host", "modbus-tcp://h:1?device=x"):
        with pytest.raises(ProtocolError, match="modbus"):
            open_inserter(url, lambda notice: None)
