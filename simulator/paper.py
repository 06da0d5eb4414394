"""Paper that carries its picture: sheets, stacks and filled envelopes. It never knows what a mark means.

A picture is what the printer rasterised from the PDF it received, kept compressed: only the two places a camera can see.
"""

from __future__ import annotations

import zlib
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

# Places of a sheet's front the cameras can see, in mm: x, y, width, height (origin top left).
PANEL_MM = (0.0, 35.0, 120.0, 60.0)
MARGIN_MM = (180.0, 40.0, 30.0, 35.0)
PANEL_PX_PER_MM = 8
MARGIN_PX_PER_MM = 10


@dataclass(frozen=True, slots=True)
class Picture:
    """A grey picture, 0 is black, compressed: most of a letter is white."""

    height: int
    width: int
    packed: bytes

    @classmethod
    def of(cls, pixels: Pixels) -> Picture:
        """Pack ``pixels`` (height, width) uint8."""
        return cls(pixels.shape[0], pixels.shape[1], zlib.compress(pixels.tobytes(), 1))

    def pixels(self) -> Pixels:
        """Return a writable (height, width) uint8 array."""
        flat = np.frombuffer(zlib.decompress(self.packed), dtype=np.uint8)
        return flat.reshape(self.height, self.width).copy()


@dataclass(slots=True)
class Sheet:
    """One physical sheet: ``panel`` faces the window when it is the first of its set, ``margin`` is what C1 sees.

    ``caption`` is the printed piece line as a person would read it, kept only for sheets whose marks are spoiled.
    """

    sheet_id: int
    printer: str
    job: str
    index: int
    panel: Picture
    margin: Picture
    caption: str = ""
    thickness_um: int = 100

    def told(self) -> dict[str, int | str]:
        """Return what the world log says of this sheet."""
        return {"id": self.sheet_id, "job": self.job, "index": self.index}


@dataclass(slots=True)
class Stack:
    """The sheets of one finished print job, in the order they lie in the printer's output."""

    printer: str
    job: str
    sheets: deque[Sheet] = field(default_factory=deque)
    stack_no: int = 0


@dataclass(slots=True)
class Envelope:
    """A set of sheets on its way through the machine; ``shift_mm`` is where the insert came to rest in the envelope."""

    piece_no: int
    sheets: list[Sheet]
    first_sheet: int
    last_sheet: int
    flags: int = 0
    shift_mm: tuple[float, float] = (0.0, 0.0)
    zone: int = 0
    gate_at_us: int = 0
    past_gate: bool = False
    passed: bool = False
    jammed: bool = False
    postage: int = 0
    """What the franking head really printed on it, in 1/100 of the currency unit."""
