"""Code 128 by matched filter: finds the symbol in a crop by its gradients, averages it, and decodes the profile.

Shares neither code nor idea with the scan-line engines, so it serves twice: as the last resort on poor prints, and as
the witness that the value an engine read also explains the picture. It averages all lines of the symbol, knows what
ink spread and blur do to every character, and says by how much each character won.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision import code128
from vision.enhance import View, bar_direction, rotated
from vision.kernels import code128 as kernels
from vision.locate import tilt_of_bars
from vision.readings import Corners

Gray = NDArray[np.uint8]

LINES = 24
END_FLOOR = 0.45
ENDS_TRIED = 3
FINE_REACH = 100
"""Samples: a search no wider than this looks at every sample, a wider one at every other."""
MARGIN_MODULES = 30.0
ENDS_MODULES = (0, 60)
"""The profile reaches this far beyond the guessed ends, and the true ends are sought this far (from, to) in from its ends."""
WITNESS_MARGIN_MODULES = 10.0
WITNESS_ENDS_MODULES = (7, 13)
WITNESS_LINES = 10
TILE_PX = 12
CLEAR_LEAD = 2.0
"""A read this clear is not compared with other guesses of the ends."""
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

    @property
    def corners(self) -> Corners:
        """Corners in the pixels of the image that was read."""
        a, b, c, d = ((float(x), float(y)) for x, y in self.quad)
        return (a, b, c, d)


def find_and_read(
    view: View, module_px: float, size_px: tuple[float, float], *, any_angle: bool = False
) -> ProfileRead | None:
    """Find and read one symbol of about ``size_px`` (length, height) in the view; its corners are frame pixels.

    Without ``any_angle`` the symbol lies within about ten degrees of upright.
    """
    angle = bar_direction(view.image)[0] if any_angle else tilt_of_bars(view.image, TILE_PX)
    if abs(angle) > 1.0:
        view = rotated(view, angle)
    line = _centre_line(view.image, size_px)
    read = read_line(view.image, line, module_px, size_px[1])
    if read is None and any_angle:
        view = rotated(view, 180.0)
        read = read_line(view.image, _centre_line(view.image, size_px), module_px, size_px[1])
    if read is None:
        return None
    quad = np.array([view.point((float(x), float(y))) for x, y in read.quad])
    return ProfileRead(read.text, quad, read.score, read.lead, read.lead_of_two)


def _centre_line(image: Gray, size_px: tuple[float, float]) -> NDArray[np.float64]:
    """Place a bar code of this size where vertical edges abound and horizontal ones are rare: (2, 2) left, right."""
    scale = max(1, int(size_px[1] / 16))
    small = cv2.resize(image, None, fx=1.0, fy=1 / scale, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 1.0)
    dx = np.abs(cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3))
    dy = np.abs(cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3))
    merit = cv2.boxFilter(dx - dy, -1, (max(3, int(size_px[0] * 0.95)), max(3, int(size_px[1] * 0.8 / scale))))
    _, _, _, (x, y) = cv2.minMaxLoc(merit)
    middle, half = (y + 0.5) * scale - 0.5, size_px[0] / 2
    return np.array([[x - half, middle], [x + half, middle]], np.float64)


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
    """Read the symbol whose middle runs about along ``line`` (2 x 2: left and right end): skew, ends, characters."""
    quad = _deskewed(image, _squared(line, height_px * 0.7), module_px)
    return _read_quad(image, quad, module_px, MARGIN_MODULES, ENDS_MODULES, LINES)


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
    profile = kernels.average_profile(image, quad, margin, samples, lines)
    skip, reach = (modules * kernels.SAMPLES_PER_MODULE for modules in ends_modules)
    found = _best_read(profile, skip, reach)
    if found is None:
        return None
    read, first, last = found
    ends = (np.array([first, last]) / samples) * (1 + 2 * margin) - margin
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    placed = [quad[0] + top * ends[0], quad[0] + top * ends[1], quad[3] + bottom * ends[1], quad[3] + bottom * ends[0]]
    return ProfileRead(read.text, np.stack(placed), read.score, read.lead, read.lead_of_two)


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
        crisp = float(np.abs(np.diff(kernels.average_profile(image, turned, 0.0, samples, 12))).sum())
        if crisp > best_crisp:
            best, best_crisp = turned, crisp
    return np.asarray(best, np.float64)


def _best_read(profile: NDArray[np.float32], skip: int, reach: int) -> tuple[ProfileRead, float, float] | None:
    """Try the likeliest pairs of ends under the likeliest conditions; return the best read and its ends, or None."""
    stride = 1 if reach < FINE_REACH else 2
    entries = -(-profile.shape[0] // stride)
    start_scores, stop_scores = np.zeros(entries, np.float32), np.zeros(entries, np.float32)
    banks = np.zeros((2, entries), np.int64)
    kernels.end_scores(profile, stride, skip, reach, kernels.STARTS, kernels.STOPS, start_scores, stop_scores, banks)
    pairs = []
    for start in _peaks(start_scores):
        for stop in _peaks(stop_scores):
            first, last = start * stride, stop * stride
            symbols = round(((last - first) / kernels.SAMPLES_PER_MODULE - 13) / 11)
            stretch = (last - first) / ((symbols * 11 + 13) * kernels.SAMPLES_PER_MODULE)
            if 3 <= symbols <= kernels.SYMBOLS_MAX and abs(stretch - 1) < 0.06:
                likely = float(start_scores[start] + stop_scores[stop])
                pairs.append((likely, first, last, symbols, (int(banks[0, start]), int(banks[1, stop]))))
    best: tuple[ProfileRead, float, float] | None = None
    for _, first, last, symbols, conditions in sorted(pairs, reverse=True)[:ENDS_TRIED]:
        for bank in dict.fromkeys(conditions):
            read = _characters(profile, float(first), float(last), symbols, bank)
            if read is None or (best is not None and read.score <= best[0].score):
                continue
            best = (read, float(first), float(last))
            if read.lead_of_two > CLEAR_LEAD:
                return best
    return best


def _peaks(scores: NDArray[np.float32]) -> list[int]:
    """Return the best few local maxima above the floor."""
    inner = scores[1:-1]
    places = np.flatnonzero((inner >= scores[:-2]) & (inner > scores[2:]) & (inner > END_FLOOR)) + 1
    return [int(place) for place in places[np.argsort(scores[places])[::-1][:ENDS_TRIED]]]


def _characters(profile: NDArray[np.float32], first: float, last: float, symbols: int, bank: int) -> ProfileRead | None:
    codewords = np.zeros(symbols, np.int64)
    scores, margins = np.zeros(symbols, np.float32), np.zeros(symbols, np.float32)
    mean = kernels.decode_profile(profile, first, last, symbols, kernels.PATTERNS[bank], codewords, scores, margins)
    text = code128.text_of([int(value) for value in codewords])
    if not text:
        return None
    smallest = np.sort(margins)
    return ProfileRead(text, np.zeros((4, 2)), float(mean), float(smallest[0]), float(smallest[0] + smallest[1]))
