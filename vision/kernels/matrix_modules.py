"""The modules of a fitted Data Matrix: their grey levels, what they say, and by how much they say it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vision.kernels.matrix_pose import Pose
from vision.kernels.pixels import sample


@njit(cache=True, nogil=True, fastmath=True)
def sample_modules(
    image: NDArray[np.uint8], pose: Pose, rows: int, columns: int, aperture: float, out: NDArray[np.float32]
) -> None:
    """Mean grey level of every module over a 3 x 3 grid spanning ``aperture`` of its side; fills ``out``."""
    half_r, half_c = (rows - 1) / 2.0, (columns - 1) / 2.0
    for r in range(rows):
        for c in range(columns):
            total = 0.0
            for i in range(-1, 2):
                for j in range(-1, 2):
                    dc, dr = c - half_c + j * aperture / 3.0, r - half_r + i * aperture / 3.0
                    x = pose[0] + dc * pose[2] + dr * pose[4]
                    y = pose[1] + dc * pose[3] + dr * pose[5]
                    total += sample(image, x, y)
            out[r, c] = total / 9.0


@njit(cache=True, nogil=True, fastmath=True)
def without_neighbours(values: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Sampled modules less what blur and spread ink brought in from the four neighbours of each (outside: light)."""
    rows, columns = values.shape
    light = values.max()
    out = np.empty_like(values)
    for r in range(rows):
        for c in range(columns):
            upper = values[r - 1, c] if r > 0 else light
            lower = values[r + 1, c] if r + 1 < rows else light
            left = values[r, c - 1] if c > 0 else light
            right = values[r, c + 1] if c + 1 < columns else light
            out[r, c] = values[r, c] + share * (4 * values[r, c] - upper - lower - left - right)
    return out


@njit(cache=True, nogil=True, fastmath=True)
def bits_of(values: NDArray[np.float32], variant: int, out: NDArray[np.uint8]) -> None:
    """Threshold sampled modules (1 dark) against a level fitted to the frame modules; fills ``out``.

    Variant 0: one level plus a light gradient, by least squares over the known frame. 1: each column against the
    middle of its own range (a vertical line without ink). 2: each row likewise.
    """
    rows, columns = values.shape
    level = _level_of_frame(values)
    for r in range(rows):
        for c in range(columns):
            out[r, c] = 1 if values[r, c] < level[0] + level[1] * (c - columns / 2) + level[2] * (r - rows / 2) else 0
    if variant == 1:
        for c in range(columns):
            low, high = values[:, c].min(), values[:, c].max()
            for r in range(rows):
                out[r, c] = 1 if values[r, c] < (low + high) / 2 else 0
    elif variant == 2:
        for r in range(rows):
            low, high = values[r, :].min(), values[r, :].max()
            for c in range(columns):
                out[r, c] = 1 if values[r, c] < (low + high) / 2 else 0
    for place in range(columns):
        out[0, place] = 1 if place % 2 == 0 else 0
        out[rows - 1, place] = 1
    for place in range(rows):
        out[place, 0] = 1
        out[place, columns - 1] = 1 if (rows - 1 - place) % 2 == 0 else 0


@njit(cache=True, nogil=True)
def _level_of_frame(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Plane halfway between dark and light: fitted over the clock tracks, whose modules are half dark, half light."""
    rows, columns = values.shape
    dark, light, darks, lights = 0.0, 0.0, 0, 0
    left, right, upper, lower = 0.0, 0.0, 0.0, 0.0
    for c in range(columns):
        if c % 2 == 0:
            dark += values[0, c]
            darks += 1
        else:
            light += values[0, c]
            lights += 1
    for r in range(rows):
        if (rows - 1 - r) % 2 == 0:
            dark += values[r, columns - 1]
            darks += 1
        else:
            light += values[r, columns - 1]
            lights += 1
    half_c, half_r = columns // 2, rows // 2
    for r in range(1, rows - 1):
        for c in range(1, columns - 1):
            if c < half_c:
                left += values[r, c]
            else:
                right += values[r, c]
            if r < half_r:
                upper += values[r, c]
            else:
                lower += values[r, c]
    area = (rows - 2) * (columns - 2) / 2.0
    out = np.zeros(3)
    out[0] = (dark / darks + light / lights) / 2.0
    out[1] = 0.5 * (right - left) / area / (columns / 2.0)
    out[2] = 0.5 * (lower - upper) / area / (rows / 2.0)
    return out


@njit(cache=True, nogil=True)
def margins_of(
    values: NDArray[np.float32],
    dark: NDArray[np.uint8],
    owner: NDArray[np.int16],
    worst: NDArray[np.float64],
    damage: NDArray[np.float64],
) -> None:
    """Reflectance margins: fills the ``worst`` of each codeword, and the share of wrong modules of each side.

    The margin of a module is its distance from the middle of least and greatest reflectance, over half the contrast,
    negative on the wrong side. ``owner`` as `vision.grading.placement.codeword_of_module`; ``damage`` is (4,): left leg,
    lower leg, upper and right clock track.
    """
    rows, columns = values.shape
    low, high = float(values.min()), float(values.max())
    middle, half = (high + low) / 2, max(high - low, 1e-6) / 2
    worst[:] = np.inf
    damage[:] = 0.0
    for r in range(rows):
        for c in range(columns):
            margin = ((middle - values[r, c]) if dark[r, c] > 0 else (values[r, c] - middle)) / half
            if 0 < r < rows - 1 and 0 < c < columns - 1:
                place = owner[r - 1, c - 1]
                if place >= 0:
                    worst[place] = min(worst[place], margin)
            elif margin < 0:
                if c == 0:
                    damage[0] += 1.0 / rows
                if r == rows - 1:
                    damage[1] += 1.0 / columns
                if r == 0 and c > 0:
                    damage[2] += 1.0 / (columns - 1)
                if c == columns - 1 and r < rows - 1:
                    damage[3] += 1.0 / (rows - 1)
