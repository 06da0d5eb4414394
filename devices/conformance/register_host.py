"""The test host over transport B (inserter-modbus.md): the same clauses about states, commands, paper and the gate, on registers instead of frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from devices.conformance.host import ANSWER_S, Greeting, NotKept, TestHost
from devices.inserter import registers
from devices.inserter.messages import Command, CommandCode
from devices.kinds import ResultCode, StateChanged

_BEAT_EVERY_US = 50_000
_STEP_S = 0.005


class RegisterPort(Protocol):
    """Reads and writes registers; None or False when the request failed."""

    def now_us(self) -> int: ...
    def read_registers(self, address: int, count: int) -> list[int] | None: ...
    def write_registers(self, address: int, words: list[int]) -> bool: ...
    def rest(self, seconds: float) -> None: ...


class RegisterTestHost(TestHost):
    """As ``TestHost``. ``heard`` stays empty: there are no frames."""

    def __init__(self, port: RegisterPort, first_session: int = 0x5EED) -> None:
        super().__init__(_NoFrames(port), first_session & 0x7FFF_FFFF)
        self._registers = port
        self._beat = 0
        self._answers: dict[int, ResultCode] = {}

    def greet(
        self, last_event: int | None = None, known_epoch: int | None = None, same_session: bool = False
    ) -> Greeting:
        if not same_session:
            self._session += 1
            self.number = 0
            self._answers.clear()
        for _ in range(10):
            self._write_beat(
                self.epoch if known_epoch is None else known_epoch, self.durable if last_event is None else last_event
            )
            status = self._status()
            if status is not None and status.session == self._session:
                if status.epoch != self.epoch:
                    self.epoch, self.durable, self.events, self.state = status.epoch, 0, [], None
                if status.first_event > self.durable + 1 and not self.events:
                    self.durable = status.first_event - 1
                return Greeting(status.session, status.last_event, status.epoch, status.first_event)
            self._registers.rest(0.1)
        raise NotKept("the status block does not show the host's session within 1 s")

    def send_command(self, code: CommandCode, *values: int, command_id: int = 0, number: int = 0) -> int:
        if not command_id:
            self._command_ids += 1
            command_id = self._command_ids
        if not number:
            self.number += 1
            number = self.number
        words = registers.command_to_words(self._session, number, Command(code, command_id, values))
        self._registers.write_registers(registers.COMMAND_AT, words)
        return number

    def result_of(self, number: int, seconds: float = ANSWER_S) -> ResultCode | None:
        self.pump(seconds, lambda: number in self._answers)
        return self._answers.get(number)

    def results(self) -> list[tuple[int, ResultCode]]:
        return sorted(self._answers.items())

    def pump(self, seconds: float, until: Callable[[], bool] = lambda: False, quiet: bool = False) -> bool:
        deadline = self._registers.now_us() + int(seconds * 1e6)
        while not until():
            now_us = self._registers.now_us()
            if now_us >= deadline:
                return False
            if self.beats and not quiet and now_us >= self._beat_due_us:
                self._write_beat(self.epoch, self.durable)
            status = self._status()
            if status is not None and status.epoch == self.epoch and status.session == self._session:
                self._answers.update(
                    {number: code for number, code in status.results.items() if number <= status.applied}
                )
                self._take_events(status.fifo_last)
            self._registers.rest(_STEP_S)
        return True

    def _take_events(self, fifo_last: int) -> None:
        while (received := self.events[-1].event_seq if self.events else self.durable) < fifo_last:
            slot = registers.slot_of(received + 1)
            words = self._registers.read_registers(
                registers.FIFO_AT + slot * registers.SLOT_WORDS, registers.SLOT_WORDS
            )
            event = None if words is None else registers.event_from_words(words, self.epoch)
            if event is None or event.event_seq != received + 1:
                return
            self.events.append(event)
            if isinstance(event, StateChanged):
                self.state = event
            if self.acknowledges:
                self.durable = event.event_seq
                if self.durable % registers.SLOTS == 0:
                    self._write_beat(self.epoch, self.durable)

    def _status(self) -> registers.Status | None:
        words = self._registers.read_registers(registers.STATUS_AT, registers.STATUS_WORDS)
        return None if words is None else registers.status_from_words(words)

    def _write_beat(self, epoch: int, durable: int) -> None:
        self._beat += 1
        self._beat_due_us = self._registers.now_us() + _BEAT_EVERY_US
        self._registers.write_registers(
            registers.BEAT_AT, registers.beat_to_words(self._session, epoch, durable, self._beat)
        )


class _NoFrames:
    """The frame side of a host that has none."""

    def __init__(self, port: RegisterPort) -> None:
        self._port = port

    def now_us(self) -> int:
        return self._port.now_us()

    def write(self, data: bytes) -> None:
        raise NotKept("this clause is about frames; the device speaks registers")

    def read(self, timeout_s: float) -> bytes:
        self._port.rest(timeout_s)
        return b""


class ModbusPort:
    """Registers of a real device through pymodbus."""

    def __init__(self, url: str) -> None:
        from devices.errors import LinkError
        from devices.inserter.modbus import modbus_client

        self._client, self._device_id = modbus_client(url)
        if not self._client.connect():
            raise LinkError(f"{url} does not answer; check power, cable and address")

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000

    def read_registers(self, address: int, count: int) -> list[int] | None:
        from pymodbus import ModbusException

        try:
            found = self._client.read_holding_registers(address, count=count, device_id=self._device_id)
        except ModbusException:
            return None
        return None if found.isError() else list(found.registers)

    def write_registers(self, address: int, words: list[int]) -> bool:
        from pymodbus import ModbusException

        try:
            return not self._client.write_registers(address, words, device_id=self._device_id).isError()
        except ModbusException:
            return False

    def rest(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]
