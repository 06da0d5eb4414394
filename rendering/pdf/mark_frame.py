"""The finder and clock borders of the sheet marks: the same in every symbol, so they are drawn by one form of the file.

A third of a symbol's rectangles are border. The form is vector like the rest and lies in the symbol's own user space, one unit a module, so
its edges meet those of the data modules exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rendering.pdf.fonts import stream

FRAME = 4  # bit of a module that the form draws


def frame_of(side: int) -> NDArray[np.uint8]:
    """FRAME where a square Data Matrix of one region is dark in its borders whatever it says (ISO/IEC 16022, 5.8.1)."""
    grid = np.zeros((side, side), np.uint8)
    grid[:, 0] = grid[-1, :] = FRAME  # the solid L
    grid[0, ::2] = grid[1::2, -1] = FRAME  # the clock
    return grid


def frame_form(side: int) -> bytes:
    """The form that draws `frame_of`: origin at the top left module, y down."""
    last = side - 1
    boxes = [(0, 0, 1, side), (1, last, last, 1)]
    boxes += [(column, 0, 1, 1) for column in range(2, last, 2)]
    boxes += [(last, row, 1, 1) for row in range(1, last, 2)]
    path = "".join(f"{x} {y} {width} {height} re\n" for x, y, width, height in boxes)
    return stream(f"/Type/XObject/Subtype/Form/BBox[0 0 {side} {side}]", f"{path}f".encode())
