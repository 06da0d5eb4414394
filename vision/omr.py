"""OMR tracks: a column of dashes read as bits. They steer a folder, they never identify a piece."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

DARK_STEP = 0.35
"""A slot is a dash when it is darker than the paper by this share of the paper's level; half of that is no answer."""


@dataclass(frozen=True, slots=True)
class OmrTrack:
    """Where the slots are: left edge and width of the dashes, middle of the first slot, pitch downwards, all mm."""

    x_mm: float
    width_mm: float
    first_mm: float
    pitch_mm: float
    slots: int


def read_track(frame: Gray, track: OmrTrack, px_per_mm: float) -> tuple[bool, ...] | None:
    """Return one bit a slot (true: dash), or None when the gate mark is missing or any slot is in doubt.

    The first slot is the gate mark and always a dash. Slots may be off by a quarter of the pitch.
    """
    left, right = round(track.x_mm * px_per_mm), round((track.x_mm + track.width_mm) * px_per_mm)
    column = cv2.GaussianBlur(frame, (0, 0), 0.8)[:, left:right]
    if column.size == 0:
        return None
    profile = np.median(column, axis=1).astype(np.float64)
    paper = float(np.percentile(profile, 90))
    if paper <= 0:
        return None
    reach = track.pitch_mm * px_per_mm / 4
    bits = []
    for slot in range(track.slots):
        middle = (track.first_mm + slot * track.pitch_mm) * px_per_mm
        part = profile[max(0, int(middle - reach)) : int(middle + reach) + 1]
        if part.size == 0:
            return None
        darkness = (paper - float(part.min())) / paper
        if DARK_STEP / 2 < darkness < DARK_STEP:
            return None
        bits.append(darkness >= DARK_STEP)
    return tuple(bits) if bits and bits[0] else None
