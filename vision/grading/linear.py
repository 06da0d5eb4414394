"""In-line grade of a Code 128 after ISO/IEC 15416: ten scans, each as good as its worst parameter, then their mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.grading import scale
from vision.kernels import linear_grade as kernels
from vision.readings import Corners, Grade

Gray = NDArray[np.uint8]

SCANS = 10
SAMPLES_PER_PIXEL = 2
QUIET_SHARE = 0.045
"""Quiet zone looked at on either side, as a share of the symbol's length: about seven modules of an item code."""
STANDARD = "ISO-based in-line grade after ISO/IEC 15416"
NAMES = ("contrast", "minimum_reflectance", "edge_contrast", "modulation", "defects", "decodability", "decode")


def grade_linear(frame: Gray, corners: Corners, white: float = 255.0) -> Grade:
    """Grade the symbol at ``corners`` (frame pixels); ``white`` is the grey level of full reflectance."""
    quad = np.array(corners, np.float64)
    samples = int(np.hypot(*(quad[1] - quad[0])) * (1 + 2 * QUIET_SHARE) * SAMPLES_PER_PIXEL)
    measured = np.zeros((SCANS, kernels.PARAMETERS), np.float32)
    kernels.grade_scans(frame, quad, QUIET_SHARE, max(64, samples), SCANS, white, measured)
    return grade_of_scans(measured)


def grade_of_scans(measured: NDArray[np.float32]) -> Grade:
    """Grade the parameters of several scans, (scans, 7) as `vision.kernels.linear_grade.PARAMETERS` lists them."""
    scans = [_scan_grades(*row) for row in measured.tolist()]
    return Grade(
        overall=sum(min(grades) for grades in scans) / len(scans),
        standard=STANDARD,
        parameters=dict(zip(NAMES, (sum(column) / len(scans) for column in zip(*scans, strict=True)), strict=True)),
        measured=dict(zip(NAMES, measured.mean(axis=0).tolist(), strict=True)),
    )


def _scan_grades(
    contrast: float,
    ratio: float,
    edge_contrast: float,
    modulation: float,
    defects: float,
    decodability: float,
    edges: float,
) -> tuple[float, ...]:
    return (
        scale.at_least(contrast, scale.SYMBOL_CONTRAST),
        scale.passes(ratio <= scale.MINIMUM_REFLECTANCE_RATIO),
        scale.passes(edge_contrast >= scale.EDGE_CONTRAST_MIN),
        scale.at_least(modulation, scale.MODULATION_LINEAR),
        scale.at_most(defects, scale.DEFECTS),
        scale.at_least(decodability, scale.DECODABILITY),
        scale.passes(edges >= 20 and (edges - 8) % 6 == 0),
    )
