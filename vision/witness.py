"""An independent witness for linear codes: the value read must also explain the picture.

A linear code has no error correction, only a check character that every hundredth accident passes. So a value counts
only when the matched-filter reader (`vision.linear`), which shares neither code nor idea with the engines, sees the
same text in the averaged profile of the symbol; or, read by the matched filter alone, when every character won by far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import zxingcpp
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
WARM_MODULE_PX = 3


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
    """Compile or load the kernels before the first frame needs them: only a real symbol takes every way through them."""
    symbol = zxingcpp.create_barcode("WARM 1234", zxingcpp.BarcodeFormat.Code128)
    picture = np.ascontiguousarray(zxingcpp.write_barcode_to_image(symbol, scale=WARM_MODULE_PX))
    inked = np.flatnonzero((picture < 128).any(axis=0))
    left, right, bottom = float(inked[0]), float(inked[-1] + 1), float(picture.shape[0])
    corners = ((left, 0.0), (right, 0.0), (right, bottom), (left, bottom))
    read = linear.read_at(picture, corners, WARM_MODULE_PX)
    assert read is not None, "the warming symbol can be read"
    linear.find_and_read(View(picture, np.eye(3)[:2]), WARM_MODULE_PX, (right - left, bottom))
    turned = np.ascontiguousarray(np.rot90(picture))
    linear.find_and_read(View(turned, np.eye(3)[:2]), WARM_MODULE_PX, (right - left, bottom), any_angle=True)
