"""A byte stream to a device behind any pyserial URL: opens it exclusively, notices its loss, opens it again.

Never interprets a byte. ``/dev/serial/by-id/...``, a pty, ``socket://``, ``rfc2217://`` and ``loop://`` are all the same here.
"""

from __future__ import annotations

import errno
import socket
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import serial

from devices.errors import LinkError, PortInUse

READ_CHUNK = 4096
BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Waiting before the n-th attempt to open again; the last one repeats. A USB adapter needs about 1 s to come back after a replug."""

_UNPLUGGED = (serial.SerialException, OSError, termios.error)
"""On unplug pyserial raises any of these three, depending on which call notices first (read, in_waiting, reset_input_buffer)."""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Speed and framing of a serial line; ignored by sockets and ptys."""

    baud: int = 115200
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1


DEFAULT_SETTINGS = LineSettings()


class Link:
    """One open port. One thread may read while another writes; both get ``LinkError`` once the port is gone."""

    def __init__(self, url: str, settings: LineSettings = DEFAULT_SETTINGS) -> None:
        self.url = url
        self._settings = settings
        self._port: serial.Serial | None = None

    def open(self) -> None:
        """Open the port for this process alone.

        Raises:
            PortInUse: somebody else has it.
            LinkError: it is not there, or may not be opened.
        """
        self.close()
        is_path = "://" not in self.url
        options = {"exclusive": True} if is_path else {}
        try:
            self._port = serial.serial_for_url(
                self.url,
                baudrate=self._settings.baud,
                bytesize=self._settings.bytesize,
                parity=self._settings.parity,
                stopbits=self._settings.stopbits,
                timeout=0.05,
                write_timeout=0.5,
                **options,
            )
        except (*_UNPLUGGED, ValueError) as problem:
            raise _opening_problem(self.url, problem) from problem
        _send_at_once(self._port)

    @property
    def is_open(self) -> bool:
        return self._port is not None

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, waiting up to ``timeout_s`` for the first byte; empty when nothing came."""
        port = self._port
        if port is None:
            raise LinkError(f"{self.url} is not open")
        try:
            if port.timeout != timeout_s:
                port.timeout = timeout_s
            first: bytes = port.read(1)
            if not first:
                return b""
            waiting = min(port.in_waiting, READ_CHUNK)
            return first + port.read(waiting) if waiting else first
        except _UNPLUGGED as problem:
            raise LinkError(f"{self.url} was unplugged or its other end was closed ({problem})") from problem
        except (TypeError, AttributeError) as problem:  # pyserial's own race: closed by another thread during the call
            raise LinkError(f"{self.url} was closed") from problem

    def write(self, data: bytes) -> None:
        """Send all of ``data``.

        Raises:
            LinkError: the port is gone, or took no byte for 0.5 s.
        """
        port = self._port
        if port is None:
            raise LinkError(f"{self.url} is not open")
        try:
            port.write(data)
        except _UNPLUGGED as problem:
            raise LinkError(f"{self.url} does not take bytes any more ({problem})") from problem
        except (TypeError, AttributeError) as problem:
            raise LinkError(f"{self.url} was closed") from problem

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            try:
                port.close()
            except _UNPLUGGED:
                pass  # already gone: that is what we wanted

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_again(link: Link, wait: Callable[[float], bool], tries: int | None = None) -> LinkError | None:
    """Try to open ``link`` until it works, ``wait(seconds)`` says stop (returns True), or ``tries`` are used up.

    Returns None once open, else the last problem.
    """
    attempt = 0
    while True:
        try:
            link.open()
            return None
        except LinkError as problem:
            attempt += 1
            if tries is not None and attempt >= tries:
                return problem
            if wait(BACK_OFF_S[min(attempt - 1, len(BACK_OFF_S) - 1)]):
                return problem


def exchange(link: Link, request: bytes, ends: bytes, timeout_s: float, limit: int = 4096) -> bytes:
    """Send ``request`` and read until ``ends`` or the deadline; for simple ask-and-answer devices.

    Returns what came, which lacks ``ends`` if the time was over or ``limit`` bytes were read.
    """
    link.write(request)
    deadline = time.monotonic() + timeout_s
    answer = bytearray()
    while ends not in answer and len(answer) < limit:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        answer += link.read(min(left, 0.05))
    return bytes(answer)


def _send_at_once(port: serial.Serial) -> None:
    """Turn off Nagle's algorithm on ``socket://``, which pyserial leaves on.

    With it a frame waits up to 40 ms for the acknowledgement of the one before, and a host that has died is still heard for as long.
    """
    connection = getattr(port, "_socket", None)
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _opening_problem(url: str, problem: BaseException) -> LinkError:
    code = getattr(problem, "errno", None)
    text = str(problem)
    if code in (errno.EAGAIN, errno.EBUSY, errno.EWOULDBLOCK) or "exclusively lock" in text:
        return PortInUse(f"{url} is in use by another program; stop it first (letterline doctor says which)")
    if code == errno.ENOENT or (code is None and "://" not in url and not Path(url).exists()):
        return LinkError(f"{url} is not there; check the cable and the name under /dev/serial/by-id")
    if code == errno.EACCES:
        return LinkError(f"{url} may not be opened by this user; add the user to the group dialout")
    return LinkError(f"{url} cannot be opened: {text}")
