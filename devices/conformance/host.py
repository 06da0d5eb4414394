"""A host that can be told to misbehave: sends any frame, beats or stays silent, acknowledges or not, and keeps what the device says.

Time and bytes come from a ``WirePort``, so that the same clauses run against a machine and against a model in virtual time.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from devices.inserter.codec import FrameReader, FrameType, WireFrame, encode
from devices.inserter.messages import Command, CommandCode, event_from_bytes, result_from_bytes
from devices.kinds import InserterEvent, MachineMode, MachineState, Reason, ResultCode, StateChanged
from devices.link import Link

ANSWER_S = 1.0
_BEAT_EVERY_US = 50_000
_KEPT_FRAMES = 20_000


class NotKept(Exception):
    """A clause is not kept; the text says what was expected and what came."""


class NotTested(Exception):
    """A clause could not be tried; the text says what is missing."""


class WirePort(Protocol):
    def now_us(self) -> int: ...
    def write(self, data: bytes) -> None: ...
    def read(self, timeout_s: float) -> bytes: ...


class RealPort:
    """A device on any serial URL."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000

    def write(self, data: bytes) -> None:
        self._link.write(data)

    def read(self, timeout_s: float) -> bytes:
        return self._link.read(timeout_s)


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame and when it came (host clock)."""

    at_us: int
    frame: WireFrame


@dataclass(frozen=True, slots=True)
class Greeting:
    session: int
    last_event: int
    boot_epoch: int
    oldest: int
    """Number of the oldest event the device still holds (header field ``seq``)."""


class TestHost:
    """One conversation at a time. ``beats`` and ``acknowledges`` may be switched off to see what the device does."""

    __test__ = False  # not a test class for pytest

    def __init__(self, port: WirePort, first_session: int = 0x5EED) -> None:
        self.port = port
        self.beats = True
        self.acknowledges = True
        self.epoch = 0
        self.durable = 0
        self.heard: deque[Heard] = deque(maxlen=_KEPT_FRAMES)
        self.events: list[InserterEvent] = []
        self.state: StateChanged | None = None
        self._reader = FrameReader()
        self._session = first_session
        self.number = 0
        self._command_ids = (port.now_us() & 0xFFFF_FFFF) << 24
        self._beat_due_us = 0

    # -- conversation --------------------------------------------------------------------------------------------------

    def greet(
        self, last_event: int | None = None, known_epoch: int | None = None, same_session: bool = False
    ) -> Greeting:
        """Say HELLO until it is answered with our session.

        Raises:
            NotKept: no answer within 2 s.
        """
        if not same_session:
            self._session += 1
            self.number = 0
        payload = struct.pack(
            "<BQIH",
            1,
            self._session,
            self.durable if last_event is None else last_event,
            self.epoch if known_epoch is None else known_epoch,
        )
        mark = len(self.heard)
        found: list[Greeting] = []

        def answered() -> bool:
            for heard in list(self.heard)[mark:]:
                greeting = _greeting(heard.frame)
                if greeting is not None and greeting.session == self._session:
                    found.append(greeting)
            return bool(found)

        for _ in range(10):
            self.send(FrameType.HELLO, 0, payload)
            if self.pump(0.2, answered, quiet=True):
                greeting = found[0]
                if greeting.boot_epoch != self.epoch:
                    self.epoch, self.durable, self.events, self.state = greeting.boot_epoch, 0, [], None
                if greeting.oldest > self.durable + 1 and not self.events:
                    self.durable = greeting.oldest - 1
                return greeting
        raise NotKept("no HELLO that echoes the host's session within 2 s")

    def command(self, code: CommandCode, *values: int, command_id: int = 0) -> ResultCode:
        """Say one command once and return its result.

        Raises:
            NotKept: no RESULT within 1 s.
        """
        number = self.send_command(code, *values, command_id=command_id)
        result = self.result_of(number)
        if result is None:
            raise NotKept(f"no RESULT for {code.name} within {ANSWER_S:.0f} s")
        return result

    def send_command(self, code: CommandCode, *values: int, command_id: int = 0, number: int = 0) -> int:
        """Send a command frame; returns its number. ``number`` 0: the next one."""
        if not command_id:
            self._command_ids += 1
            command_id = self._command_ids
        if not number:
            self.number += 1
            number = self.number
        self.send(FrameType.COMMAND, number, Command(code, command_id, values).to_bytes())
        return number

    def result_of(self, number: int, seconds: float = ANSWER_S) -> ResultCode | None:
        results: list[ResultCode] = []

        def there() -> bool:
            results.extend(result[1] for result in self.results() if result[0] == number)
            return bool(results)

        self.pump(seconds, there)
        return results[0] if results else None

    def results(self) -> list[tuple[int, ResultCode]]:
        """(command number, code) of every RESULT of this session, in the order they came."""
        found = []
        for heard in self.heard:
            if heard.frame.kind is FrameType.RESULT:
                result = result_from_bytes(heard.frame.payload)
                if result is not None:
                    found.append((heard.frame.seq, result[1]))
        return found

    def forget_frames(self) -> None:
        self.heard.clear()

    # -- bytes ---------------------------------------------------------------------------------------------------------

    def send(self, kind: FrameType, seq: int, payload: bytes = b"", epoch: int | None = None) -> None:
        self.port.write(encode(WireFrame(kind, self.epoch if epoch is None else epoch, seq, self.durable, payload)))

    def pump(self, seconds: float, until: Callable[[], bool] = lambda: False, quiet: bool = False) -> bool:
        """Live for ``seconds`` or until ``until``; True when it came. ``quiet``: without beats, whatever ``beats`` says."""
        deadline = self.port.now_us() + int(seconds * 1e6)
        while True:
            if until():
                return True
            now_us = self.port.now_us()
            if now_us >= deadline:
                return False
            if self.beats and not quiet and now_us >= self._beat_due_us:
                self._beat_due_us = now_us + _BEAT_EVERY_US
                self.send(FrameType.BEAT, 0, struct.pack("<QQ", now_us, 0))
            for frame in self._reader.feed(self.port.read(min(0.01, (deadline - now_us) / 1e6))):
                self._take(frame)

    def _take(self, frame: WireFrame) -> None:
        self.heard.append(Heard(self.port.now_us(), frame))
        if frame.kind is not FrameType.EVENT or frame.epoch != self.epoch:
            return
        if frame.seq == (self.events[-1].event_seq if self.events else self.durable) + 1:
            event = event_from_bytes(frame.payload, frame.epoch)
            if event is not None:
                self.events.append(event)
                if isinstance(event, StateChanged):
                    self.state = event
        if self.acknowledges and self.events and self.events[-1].event_seq > self.durable:
            self.durable = self.events[-1].event_seq
            self.send(FrameType.ACK, 0)

    # -- waiting -------------------------------------------------------------------------------------------------------

    def wait_for_state(self, state: MachineState, seconds: float = 5.0) -> None:
        if not self.pump(seconds, lambda: self.state is not None and self.state.state is state):
            raise NotKept(f"the machine did not reach {state.name} within {seconds:.0f} s; it is {self.state_name()}")

    def state_name(self) -> str:
        return "unknown" if self.state is None else f"{self.state.state.name} ({self.state.reason.name})"

    def event_after(
        self, mark: int, wanted: Callable[[InserterEvent], bool], seconds: float, what: str
    ) -> InserterEvent:
        """The first event after position ``mark`` of ``events`` for which ``wanted`` holds.

        Raises:
            NotKept: none came in time.
        """
        found: list[InserterEvent] = []

        def there() -> bool:
            found.extend(event for event in self.events[mark:] if wanted(event))
            return bool(found)

        if not self.pump(seconds, there):
            raise NotKept(f"{what} did not come within {seconds:.1f} s")
        return found[0]


def ready(host: TestHost) -> None:
    """Bring the machine to Idle in production mode, with a tray, from wherever it is."""
    host.beats = host.acknowledges = True
    host.greet()
    host.pump(0.3, lambda: host.state is not None)
    if host.state is None:
        host.command(CommandCode.PACKML, 3)  # a machine that has nothing new to say says so when it stops
        host.pump(1.0, lambda: host.state is not None)
    for _ in range(12):
        state = host.state.state if host.state is not None else None
        if state is MachineState.IDLE:
            break
        if state in (MachineState.ABORTED, MachineState.ABORTING):
            host.wait_for_state(MachineState.ABORTED)
            host.command(CommandCode.PACKML, 9)
            host.wait_for_state(MachineState.STOPPED, 10.0)
        elif state is MachineState.STOPPED:
            host.command(CommandCode.MODE, MachineMode.PRODUCTION)
            host.command(CommandCode.PACKML, 1)
            host.wait_for_state(MachineState.IDLE)
        else:
            host.command(CommandCode.PACKML, 8)
            host.wait_for_state(MachineState.ABORTED)
    if host.state is None or host.state.state is not MachineState.IDLE:
        raise NotKept(f"the machine cannot be brought to Idle; it is {host.state_name()}")
    host.command(CommandCode.SET_TRAY, 1)


def run_machine(host: TestHost) -> None:
    """From anywhere to Execute."""
    ready(host)
    host.command(CommandCode.PACKML, 2)
    if not host.pump(
        5.0, lambda: host.state is not None and host.state.state in (MachineState.EXECUTE, MachineState.SUSPENDED)
    ):
        raise NotKept(f"Start does not lead to Execute; the machine is {host.state_name()}")
    assert host.state is not None
    if host.state.reason is Reason.NO_SHEETS:
        raise NotTested("the feeder is empty: load at least 100 test sheets")


def expect(condition: bool, text: str) -> None:
    if not condition:
        raise NotKept(text)


def _greeting(frame: WireFrame) -> Greeting | None:
    if frame.kind is not FrameType.HELLO or len(frame.payload) != 15:
        return None
    role, session, last_event, boot_epoch = struct.unpack("<BQIH", frame.payload)
    return Greeting(session, last_event, boot_epoch, frame.seq) if role == 2 and boot_epoch == frame.epoch else None
