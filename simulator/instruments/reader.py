"""A fixed barcode reader over the exit: one line per envelope, CR LF at its end, ``NOREAD`` when it finds no code. Speaks, and never listens.

It reads the picture in the window, as the exit camera sees it before optics; what a code means it does not know.
"""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import zxingcpp

from simulator.cameras.picture import envelope_scene
from simulator.inserter.device import clock_us
from simulator.inserter.port import PtyPort
from simulator.paper import Envelope

WAITING_MAX = 32
LOOK_S = 0.05
NO_READ = "NOREAD"
_FORMATS = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.DataMatrix, zxingcpp.BarcodeFormat.QRCode))


class ReaderLine:
    """A reader at ``folder/reader``; `passes` may be called from any thread and only enqueues."""

    def __init__(self, folder: Path) -> None:
        self.port = PtyPort(folder / "reader", baud=115200)
        self.missed = 0
        self._passing: queue.Queue[Envelope | None] = queue.Queue(WAITING_MAX)
        self._thread = threading.Thread(target=self._run, name="sim-reader", daemon=True)

    def passes(self, envelope: Envelope) -> None:
        """An envelope goes by under the reader; one too many at once is not read at all, as with a real one."""
        try:
            self._passing.put_nowait(envelope)
        except queue.Full:
            self.missed += 1

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._passing.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        self.port.close()

    def _run(self) -> None:
        while True:
            due = self.port.next_us()
            try:
                wait_s = LOOK_S if due is None else min(LOOK_S, max(0.0, (due - clock_us()) / 1e6))
                envelope = self._passing.get(timeout=wait_s)
            except queue.Empty:
                pass
            else:
                if envelope is None:
                    return
                found = zxingcpp.read_barcodes(envelope_scene(envelope), formats=_FORMATS)
                text = next((one.text for one in found if one.text), NO_READ)
                self.port.send(text.encode("ascii", "replace") + b"\r\n", clock_us())
            self.port.flush(clock_us())
