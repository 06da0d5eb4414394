"""In-line grade of a Data Matrix after ISO/IEC 15415 with the contrast handling of ISO/IEC 29158 left out.

Modules are sampled through an aperture of 0.8 module on a grid fitted to the known frame. Because the payload is known
once the symbol is read, the true modules are known too, so modulation carries a sign (reflectance margin).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from vision.grading import scale
from vision.grading.placement import codeword_of_module
from vision.kernels import matrix_edges, matrix_modules
from vision.matrix import Fit, fit_at, sharpened, softened
from vision.readings import Corners, Grade

Gray = NDArray[np.uint8]

STANDARD = "ISO-based in-line grade after ISO/IEC 15415"
APERTURE = 0.8
ENCODER_QUIET = 1
"""Light modules the encoder draws around a symbol."""
CORRECTION_CODEWORDS = {10: 5, 12: 7, 14: 10, 16: 12, 18: 14, 20: 18, 22: 20, 24: 24, 26: 28}
"""Error correction codewords of square symbols of one region (ISO/IEC 16022:2006, table 7)."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A fitted, sampled symbol: reflectances (rows x columns, 0..1), true modules (1 dark), grid deviation in modules."""

    fit: Fit
    reflectance: NDArray[np.float32]
    dark: NDArray[np.uint8]
    grid_deviation: float


def sample_symbol(frame: Gray, corners: Corners, payload: str, white: float = 255.0) -> Sampled | None:
    """Fit and sample the symbol that was read at ``corners``; None when its size is not one this grading knows."""
    dark = true_modules(payload)
    if dark is None:
        return None
    rows, columns = dark.shape
    left, top, crop = _around(frame, corners)
    local = tuple((x - left, y - top) for x, y in corners)
    module_px = float(np.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1])) / columns
    fit = fit_at(softened(crop, module_px), (local[0], local[1], local[2], local[3]), rows, columns)
    calm = np.asarray(cv2.GaussianBlur(crop, (0, 0), 0.7), np.uint8)
    fit = sharpened(calm, fit)
    values = np.zeros((rows, columns), np.float32)
    matrix_modules.sample_modules(crop, fit.pose, rows, columns, APERTURE, values)
    deviation = matrix_edges.clock_deviation(calm, fit.pose, rows, columns)
    fit.pose[0] += left
    fit.pose[1] += top
    return Sampled(fit, np.asarray(values / white, np.float32), dark, float(deviation))


def grade_matrix(sampled: Sampled, unused_correction: float) -> Grade:
    """Grade a sampled symbol; ``unused_correction`` comes from the decoder that corrected it."""
    values, dark = sampled.reflectance, sampled.dark
    low, high = float(values.min()), float(values.max())
    contrast = high - low
    owner = codeword_of_module(*values.shape)
    worst, damage = np.zeros(int(owner.max()) + 1), np.zeros(4)
    matrix_modules.margins_of(values, dark, owner, worst, damage)
    pose = sampled.fit.pose
    across, down = float(np.hypot(pose[2], pose[3])), float(np.hypot(pose[4], pose[5]))
    axial = abs(across - down) / ((across + down) / 2)
    modulation, modulation_grade = _modulation(worst, CORRECTION_CODEWORDS[values.shape[0]])
    parameters = {
        "decode": 4.0,
        "contrast": scale.at_least(contrast, scale.SYMBOL_CONTRAST),
        "modulation": modulation_grade,
        "fixed_pattern_damage": min(scale.at_most(share, scale.FIXED_PATTERN) for share in damage.tolist()),
        "axial_nonuniformity": scale.at_most(axial, scale.AXIAL),
        "grid_nonuniformity": scale.at_most(sampled.grid_deviation, scale.GRID),
        "unused_correction": scale.at_least(unused_correction, scale.UNUSED_CORRECTION),
    }
    measured = {
        "contrast": contrast,
        "modulation": modulation,
        "fixed_pattern_damage": float(damage.max()),
        "axial_nonuniformity": axial,
        "grid_nonuniformity": sampled.grid_deviation,
        "unused_correction": unused_correction,
    }
    return Grade(min(parameters.values()), STANDARD, parameters, measured)


def _modulation(worst: NDArray[np.float64], capacity: int) -> tuple[float, float]:
    """Return the modulation of the median codeword and the grade (clause 7.8.4).

    ``worst`` is the worst margin of each codeword, ``capacity`` the number of error correction codewords. At each level
    the codewords that stay below it count as errors, and the level is capped by the grade of the correction then left.
    """
    ordered = np.sort(worst)
    best = 0.0
    for place, level in enumerate(scale.MODULATION_MATRIX):
        left = 1.0 - 2.0 * int(np.searchsorted(ordered, level)) / capacity
        best = max(best, min(4.0 - place, scale.at_least(left, scale.UNUSED_CORRECTION)))
    middle = ordered.size // 2
    return float(ordered[middle] + ordered[~middle]) / 2, best


def true_modules(payload: str) -> NDArray[np.uint8] | None:
    """Return the modules (1 dark) of the square symbol that carries ``payload``, frame included, without quiet zone."""
    encoded = _encoded(payload)
    return None if encoded is None else encoded.copy()


@lru_cache(maxsize=64)
def _encoded(payload: str) -> NDArray[np.uint8] | None:
    picture = np.array(zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=1))
    modules = np.asarray(picture[ENCODER_QUIET:-ENCODER_QUIET, ENCODER_QUIET:-ENCODER_QUIET] < 128, np.uint8)
    if not (modules[:, 0].all() and modules[-1, :].all()):
        return None
    return modules if modules.shape[0] == modules.shape[1] and modules.shape[0] in CORRECTION_CODEWORDS else None


def _around(frame: Gray, corners: Corners) -> tuple[int, int, Gray]:
    """Return left, top and a crop around the symbol."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    reach = max(max(xs) - min(xs), max(ys) - min(ys)) * 0.15
    left, top = max(0, int(min(xs) - reach)), max(0, int(min(ys) - reach))
    crop = frame[top : int(max(ys) + reach) + 2, left : int(max(xs) + reach) + 2]
    return left, top, np.ascontiguousarray(crop)
