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
QUIET_SAMPLES = 6 * SAMPLES_PER_MODULE
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


PLAY = 2
"""Samples by which one line of a bar code may be displaced against the next."""
QUIET_MODULES = 6
"""Light modules before the start and after the stop pattern that belong to the search templates."""


def _pattern(widths: str, blur: float, spread: float, quiet: tuple[int, int] = (0, 0)) -> NDArray[np.float32]:
    """Return the unit-length samples of one character without their mean and slope; dark is negative.

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
    ramp = np.arange(samples.size) - (samples.size - 1) / 2
    level = samples - samples.mean()
    level -= ramp * (level @ ramp) / (ramp @ ramp)
    return np.asarray(level / np.linalg.norm(level), np.float32)


BLURS = (0.2, 0.3, 0.42, 0.55, 0.7)
SPREADS = (-0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4)
BANKS = tuple((blur, spread) for blur in BLURS for spread in SPREADS)
"""Lens blur and ink spread (modules) a character may have been printed and seen with: a grid, blur by blur."""
SOUGHT = tuple(
    place for place, (blur, spread) in enumerate(BANKS) if blur in (0.3, 0.55) and round(spread * 10) % 2 == 0
)
"""The banks with which the ends of a symbol are sought; the others refine."""
PATTERN_COLUMNS: NDArray[np.float32] = np.stack(
    [np.ascontiguousarray(np.stack([_pattern(w, *bank) for w in _WIDTHS]).T) for bank in BANKS]
)
"""(banks, 44, 106): every character in every condition, samples first."""
START_COLUMNS: NDArray[np.float32] = np.ascontiguousarray(
    np.stack([_pattern(w, *BANKS[bank], (QUIET_MODULES, 0)) for bank in SOUGHT for w in _WIDTHS[103:106]]).T
)
"""(68, banks sought * 3): quiet zone and start character."""
STOP_COLUMNS: NDArray[np.float32] = np.ascontiguousarray(
    np.stack([_pattern(_STOP, *BANKS[bank], (0, QUIET_MODULES)) for bank in SOUGHT]).T
)
"""(76, banks sought): stop pattern and quiet zone."""


@njit(cache=True, nogil=True, fastmath=True)
def aligned_mean(rows: NDArray[np.uint8], reach: int) -> NDArray[np.float32]:
    """Mean of the rows (lines, samples) after each was shifted to where it agrees best with the mean of those before it.

    Tilt that was guessed a little wrong, and waves in paper or film, shift the lines of a bar code against each other;
    a plain mean would smear it. The row in the middle stays where it is; the others are laid on it outwards, each within
    `PLAY` samples of its inner neighbour and ``reach`` of the middle. What agrees is the slope of the grey levels.
    """
    lines, samples = rows.shape
    total = np.zeros(samples, np.float32)
    slope = np.zeros(samples, np.float32)
    slopes = np.zeros(samples, np.float32)
    for index in range(samples):
        total[index] = rows[lines // 2, index]
    for index in range(1, samples - 1):
        slopes[index] = total[index + 1] - total[index - 1]
    inner = samples - 2 * reach
    for way in (-1, 1):
        shift = 0
        line = lines // 2 + way
        while 0 <= line < lines:
            for index in range(samples - 2):
                slope[index + 1] = np.float32(rows[line, index + 2]) - np.float32(rows[line, index])
            best, chosen = np.float32(-1e30), shift
            for trial in range(max(-reach, shift - PLAY), min(reach, shift + PLAY) + 1):
                ours, theirs = slope[reach - trial : reach - trial + inner], slopes[reach : reach + inner]
                merit = np.float32(0.0)
                for index in range(inner):
                    merit += ours[index] * theirs[index]
                if merit > best:
                    best, chosen = merit, trial
            shift = chosen
            begin, end = max(0, shift), min(samples, samples + shift)
            span = end - begin
            onto, onto_slopes = total[begin:end], slopes[begin:end]
            values, value_slopes = rows[line, begin - shift : end - shift], slope[begin - shift : end - shift]
            for index in range(span):
                onto[index] += values[index]
                onto_slopes[index] += value_slopes[index]
            for index in range(begin):
                total[index] += rows[line, 0]
            for index in range(end, samples):
                total[index] += rows[line, samples - 1]
            line += way
    return total / np.float32(lines)


@njit(cache=True, nogil=True, fastmath=True)
def correlate(window: NDArray[np.float32], columns: NDArray[np.float32], scores: NDArray[np.float32]) -> None:
    """Normalised correlation of a piece of profile with every template, light gradient left out; fills ``scores``.

    ``columns`` is (samples, templates), each template without mean and slope and of unit length.
    """
    samples, templates = columns.shape
    total, lean = np.float32(0.0), np.float32(0.0)
    middle = np.float32((samples - 1) / 2)
    for sample in range(samples):
        total += window[sample]
        lean += window[sample] * (np.float32(sample) - middle)
    mean = total / np.float32(samples)
    slope = lean / np.float32(samples * (samples * samples - 1) / 12)
    squares = np.float32(0.0)
    scores[:] = 0.0
    for sample in range(samples):
        value = window[sample] - mean - slope * (np.float32(sample) - middle)
        squares += value * value
        for template in range(templates):
            scores[template] += value * columns[sample, template]
    norm = np.float32(1.0 / np.sqrt(max(squares, np.float32(1.0))))
    for template in range(templates):
        scores[template] *= norm


@njit(cache=True, nogil=True, fastmath=True)
def end_scores(
    profile: NDArray[np.float32],
    skip: int,
    reach: int,
    starts: NDArray[np.float32],
    stops: NDArray[np.float32],
    out: NDArray[np.float32],
    best_bank: NDArray[np.int64],
) -> None:
    """Score every position as the place of a start character (``out`` row 0), and as the end of a stop pattern (row 1).

    Positions are those of the first start sample and one past the last stop sample (quiet zones outside). Only
    positions ``skip`` to ``reach`` from either end are tried. ``starts`` and ``stops`` are `START_COLUMNS` and
    `STOP_COLUMNS`; ``best_bank`` (2, positions) names the condition.
    """
    out[:] = -1.0
    count = profile.shape[0]
    of_starts, of_stops = np.zeros(starts.shape[1], np.float32), np.zeros(stops.shape[1], np.float32)
    padded = np.empty(count + 2 * STOP_SAMPLES, np.float32)
    padded[:STOP_SAMPLES], padded[STOP_SAMPLES + count :] = profile[0], profile[count - 1]
    padded[STOP_SAMPLES : STOP_SAMPLES + count] = profile
    for position in range(max(0, skip), min(count, reach)):
        correlate(padded[position - QUIET_SAMPLES + STOP_SAMPLES :], starts, of_starts)
        best = np.argmax(of_starts)
        out[0, position], best_bank[0, position] = of_starts[best], best // 3
    for position in range(max(0, count - reach), min(count, count - skip)):
        correlate(padded[position:], stops, of_stops)
        best = np.argmax(of_stops)
        out[1, position], best_bank[1, position] = of_stops[best], best


@njit(cache=True, nogil=True, fastmath=True)
def peaks(scores: NDArray[np.float32], floor: float, places: NDArray[np.int64]) -> int:
    """Fill ``places`` with the highest local maxima above ``floor``, best first; return how many."""
    found = 0
    for place in range(1, scores.shape[0] - 1):
        score = scores[place]
        if not (score > floor and score >= scores[place - 1] and score > scores[place + 1]):
            continue
        rank = found if found < places.shape[0] else places.shape[0]
        while rank > 0 and scores[places[rank - 1]] < score:
            if rank < places.shape[0]:
                places[rank] = places[rank - 1]
            rank -= 1
        if rank < places.shape[0]:
            places[rank] = place
            found = min(found + 1, places.shape[0])
    return found


@njit(cache=True, nogil=True, fastmath=True)
def _best_character(
    profile: NDArray[np.float32], place: float, step: float, columns: NDArray[np.float32], best_of: NDArray[np.float32]
) -> tuple[int, float, float, float]:
    """The best pattern at ``place`` (a quarter module of play), its score, its lead over the next, the shift taken.

    The lead is the logarithm of the ratio of what the two leave unexplained (one minus correlation): a difference of
    0.01 means much where the picture is crisp and nothing where it is noise.
    """
    last = profile.shape[0] - 1.001
    kinds = columns.shape[1]
    scores = np.zeros(kinds, np.float32)
    window = np.zeros(SYMBOL_SAMPLES, np.float32)
    best_of[:] = -2.0
    best, chosen, moved = np.float32(-2.0), -1, 0.0
    for shift in range(-1, 2):
        for sample in range(SYMBOL_SAMPLES):
            x = min(max(place + (shift + sample) * step, 0.0), last)
            left = int(x)
            window[sample] = profile[left] + (profile[left + 1] - profile[left]) * np.float32(x - left)
        correlate(window, columns, scores)
        for kind in range(kinds):
            score = scores[kind]
            best_of[kind] = max(best_of[kind], score)
            if score > best:
                best, chosen, moved = score, kind, shift * step
    second = np.float32(-2.0)
    for kind in range(kinds):
        if kind != chosen:
            second = max(second, best_of[kind])
    return chosen, float(best), float(np.log((1.001 - second) / (1.001 - best))), moved


@njit(cache=True, nogil=True, fastmath=True)
def decode_profile(
    profile: NDArray[np.float32],
    first: float,
    last: float,
    columns: NDArray[np.float32],
    codewords: NDArray[np.int64],
    margins: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> float:
    """Decode a profile whose start begins at position ``first`` and whose stop ends at ``last``.

    ``columns`` is one bank of `PATTERN_COLUMNS`. Fills the codewords (start, data and check, not the stop pattern),
    the lead of each over its runner-up, and what every character scored at every place; returns the mean correlation.
    """
    symbols = codewords.shape[0]
    step = (last - first) / ((symbols * 11 + 13) * 4.0)
    drift, total = 0.0, 0.0
    for index in range(symbols):
        place = first + index * 44.0 * step + drift
        chosen, score, lead, moved = _best_character(profile, place, step, columns, scores[index])
        codewords[index] = chosen
        margins[index] = lead
        drift += 0.5 * moved
        total += score
    return float(total / symbols)


@njit(cache=True, nogil=True, fastmath=True)
def rivals(
    scores: NDArray[np.float32], codewords: NDArray[np.int64], within: float, visits: int, found: NDArray[np.int64]
) -> int:
    """Fill ``found`` (how many, symbols) with every other row of codewords that passes modulo 103 and loses by less than ``within``.

    ``scores`` and ``codewords`` are those of `decode_profile`; what a row loses by is the sum of the leads over it, so
    several characters may differ. Returns how many there are (more than were filled when ``found`` is too short), or -1
    when more than ``visits`` beginnings of rows had to be looked at.
    """
    symbols, kinds = scores.shape
    loss = np.empty((symbols, kinds), np.float64)
    order = np.empty((symbols, kinds), np.int64)
    for index in range(symbols):
        for kind in range(kinds):
            loss[index, kind] = np.log(1.001 - scores[index, kind]) - np.log(1.001 - scores[index, codewords[index]])
        order[index] = np.argsort(loss[index])
    row = codewords.copy()
    tried = np.zeros(symbols + 1, np.int64)
    lost = np.zeros(symbols + 1, np.float64)
    rest = np.zeros(symbols + 1, np.int64)
    changed = np.zeros(symbols + 1, np.int64)
    count, depth = 0, 0
    while depth >= 0:
        if depth == symbols:
            if changed[depth] and rest[depth] % 103 == 0:
                if count < found.shape[0]:
                    found[count] = row
                count += 1
            depth -= 1
            continue
        if tried[depth] == kinds:
            tried[depth] = 0
            depth -= 1
            continue
        visits -= 1
        if visits < 0:
            return -1
        kind = order[depth, tried[depth]]
        tried[depth] += 1
        total = lost[depth] + loss[depth, kind]
        if total >= within:
            tried[depth] = kinds
            continue
        weight = 1 if depth == 0 else (depth if depth < symbols - 1 else -1)
        row[depth] = kind
        lost[depth + 1] = total
        rest[depth + 1] = rest[depth] + weight * (kind - codewords[depth])
        changed[depth + 1] = changed[depth] + (kind != codewords[depth])
        depth += 1
    return count
