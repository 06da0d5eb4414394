"""Does the window show the letter that its mark names? The frame is laid over the rendered reference; nothing is recognised.

A right code on a wrong letter (a mark pasted over, two documents mixed before printing) is seen here and nowhere else.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from controller.model import ControlMark, parse_mark
from controller.runner.render_worker import PICTURE_PX_PER_MM, WINDOW_MM
from vision.window import Placed, RenderedPanel, compare_window, letter_to_frame

if TYPE_CHECKING:
    from vision.readings import FrameReading
    from vision.watch import Gray

log = logging.getLogger(__name__)

ADDRESS_MM: Final = (20.0, 49.0, 62.0, 19.0)
"""The address block on page 1: x, y, width, height; codes are left out, they have been read."""
ITEM: Final = Placed("item", (24.0, 69.0, 48.75, 9.0))
LINE_FLOOR: Final = 0.65
"""Least correlation of the worst line of print. In 75 simulated frames the right letter never fell below 0.90, another never rose above 0.45."""


class WindowWitness:
    """Compares exit frames with the reference pictures in ``folder`` (``<uid>.png``)."""

    def __init__(self, folder: Path, key: bytes, mark_side_mm: float) -> None:
        self._places = (Placed("mark", (86.0, 52.0, mark_side_mm, mark_side_mm)), ITEM)
        self._folder = folder
        self._key = key

    def agrees(self, frame: Gray, reading: FrameReading) -> bool | None:
        """Return whether the address seen is the one rendered; None when there is no mark or no reference to compare with.

        Whatever goes wrong while comparing is a disagreement: the piece must not pass because a check failed.
        """
        seen = reading.of("mark")
        mark = parse_mark(seen.payload, self._key) if seen else None
        if not isinstance(mark, ControlMark):
            return None
        path = self._folder / f"{mark.uid}.png"
        if not path.exists():
            return None
        try:
            to_frame = letter_to_frame(reading.readings, self._places)
            return to_frame is not None and compare_window(frame, _panel(path), to_frame).worst_line >= LINE_FLOOR
        except Exception:
            log.exception("comparing the window of piece %s failed", mark.uid)
            return False


def _panel(path: Path) -> RenderedPanel:
    from PIL import Image

    with Image.open(path) as picture:
        whole = np.asarray(picture.convert("L"))
    scale = PICTURE_PX_PER_MM
    left, top = round((ADDRESS_MM[0] - WINDOW_MM[0]) * scale), round((ADDRESS_MM[1] - WINDOW_MM[1]) * scale)
    width, height = round(ADDRESS_MM[2] * scale), round(ADDRESS_MM[3] * scale)
    return RenderedPanel(whole[top : top + height, left : left + width].copy(), scale, ADDRESS_MM[:2])
