"""The hand scanner of the exception station: lines in, and lines out to its display. A thread of its own; what it hears waits in a queue."""

from __future__ import annotations

import contextlib
import queue
import threading

from devices.errors import DeviceError
from devices.link import LineSettings, Link

LINE_CHARS_MAX = 512
HEARD_MAX = 10_000


class ScannerLine:
    """Reads a serial scanner that ends each scan with CR LF; opens the port again when it was unplugged."""

    def __init__(self, url: str) -> None:
        self._link = Link(url, LineSettings(baud=9600))
        self._heard: queue.Queue[str] = queue.Queue(HEARD_MAX)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def take(self) -> list[str]:
        """Return the scans since the last call."""
        scans = []
        with contextlib.suppress(queue.Empty):
            while True:
                scans.append(self._heard.get_nowait())
        return scans

    def show(self, text: str) -> bool:
        """Send one line to the scanner's display; False when it is unplugged."""
        try:
            self._link.write(text.encode("ascii") + b"\r\n")
        except DeviceError:
            return False
        return True

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        self._link.close()

    def _run(self) -> None:
        text = b""
        while not self._stop.is_set():
            try:
                if not self._link.is_open:
                    self._link.open()
                text += self._link.read(0.1)
            except DeviceError:
                self._link.close()
                self._stop.wait(0.3)
                continue
            *lines, text = text.replace(b"\r", b"\n").split(b"\n")
            text = text[-LINE_CHARS_MAX:]
            for line in filter(None, lines):
                with contextlib.suppress(queue.Full):
                    self._heard.put_nowait(line.decode("ascii", "replace").strip())
