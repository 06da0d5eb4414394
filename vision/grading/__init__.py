"""ISO-based in-line grades of printed symbols: how close to failing a code that still reads already is.

Never a certified grade: a verifier needs its own light, optics and calibration (ISO/IEC 15426); a line camera has none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vision.grading.linear import grade_linear
from vision.grading.matrix import grade_matrix, sample_symbol, true_modules
from vision.matrix import find_and_decode
from vision.readings import Reading, Symbology


def graded(frame: NDArray[np.uint8], reading: Reading) -> Reading:
    """Return the reading with its in-line grade; without one when its symbology or size has no grading here.

    The corners of a Data Matrix become those of the fitted frame, good to a small part of a module.
    """
    if reading.symbology == Symbology.CODE_128:
        return replace(reading, grade=grade_linear(frame, reading.corners))
    if reading.symbology == Symbology.DATA_MATRIX:
        sampled = sample_symbol(frame, reading.corners, reading.payload)
        if sampled is not None:
            grade = grade_matrix(sampled, reading.unused_correction or 0.0)
            return replace(reading, grade=grade, corners=sampled.fit.corners)
    return reading


def warm_grading() -> None:
    """Compile or load the grading kernels and the fitting of marks before the first frame needs them."""
    marks = true_modules("1" * 36)
    assert marks is not None, "a payload of 36 digits has a symbol of known size"
    picture = np.pad(np.where(marks > 0, 30, 230).astype(np.uint8), 6, constant_values=230)
    frame = np.kron(picture, np.ones((4, 4), np.uint8))
    find_and_decode(frame, 4.0, *marks.shape)
    damaged = np.pad(frame, 8, constant_values=230)
    damaged[32:62, 32:90] = 120
    find_and_decode(damaged[4:-4, 4:-4], 4.0, *marks.shape)
    corners = ((24.0, 24.0), (95.0, 24.0), (95.0, 95.0), (24.0, 95.0))
    sampled = sample_symbol(frame, corners, "1" * 36)
    assert sampled is not None, "the warming symbol can be sampled"
    grade_matrix(sampled, 1.0)
    grade_linear(frame, corners)
