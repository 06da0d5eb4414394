"""OMR tracks: the row of marks along a sheet edge that inserters without a camera read.

A track is a fixed number of positions at a fixed pitch; a mark is printed or left out. What each position means
(end of set, feed insert, sequence) is the machine's profile and comes from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rendering.symbols.errors import SymbolError


@dataclass(frozen=True, slots=True)
class OmrTrack:
    """Geometry of one track, all lengths in mm: `positions` marks of `thickness` x `length`, `pitch` apart."""

    positions: int
    pitch_mm: float = 4.233  # 1/6 inch, the pitch most OMR readers are built for
    thickness_mm: float = 0.5
    length_mm: float = 7.0
    parity: str = "even"  # "even", "odd" or "none": a last mark that makes the count of printed marks even or odd

    def __post_init__(self) -> None:
        if self.positions < 1 or self.parity not in ("even", "odd", "none"):
            raise SymbolError(f"OMR track: positions {self.positions} must be >= 1 and parity even, odd or none")
        if not 0 < self.thickness_mm < self.pitch_mm:
            raise SymbolError("OMR track: a mark must be thinner than the pitch")


def omr(bits: Sequence[bool], track: OmrTrack) -> NDArray[np.uint8]:
    """One entry per position, 1 = mark printed: start mark, `bits`, then the parity mark when the track has one.

    Raises SymbolError when the bits do not fill the track exactly; a half-filled track would be misread.
    """
    marks = [1, *(int(bool(bit)) for bit in bits)]
    if track.parity != "none":
        marks.append((sum(marks) & 1) ^ (track.parity == "odd"))
    if len(marks) != track.positions:
        raise SymbolError(f"OMR track has {track.positions} positions, {len(marks)} marks were given")
    return np.array(marks, dtype=np.uint8)
