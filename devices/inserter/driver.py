"""The shell around ``Session``: two threads, one port. Verbs return at once; what the device says goes to the sink.

The reader thread opens the port (again), feeds bytes in and is the only one that calls the sink. The writer thread sends what the session
wants sent, when it wants it. Neither decides anything.
"""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from devices.errors import LinkError
from devices.inserter.messages import Command, CommandCode
from devices.inserter.session import Phase, Session
from devices.inserter.verbs import CommandIds, Verbs
from devices.kinds import InserterNotice, InserterSink, LinkLost, LinkLostWhy
from devices.link import DEFAULT_SETTINGS, LineSettings, Link, open_again

_READ_WAIT_S = 0.02
_STOP_WAIT_S = 2.0

Tap = Callable[[str, bytes], None]
"""Sees every run of bytes as ("in" | "out", bytes); for recording the wire."""


def steady_us() -> int:
    """Microseconds of the clock that neither NTP nor a person moves."""
    return time.monotonic_ns() // 1000


class InserterDriver(Verbs):
    """A folder-inserter on any pyserial URL.

    Args:
        url: ``/dev/serial/by-id/...``, a pty link, ``socket://host:port``, ``rfc2217://...``.
        sink: takes each notice, on the reader thread; raising ``queue.Full`` means "later".
        known_epoch, last_durable: the newest boot and event number that the ledger holds, so the device sends what came after.
        name: what notices and threads call the device.
    """

    def __init__(
        self,
        url: str,
        sink: InserterSink,
        *,
        known_epoch: int = 0,
        last_durable: int = 0,
        name: str = "inserter",
        settings: LineSettings = DEFAULT_SETTINGS,
        tap: Tap | None = None,
    ) -> None:
        self.name = name
        self._link = Link(url, settings)
        self._sink = sink
        self._tap = tap
        self._session = Session(name, lambda: secrets.randbits(64) or 1, known_epoch, last_durable)
        self._ids = CommandIds()
        self._wake = threading.Condition()
        self._stop = threading.Event()
        self._write_problem = ""
        self._reader = threading.Thread(target=self._read_on, name=f"{name}-reader", daemon=True)
        self._writer = threading.Thread(target=self._write_on, name=f"{name}-writer", daemon=True)

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to talk. A device that is not there yet is waited for; the sink is told ``LinkLost(NEVER_UP)`` once."""
        self._reader.start()
        self._writer.start()

    def close(self) -> None:
        """Stop talking; the device's watchdog then rests the gate. Commands still open are reported as unknown."""
        self._stop.set()
        with self._wake:
            self._wake.notify_all()
        for thread in (self._writer, self._reader):
            if thread.is_alive():
                thread.join(_STOP_WAIT_S)
        self._link.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- verbs ---------------------------------------------------------------------------------------------------------

    def acknowledge(self, epoch: int, event_seq: int) -> None:
        """All events up to this one are on durable storage. Cumulative: once per ledger commit is enough."""
        with self._wake:
            self._session.acknowledge(epoch, event_seq)
            self._wake.notify_all()

    def device_now_us(self) -> int | None:
        with self._wake:
            clock = self._session.clock
            return None if clock.round_trip_us < 0 else steady_us() + clock.offset_us

    @property
    def is_up(self) -> bool:
        return self._session.phase is Phase.UP

    @property
    def dropped_frames(self) -> int:
        """Runs of bytes that were not frames since the port was opened: the health of the cable."""
        return self._session.dropped_frames

    @property
    def retransmissions(self) -> int:
        return self._session.retransmissions

    def _say(self, code: CommandCode, *values: int) -> int:
        with self._wake:
            command = Command(code, self._ids.next(), values)
            self._session.submit(command)
            self._wake.notify_all()
        return command.command_id

    # -- threads -------------------------------------------------------------------------------------------------------

    def _read_on(self) -> None:
        told = False
        while not self._stop.is_set():
            problem = open_again(self._link, self._pause, tries=1)
            if problem is not None:
                if not told:
                    told = True
                    self._note(LinkLost(self.name, LinkLostWhy.NEVER_UP, str(problem)))
                self._pause(0.1)
                continue
            told = True
            with self._wake:
                self._write_problem = ""
                self._session.open(steady_us())
                self._wake.notify_all()
            why, detail = self._read_until_lost()
            with self._wake:
                self._session.port_lost(why, detail)
            self._link.close()
            self._deliver()

    def _read_until_lost(self) -> tuple[LinkLostWhy, str]:
        while not self._stop.is_set():
            try:
                data = self._link.read(_READ_WAIT_S)
            except LinkError as problem:
                return LinkLostWhy.UNPLUGGED, str(problem)
            if data:
                if self._tap is not None:
                    self._tap("in", data)
                with self._wake:
                    self._session.receive(data, steady_us())
                    self._wake.notify_all()
            if self._write_problem:
                return LinkLostWhy.UNPLUGGED, self._write_problem
            self._deliver()
        return LinkLostWhy.CLOSED, "closed by the host"

    def _write_on(self) -> None:
        while not self._stop.is_set():
            with self._wake:
                now_us = steady_us()
                data = self._session.poll(now_us)
                if not data:
                    wait_us = min(self._session.due_us(now_us) - now_us, 100_000)
                    if wait_us > 0:
                        self._wake.wait(wait_us / 1e6)
                    continue
            if self._tap is not None:
                self._tap("out", data)  # before it is sent: an answer must not be recorded before its question
            try:
                self._link.write(data)
            except LinkError as problem:
                self._write_problem = str(problem)
                self._stop.wait(_READ_WAIT_S)

    def _deliver(self) -> None:
        """Pass on notices in order until there is none left or the sink has no room; what is left comes next time."""
        while True:
            with self._wake:
                if not self._session.notices:
                    return
                notice = self._session.notices[0]
            try:
                self._sink(notice)
            except queue.Full:
                return
            with self._wake:
                self._session.notices.popleft()

    def _note(self, notice: InserterNotice) -> None:
        with self._wake:
            self._session.notices.append(notice)
        self._deliver()

    def _pause(self, seconds: float) -> bool:
        self._deliver()
        return self._stop.wait(seconds)
