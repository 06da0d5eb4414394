"""Fitting the known frame of a Data Matrix (solid L, two clock tracks, quiet zone) onto grey pixels, and sampling it.

The position of every frame module is known before anything is read (ISO/IEC 16022:2006, clause 7.1), so the symbol can
be found and its modules sampled even where print defects have broken the L that decoders look for.
A pose is (x, y, ux, uy, vx, vy): centre of the symbol in pixels and the vectors of one module along columns and rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Pose = NDArray[np.float64]


@njit(cache=True, nogil=True, fastmath=True)
def sample(image: NDArray[np.uint8], x: float, y: float) -> float:
    """Bilinear grey level at (x, y); the nearest pixel outside the image."""
    height, width = image.shape
    x = min(max(x, 0.0), width - 1.001)
    y = min(max(y, 0.0), height - 1.001)
    left, top = int(x), int(y)
    fx, fy = x - left, y - top
    upper = image[top, left] * (1 - fx) + image[top, left + 1] * fx
    lower = image[top + 1, left] * (1 - fx) + image[top + 1, left + 1] * fx
    return float(upper * (1 - fy) + lower * fy)


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
