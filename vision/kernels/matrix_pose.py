"""Finding a Data Matrix by its known frame: solid L, two clock tracks and quiet zone fitted onto grey pixels.

The position of every frame module is known before anything is read (ISO/IEC 16022:2006, clause 7.1), so the symbol can
be found even where print defects have broken the L that decoders look for.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vision.kernels.pixels import sample

Pose = NDArray[np.float64]
"""(x, y, ux, uy, vx, vy): centre of the symbol in pixels and the vectors of one module along columns and rows."""


@njit(cache=True, nogil=True, fastmath=True)
def frame_score(image: NDArray[np.uint8], pose: Pose, rows: int, columns: int) -> float:
    """How well frame and quiet zone of a ``rows`` x ``columns`` symbol at ``pose`` fit: correlation, -1..1."""
    total, squares, dot, expected_total = 0.0, 0.0, 0.0, 0.0
    count = 0
    half_r, half_c = (rows - 1) / 2.0, (columns - 1) / 2.0
    for side in range(4):
        length = columns if side < 2 else rows
        for place in range(length):
            if side == 0:
                r, c, dark, out_r, out_c = 0, place, place % 2 == 0, -1, place
            elif side == 1:
                r, c, dark, out_r, out_c = rows - 1, place, True, rows, place
            elif side == 2:
                r, c, dark, out_r, out_c = place, 0, True, place, -1
            else:
                r, c, dark, out_r, out_c = place, columns - 1, (rows - 1 - place) % 2 == 0, place, columns
            dc, dr = c - half_c, r - half_r
            value = sample(image, pose[0] + dc * pose[2] + dr * pose[4], pose[1] + dc * pose[3] + dr * pose[5])
            want = -1.0 if dark else 1.0
            total += value
            squares += value * value
            dot += value * want
            expected_total += want
            dc, dr = out_c - half_c, out_r - half_r
            value = sample(image, pose[0] + dc * pose[2] + dr * pose[4], pose[1] + dc * pose[3] + dr * pose[5])
            total += value
            squares += value * value
            dot += value
            expected_total += 1.0
            count += 2
    variance = squares - total * total / count
    spread = count - expected_total * expected_total / count
    if variance <= 1e-6:
        return 0.0
    return float((dot - total * expected_total / count) / np.sqrt(variance * spread))


@njit(cache=True, nogil=True, fastmath=True)
def border_score(image: NDArray[np.uint8], pose: Pose, rows: int, columns: int) -> float:
    """Coarse fit, forgiving in place: the solid L against the quiet zone around all four sides, every other module."""
    dark, light, darks, lights = 0.0, 0.0, 0, 0
    squares = 0.0
    half_r, half_c = (rows - 1) / 2.0, (columns - 1) / 2.0
    for side in range(6):
        length = rows if side in (1, 3, 5) else columns
        for place in range(0, length, 2):
            if side == 0:
                r, c = float(rows - 1), float(place)
            elif side == 1:
                r, c = float(place), 0.0
            elif side == 2:
                r, c = -1.0, float(place)
            elif side == 3:
                r, c = float(place), float(columns)
            elif side == 4:
                r, c = float(rows), float(place)
            else:
                r, c = float(place), -1.0
            dc, dr = c - half_c, r - half_r
            value = sample(image, pose[0] + dc * pose[2] + dr * pose[4], pose[1] + dc * pose[3] + dr * pose[5])
            squares += value * value
            if side < 2:
                dark += value
                darks += 1
            else:
                light += value
                lights += 1
    count = darks + lights
    mean = (dark + light) / count
    variance = squares / count - mean * mean
    if variance <= 1e-6:
        return 0.0
    difference = light / lights - dark / darks
    return float(difference * np.sqrt(darks * lights / (count * count * variance)))


@njit(cache=True, nogil=True, fastmath=True)
def search_poses(
    image: NDArray[np.uint8],
    centre: NDArray[np.float64],
    reach_px: float,
    module_px: float,
    angles: NDArray[np.float64],
    rows: int,
    columns: int,
    best: NDArray[np.float64],
    scores: NDArray[np.float64],
) -> None:
    """Try every half module within ``reach_px`` of ``centre`` and every angle (radians); keep the best different ones.

    ``best`` is (k, 6) poses, ``scores`` (k,); candidates closer than a module and one angle step count as the same.
    """
    keep = scores.shape[0]
    scores[:] = -2.0
    pose = np.zeros(6)
    step = 0.5 * module_px
    tries = int(2 * reach_px / step) + 1
    for angle in angles:
        pose[2], pose[3] = module_px * np.cos(angle), module_px * np.sin(angle)
        pose[4], pose[5] = -pose[3], pose[2]
        for down in range(tries):
            pose[1] = centre[1] - reach_px + down * step
            for right in range(tries):
                pose[0] = centre[0] - reach_px + right * step
                score = border_score(image, pose, rows, columns)
                if score <= scores[keep - 1]:
                    continue
                place = keep - 1
                for other in range(keep):
                    near = abs(best[other, 0] - pose[0]) + abs(best[other, 1] - pose[1]) < 1.1 * module_px
                    if near and scores[other] > -1.5:
                        place = other if score > scores[other] else -1
                        break
                if place < 0:
                    continue
                scores[place] = score
                best[place, :] = pose
                while place > 0 and scores[place] > scores[place - 1]:
                    scores[place], scores[place - 1] = scores[place - 1], scores[place]
                    for k in range(6):
                        best[place, k], best[place - 1, k] = best[place - 1, k], best[place, k]
                    place -= 1


@njit(cache=True, nogil=True, fastmath=True)
def refine_pose(image: NDArray[np.uint8], pose: Pose, rows: int, columns: int, rounds: int) -> float:
    """Climb from ``pose`` (changed in place) in ever smaller steps of shift, scale, turn and shear; return the score."""
    score = frame_score(image, pose, rows, columns)
    module = np.sqrt(pose[2] * pose[2] + pose[3] * pose[3])
    trial = np.zeros(6)
    step = 0.5
    for _ in range(rounds):
        improved = False
        for parameter in range(6):
            unit = module if parameter < 2 else module / (columns / 2.0)
            for sign in (-1.0, 1.0):
                trial[:] = pose
                trial[parameter] += sign * step * unit
                candidate = frame_score(image, trial, rows, columns)
                if candidate > score:
                    score = candidate
                    pose[:] = trial
                    improved = True
        if not improved:
            step *= 0.5
            if step < 0.03:
                break
    return score
