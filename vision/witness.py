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
from vision.linear import ProfileRead
from vision.readings import Symbology

Gray = NDArray[np.uint8]

WITNESS_NAME = "matched-filter"
LEAD_OF_TWO_AS_WITNESS = 0.15
"""Lead with which the matched filter may confirm what an engine has read."""
LEAD_OF_TWO_ALONE = 1.15
RIVAL_WITHIN = 2.25
"""What it takes to count without any engine: two clear characters at the least, and no other valid text that loses by less. Of 199,000
bar codes at the edge one was read wrong by a lead of 1.08: gaps of dead nozzles had made two characters into two others, all check digits
fitted, and the truth had lost by 1.75. Codewords wrong in two places or more were then counted without the check character, which
a thousandth of them passes together with the item number's digit: of 28,000 crops 33 by a lead of 1, 2 by both rules here."""
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


def stands_alone(read: ProfileRead, accepts: Callable[[str], bool]) -> bool:
    """Say whether a read of the matched filter counts though no engine has seen the same."""
    if read.lead_of_two < LEAD_OF_TWO_ALONE:
        return False
    others = linear.rival_texts(read, RIVAL_WITHIN)
    return others is not None and not any(accepts(text) for text in others)


def warm_witness() -> None:
    """Compile or load the kernels before the first frame needs them: only a real symbol takes every way through them."""
    symbol = zxingcpp.create_barcode("WARM 1234", zxingcpp.BarcodeFormat.Code128)
    picture = np.ascontiguousarray(zxingcpp.write_barcode_to_image(symbol, scale=WARM_MODULE_PX))
    inked = np.flatnonzero((picture < 128).any(axis=0))
    left, right, bottom = float(inked[0]), float(inked[-1] + 1), float(picture.shape[0])
    corners = ((left, 0.0), (right, 0.0), (right, bottom), (left, bottom))
    read = linear.read_at(picture, corners, WARM_MODULE_PX)
    assert read is not None, "the warming symbol can be read"
    linear.rival_texts(read, RIVAL_WITHIN)
    linear.find_and_read(View(picture, np.eye(3)[:2]), WARM_MODULE_PX, (right - left, bottom))
    turned = np.ascontiguousarray(np.rot90(picture))
    linear.find_and_read(View(turned, np.eye(3)[:2]), WARM_MODULE_PX, (right - left, bottom), any_angle=True)
