"""Symbols on a reportlab canvas: grids of modules as filled rectangles, runs merged so that no hairline shows between them."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.colors import black
from reportlab.pdfgen.canvas import Canvas


def draw_modules(canvas: Canvas, grid: NDArray[np.uint8], x: float, y: float, module: tuple[float, float]) -> None:
    """Draw `grid` (rows, columns; 1 = dark) with its top left corner at (x, y), modules of (width, height) points."""
    canvas.setFillColor(black)
    path = canvas.beginPath()
    for row, line in enumerate(np.atleast_2d(grid)):
        column = 0
        for dark, group in groupby(int(value) for value in line):
            length = sum(1 for _ in group)
            if dark:
                path.rect(x + column * module[0], y - (row + 1) * module[1], length * module[0], module[1])
            column += length
    canvas.drawPath(path, stroke=0, fill=1)
