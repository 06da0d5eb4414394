"""Scan reflectance profiles of linear symbols and their parameters (ISO/IEC 15416:2016, clause 5), one line at a time.

Reflectance is grey level over the grey level of white (0..1). A profile is graded between its first and last edge.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

PARAMETERS = 7
"""Per scan: symbol contrast, Rmin/Rmax, least edge contrast, modulation, defects, decodability, edges found."""


@njit(cache=True, nogil=True, fastmath=True)
def scan_profile(
    image: NDArray[np.uint8],
    quad: NDArray[np.float64],
    at: float,
    margin: float,
    white: float,
    out: NDArray[np.float32],
) -> None:
    """Reflectance along the line at fraction ``at`` of the symbol's height; ``margin`` extends both ends."""
    count = out.shape[0]
    height, width = image.shape
    right, lower = np.float32(width - 1.001), np.float32(height - 2.001)
    ax = quad[0, 0] + (quad[3, 0] - quad[0, 0]) * at
    ay = quad[0, 1] + (quad[3, 1] - quad[0, 1]) * at
    bx = quad[1, 0] + (quad[2, 0] - quad[1, 0]) * at
    by = quad[1, 1] + (quad[2, 1] - quad[1, 1]) * at
    step = (1.0 + 2.0 * margin) / (count - 1)
    x0, y0 = np.float32(ax - (bx - ax) * margin), np.float32(ay - (by - ay) * margin)
    dx, dy = np.float32((bx - ax) * step), np.float32((by - ay) * step)
    share = np.float32(1.0 / (3.0 * white))
    for index in range(count):
        x = min(max(x0 + dx * np.float32(index), np.float32(0.0)), right)
        y = min(max(y0 + dy * np.float32(index), np.float32(1.0)), lower)
        left, top = np.int32(x), np.int32(y)
        fx, fy = x - np.float32(left), y - np.float32(top)
        total = np.float32(0.0)
        for place in range(2):
            column = left + place
            first, last = np.float32(image[top - 1, column]), np.float32(image[min(top + 2, height - 1), column])
            inner = np.float32(image[top, column]) + np.float32(image[top + 1, column])
            total += (first + inner + (last - first) * fy) * (fx if place else np.float32(1.0) - fx)
        out[index] = total * share


@njit(cache=True, nogil=True, fastmath=True)
def edges_of(profile: NDArray[np.float32], edges: NDArray[np.float64]) -> tuple[int, float, float]:
    """Fill ``edges`` with the places where the profile crosses the global threshold; return count, Rmin, Rmax.

    Global threshold: halfway between the least and the greatest reflectance (clause 5.3.1).
    """
    low, high = profile.min(), profile.max()
    threshold = (low + high) / 2.0
    count = 0
    for index in range(1, profile.shape[0]):
        before, after = profile[index - 1] - threshold, profile[index] - threshold
        if (before < 0) != (after < 0):
            if count < edges.shape[0]:
                edges[count] = index - 1 + before / (before - after)
            count += 1
    return count, low, high


@njit(cache=True, nogil=True, fastmath=True)
def element_extremes(
    profile: NDArray[np.float32], edges: NDArray[np.float64], count: int, extremes: NDArray[np.float32]
) -> float:
    """Fill the extreme reflectance of each element (least of bars, greatest of spaces and quiet zones); return ERNmax.

    Elements run from quiet zone to quiet zone, count + 1 of them. Element reflectance non-uniformity is the greatest
    rise and fall inside one element (clause 5.3.6): how far the profile turns back before it reaches the next edge.
    """
    worst = 0.0
    for element in range(count + 1):
        begin = 0 if element == 0 else int(np.ceil(edges[element - 1]))
        end = profile.shape[0] - 1 if element == count else int(np.floor(edges[element]))
        is_space = element % 2 == 0
        sign = 1.0 if is_space else -1.0
        top = -9.0
        for index in range(begin, end + 1):
            top = max(top, sign * profile[index])
        extremes[element] = sign * top
        peak, dip, turn = -9.0, 0.0, 0.0
        for index in range(begin, end + 1):
            value = sign * profile[index]
            if value > peak:
                turn = max(turn, min(dip, value - (peak - dip)))
                peak, dip = value, 0.0
                continue
            dip = max(dip, peak - value)
            turn = max(turn, min(dip, value - (peak - dip)))
        worst = max(worst, turn)
    return worst


@njit(cache=True, nogil=True, fastmath=True)
def decodability_128(edges: NDArray[np.float64], count: int) -> float:
    """Code 128 decodability (ISO/IEC 15417:2007, annex C; ISO/IEC 15416 clause 5.3.7): worst character.

    V1: distance of each edge-to-similar-edge measure to the nearest reference threshold, over half a module.
    V2: 1.75 modules less the deviation of the sum of bars, over 1.75.
    """
    characters = (count - 8) // 6
    worst = 1.0
    for character in range(characters):
        first = character * 6
        width = edges[first + 6] - edges[first]
        for pair in range(4):
            measure = (edges[first + pair + 2] - edges[first + pair]) * 11.0 / width
            nearest = np.floor(measure) + 0.5
            worst = min(worst, 2.0 * abs(measure - nearest))
        bars = 0.0
        for bar in range(3):
            bars += edges[first + 2 * bar + 1] - edges[first + 2 * bar]
        bars *= 11.0 / width
        nominal = 2.0 * np.floor(bars / 2.0 + 0.5)
        worst = min(worst, (1.75 - abs(bars - nominal)) / 1.75)
    return max(0.0, worst)


@njit(cache=True, nogil=True, fastmath=True)
def grade_scans(
    image: NDArray[np.uint8],
    quad: NDArray[np.float64],
    margin: float,
    samples: int,
    scans: int,
    white: float,
    out: NDArray[np.float32],
) -> None:
    """Measure ``scans`` lines between 10 % and 90 % of the height; fills ``out`` (scans, PARAMETERS)."""
    profile = np.zeros(samples, np.float32)
    edges = np.zeros(512)
    extremes = np.zeros(513, np.float32)
    for scan in range(scans):
        scan_profile(image, quad, 0.1 + 0.8 * scan / max(1, scans - 1), margin, white, profile)
        count, low, high = edges_of(profile, edges)
        contrast = high - low
        out[scan, 0] = contrast
        out[scan, 1] = low / max(high, 1e-6)
        out[scan, 6] = count
        if count < 20 or count > 512 or (count - 8) % 6 or contrast <= 0:
            out[scan, 2:6] = 0.0
            out[scan, 4] = 1.0
            continue
        defects = element_extremes(profile, edges, count, extremes)
        least = 9.0
        for element in range(count):
            least = min(least, abs(extremes[element + 1] - extremes[element]))
        out[scan, 2] = least
        out[scan, 3] = least / contrast
        out[scan, 4] = defects / contrast
        out[scan, 5] = decodability_128(edges, count)
