"""Code 128 as a matched filter over an averaged scan profile: a reader that shares no idea with scan-line decoders.

A scan-line decoder measures widths between thresholded edges, one line at a time. Here many lines across the height
of the symbol are averaged first, and every eleven-module character is the pattern with the highest normalised
correlation. The two fail differently, which is what makes this one a witness for the other.
Patterns and checksum: ISO/IEC 15417:2007, table 1 and clause 4.3.4.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

SAMPLES_PER_MODULE = 4
SYMBOL_SAMPLES = 11 * SAMPLES_PER_MODULE
STOP_SAMPLES = 13 * SAMPLES_PER_MODULE
SYMBOLS_MAX = 64
"""Longest symbol considered, in characters with start, check and stop: a limit, not a wish."""

_WIDTH_DIGITS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
_WIDTHS = tuple(_WIDTH_DIGITS[place : place + 6] for place in range(0, 6 * 106, 6))
_STOP = "2331112"


def _pattern(widths: str, blur: float) -> NDArray[np.float32]:
    """Return the zero-mean, unit-length samples of one character (dark is negative), softened by ``blur`` modules."""
    fine: list[float] = []
    for index, width in enumerate(widths):
        fine += [-1.0 if index % 2 == 0 else 1.0] * (int(width) * SAMPLES_PER_MODULE)
    samples = np.array([1.0] * 3 * SAMPLES_PER_MODULE + fine + [-1.0] * 3 * SAMPLES_PER_MODULE)
    reach = np.arange(-3 * SAMPLES_PER_MODULE, 3 * SAMPLES_PER_MODULE + 1)
    kernel = np.exp(-0.5 * (reach / (blur * SAMPLES_PER_MODULE)) ** 2)
    soft = np.convolve(samples, kernel / kernel.sum(), mode="same")[3 * SAMPLES_PER_MODULE : -3 * SAMPLES_PER_MODULE]
    centred = soft - soft.mean()
    return np.asarray(centred / np.linalg.norm(centred), np.float32)


BLUR_MODULES = 0.35
PATTERNS: NDArray[np.float32] = np.stack([_pattern(widths, BLUR_MODULES) for widths in _WIDTHS])
STOP_PATTERN: NDArray[np.float32] = _pattern(_STOP, BLUR_MODULES)


@njit(cache=True, nogil=True, fastmath=True)
def average_profile(
    image: NDArray[np.uint8], quad: NDArray[np.float64], margin: float, samples: int, lines: int
) -> NDArray[np.float32]:
    """Mean grey level along the symbol.

    ``quad`` is (4, 2): top left, top right, bottom right, bottom left in pixels. ``margin`` extends both ends by that
    fraction of the length. ``lines`` parallel lines between 10 % and 90 % of the height are averaged.
    Returns float32 (samples,). Samples outside the image take the nearest pixel.
    """
    height, width = image.shape
    profile = np.zeros(samples, np.float32)
    for line in range(lines):
        v = 0.1 + 0.8 * (line + 0.5) / lines
        ax = quad[0, 0] + (quad[3, 0] - quad[0, 0]) * v
        ay = quad[0, 1] + (quad[3, 1] - quad[0, 1]) * v
        bx = quad[1, 0] + (quad[2, 0] - quad[1, 0]) * v
        by = quad[1, 1] + (quad[2, 1] - quad[1, 1]) * v
        for index in range(samples):
            u = -margin + (1.0 + 2.0 * margin) * (index + 0.5) / samples
            x = min(max(ax + (bx - ax) * u, 0.0), width - 1.001)
            y = min(max(ay + (by - ay) * u, 0.0), height - 1.001)
            left, top = int(x), int(y)
            fx, fy = x - left, y - top
            upper = image[top, left] * (1 - fx) + image[top, left + 1] * fx
            lower = image[top + 1, left] * (1 - fx) + image[top + 1, left + 1] * fx
            profile[index] += upper * (1 - fy) + lower * fy
    return profile / np.float32(lines)


@njit(cache=True, nogil=True, fastmath=True)
def correlation(profile: NDArray[np.float32], start: float, step: float, pattern: NDArray[np.float32]) -> float:
    """Normalised correlation of ``pattern`` with the profile from position ``start``, ``step`` positions a sample."""
    total, squares, dot = 0.0, 0.0, 0.0
    last = profile.shape[0] - 1.001
    count = pattern.shape[0]
    for index in range(count):
        x = min(max(start + index * step, 0.0), last)
        left = int(x)
        value = profile[left] + (profile[left + 1] - profile[left]) * (x - left)
        total += value
        squares += value * value
        dot += value * pattern[index]
    variance = squares - total * total / count
    if variance <= 1e-6:
        return 0.0
    return float(dot / np.sqrt(variance))


@njit(cache=True, nogil=True, fastmath=True)
def _best_place(
    profile: NDArray[np.float32], centre: float, reach: float, step: float, pattern: NDArray[np.float32]
) -> tuple[float, float]:
    best, place = -2.0, centre
    tries = int(2 * reach / step) + 1
    for trial in range(tries):
        start = centre - reach + trial * step
        score = correlation(profile, start, step, pattern)
        if score > best:
            best, place = score, start
    return best, place


@njit(cache=True, nogil=True, fastmath=True)
def _best_character(
    profile: NDArray[np.float32], place: float, step: float, patterns: NDArray[np.float32]
) -> tuple[int, float, float]:
    """The best pattern at ``place`` (a quarter module of play), its lead over the next best, and the shift taken."""
    best, second, chosen, moved = -2.0, -2.0, -1, 0.0
    window = np.zeros(44, np.float32)
    last = profile.shape[0] - 1.001
    for shift in range(-1, 2):
        total, squares = 0.0, 0.0
        for sample in range(44):
            x = min(max(place + (shift + sample) * step, 0.0), last)
            left = int(x)
            value = profile[left] + (profile[left + 1] - profile[left]) * (x - left)
            window[sample] = value
            total += value
            squares += value * value
        norm = 1.0 / np.sqrt(max(squares - total * total / 44.0, 1e-6))
        for kind in range(106):
            dot = np.float32(0.0)
            for sample in range(44):
                dot += window[sample] * patterns[kind, sample]
            score = dot * norm
            if score > best:
                if kind != chosen:
                    second = best
                best, chosen, moved = score, kind, shift * step
            elif score > second and kind != chosen:
                second = score
    return chosen, best - second, moved


@njit(cache=True, nogil=True, fastmath=True)
def decode_profile(
    profile: NDArray[np.float32],
    first: float,
    last: float,
    symbols: int,
    patterns: NDArray[np.float32],
    stop: NDArray[np.float32],
    codewords: NDArray[np.int64],
    margins: NDArray[np.float32],
) -> int:
    """Decode a profile whose symbol runs from position ``first`` to ``last`` and has ``symbols`` characters.

    ``symbols`` counts start, data and check, not the stop pattern. Fills ``codewords`` and ``margins`` (how much the
    best pattern beats the second best) and returns the number of characters, or 0 when no start or stop is there.
    """
    step = (last - first) / ((symbols * 11 + 13) * 4.0)
    start_score, start_place = -2.0, first
    for kind in range(103, 106):
        score, place = _best_place(profile, first, 6.0 * step, step, patterns[kind])
        if score > start_score:
            start_score, start_place = score, place
    stop_score, stop_place = _best_place(profile, last - 52.0 * step, 6.0 * step, step, stop)
    if start_score < 0.5 or stop_score < 0.5:
        return 0
    pitch = (stop_place - start_place) / symbols
    step = pitch / 44.0
    drift = 0.0
    for index in range(symbols):
        chosen, lead, moved = _best_character(profile, start_place + index * pitch + drift, step, patterns)
        codewords[index] = chosen
        margins[index] = lead
        drift += 0.5 * moved
    return symbols
