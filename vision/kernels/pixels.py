"""Grey levels between pixels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, fastmath=True)
def sample(image: NDArray[np.uint8], x: float, y: float) -> float:
    """Bilinear grey level at (x, y); the nearest pixel outside the image."""
    height, width = image.shape
    x = min(max(x, 0.0), width - 1.001)
    y = min(max(y, 0.0), height - 1.001)
    left, top = int(x), int(y)
    fx, fy = x - left, y - top
    upper = image[top, left] * (1 - fx) + image[top, left + 1] * fx
    lower = image[top + 1, left] * (1 - fx) + image[top + 1, left + 1] * fx
    return float(upper * (1 - fy) + lower * fy)
