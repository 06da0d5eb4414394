"""What is broken in the simulated world right now: counters that run down and switches. Set by plan or by hand, read by the machines.

Pure state behind one lock; no clock, no thread.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping

# name: what one unit of it does
COUNTED: Mapping[str, str] = {
    "double_feed": "two sheets leave the feeder as one",
    "double_feed_at_end": "the last two sheets of a stack leave as one",
    "empty_envelope": "the set misses its envelope",
    "tray_eye_miss": "the tray eye does not see a piece",
    "tray_eye_ghost": "the tray eye sees a piece that is not there",
    "reject_eye_miss": "the reject eye does not see a piece",
    "reject_eye_ghost": "the reject eye sees a piece that is not there",
    "smear_window": "a printed window mark is smeared",
    "smear_margin": "a printed margin mark is smeared",
    "blank_sheet": "a sheet comes out blank",
    "glare_c1": "a frame of the sheet camera is blinded",
    "glare_c2": "a frame of the exit camera is blinded",
    "drop_c1": "a frame of the sheet camera is lost",
    "drop_c2": "a frame of the exit camera is lost",
    "extra_c1": "the sheet camera fires once too often",
    "extra_c2": "the exit camera fires once too often",
    "encoder_c1": "the count of the sheet camera's belt encoder jumps",
    "encoder_c2": "the count of the exit camera's belt encoder jumps",
    "freeze_c1": "the sheet camera repeats its last picture",
    "freeze_c2": "the exit camera repeats its last picture",
    "wrong_c1": "the sheet camera shows the sheet before the last",
    "wrong_c2": "the exit camera shows the envelope before the last",
    "late_c1": "a frame of the sheet camera comes too late",
    "late_c2": "a frame of the exit camera comes too late",
    "gate_late": "the gate moves too late and does to a piece what it did to the one before",
    "extra_insert": "something that does not belong there gets into an envelope",
    "scale_unstable": "the scale does not settle and says nothing",
    "scale_drift": "the scale shows two grams too much",
    "franking_refuses": "the franking head prints nothing and says so",
    "franking_wrong": "the franking head prints another amount",
    "franking_unconfirmed": "the franking head prints, but does not confirm the amount",
    "skip_scan": "a rejected envelope is thrown away without a scan",
    "burn_stack": "a printed stack never reaches the feeder",
    "lose_bytes": "a byte on its way to the host is lost",
    "flip_bits": "a byte on its way to the host has a flipped bit",
}
SWITCHES: Mapping[str, str] = {
    "thickness_blind": "the double-sheet sensor sees nothing",
    "gate_stuck_pass": "the gate stays in the pass position",
    "gate_stuck_reject": "the gate stays in the reject position",
    "camera_dead_c1": "the sheet camera gives no frames",
    "camera_dead_c2": "the exit camera gives no frames",
    "babble": "the device floods the line with frames",
}


class Defects:
    """Counted and switched defects; every method may be called from any thread."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._rng = random.Random(seed)
        self._share: dict[str, float] = {}
        self._left = dict.fromkeys(COUNTED, 0)
        self._on = dict.fromkeys(SWITCHES, False)
        self._jam: tuple[int, int] | None = None
        self._gate = False
        self._wanted_before = False

    def add(self, name: str, count: int) -> None:
        """Let the next ``count`` occasions fail. Raises KeyError for an unknown name."""
        with self._lock:
            self._left[name] += count

    def chance(self, name: str, share: float) -> None:
        """Let each occasion fail with probability ``share`` (0 to 1). Raises KeyError for an unknown name."""
        with self._lock:
            if name not in self._left:
                raise KeyError(name)
            self._share[name] = share

    def switch(self, name: str, *, on: bool) -> None:
        """Break or mend. Raises KeyError for an unknown name."""
        with self._lock:
            if name not in self._on:
                raise KeyError(name)
            self._on[name] = on

    def take(self, name: str) -> bool:
        """Return True, and use one up, when the next occasion shall fail."""
        if not self._left[name] and name not in self._share:
            return False
        with self._lock:
            if self._left[name]:
                self._left[name] -= 1
                return True
            return self._rng.random() < self._share.get(name, 0.0)

    def is_on(self, name: str) -> bool:
        return self._on[name]

    def jam_after(self, passes: int, zone: int) -> None:
        """Let the ``passes``-th thing that reaches ``zone`` from now on stick there."""
        with self._lock:
            self._jam = (passes, zone)

    def jam_due(self, zone: int) -> bool:
        if self._jam is None:
            return False
        with self._lock:
            if self._jam is None or self._jam[1] != zone:
                return False
            left = self._jam[0] - 1
            self._jam = (left, zone) if left > 0 else None
            return left <= 0

    def gate_moves_to(self, wanted: bool) -> bool:
        """Return the position the gate really takes."""
        if self._on["gate_stuck_pass"]:
            self._gate = True
        elif self._on["gate_stuck_reject"]:
            self._gate = False
        else:
            self._gate = self._wanted_before if self.take("gate_late") else wanted
        self._wanted_before = wanted
        return self._gate

    def mend(self) -> None:
        """Forget every defect."""
        with self._lock:
            self._left = dict.fromkeys(COUNTED, 0)
            self._on = dict.fromkeys(SWITCHES, False)
            self._share.clear()
            self._jam = None

    def present(self) -> dict[str, int | float | bool]:
        """Return what is broken now."""
        with self._lock:
            left: dict[str, int | float | bool] = {name: count for name, count in self._left.items() if count}
            return left | self._share | {name: True for name, on in self._on.items() if on}
