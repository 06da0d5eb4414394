"""A serial device made of a pty: a stable link that a host opens, can be unplugged, and takes the time a wire takes.

It carries bytes and knows no protocol. A pty shows neither parity nor modem lines.
"""

from __future__ import annotations

import contextlib
import os
import termios
import tty
from abc import ABC, abstractmethod
from collections import deque
from pathlib import Path

from simulator.defects import Defects

OUT_BYTES_MAX = 1 << 13
BITS_PER_BYTE = 10  # 8N1


class BytePort(ABC):
    """One serial line as the device sees it: bytes take their time and may be damaged. Not thread-safe, owned by one loop."""

    url: str

    def __init__(self, *, baud: int, defects: Defects | None) -> None:
        self.baud = baud
        self._defects = defects
        self._out: deque[tuple[int, bytes]] = deque()
        self._in: deque[tuple[int, bytes]] = deque()
        self._out_bytes = 0
        self._out_free_us = 0
        self._in_free_us = 0

    @property
    @abstractmethod
    def fds(self) -> list[int]:
        """File descriptors to wait on; none while unplugged."""

    @property
    @abstractmethod
    def is_plugged(self) -> bool: ...

    @abstractmethod
    def plug(self) -> None:
        """Put the cable in; it may be in already."""

    @abstractmethod
    def unplug(self) -> None:
        """Pull the cable: whoever has the port open gets an error."""

    @abstractmethod
    def _take(self) -> bytes:
        """Return what the host wrote, b"" when nothing; never blocks."""

    @abstractmethod
    def _give(self, data: bytes) -> None:
        """Hand the host bytes; what it has no room for is lost."""

    def drop(self) -> None:
        """Forget what is under way."""
        self._out.clear()
        self._in.clear()
        self._out_bytes = 0

    def _wire_us(self, data: bytes) -> int:
        return len(data) * BITS_PER_BYTE * 1_000_000 // self.baud if self.baud else 0

    def send(self, data: bytes, now_us: int) -> None:
        """Queue bytes; each arrives when the baud rate has let it pass. What finds no room is lost, as in a UART."""
        data = self._damage(data)
        if not self.is_plugged or not data or self._out_bytes + len(data) > OUT_BYTES_MAX:
            return
        self._out_free_us = max(self._out_free_us, now_us) + self._wire_us(data)
        self._out.append((self._out_free_us, data))
        self._out_bytes += len(data)

    def _damage(self, data: bytes) -> bytes:
        if self._defects is None or not data:
            return data
        kept = bytearray()
        for byte in data:
            if self._defects.take("lose_bytes"):
                continue
            kept.append(byte ^ 0x10 if self._defects.take("flip_bits") else byte)
        return bytes(kept)

    def read(self, now_us: int) -> None:
        """Take what the host wrote; `arrived` gives it out when it has come over the wire."""
        data = self._take() if self.is_plugged else b""
        if data:
            self._in_free_us = max(self._in_free_us, now_us) + self._wire_us(data)
            self._in.append((self._in_free_us, data))

    def arrived(self, now_us: int) -> bytes:
        """Return the bytes that have arrived by now."""
        parts = []
        while self._in and self._in[0][0] <= now_us:
            parts.append(self._in.popleft()[1])
        return b"".join(parts)

    def flush(self, now_us: int) -> None:
        """Hand the host what has passed the wire by now; a full buffer on its side loses bytes."""
        while self._out and self._out[0][0] <= now_us:
            _, data = self._out.popleft()
            self._out_bytes -= len(data)
            self._give(data)

    def backlog_us(self, now_us: int) -> int:
        """Return how long the line will be busy with what was sent already."""
        return max(0, self._out_free_us - now_us)

    def next_us(self) -> int | None:
        """Return when bytes in either direction are due."""
        due = [queue[0][0] for queue in (self._out, self._in) if queue]
        return min(due) if due else None

    def close(self) -> None:
        self.unplug()


class PtyPort(BytePort):
    """The device side of a pty whose other end a link in the file system points to."""

    def __init__(self, link: Path, *, baud: int, defects: Defects | None = None) -> None:
        super().__init__(baud=baud, defects=defects)
        self.link = link
        self.url = str(link)
        self._master = -1
        self._slave = -1
        self.plug()

    @property
    def fds(self) -> list[int]:
        return [self._master] if self._master >= 0 else []

    @property
    def is_plugged(self) -> bool:
        return self._master >= 0

    def plug(self) -> None:
        """Make a new pty and point the link to it (atomically, as udev does)."""
        if self._master >= 0:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self._master, False)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)

    def unplug(self) -> None:
        """Pull the cable: whoever has the port open gets an error, and the link is gone."""
        if self._master < 0:
            return
        self.link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1
        self.drop()

    def _take(self) -> bytes:
        with contextlib.suppress(OSError):
            return os.read(self._master, 65536)
        return b""

    def _give(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._master, data)
