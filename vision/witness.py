"""An independent witness for linear codes: the value read must also explain the picture.

A linear code has no error correction, only a check character that every hundredth accident passes. So a value counts
only when the matched-filter reader (`vision.kernels.code128`), which shares neither code nor idea with the engines,
sees the same text in the averaged profile of the symbol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision import code128
from vision.engines import Decoded
from vision.kernels import code128 as kernels
from vision.readings import Symbology

Gray = NDArray[np.uint8]

LINES = 12
MARGIN = 0.04
MARGIN_FLOOR = 0.02
"""Least lead of the best character over the runner-up: below it the witness has not seen, it has guessed."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the witness saw: ``text`` is None when it saw nothing certain."""

    text: str | None
    confirms: bool
    contradicts: bool
    witness: str = "profile"


SILENT = Testimony(None, confirms=False, contradicts=False)


def confirm_linear(frame: Gray, decoded: Decoded, module_px: float, accepts: Callable[[str], bool]) -> Testimony:
    """Read the symbol at ``decoded.corners`` (frame pixels) again by matched filter and compare the texts."""
    if decoded.symbology is not Symbology.CODE_128:
        return SILENT
    text = read_profile(frame, np.array(decoded.corners, np.float64), module_px)
    if text is None:
        return SILENT
    return Testimony(text, confirms=text == decoded.payload, contradicts=text != decoded.payload and accepts(text))


def warm_witness() -> None:
    """Compile or load the kernels before the first frame needs them."""
    stripes = np.tile(np.array([40, 200], np.uint8).repeat(3), (40, 60))
    read_profile(stripes, np.array([[4.0, 4.0], [340.0, 4.0], [340.0, 36.0], [4.0, 36.0]]), 2.0)


def read_profile(frame: Gray, quad: NDArray[np.float64], module_px: float) -> str | None:
    """Return the text of the Code 128 whose ends lie at ``quad`` (4 x 2 pixels), or None when nothing certain is there.

    The number of characters follows from length and module size; the neighbours of the best guess are tried too.
    """
    quad = _with_height(quad, module_px)
    length = float(np.hypot(*(quad[1] + quad[2] - quad[0] - quad[3]) / 2)) + 1.0
    estimate = (length / module_px - 13.0) / 11.0
    for symbols in sorted(range(int(estimate) - 1, int(estimate) + 3), key=lambda n: abs(n - estimate))[:2]:
        if not 3 <= symbols <= kernels.SYMBOLS_MAX:
            continue
        text = _text(frame, quad, symbols)
        if text is not None:
            return text
    return None


def _text(frame: Gray, quad: NDArray[np.float64], symbols: int) -> str | None:
    modules = symbols * 11 + 13
    samples = int(modules * kernels.SAMPLES_PER_MODULE * (1 + 2 * MARGIN))
    profile = kernels.average_profile(frame, quad, MARGIN, samples, LINES)
    first = samples * MARGIN / (1 + 2 * MARGIN)
    codewords = np.zeros(symbols, np.int64)
    margins = np.zeros(symbols, np.float32)
    count = kernels.decode_profile(
        profile, first, samples - first, symbols, kernels.PATTERNS, kernels.STOP_PATTERN, codewords, margins
    )
    if count == 0 or float(margins.min()) < MARGIN_FLOOR:
        return None
    return code128.text_of([int(value) for value in codewords])


def _with_height(quad: NDArray[np.float64], module_px: float) -> NDArray[np.float64]:
    """Give a symbol that was seen on a few lines only a height of at least four modules, across its direction."""
    left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    if np.hypot(*(quad[3] - quad[0])) >= 4 * module_px:
        return quad
    along = (right - left) / max(1e-6, float(np.hypot(*(right - left))))
    across = np.array([-along[1], along[0]]) * 2 * module_px
    return np.stack([left - across, right - across, right + across, left + across])
