"""A hand scanner that pretends to be a keyboard, read from its own event device so that its keys reach nobody else. Codec pure.

Linux input events (``struct input_event``, linux/input.h): 64-bit seconds and microseconds, type u16, code u16, value s32. US key layout, which
is what scanners type unless told otherwise.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
from types import TracebackType
from typing import Self

from devices.errors import LinkError, PortInUse

_EVENT = struct.Struct("qqHHi")
_EV_KEY, _DOWN, _UP = 1, 1, 0
_EVIOCGRAB = 0x40044590
_SHIFTS = frozenset({42, 54})
_ENDS = frozenset({28, 96, 15})
"""Enter, keypad Enter, Tab: what scanners are set to end with."""
MAX_CODE = 512
_PLAIN = {2 + index: letter for index, letter in enumerate("1234567890-=")}
_PLAIN |= {16 + index: letter for index, letter in enumerate("qwertyuiop[]")}
_PLAIN |= {30 + index: letter for index, letter in enumerate("asdfghjkl;'`")}
_PLAIN |= {43: "\\"} | {44 + index: letter for index, letter in enumerate("zxcvbnm,./")} | {57: " "}
_SHIFTED = {2 + index: letter for index, letter in enumerate("!@#$%^&*()_+")}
_SHIFTED |= {16 + index: letter for index, letter in enumerate("QWERTYUIOP{}")}
_SHIFTED |= {30 + index: letter for index, letter in enumerate('ASDFGHJKL:"~')}
_SHIFTED |= {43: "|"} | {44 + index: letter for index, letter in enumerate("ZXCVBNM<>?")} | {57: " "}


class WedgeDecoder:
    """Key events in, scanned codes out."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._code: list[str] = []
        self._shifts: set[int] = set()

    def feed(self, data: bytes) -> list[str]:
        self._bytes += data
        whole = len(self._bytes) // _EVENT.size * _EVENT.size
        taken = bytes(self._bytes[:whole])
        del self._bytes[:whole]
        codes = []
        for _, _, kind, key, value in _EVENT.iter_unpack(taken):
            if kind != _EV_KEY:
                continue
            if key in _SHIFTS:
                (self._shifts.add if value != _UP else self._shifts.discard)(key)
            elif value == _DOWN and key in _ENDS:
                if self._code:
                    codes.append("".join(self._code))
                self._code.clear()
            elif value == _DOWN and len(self._code) < MAX_CODE:
                self._code.append((_SHIFTED if self._shifts else _PLAIN).get(key, ""))
        return codes


class WedgeScanner:
    """One scanner at ``/dev/input/by-id/...-event-kbd``, grabbed for this process."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._decoder = WedgeDecoder()
        self._handle = -1

    def open(self) -> None:
        """Raises ``PortInUse`` when another program has grabbed it, ``LinkError`` when it is not there or may not be read."""
        try:
            self._handle = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            fcntl.ioctl(self._handle, _EVIOCGRAB, 1)
        except OSError as problem:
            self.close()
            if problem.errno == 16:
                raise PortInUse(f"{self.path} is in use by another program") from problem
            raise LinkError(
                f"{self.path} cannot be opened: {problem.strerror}; the user must be in the group input"
            ) from problem

    def read(self, timeout_s: float) -> list[str]:
        """Codes scanned within ``timeout_s``."""
        try:
            ready, _, _ = select.select([self._handle], [], [], timeout_s)
            return self._decoder.feed(os.read(self._handle, 4096)) if ready else []
        except (OSError, ValueError) as problem:
            raise LinkError(f"{self.path} was unplugged ({problem})") from problem

    def close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
