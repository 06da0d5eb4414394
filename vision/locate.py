"""Where in a frame the codes may be: boxes ranked by how much their texture looks like bars, or like a matrix code.

Works on the tile tensor only, so it costs a millisecond whatever the decoder costs. It proposes, it never decides.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.kernels.tiles import tile_tensor

Gray = NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

TILE_MM = 2.0
NOISE_FLOOR = 1600.0
"""Squared three-row gradient below which a difference is sensor noise: sigma 12 gives about 900."""
LINEAR_CANDIDATES = 3
MATRIX_CANDIDATES = 7
"""Print resembles a matrix code more than it resembles bars, so more places are proposed; each is small."""
TILT_MAX_DEG = 15.0


def tensor_of(frame: Gray, px_per_mm: float) -> tuple[NDArray[np.float32], int]:
    """Return the tile tensor of a frame and the side of a tile in pixels."""
    tile = max(8, int(TILE_MM * px_per_mm))
    return tile_tensor(frame, tile, max(2, tile // 4), NOISE_FLOOR), tile


def boxes(tensor: NDArray[np.float32], tile: int, size_px: tuple[float, float], *, linear: bool) -> list[Box]:
    """Return the likeliest boxes, best first, of about ``size_px`` (width, height) grown by two tiles.

    ``linear`` looks for tiles whose gradients agree in one direction, else for busy tiles whose gradients do not.
    """
    xx, yy, xy = tensor
    energy = xx + yy
    agreement = np.hypot(xx - yy, 2 * xy)
    merit = agreement * (agreement / (energy + 1e3)) ** 2 if linear else energy - agreement
    if linear:
        merit = np.minimum(merit, np.float32(np.percentile(merit, 99)) + 1)
    wide, high = (max(1, round(side / tile)) for side in size_px)
    score = cv2.boxFilter(np.asarray(merit, np.float32), -1, (wide, high), borderType=cv2.BORDER_CONSTANT)
    found: list[Box] = []
    for _ in range(LINEAR_CANDIDATES if linear else MATRIX_CANDIDATES):
        _, top, _, (x, y) = cv2.minMaxLoc(score)
        if top <= 0:
            break
        centre = ((x + 0.5) * tile, (y + 0.5) * tile)
        half = (size_px[0] / 2 + 2 * tile, size_px[1] / 2 + 2 * tile)
        corner = (int(centre[0] - half[0]), int(centre[1] - half[1]))
        found.append((*corner, int(centre[0] + half[0]), int(centre[1] + half[1])))
        cv2.rectangle(score, (x - wide // 2, y - high // 2), (x + wide // 2, y + high // 2), (-1.0,), -1)
    return found


def tilt_of_bars(image: Gray, tile: int) -> float:
    """Return the tilt in degrees of the most bar-like texture within fifteen degrees of upright; 0 when there is none."""
    xx, yy, xy = tile_tensor(image, tile, 3, NOISE_FLOOR / 4)
    along, twist = cv2.blur(xx - yy, (3, 3)), cv2.blur(2 * xy, (3, 3))
    energy = cv2.blur(xx + yy, (3, 3)) + 1.0
    strength = np.hypot(along, twist)
    angle = 0.5 * np.degrees(np.arctan2(twist, along))
    weight = strength * (strength / energy) ** 4 * (np.abs(angle) < TILT_MAX_DEG)
    total = float(weight.sum())
    return float((weight * angle).sum() / total) if total > 0 else 0.0
