"""The inserter as a running thing: one thread that owns firmware, wire and port. Other threads only post calls to it."""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable

from simulator.defects import Defects
from simulator.inserter.firmware import Firmware
from simulator.inserter.port import BytePort
from simulator.inserter.registers import DeviceRegisters
from simulator.inserter.wire import DeviceWire

REST_S_MAX = 0.1
# 10,000 frames a second, when the line lets them pass.
BABBLE_FRAMES = 50
BABBLE_US = 5_000


def clock_us() -> int:
    """Return the device clock in µs."""
    return time.monotonic_ns() // 1000


class InserterDevice:
    """Runs one simulated inserter in real time until closed."""

    def __init__(self, firmware: Firmware, port: BytePort, defects: Defects, *, registers: bool = False) -> None:
        self._defects = defects
        self.firmware = firmware
        self.port = port
        now_us = clock_us()
        self.wire = DeviceRegisters(firmware, now_us) if registers else DeviceWire(firmware, now_us)
        self._calls: deque[Callable[[], None]] = deque()
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_out, False)
        os.set_blocking(self._wake_in, False)
        self._stop = False
        self._closed = False
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sim-inserter", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def post(self, call: Callable[[], None]) -> None:
        """Run ``call`` in the machine's thread, soon."""
        if self._closed:
            return
        self._calls.append(call)
        try:
            os.write(self._wake_in, b"!")
        except BlockingIOError:
            pass  # the pipe is full of wake-ups already

    def after(self, delay_s: float, call: Callable[[], None]) -> None:
        """Run ``call`` in the machine's thread after ``delay_s``."""
        self.post(lambda: self.firmware.timers.after(int(delay_s * 1e6), call))

    def close(self) -> None:
        """Stop the thread and pull the cable."""
        self._stop = True
        self.post(lambda: None)
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._closed = True
        self.port.close()
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _run(self) -> None:
        try:
            while not self._stop:
                self._turn()
        except BaseException as failure:  # a broken simulator must be seen, not hang quietly
            self.failure = failure
            raise

    def _turn(self) -> None:
        now = clock_us()
        self.port.read(now)
        while self._calls:
            self._calls.popleft()()
        self.firmware.advance(now)
        data = self.port.arrived(now)
        if data:
            self.wire.receive(data, now)
            self.firmware.advance(now)
        self.wire.tick(now, self.port.backlog_us(now))
        self.port.send(self.wire.take_out(), now)
        if self._defects.is_on("babble"):
            self.port.send(self.wire.idle_frame() * BABBLE_FRAMES, now)
            self.firmware.timers.after(BABBLE_US, lambda: None)
        self.port.flush(clock_us())
        self._rest()

    def _rest(self) -> None:
        due = [at for at in (self.firmware.next_us(), self.wire.next_us(), self.port.next_us()) if at is not None]
        rest_s = REST_S_MAX
        if due:
            rest_s = min(rest_s, max(0.0, (min(due) - clock_us()) / 1e6))
        if self._calls:
            rest_s = 0.0
        watched = [self._wake_out, *self.port.fds]
        readable, _, _ = select.select(watched, [], [], rest_s)
        if self._wake_out in readable:
            os.read(self._wake_out, 4096)
