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


ROWS = 8  # grid rows of one position; the mark fills the first: 1/48 inch, as thick as a pen stroke
SHEET_TRACK = OmrTrack(positions=6, thickness_mm=4.233 / ROWS)


def sheet_bits(sheet: int, sheets: int) -> str:
    """What a track says when nothing else is asked for: 1 on the last sheet of a set, then the sheet's number (from 0) in three
    bits, the lowest first, so that a folder sees a set's end and a sheet missing or out of order.
    """
    return f"{int(sheet == sheets - 1)}{sheet & 1}{sheet >> 1 & 1}{sheet >> 2 & 1}"


def track_grid(bits: str) -> NDArray[np.uint8]:
    """A sheet's track as a grid of one column, ROWS rows a position. ``bits`` is text of 0 and 1. Raises SymbolError."""
    if set(bits) - {"0", "1"}:
        raise SymbolError(f"OMR track: {bits!r} is not made of 0 and 1")
    grid = np.zeros((SHEET_TRACK.positions, ROWS), np.uint8)
    grid[:, 0] = omr([bit == "1" for bit in bits], SHEET_TRACK)
    return grid.reshape(-1, 1)


def read_track(picture: NDArray[np.uint8], positions: int) -> str:
    """The marks of a picture that shows exactly a track from its first edge to a pitch after its last: 1 where a mark is dark."""
    height, width = picture.shape
    pitch = height / positions
    middle = picture[:, width // 3 : max(width // 3 + 1, 2 * width // 3)].mean(axis=1)
    return "".join("1" if middle[round((at + 0.5 / ROWS) * pitch)] < 128 else "0" for at in range(positions))


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
