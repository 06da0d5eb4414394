"""A serial cable between two ptys, for Modbus RTU: bytes take the time the baud rate gives them. It knows no protocol."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import time
import tty
from pathlib import Path

BITS_PER_BYTE = 10  # 8N1
LOOK_S = 0.1


class RtuCable:
    """The host opens ``link``, the device's server opens ``device_tty``."""

    def __init__(self, link: Path, baud: int) -> None:
        self.link = link
        self.baud = baud
        self._host, self._host_end = _pty()
        self._device, self._device_end = _pty()
        self.device_tty = os.ttyname(self._device_end)
        fresh = link.with_name(link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._host_end))
        fresh.replace(link)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="sim-rtu-cable", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Pull both plugs."""
        self._stop.set()
        self._thread.join(timeout=2)
        self.link.unlink(missing_ok=True)
        for end in (self._host, self._host_end, self._device, self._device_end):
            os.close(end)

    def _carry(self) -> None:
        other = {self._host: self._device, self._device: self._host}
        while not self._stop.is_set():
            readable, _, _ = select.select(list(other), [], [], LOOK_S)
            for end in readable:
                with contextlib.suppress(OSError):
                    data = os.read(end, 4096)
                    # Half duplex: while one side speaks the other listens, so one wait serves both ways.
                    time.sleep(len(data) * BITS_PER_BYTE / self.baud if self.baud else 0.0)
                    os.write(other[end], data)


def _pty() -> tuple[int, int]:
    master, slave = os.openpty()
    tty.setraw(slave, termios.TCSANOW)
    os.set_blocking(master, False)
    return master, slave
