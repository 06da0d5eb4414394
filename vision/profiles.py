"""The two cameras of a letter line as read profiles: where on the frame the marks of the reference layout fall.

The places follow from the printed layout (first page, millimetres from the sheet's top left): window mark 9 x 9 at
(86, 52), item code 49 x 9 at (24, 69), sheet mark 9 x 9 at (195, 52); the folded letter shifts by up to 20 mm to the
right and 15 mm down inside its ZL envelope.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vision.readings import ReadProfile, Symbology, Window

MARK_MODULE_MM = 0.5
ITEM_MODULE_MM = 0.3125
MARK_SIDE_MM = 9.0
ITEM_SIZE_MM = (48.75, 9.0)
INSERT_SLACK_MM = (20.0, 15.0)

SHEET_CAMERA_ORIGIN_MM = (180.0, 40.0)
EXIT_CAMERA_ORIGIN_MM = (10.0, 40.0)
SHEET_CAMERA_PX_PER_MM = 10.0
EXIT_CAMERA_PX_PER_MM = 8.0
SHEET_FRAME = (350, 300)
"""Rows and columns of a frame of the sheet camera."""
EXIT_FRAME = (520, 1040)
"""Rows and columns of a frame of the exit camera."""

_MARK_FORM = re.compile(r"1[0-9]{35}")
_ITEM_FORM = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def is_mark_form(payload: str) -> bool:
    """Return whether a payload has the form of a control mark: 36 digits, version 1."""
    return _MARK_FORM.fullmatch(payload) is not None


def is_item_form(payload: str) -> bool:
    """Return whether a payload has the form of a UPU S10 item number with its check digit (S10-12, clause 5.3)."""
    if _ITEM_FORM.fullmatch(payload) is None:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, payload[2:10], strict=True))
    return {0: 5, 1: 0}.get(total % 11, 11 - total % 11) == int(payload[10])


def sheet_camera(
    px_per_mm: float = SHEET_CAMERA_PX_PER_MM,
    accepts: Callable[[str], bool] = is_mark_form,
    mark: Symbology = Symbology.DATA_MATRIX,
) -> ReadProfile:
    """Camera C1 at the sheet input: the sheet mark in the right margin, at its nominal place but for feed tolerance."""
    x, y = 195.0 - SHEET_CAMERA_ORIGIN_MM[0], 52.0 - SHEET_CAMERA_ORIGIN_MM[1]
    mark_window = Window(
        name="mark",
        symbologies=(mark,),
        box_mm=(x, y, MARK_SIDE_MM, MARK_SIDE_MM),
        slack_mm=(2.0, 3.0),
        module_mm=MARK_MODULE_MM,
        accepts=accepts,
    )
    return ReadProfile(px_per_mm=px_per_mm, windows=(mark_window,))


def exit_camera(
    px_per_mm: float = EXIT_CAMERA_PX_PER_MM,
    mark_accepts: Callable[[str], bool] = is_mark_form,
    item_accepts: Callable[[str], bool] = is_item_form,
    mark: Symbology = Symbology.DATA_MATRIX,
) -> ReadProfile:
    """Camera C2 at the envelope exit: window mark and item code, wherever the letter lies in its envelope."""
    half_x, half_y = INSERT_SLACK_MM[0] / 2, INSERT_SLACK_MM[1] / 2
    dx, dy = half_x - EXIT_CAMERA_ORIGIN_MM[0], half_y - EXIT_CAMERA_ORIGIN_MM[1]
    mark_window = Window(
        name="mark",
        symbologies=(mark,),
        box_mm=(86.0 + dx, 52.0 + dy, MARK_SIDE_MM, MARK_SIDE_MM),
        slack_mm=(half_x, half_y),
        module_mm=MARK_MODULE_MM,
        accepts=mark_accepts,
    )
    item = Window(
        name="item",
        symbologies=(Symbology.CODE_128,),
        box_mm=(24.0 + dx, 69.0 + dy, *ITEM_SIZE_MM),
        slack_mm=(half_x, half_y),
        module_mm=ITEM_MODULE_MM,
        accepts=item_accepts,
    )
    return ReadProfile(px_per_mm=px_per_mm, windows=(mark_window, item))
