"""Code 128 by matched filter: finds the symbol in a crop by its gradients, averages it, and decodes the profile.

Shares neither code nor idea with the scan-line engines, so it serves twice: as the last resort on poor prints, and as
the witness that the value an engine read also explains the picture. It averages all lines of the symbol, knows what
ink spread and blur do to every character, and says by how much each character won.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vision import code128
from vision.enhance import View, bar_direction
from vision.kernels import code128 as kernels
from vision.locate import line_of_bars
from vision.readings import Corners

Gray = NDArray[np.uint8]

LINES = 24
END_FLOOR = 0.45
ENDS_TRIED = 3
ALIGN_REACH = 10
"""Samples: how far a line may be displaced against the middle one."""
MARGIN_MODULES = 30.0
ENDS_MODULES = (0, 60)
"""The profile reaches this far beyond the guessed ends, and the true ends are sought this far (from, to) in from its ends."""
WITNESS_MARGIN_MODULES = 10.0
WITNESS_ENDS_MODULES = (7, 13)
WITNESS_LINES = 10
CLEAR_LEAD = 2.0
"""A read this clear is not compared with other guesses of the ends."""
RIVALS_MAX = 256
RIVAL_VISITS_MAX = 200_000
"""Beyond either, a picture explains so many texts that none of them counts."""
SKEW_LINES = 12
SKEWS = np.radians(np.arange(-2.0, 2.01, 0.5))


@dataclass(frozen=True, slots=True)
class ProfileRead:
    """One decode of an averaged profile.

    ``score`` is the mean correlation of the characters, ``lead`` by how much the weakest one beat its runner-up
    (logarithm of the ratio of what each leaves unexplained), and ``lead_of_two`` the sum of the two smallest leads: another text with a right check character differs in at least
    two characters, so this is the distance to the nearest mistake.
    """

    text: str
    quad: NDArray[np.float64]
    score: float
    lead: float
    lead_of_two: float
    codewords: NDArray[np.int64]
    """Start, data and check characters."""
    scores: NDArray[np.float32]
    """(characters, 106): what every character scored at every place."""

    @property
    def corners(self) -> Corners:
        """Corners in the pixels of the image that was read."""
        a, b, c, d = ((float(x), float(y)) for x, y in self.quad)
        return (a, b, c, d)


def find_and_read(
    view: View, module_px: float, size_px: tuple[float, float], *, any_angle: bool = False
) -> ProfileRead | None:
    """Find and read one symbol of about ``size_px`` (length, height) in the view; its corners are frame pixels.

    Without ``any_angle`` the symbol lies within about fifteen degrees of upright.
    """
    line = line_of_bars(view.image, size_px, bar_direction(view.image)[0] if any_angle else None)
    read = read_line(view.image, line, module_px, size_px[1])
    if read is None and any_angle:
        read = read_line(view.image, line[::-1], module_px, size_px[1])
    if read is None:
        return None
    quad = np.array([view.point((float(x), float(y))) for x, y in read.quad])
    return replace(read, quad=quad)


def rival_texts(read: ProfileRead, within: float) -> list[str] | None:
    """Return the other texts with a right check character that explain the picture less well by less than ``within``.

    ``within`` is a lead (see `ProfileRead`) summed over all characters that differ. None: too many to list.
    """
    found = np.empty((RIVALS_MAX, read.codewords.size), np.int64)
    count = kernels.rivals(read.scores, read.codewords, within, RIVAL_VISITS_MAX, found)
    if not 0 <= count <= RIVALS_MAX:
        return None
    texts = (code128.text_of(row.tolist()) for row in found[:count])
    return [text for text in texts if text is not None and text != read.text]


def read_at(image: Gray, corners: Corners, module_px: float) -> ProfileRead | None:
    """Read the symbol that an engine saw at ``corners``: ends are known to a few modules, direction by its own lines."""
    quad = np.array(corners, np.float64)
    left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    if float(np.hypot(*(right - left))) < 30 * module_px:
        return None
    if float(np.hypot(*(quad[3] - quad[0]))) < 8 * module_px:
        quad = _deskewed(image, _squared(np.stack([left, right]), 12 * module_px), module_px)
    return _read_quad(image, quad, module_px, WITNESS_MARGIN_MODULES, WITNESS_ENDS_MODULES, WITNESS_LINES)


def read_line(image: Gray, line: NDArray[np.float64], module_px: float, height_px: float) -> ProfileRead | None:
    """Read the symbol whose middle runs about along ``line`` (2 x 2: left and right end): skew, ends, characters.

    What was not read clearly is read again at the angle at which the bars are crispest; two different texts are none.
    """
    quad = _squared(line, height_px * 0.7)
    first = _read_quad(image, quad, module_px, MARGIN_MODULES, ENDS_MODULES, LINES)
    if first is not None and first.lead_of_two > CLEAR_LEAD:
        return first
    turned = _deskewed(image, quad, module_px)
    again = _read_quad(image, turned, module_px, MARGIN_MODULES, ENDS_MODULES, LINES)
    if first is None or again is None:
        return first or again
    if first.text != again.text:
        return None
    return max(first, again, key=lambda read: read.score)


def _read_quad(
    image: Gray,
    quad: NDArray[np.float64],
    module_px: float,
    margin_modules: float,
    ends_modules: tuple[int, int],
    lines: int,
) -> ProfileRead | None:
    length = float(np.hypot(*(quad[1] - quad[0])))
    margin = margin_modules * module_px / length
    samples = int(length * (1 + 2 * margin) / module_px * kernels.SAMPLES_PER_MODULE)
    rows = _lines_of(image, quad, margin, samples, lines)
    skip, reach = (modules * kernels.SAMPLES_PER_MODULE for modules in ends_modules)
    found = _best_read(kernels.aligned_mean(rows, ALIGN_REACH), skip, reach)
    if found is None:
        return None
    read, first, last = found
    ends = (np.array([first, last]) / samples) * (1 + 2 * margin) - margin
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    placed = [quad[0] + top * ends[0], quad[0] + top * ends[1], quad[3] + bottom * ends[1], quad[3] + bottom * ends[0]]
    return replace(read, quad=np.stack(placed))


def _lines_of(image: Gray, quad: NDArray[np.float64], margin: float, samples: int, lines: int) -> Gray:
    """Sample ``lines`` lines along the symbol between 10 % and 90 % of its height, both ends ``margin`` longer."""
    along = (quad[1] + quad[2] - quad[0] - quad[3]) / 2
    across = (quad[3] + quad[2] - quad[0] - quad[1]) / 2
    step, down = along * ((1 + 2 * margin) / samples), across * (0.8 / lines)
    first = quad.mean(axis=0) - step * ((samples - 1) / 2) - down * ((lines - 1) / 2)
    place = np.array([[step[0], down[0], first[0]], [step[1], down[1], first[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(image, place, (samples, lines), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8)


def _squared(line: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    along = (line[1] - line[0]) / max(1e-6, float(np.hypot(*(line[1] - line[0]))))
    across = np.array([-along[1], along[0]]) * height / 2
    return np.stack([line[0] - across, line[1] - across, line[1] + across, line[0] + across])


def _deskewed(image: Gray, quad: NDArray[np.float64], module_px: float) -> NDArray[np.float64]:
    """Turn the quad about its centre to the angle at which its averaged profile is crispest."""
    centre = quad.mean(axis=0)
    samples = int(np.hypot(*(quad[1] - quad[0])) / module_px * 3)
    best, best_crisp = quad, -1.0
    for skew in SKEWS:
        cos, sin = np.cos(skew), np.sin(skew)
        turned = (quad - centre) @ np.array([[cos, sin], [-sin, cos]]) + centre
        profile = cv2.reduce(_lines_of(image, turned, 0.0, samples, SKEW_LINES), 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
        crisp = float(cv2.norm(profile[:, 1:], profile[:, :-1], cv2.NORM_L1))
        if crisp > best_crisp:
            best, best_crisp = turned, crisp
    return np.asarray(best, np.float64)


def _best_read(profile: NDArray[np.float32], skip: int, reach: int) -> tuple[ProfileRead, float, float] | None:
    """Try the likeliest pairs of ends under the likeliest conditions; return the best read and its ends, or None."""
    scores, banks = np.empty((2, profile.shape[0]), np.float32), np.zeros((2, profile.shape[0]), np.int64)
    kernels.end_scores(profile, skip, reach, kernels.START_COLUMNS, kernels.STOP_COLUMNS, scores, banks)
    starts, stops = np.empty(ENDS_TRIED, np.int64), np.empty(ENDS_TRIED, np.int64)
    starts = starts[: kernels.peaks(scores[0], END_FLOOR, starts)]
    stops = stops[: kernels.peaks(scores[1], END_FLOOR, stops)]
    pairs = []
    for first in starts.tolist():
        for last in stops.tolist():
            symbols = round(((last - first) / kernels.SAMPLES_PER_MODULE - 13) / 11)
            stretch = (last - first) / ((symbols * 11 + 13) * kernels.SAMPLES_PER_MODULE)
            if 3 <= symbols <= kernels.SYMBOLS_MAX and abs(stretch - 1) < 0.06:
                likely = float(scores[0, first] + scores[1, last])
                conditions = (kernels.SOUGHT[banks[0, first]], kernels.SOUGHT[banks[1, last]])
                pairs.append((likely, first, last, symbols, conditions))
    best: tuple[ProfileRead, float, float] | None = None
    for _, first, last, symbols, conditions in sorted(pairs, reverse=True)[:ENDS_TRIED]:
        for bank in dict.fromkeys(conditions):
            read = _fitted(profile, float(first), float(last), symbols, bank)
            if read is None or (best is not None and read.score <= best[0].score):
                continue
            best = (read, float(first), float(last))
            if read.lead_of_two > CLEAR_LEAD:
                return best
    return best


def _fitted(profile: NDArray[np.float32], first: float, last: float, symbols: int, bank: int) -> ProfileRead | None:
    """Read the characters under the conditions next to ``bank`` that explain the picture best."""
    best = _characters(profile, first, last, symbols, bank)
    if best.lead_of_two > CLEAR_LEAD and best.text:
        return best
    tried, moved = {bank}, True
    while moved:
        moved = False
        for neighbour in _neighbours(bank):
            if neighbour in tried:
                continue
            tried.add(neighbour)
            read = _characters(profile, first, last, symbols, neighbour)
            if read.score > best.score:
                best, bank, moved = read, neighbour, True
                break
    return best if best.text else None


def _neighbours(bank: int) -> list[int]:
    """The conditions one step of blur or of ink spread away."""
    blur, spread = divmod(bank, len(kernels.SPREADS))
    near = ((blur, spread - 1), (blur, spread + 1), (blur - 1, spread), (blur + 1, spread))
    return [
        b * len(kernels.SPREADS) + s for b, s in near if 0 <= b < len(kernels.BLURS) and 0 <= s < len(kernels.SPREADS)
    ]


def _characters(profile: NDArray[np.float32], first: float, last: float, symbols: int, bank: int) -> ProfileRead:
    """Read the characters between two ends under one condition; the text is empty when they make no sense."""
    columns = kernels.PATTERN_COLUMNS[bank]
    codewords, margins = np.zeros(symbols, np.int64), np.zeros(symbols, np.float32)
    scores = np.zeros((symbols, columns.shape[1]), np.float32)
    mean = kernels.decode_profile(profile, first, last, columns, codewords, margins, scores)
    text = code128.text_of(codewords.tolist()) or ""
    lead, next_lead = np.sort(margins)[:2].tolist()
    return ProfileRead(text, np.zeros((4, 2)), float(mean), lead, lead + next_lead, codewords, scores)
