"""One pass over a frame that says, tile by tile, how busy it is and which way its edges run.

Rows are sampled, not all read: at every eighth row a 2 MP frame takes about a millisecond. Both localisers feed on it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, fastmath=True)
def tile_tensor(image: NDArray[np.uint8], tile: int, row_step: int, floor: float) -> NDArray[np.float32]:
    """Structure tensor of every ``tile`` x ``tile`` square: float32 (3, rows, columns) of xx, yy, xy sums.

    Gradients are central differences over two pixels of means of three rows; those whose square is below ``floor``
    (sensor noise) count nothing. A partial tile at the right or lower edge is left out.
    """
    height, width = image.shape
    rows, columns = height // tile, width // tile
    out = np.zeros((3, rows, columns), np.float32)
    least = np.int32(floor)
    for y in range(2, rows * tile - 2, row_step):
        row = y // tile
        for column in range(columns):
            begin, end = max(2, column * tile), min(width - 2, (column + 1) * tile)
            above, here, below = (
                image[y - 1, begin - 1 : end + 1], image[y, begin - 1 : end + 1], image[y + 1, begin - 1 : end + 1]
            )  # fmt: skip
            xx, yy, xy = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for x in range(end - begin):
                a, b, c = np.int32(above[x]), np.int32(above[x + 1]), np.int32(above[x + 2])
                d, e = np.int32(here[x]), np.int32(here[x + 2])
                f, g, h = np.int32(below[x]), np.int32(below[x + 1]), np.int32(below[x + 2])
                dx, dy = c + e + h - a - d - f, f + g + h - a - b - c
                counts = np.int32(dx * dx + dy * dy > least)
                xx += np.float32(dx * dx * counts)
                yy += np.float32(dy * dy * counts)
                xy += np.float32(dx * dy * counts)
            out[0, row, column] += xx
            out[1, row, column] += yy
            out[2, row, column] += xy
    return out
