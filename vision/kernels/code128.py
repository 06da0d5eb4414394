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


QUIET_MODULES = 6
"""Light modules before the start and after the stop pattern that belong to the search templates."""


def _pattern(widths: str, blur: float, spread: float, quiet: tuple[int, int] = (0, 0)) -> NDArray[np.float32]:
    """Return the zero-mean, unit-length samples of one character; dark is negative.

    ``blur`` is the sigma of the lens in modules; ``spread`` how far each edge of ink has moved outwards, in modules;
    ``quiet`` light modules before and after.
    """
    fine = 16
    modules = "0" * (3 + quiet[0]) + "".join(("1", "0")[k % 2] * int(w) for k, w in enumerate(widths))
    dark = np.repeat(np.array([int(bit) for bit in modules + "0" * quiet[1] + "1" * 3], float), fine)
    reach = np.arange(-3 * fine, 3 * fine + 1)
    shape = np.exp(-0.5 * (reach / (blur * fine)) ** 2)
    whole = round(abs(spread) * fine)
    if whole:
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(dark, whole, mode="edge"), 2 * whole + 1)
        dark = windows.max(axis=1) if spread > 0 else windows.min(axis=1)
    soft = np.convolve(dark, shape / shape.sum(), mode="same")[3 * fine : -3 * fine]
    samples = -soft.reshape(-1, fine // SAMPLES_PER_MODULE).mean(axis=1)
    centred = samples - samples.mean()
    return np.asarray(centred / np.linalg.norm(centred), np.float32)


BLURS = (0.3, 0.55)
SPREADS = (-0.4, -0.2, 0.0, 0.2, 0.4)
BANKS = tuple((blur, spread) for blur in BLURS for spread in SPREADS)
"""Lens blur and ink spread (modules) a character may have been printed and seen with."""
PATTERNS: NDArray[np.float32] = np.stack([[_pattern(w, *bank) for w in _WIDTHS] for bank in BANKS])
"""(banks, 106, 44): every character in every condition."""
STARTS: NDArray[np.float32] = np.stack(
    [[_pattern(w, *bank, (QUIET_MODULES, 0)) for w in _WIDTHS[103:106]] for bank in BANKS]
)
"""(banks, 3, 68): quiet zone and start character."""
STOPS: NDArray[np.float32] = np.stack([_pattern(_STOP, *bank, (0, QUIET_MODULES)) for bank in BANKS])
"""(banks, 76): stop pattern and quiet zone."""


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
def end_scores(
    profile: NDArray[np.float32],
    stride: int,
    skip: int,
    reach: int,
    starts: NDArray[np.float32],
    stops: NDArray[np.float32],
    start_scores: NDArray[np.float32],
    stop_scores: NDArray[np.float32],
    best_bank: NDArray[np.int64],
) -> None:
    """Score every ``stride``-th position as the place of a start character, and as the end of a stop pattern.

    Positions are those of the first start sample and one past the last stop sample (quiet zones outside). Only
    positions ``skip`` to ``reach`` from either end are tried, for start and stop. Entry k of the scores belongs to
    position k * stride; ``best_bank`` (2, entries) names the condition.
    """
    quiet = 6 * 4
    start_scores[:] = -1.0
    stop_scores[:] = -1.0
    count = profile.shape[0]
    for entry in range(start_scores.shape[0]):
        position = entry * stride
        if skip <= position < reach:
            for bank in range(starts.shape[0]):
                for kind in range(starts.shape[1]):
                    score = correlation(profile, position - quiet, 1.0, starts[bank, kind])
                    if score > start_scores[entry]:
                        start_scores[entry] = score
                        best_bank[0, entry] = bank
        if count - reach <= position < count - skip:
            for bank in range(starts.shape[0]):
                score = correlation(profile, position - 52.0, 1.0, stops[bank])
                if score > stop_scores[entry]:
                    stop_scores[entry] = score
                    best_bank[1, entry] = bank


@njit(cache=True, nogil=True, fastmath=True)
def _best_character(
    profile: NDArray[np.float32], place: float, step: float, patterns: NDArray[np.float32]
) -> tuple[int, float, float, float]:
    """The best pattern at ``place`` (a quarter module of play), its score, its lead over the next, the shift taken.

    The lead is the logarithm of the ratio of what the two leave unexplained (one minus correlation): a difference of
    0.01 means much where the picture is crisp and nothing where it is noise.
    """
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
    return chosen, best, np.log((1.001 - second) / (1.001 - best)), moved


@njit(cache=True, nogil=True, fastmath=True)
def decode_profile(
    profile: NDArray[np.float32],
    first: float,
    last: float,
    symbols: int,
    patterns: NDArray[np.float32],
    codewords: NDArray[np.int64],
    scores: NDArray[np.float32],
    margins: NDArray[np.float32],
) -> float:
    """Decode a profile whose start begins at position ``first`` and whose stop ends at ``last``.

    ``symbols`` counts start, data and check, not the stop pattern. ``patterns`` is one bank, (106, 44). Fills the
    codewords, their correlations and the lead of each over its runner-up; returns the mean correlation.
    """
    step = (last - first) / ((symbols * 11 + 13) * 4.0)
    drift, total = 0.0, 0.0
    for index in range(symbols):
        chosen, score, lead, moved = _best_character(profile, first + index * 44.0 * step + drift, step, patterns)
        codewords[index] = chosen
        scores[index] = score
        margins[index] = lead
        drift += 0.5 * moved
        total += score
    return total / symbols
