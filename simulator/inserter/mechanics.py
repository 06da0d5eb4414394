"""What a machine is built like, and whom its paper path tells: distances as belt time, sensors it has, weights of what it handles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulator.paper import Envelope, Sheet

ENVELOPE_MG, SHEET_MG = 6_000, 4_990
"""A ZL window envelope, and A4 of 80 g/m²."""


@dataclass(frozen=True, slots=True)
class Mechanics:
    """Distances as belt time at the present speed, in µs; ``set_wait_us`` is device time and independent of speed."""

    sheet_pitch_us: int
    piece_pitch_us: int
    feeder_to_c1_us: int
    c1_to_accumulator_us: int
    fold_us: int
    envelope_us: int
    to_c2_us: int
    c2_to_gate_us: int
    gate_to_eye_us: int
    eye_to_settled_us: int
    set_wait_us: int = 400_000
    fold_buffer: int = 4
    """Complete sets that fit between accumulator and fold; the feeder rests while it is full."""
    bin_capacity: int = 500
    scale: bool = False
    franking: int = 0
    """What the franking head prints on every envelope, in 1/100 of the currency unit; 0: there is none."""
    slack_mm: tuple[float, float] = (20.0, 15.0)


class World(Protocol):
    """What the path tells the outside about paper; every call only enqueues."""

    def c1_fires(self, trigger: int, papers: list[Sheet]) -> None: ...
    def c2_fires(self, trigger: int, envelope: Envelope) -> None: ...
    def lands_in_tray(self, tray: int, envelope: Envelope) -> None: ...
    def lands_in_bin(self, envelope: Envelope) -> None: ...
    def weighs(self, weight_mg: int, stable: bool) -> None: ...
    def fact(self, what: str, **facts: object) -> None: ...
