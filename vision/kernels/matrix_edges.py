"""The edges of a fitted Data Matrix frame, to the sub-pixel: how far they lie from where the grid of its pose says."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vision.kernels.matrix_pose import Pose
from vision.kernels.pixels import sample


@njit(cache=True, nogil=True, fastmath=True)
def clock_deviation(image: NDArray[np.uint8], pose: Pose, rows: int, columns: int) -> float:
    """Greatest distance, in modules, of a clock track edge from where the even grid says it is.

    Along both clock tracks every module boundary is an edge; its place is where the grey level crosses the middle of
    the two modules it parts.
    """
    half_r, half_c = (rows - 1) / 2.0, (columns - 1) / 2.0
    worst = 0.0
    for track in range(2):
        for place in range((columns if track == 0 else rows) - 1):
            ends = np.zeros(9)
            for step in range(9):
                along = place + step / 8.0
                dc, dr = (along - half_c, -half_r) if track == 0 else (half_c, along - half_r)
                ends[step] = sample(image, pose[0] + dc * pose[2] + dr * pose[4], pose[1] + dc * pose[3] + dr * pose[5])
            middle = (ends[0] + ends[8]) / 2.0
            if abs(ends[8] - ends[0]) < 8.0:
                continue
            for step in range(8):
                before, after = ends[step] - middle, ends[step + 1] - middle
                if before * after <= 0.0 and before != after:
                    crossing = (step + before / (before - after)) / 8.0
                    worst = max(worst, abs(crossing - 0.5))
                    break
    return worst


@njit(cache=True, nogil=True, fastmath=True)
def edge_offset(image: NDArray[np.uint8], pose: Pose, half: float, c: float, r: float, along_row: bool) -> float:
    """Where the edge expected at module coordinates (c, r) really is: offset in modules, or 9 when there is none.

    Looks half a module to either side, along the row or along the column, for the middle between the grey levels there.
    """
    first, last, before, place = 0.0, 0.0, 0.0, 9.0
    for step in range(2):
        shift = -0.5 + step
        dc, dr = c - half + (shift if along_row else 0.0), r - half + (0.0 if along_row else shift)
        value = sample(image, pose[0] + dc * pose[2] + dr * pose[4], pose[1] + dc * pose[3] + dr * pose[5])
        if step == 0:
            first = value
        else:
            last = value
    if abs(last - first) < 12.0:
        return 9.0
    middle = (first + last) / 2.0
    for step in range(13):
        shift = -0.5 + step / 12.0
        dc, dr = c - half + (shift if along_row else 0.0), r - half + (0.0 if along_row else shift)
        value = sample(image, pose[0] + dc * pose[2] + dr * pose[4], pose[1] + dc * pose[3] + dr * pose[5]) - middle
        if step > 0 and before * value <= 0.0 and before != value:
            place = shift - 1.0 / 12.0 + before / (before - value) / 12.0
            break
        before = value
    return place


@njit(cache=True, nogil=True, fastmath=True)
def frame_edges(image: NDArray[np.uint8], pose: Pose, size: int, out: NDArray[np.float64]) -> int:
    """Measure the edges of the frame of a square symbol; fills rows (c, r, offset, on a leg, along the row); returns how many.

    Clock tracks alternate, so ink spread moves their edges to both sides alike; legs it moves one way: they are marked.
    """
    half = (size - 1) / 2.0
    count = 0
    for k in range(size):
        for kind in range(4):
            if kind == 0 and k < size - 1:
                c, r, leg, along = k + 0.5, 0.0, 0.0, True
            elif kind == 1 and k < size - 1:
                c, r, leg, along = size - 1.0, k + 0.5, 0.0, False
            elif kind == 2:
                c, r, leg, along = -0.5, float(k), 1.0, True
            elif kind == 3:
                c, r, leg, along = float(k), size - 0.5, 1.0, False
            else:
                continue
            offset = edge_offset(image, pose, half, c, r, along)
            if offset < 1.0:
                out[count, 0], out[count, 1], out[count, 2], out[count, 3] = c - half, r - half, offset, leg
                out[count, 4] = 1.0 if along else 0.0
                count += 1
    return count


@njit(cache=True, nogil=True)
def edge_plane(edges: NDArray[np.float64], count: int, along: float, out: NDArray[np.float64]) -> bool:
    """Fit offset = shift + across * c + down * r + spread * leg over the rows of `frame_edges` of one direction.

    Least squares twice, the second time without what lies far off. Fills ``out`` (shift, across, down, spread); false
    when too few edges were found.
    """
    kept = np.zeros(count, np.bool_)
    for row in range(count):
        kept[row] = edges[row, 4] == along
    wanted = edges.shape[0] // 4
    if kept.sum() < wanted:
        return False
    design = np.ones(4)
    for turn in range(2):
        normal, right = np.eye(4) * 1e-9, np.zeros(4)
        for row in range(count):
            if kept[row]:
                design[1], design[2], design[3] = edges[row, 0], edges[row, 1], edges[row, 3]
                for i in range(4):
                    right[i] += design[i] * edges[row, 2]
                    for j in range(4):
                        normal[i, j] += design[i] * design[j]
        out[:] = _solved(normal, right)
        if turn == 1:
            break
        residual = np.zeros(count)
        for row in range(count):
            fitted = out[0] + out[1] * edges[row, 0] + out[2] * edges[row, 1] + out[3] * edges[row, 3]
            residual[row] = abs(fitted - edges[row, 2])
        limit = max(0.05, 2.5 * np.median(residual[kept]))
        for row in range(count):
            kept[row] = kept[row] and residual[row] <= limit
    return True


@njit(cache=True, nogil=True)
def _solved(normal: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve a small positive definite system by elimination; changes its arguments."""
    size = right.shape[0]
    for i in range(size):
        for j in range(i + 1, size):
            share = normal[j, i] / normal[i, i]
            right[j] -= share * right[i]
            for k in range(i, size):
                normal[j, k] -= share * normal[i, k]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            right[i] -= normal[i, k] * right[k]
        right[i] /= normal[i, i]
    return right
