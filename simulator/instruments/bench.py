"""Instruments on serial lines of their own: one thread that owns their ptys and answers what is asked."""

from __future__ import annotations

import select
import threading
from pathlib import Path

from simulator.inserter.device import clock_us
from simulator.inserter.port import PtyPort
from simulator.instruments.mt_sics import Scale

LOOK_S = 0.05


class ScaleLine:
    """A scale at ``folder/scale``; `put` may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self.port = PtyPort(folder / "scale", baud=9600)
        self._scale = Scale()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sim-scale", daemon=True)

    def put(self, load_mg: int, *, stable: bool = True) -> None:
        """Lay something of ``load_mg`` on the pan."""
        with self._lock:
            self._scale.put(load_mg, stable=stable)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
        self.port.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            due = self.port.next_us()
            wait_s = LOOK_S if due is None else min(LOOK_S, max(0.0, (due - clock_us()) / 1e6))
            select.select(self.port.fds, [], [], wait_s)
            now = clock_us()
            self.port.read(now)
            with self._lock:
                answer = self._scale.receive(self.port.arrived(now))
            self.port.send(answer, now)
            self.port.flush(clock_us())
