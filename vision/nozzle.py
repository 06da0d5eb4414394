"""A missing nozzle line, named: where on the sheet's width ink fails all along the paper's way.

Reads the sampled modules of a graded mark: a line without ink lightens the dark modules of one column, all of them and
by about the same amount; dust or a scratch lightens a few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vision.grading.matrix import Sampled

EXCESS_MIN = 0.10
"""Mean lightening of a column's dark modules, as a share of the contrast."""
CONSISTENT_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class MissingLine:
    """A line without ink: place in mm from the mark's left edge, and its strength (share of the contrast lost)."""

    x_mm: float
    strength: float


def missing_lines(sampled: Sampled, module_mm: float) -> list[MissingLine]:
    """Return the columns of a mark that print too light from top to bottom, strongest first."""
    values, dark = sampled.reflectance, sampled.dark > 0
    contrast = float(values[~dark].mean() - values[dark].mean())
    if contrast <= 0.05:
        return []
    found = []
    surrounded = dark.copy()
    surrounded[:, 1:-1] &= dark[:, :-2] | dark[:, 2:]
    typical = float(np.median(values[surrounded])) if surrounded.any() else float(np.median(values[dark]))
    for column in range(values.shape[1]):
        cells = values[:, column][dark[:, column]]
        if cells.size < 4:
            continue
        excess = (cells - typical) / contrast
        consistent = float((excess > EXCESS_MIN / 2).mean())
        if float(excess.mean()) >= EXCESS_MIN and consistent >= CONSISTENT_SHARE:
            found.append(MissingLine((column + 0.5) * module_mm, float(excess.mean())))
    return sorted(found, key=lambda line: -line.strength)
