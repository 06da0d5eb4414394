"""An independent witness for linear codes: the value read must also explain the picture.

A linear code has no error correction, only a check character that every hundredth accident passes. So a value counts
only when the matched-filter reader (`vision.linear`), which shares neither code nor idea with the engines, sees the
same text in the averaged profile of the symbol; or, read by the matched filter alone, when every character won by far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision import linear
from vision.engines import Decoded
from vision.enhance import View
from vision.readings import Symbology

Gray = NDArray[np.uint8]

WITNESS_NAME = "matched-filter"
LEAD_OF_TWO_AS_WITNESS = 0.15
"""Lead with which the matched filter may confirm what an engine has read."""
LEAD_OF_TWO_ALONE = 1.0
"""Lead with which it counts without any engine: no wrong value in the stress runs of the bench came near it."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the witness saw of a value: it confirms, contradicts with another valid value, or does neither."""

    confirms: bool
    contradicts: bool


SILENT = Testimony(confirms=False, contradicts=False)


def confirm_linear(frame: Gray, decoded: Decoded, module_px: float, accepts: Callable[[str], bool]) -> Testimony:
    """Read the symbol at ``decoded.corners`` (frame pixels) again by matched filter and compare the texts."""
    if decoded.symbology is not Symbology.CODE_128:
        return SILENT
    read = linear.read_at(frame, decoded.corners, module_px)
    if read is None or read.lead_of_two < LEAD_OF_TWO_AS_WITNESS:
        return SILENT
    return Testimony(read.text == decoded.payload, read.text != decoded.payload and accepts(read.text))


def warm_witness() -> None:
    """Compile or load the kernels before the first frame needs them."""
    stripes = np.tile(np.array([40, 200], np.uint8).repeat(3), (40, 60))
    linear.read_at(stripes, ((4.0, 4.0), (340.0, 4.0), (340.0, 36.0), (4.0, 36.0)), 2.0)
    linear.find_and_read(View(stripes, np.eye(3)[:2]), 2.0, (320.0, 30.0))
