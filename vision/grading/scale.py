"""Grade scales: from a measured value to 4 (A) .. 0 (F).

Thresholds of ISO/IEC 15416:2016 table 1 and ISO/IEC 15415:2011 tables 4 to 8 as published in verifier manuals; the
standards themselves were not at hand when this was written.
"""

from __future__ import annotations

SYMBOL_CONTRAST = (0.70, 0.55, 0.40, 0.20)
MODULATION_LINEAR = (0.70, 0.60, 0.50, 0.40)
MODULATION_MATRIX = (0.50, 0.40, 0.30, 0.20)
DECODABILITY = (0.62, 0.50, 0.37, 0.25)
UNUSED_CORRECTION = (0.62, 0.50, 0.37, 0.25)
DEFECTS = (0.15, 0.20, 0.25, 0.30)
AXIAL = (0.06, 0.08, 0.10, 0.12)
GRID = (0.38, 0.50, 0.63, 0.75)
FIXED_PATTERN = (0.0, 0.09, 0.13, 0.17)
MINIMUM_REFLECTANCE_RATIO = 0.5
EDGE_CONTRAST_MIN = 0.15


def at_least(value: float, steps: tuple[float, float, float, float]) -> float:
    """Grade a value that is the better the larger: 4 from the first step, 0 below the last."""
    for place, step in enumerate(steps):
        if value >= step:
            return 4.0 - place
    return 0.0


def at_most(value: float, steps: tuple[float, float, float, float]) -> float:
    """Grade a value that is the better the smaller: 4 up to the first step, 0 above the last."""
    for place, step in enumerate(steps):
        if value <= step + 1e-9:
            return 4.0 - place
    return 0.0


def passes(good: bool) -> float:
    """Grade a parameter that knows only pass (4) and fail (0)."""
    return 4.0 if good else 0.0
