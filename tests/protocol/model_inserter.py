"""The simulator's firmware and wire as a ``WirePort`` in virtual time, for the conformance kit; and the same machine made wrong on purpose."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

import numpy as np

from simulator.defects import Defects
from simulator.inserter.firmware import Firmware
from simulator.inserter.registers import DeviceRegisters
from simulator.inserter.wire import DeviceWire
from simulator.paper import Envelope, Picture, Sheet, Stack
from simulator.scenario import MachinePlan

_BLANK = Picture.of(np.zeros((1, 1), np.uint8))


class Floor:
    def c1_fires(self, trigger: int, papers: list[Sheet]) -> None: ...
    def c2_fires(self, trigger: int, envelope: Envelope) -> None: ...
    def lands_in_tray(self, tray: int, envelope: Envelope) -> None: ...
    def lands_in_bin(self, envelope: Envelope) -> None: ...
    def fact(self, what: str, **facts: object) -> None: ...


class ModelPort:
    """Time moves only while somebody reads."""

    def __init__(
        self, spoil: Callable[[Firmware, DeviceWire], None] = lambda firmware, wire: None, speed: float = 1.0
    ) -> None:
        self.now = 10_000_000
        self.firmware = Firmware(
            MachinePlan().at(speed), Floor(), Defects(1), random.Random(1), epoch=3, now_us=self.now
        )
        self.wire = DeviceWire(self.firmware, self.now)
        spoil(self.firmware, self.wire)
        self._in: deque[bytes] = deque()
        self._stack_no = 0

    def now_us(self) -> int:
        return self.now

    def write(self, data: bytes) -> None:
        self._in.append(data)

    def read(self, timeout_s: float) -> bytes:
        end = self.now + max(1000, int(timeout_s * 1e6))
        while self.now < end:
            self.now += 1000
            if not self.firmware.path.has_sheets():
                self._load()
            self.firmware.advance(self.now)
            while self._in:
                self.wire.receive(self._in.popleft(), self.now)
                self.firmware.advance(self.now)
            self.wire.tick(self.now)
            out = self.wire.take_out()
            if out:
                return out
        return b""

    def _let_run(self, step_us: int) -> None:
        self.now += step_us
        if not self.firmware.path.has_sheets():
            self._load()
        self.firmware.advance(self.now)

    def _load(self) -> None:
        self._stack_no += 1
        sheets = deque(Sheet(index, "p1", "job", index, _BLANK, _BLANK) for index in range(500))
        self.firmware.load(Stack("p1", "job", sheets, self._stack_no))


class ModelRegisters(ModelPort):
    """The same machine behind the simulator's registers (transport B)."""

    def __init__(self, spoil: Callable[[Firmware, DeviceWire], None] = lambda firmware, wire: None) -> None:
        super().__init__(spoil)
        self.registers = DeviceRegisters(self.firmware, self.now)

    def read_registers(self, address: int, count: int) -> list[int] | None:
        self._let_run(200)
        return self.registers.read(address, count, self.now)

    def write_registers(self, address: int, words: list[int]) -> bool:
        self._let_run(200)
        self.registers.write(address, words, self.now)
        self.firmware.advance(self.now)
        return True

    def rest(self, seconds: float) -> None:
        for _ in range(max(1, int(seconds * 1000))):
            self._let_run(1000)
            self.registers.tick(self.now)
