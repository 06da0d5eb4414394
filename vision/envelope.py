"""State of an envelope from its picture: is there a letter behind the window, does the flap lie flat?"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
BoxMm = tuple[float, float, float, float]

PRINT_SHARE_MIN = 0.005
"""Least share of window pixels that are print when a letter with an address shows; an empty envelope has none."""
PRINT_STEP = 30
BELT_LEVEL_MAX = 120


def _part(frame: Gray, box_mm: BoxMm, px_per_mm: float) -> Gray:
    x, y, width, height = (round(side * px_per_mm) for side in box_mm)
    part = frame[max(0, y) : y + height, max(0, x) : x + width]
    if part.size == 0:
        raise ValueError(f"the box {box_mm} mm lies outside a frame of {frame.shape[1]} x {frame.shape[0]} pixels")
    return part


def is_empty(frame: Gray, window_mm: BoxMm, px_per_mm: float) -> bool:
    """Whether nothing printed shows in the window: an empty envelope, or a letter the wrong way round."""
    part = cv2.GaussianBlur(_part(frame, window_mm, px_per_mm), (0, 0), 1.0)
    reach = 2 * round(1.5 * px_per_mm) + 1
    paper = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    printed = paper.astype(np.int16) - part > PRINT_STEP
    return float(printed.mean()) < PRINT_SHARE_MIN


def flap_is_open(frame: Gray, beyond_edge_mm: BoxMm, px_per_mm: float) -> bool:
    """Whether paper shows in the strip beyond the flap's fold, where only the dark belt may be seen."""
    return float(np.median(_part(frame, beyond_edge_mm, px_per_mm))) > BELT_LEVEL_MAX
