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
BAR_TILE_PX = 12
BAR_ROW_STEP = 4


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


def line_of_bars(image: Gray, size_px: tuple[float, float], degrees: float | None = None) -> NDArray[np.float64]:
    """Place a bar code of ``size_px`` (length, height): (2, 2), left and right end of its middle line, good to a few modules.

    It lies where edges across it abound and others are rare. ``degrees`` is its tilt; without it the tilt of the most
    bar-like texture within fifteen degrees of upright is taken.
    """
    tensor = tile_tensor(image, BAR_TILE_PX, BAR_ROW_STEP, NOISE_FLOOR / 4)
    if tensor.size == 0:
        tensor = np.zeros((3, 1, 1), np.float32)
    xx, yy, xy = tensor
    tilt = np.radians(_tilt(tensor) if degrees is None else degrees)
    turned = (xx - yy) * np.float32(np.cos(2 * tilt)) + xy * np.float32(2 * np.sin(2 * tilt))
    across, along = (np.sqrt(np.maximum(xx + yy + sign * turned, 0) / 2) for sign in (1, -1))
    merit, place = _upright(np.asarray(across - along, np.float32), float(tilt))
    kernel = (max(1, round(size_px[0] * 0.95 / BAR_TILE_PX)), max(1, round(size_px[1] * 0.8 / BAR_TILE_PX)))
    summed = cv2.boxFilter(merit, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    score = np.asarray(cv2.GaussianBlur(summed, (3, 3), 0.7), np.float32)
    _, _, _, (x, y) = cv2.minMaxLoc(score)
    summit = (x + _summit(score[y, max(0, x - 1) : x + 2]), y + _summit(score[max(0, y - 1) : y + 2, x]), 1.0)
    centre = (place @ summit + 0.5) * BAR_TILE_PX - 0.5
    half = np.array([np.cos(tilt), np.sin(tilt)]) * size_px[0] / 2
    return np.asarray(np.stack([centre - half, centre + half]), np.float64)


def _tilt(tensor: NDArray[np.float32]) -> float:
    """Return the tilt in degrees of the most bar-like texture within fifteen degrees of upright; 0 when there is none."""
    xx, yy, xy = tensor
    along, twist = cv2.blur(xx - yy, (3, 3)), cv2.blur(2 * xy, (3, 3))
    energy = cv2.blur(xx + yy, (3, 3)) + 1.0
    strength = np.hypot(along, twist)
    angle = 0.5 * np.degrees(np.arctan2(twist, along))
    weight = strength * (strength / energy) ** 4 * (np.abs(angle) < TILT_MAX_DEG)
    total = float(weight.sum())
    return float((weight * angle).sum() / total) if total > 0 else 0.0


def _upright(tiles: NDArray[np.float32], tilt: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Turn a map of tiles by ``tilt`` (radians) about its middle; also return the 2x3 map from the new tiles to the old."""
    height, width = tiles.shape
    cos, sin = np.cos(tilt), np.sin(tilt)
    wide, high = int(width * abs(cos) + height * abs(sin)) + 1, int(height * abs(cos) + width * abs(sin)) + 1
    turn = np.array([[cos, -sin], [sin, cos]])
    origin = np.array([(width - 1) / 2, (height - 1) / 2]) - turn @ ((wide - 1) / 2, (high - 1) / 2)
    place = np.column_stack([turn, origin])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(tiles, place, (wide, high), flags=flags), np.float32), place


def _summit(near: NDArray[np.float32]) -> float:
    """Place of the top of the parabola through a maximum and its two neighbours, from the maximum; 0 at a border."""
    if near.size < 3:
        return 0.0
    before, top, after = near.tolist()
    bend = before - 2 * top + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0
