"""SIMULATED crops at the edge of readability: where decoders make up values, if they ever do.

One crop shows one code. It is cheap to make (about a millisecond), because a million of them are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.frames import RASTER, Symbols
from simulator import optics
from simulator.optics import Level
from vision.profiles import is_item_form, is_mark_form
from vision.readings import ReadProfile, Symbology, Window

Gray = NDArray[np.uint8]

PX_PER_MM = 8.0
MARK_CROP_MM = (17.0, 17.0)
ITEM_CROP_MM = (60.0, 17.0)
SHIFT_MM = 1.0


@dataclass(frozen=True, slots=True)
class Crop:
    """One crop and what it shows. ``window`` is the name of the window it must be read through."""

    image: Gray
    window: str
    payload: str


def profiles() -> dict[str, ReadProfile]:
    """Read profiles of the two kinds of crop, by window name."""
    mark = Window("mark", (Symbology.DATA_MATRIX,), (4.0, 4.0, 9.0, 9.0), (1.0, 1.0), 0.5, (18, 18), is_mark_form)
    item = Window("item", (Symbology.CODE_128,), (5.6, 4.0, 48.75, 9.0), (1.0, 1.0), 0.3125, None, is_item_form)
    return {window.name: ReadProfile(PX_PER_MM, (window,), grade=False, full_frame=False) for window in (mark, item)}


def crop(symbols: Symbols, window: str, level: Level, seed: int) -> Crop:
    """Print and photograph one code of a piece under ``level``."""
    rng = np.random.default_rng([seed, 13])
    paper, ends = drawn(symbols, window)
    printed = optics.ink(paper, RASTER, level, rng, (ends,))
    return Crop(photographed(printed, level, rng), window, symbols.mark if window == "mark" else symbols.item)


def drawn(symbols: Symbols, window: str) -> tuple[Gray, tuple[float, float]]:
    """Draw one code in the middle of a print raster; also return its left and right end in mm."""
    is_mark = window == "mark"
    size = MARK_CROP_MM if is_mark else ITEM_CROP_MM
    modules, module_mm = (symbols.mark_modules, 0.5) if is_mark else (symbols.item_modules, 0.3125)
    scale = round(module_mm * RASTER)
    down = scale if is_mark else round(9.0 * RASTER)
    picture = np.repeat(np.repeat(modules, down, axis=0), scale, axis=1)
    paper = np.full((round(size[1] * RASTER), round(size[0] * RASTER)), 235, np.uint8)
    top, left = (paper.shape[0] - picture.shape[0]) // 2, (paper.shape[1] - picture.shape[1]) // 2
    paper[top : top + picture.shape[0], left : left + picture.shape[1]][picture > 0] = 36
    return paper, (left / RASTER, (left + picture.shape[1]) / RASTER)


def photographed(printed: Gray, level: Level, rng: np.random.Generator) -> Gray:
    """Photograph a printed raster at `PX_PER_MM`, a little displaced."""
    return optics.expose(_seen(printed, optics.tilt_of(level, rng), rng), level, rng)


def _seen(printed: Gray, degrees: float, rng: np.random.Generator) -> Gray:
    height, width = printed.shape
    factor = PX_PER_MM / RASTER
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, factor)
    out = (round(width * factor), round(height * factor))
    shift = rng.uniform(-SHIFT_MM, SHIFT_MM, 2) * PX_PER_MM
    matrix[:, 2] += np.array(out) / 2 - np.array([width, height]) / 2 + shift
    seen = cv2.warpAffine(
        printed, matrix, out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(235.0,)
    )
    return np.asarray(seen, np.uint8)
