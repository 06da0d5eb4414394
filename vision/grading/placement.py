"""Which codeword a Data Matrix module belongs to (ISO/IEC 16022:2006, annex F.3), for symbols of one data region."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_UTAH = ((-2, -2), (-2, -1), (-1, -2), (-1, -1), (-1, 0), (0, -2), (0, -1), (0, 0))


@lru_cache(maxsize=16)
def codeword_of_module(rows: int, columns: int) -> NDArray[np.int16]:
    """Return the number of the codeword (from 0) of each module inside the frame, (rows - 2, columns - 2); -1 is fixed."""
    height, width = rows - 2, columns - 2
    owner = np.full((height, width), -2, np.int16)
    codeword, row, column = 0, 4, 0
    while row < height or column < width:
        cells = _corner_cells(row, column, height, width)
        if cells:
            for down, right in cells:
                owner[down % height, right % width] = codeword
            codeword += 1
        for step, (skip_down, skip_right) in ((-1, (1, 3)), (1, (3, 1))):
            while True:
                if 0 <= row < height and 0 <= column < width and owner[row, column] == -2:
                    _place_utah(owner, row, column, codeword)
                    codeword += 1
                row, column = row + 2 * step, column - 2 * step
                if _left_the_field(step, row, column, height, width):
                    break
            row, column = row + skip_down, column + skip_right
    owner[owner == -2] = -1
    return owner


def _place_utah(owner: NDArray[np.int16], row: int, column: int, codeword: int) -> None:
    """Give the eight modules of the standard shape with its last module at (row, column) to a codeword."""
    height, width = owner.shape
    for down, right in _UTAH:
        r, c = row + down, column + right
        if r < 0:
            r, c = r + height, c + 4 - (height + 4) % 8
        if c < 0:
            r, c = r + 4 - (width + 4) % 8, c + width
        owner[r, c] = codeword


def _left_the_field(step: int, row: int, column: int, height: int, width: int) -> bool:
    """Whether a sweep (-1 upwards to the right, 1 downwards to the left) has run past the mapping matrix."""
    return (row < 0 or column >= width) if step == -1 else (row >= height or column < 0)


def _corner_cells(row: int, column: int, height: int, width: int) -> tuple[tuple[int, int], ...]:
    """The four special shapes in the corners of the mapping matrix."""
    if row == height and column == 0:
        return ((-1, 0), (-1, 1), (-1, 2), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1))
    if row == height - 2 and column == 0 and width % 4:
        return ((-3, 0), (-2, 0), (-1, 0), (0, -4), (0, -3), (0, -2), (0, -1), (1, -1))
    if row == height - 2 and column == 0 and width % 8 == 4:
        return ((-3, 0), (-2, 0), (-1, 0), (0, -2), (0, -1), (1, -1), (2, -1), (3, -1))
    if row == height + 4 and column == 2 and width % 8 == 0:
        return ((-1, 0), (-1, -1), (0, -3), (0, -2), (0, -1), (1, -3), (1, -2), (1, -1))
    return ()
