"""Does the window show this letter, whole, and nothing else? Pictures are compared, nothing is recognised.

A right code on a wrong letter would pass every check of payloads. Here the frame is laid over the picture that was
rendered for the piece, by the corners of the codes that were read, and correlated line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.readings import Reading, Symbology

Gray = NDArray[np.uint8]

SEARCH_PX = 5
INK_LEVEL = 60
"""Grey levels below the paper from which a rendered pixel counts as ink."""
INK_REACH_MM = 0.8
"""Ink this near to expected ink is expected: registration and blur, not a foreign mark."""
LINE_GAP_MM = 0.6


@dataclass(frozen=True, slots=True)
class RenderedPanel:
    """What was rendered: a grey picture of part of the letter, its scale, and the place of its upper left corner (mm)."""

    image: Gray
    px_per_mm: float
    origin_mm: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """A code as laid out on the letter: window name, and its box (x, y, width, height) in mm of the letter."""

    window: str
    box_mm: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class WindowCheck:
    """How the seen picture compares with the rendered one.

    ``score`` is the correlation over the whole panel, ``worst_line`` that of the worst line of print (both -1..1; a
    wrong name on a right form shows in the second). ``foreign_mm2`` is the area of ink where none was rendered,
    ``missing`` the share of rendered ink not seen.
    """

    score: float
    worst_line: float
    foreign_mm2: float
    missing: float

    def agrees(self, floor: float = 0.6, foreign_mm2_max: float = 6.0) -> bool:
        """Whether this can be the letter: every line of print alike, no foreign print of any size."""
        return self.worst_line >= floor and self.foreign_mm2 <= foreign_mm2_max


def letter_to_frame(readings: Sequence[Reading], places: Sequence[Placed]) -> NDArray[np.float64] | None:
    """Return the 2x3 map from letter mm to frame pixels that fits the corners of the codes read, or None without any.

    Marks are preferred: their corners were fitted, those of bar codes are only where some scan lines crossed.
    """
    by_name = {place.window: place.box_mm for place in places}
    fitted_marks = [reading for reading in readings if Symbology(reading.symbology).is_matrix]
    on_letter, in_frame = [], []
    for reading in fitted_marks or readings:
        if reading.window in by_name:
            x, y, width, height = by_name[reading.window]
            if not _plausible_height(reading, width, height):
                continue
            on_letter += [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
            in_frame += list(reading.corners)
    if len(on_letter) < 4:
        return None
    fitted, _ = cv2.estimateAffinePartial2D(np.array(on_letter), np.array(in_frame), method=cv2.LMEDS)
    return None if fitted is None else np.asarray(fitted, np.float64)


def _plausible_height(reading: Reading, width: float, height: float) -> bool:
    """Corners of linear codes often span a few scan lines only; such a reading does not say where the code lies."""
    tl, tr, _, bl = (np.array(corner) for corner in reading.corners)
    ratio = float(np.hypot(*(bl - tl)) / max(1e-6, np.hypot(*(tr - tl))))
    return abs(ratio / (height / width) - 1) < 0.15


def compare_window(frame: Gray, panel: RenderedPanel, to_frame: NDArray[np.float64]) -> WindowCheck:
    """Compare the part of the frame under ``panel`` with it; ``to_frame`` comes from `letter_to_frame`."""
    seen = _laid_over(frame, panel, to_frame)
    seen, rendered = _registered(seen, panel.image)
    ink = _ink_of(rendered)
    score = _correlation(seen, rendered)
    lines = [_correlation(seen[a:b], rendered[a:b]) for a, b in _lines(ink, panel.px_per_mm)]
    foreign, missing = _foreign_and_missing(seen, ink, panel.px_per_mm)
    return WindowCheck(score, min(lines, default=score), foreign, missing)


def _laid_over(frame: Gray, panel: RenderedPanel, to_frame: NDArray[np.float64]) -> Gray:
    scale = 1.0 / panel.px_per_mm
    panel_to_letter = np.array([[scale, 0, panel.origin_mm[0]], [0, scale, panel.origin_mm[1]], [0, 0, 1.0]])
    height, width = panel.image.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(
        frame, to_frame @ panel_to_letter, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.uint8)


def _registered(seen: Gray, rendered: Gray) -> tuple[Gray, Gray]:
    """Shift the rendered picture by up to five pixels to where it fits best; return both cut to the common part."""
    edge = SEARCH_PX
    soft = np.asarray(cv2.GaussianBlur(rendered, (0, 0), 0.8), np.uint8)
    _, _, _, (dx, dy) = cv2.minMaxLoc(cv2.matchTemplate(soft, seen[edge:-edge, edge:-edge], cv2.TM_CCOEFF_NORMED))
    inner = seen[edge:-edge, edge:-edge]
    return inner, soft[dy : dy + inner.shape[0], dx : dx + inner.shape[1]]


def _correlation(a: Gray, b: Gray) -> float:
    if a.std() < 1.0 or b.std() < 1.0:
        return 0.0
    return float(cv2.matchTemplate(a, b, cv2.TM_CCOEFF_NORMED)[0, 0])


def _ink_of(picture: Gray) -> NDArray[np.bool_]:
    return np.asarray(picture < np.percentile(picture, 90) - INK_LEVEL)


def _lines(ink: NDArray[np.bool_], px_per_mm: float) -> list[tuple[int, int]]:
    """Return (top, bottom) rows of each line of print, lines closer than the gap taken together."""
    rows = np.flatnonzero(ink.sum(axis=1) > 2)
    if rows.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(rows) > LINE_GAP_MM * px_per_mm)
    starts, ends = np.r_[rows[0], rows[breaks + 1]], np.r_[rows[breaks], rows[-1]]
    return [(int(a), int(b) + 1) for a, b in zip(starts, ends, strict=True) if b - a >= px_per_mm]


def _foreign_and_missing(seen: Gray, ink: NDArray[np.bool_], px_per_mm: float) -> tuple[float, float]:
    """Dark areas are judged against the local paper, so that uneven light is no ink."""
    reach = 2 * round(INK_REACH_MM * px_per_mm) + 1
    paper = cv2.morphologyEx(cv2.blur(seen, (3, 3)), cv2.MORPH_CLOSE, np.ones((reach * 3, reach * 3), np.uint8))
    dark = (paper.astype(np.int16) - cv2.blur(seen, (3, 3))) > INK_LEVEL * 0.6
    near = cv2.dilate(ink.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    foreign = float((dark & ~near).sum()) / px_per_mm**2
    around_dark = cv2.dilate(dark.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    missing = float((ink & ~around_dark).sum()) / max(1, int(ink.sum()))
    return foreign, missing
