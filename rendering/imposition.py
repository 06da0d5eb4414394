"""Which page of which letter stands where on which printed side: imposition as a permutation, decided at emit time.

Pure arithmetic on page numbers: no page description is read or changed, so imposing costs nothing and can be undone. A stream of
letter pages in which every letter begins on a front (blank backs already in place) becomes sides of sheets with cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BLANK: Final = -1
_A4: Final = (210.0, 297.0)


class ImpositionError(ValueError):
    """An imposition asked for does not exist or does not fit its sheet."""


@dataclass(frozen=True, slots=True)
class Imposition:
    """How pages are put on sheets.

    ``across`` × ``down`` cells a side; ``cut_stack`` puts consecutive letters into one pile after cutting instead of side by
    side; ``flip`` is the edge the sheet turns over (long or short), ``head_to_toe`` turns the back upside down as a calendar;
    ``rotate`` turns every page a quarter (two A4 portraits on a landscape A3). ``stack_sheets`` is the most sheets of one cutting pile.
    """

    name: str
    across: int = 1
    down: int = 1
    sheet_mm: tuple[float, float] = _A4
    cut_stack: bool = False
    duplex: bool = True
    flip: str = "long"
    head_to_toe: bool = False
    reverse: bool = False
    gutter_mm: float = 0.0
    crop_marks: bool = False
    fold_marks: bool = False
    stack_sheets: int = 500

    @property
    def cells(self) -> int:
        """Pages on one side."""
        return self.across * self.down


_A3: Final = (420.0, 297.0)
_SRA3: Final = (450.0, 320.0)
_ROLL: Final = (520.0, 297.0)

IMPOSITIONS: Final[Mapping[str, Imposition]] = {
    layout.name: layout
    for layout in (
        Imposition("1up"),
        Imposition("1up-reverse", reverse=True),
        Imposition("1up-short", flip="short"),
        Imposition("1up-head-to-toe", head_to_toe=True),
        Imposition("1up-fold", fold_marks=True),
        Imposition("2up", 2, 1, _A3),
        Imposition("2up-cutstack", 2, 1, _A3, cut_stack=True),
        Imposition("2up-sra3", 2, 1, _SRA3, gutter_mm=6, crop_marks=True),
        Imposition("2up-cutstack-sra3", 2, 1, _SRA3, cut_stack=True, gutter_mm=6, crop_marks=True),
        Imposition("2up-roll", 2, 1, _ROLL, cut_stack=True, gutter_mm=10, crop_marks=True),
        Imposition("4up-cutstack-a2", 2, 2, (420.0, 594.0), cut_stack=True),
    )
}


def imposition_named(name: str) -> Imposition:
    """Return the imposition called ``name``. Raises ImpositionError listing those there are."""
    if name not in IMPOSITIONS:
        raise ImpositionError(f"no imposition {name!r}; there are: {', '.join(IMPOSITIONS)}")
    return IMPOSITIONS[name]


def plan_sides(pages: NDArray[np.int64], layout: Imposition) -> NDArray[np.int64]:
    """Place ``pages`` (page numbers, BLANK for a blank back; fronts at even places when duplex) on sides.

    Returns (sides, cells) with BLANK for an empty cell; sides 2s and 2s + 1 are front and back of sheet s when duplex. Every page
    appears exactly once. Cells are numbered row by row as the reader sees the side; backs are mirrored so that a leaf's back lies
    behind its front after the sheet is turned over.
    """
    sides_a_leaf = 2 if layout.duplex else 1
    if len(pages) % sides_a_leaf:
        raise ImpositionError("a duplex stream needs an even number of pages")
    leaves = pages.reshape(-1, sides_a_leaf)
    if layout.reverse:
        leaves = leaves[::-1]
    order = _cell_order(len(leaves), layout)
    padded = np.vstack([leaves, np.full((1, sides_a_leaf), BLANK, np.int64)])
    placed = padded[order]  # (sheets, cells, sides a leaf)
    sides = np.ascontiguousarray(placed.transpose(0, 2, 1))
    if layout.duplex and layout.cells > 1:
        sides[:, 1] = sides[:, 1][:, _mirror(layout)]
    return sides.reshape(-1, layout.cells)


def _cell_order(leaves: int, layout: Imposition) -> NDArray[np.int64]:
    """Leaf in each (sheet, cell); ``leaves`` (one past the last) stands for none."""
    cells = layout.cells
    if cells == 1:
        return np.arange(leaves, dtype=np.int64)[:, None]
    if not layout.cut_stack:
        sheets = -(-leaves // cells)
        order = np.arange(sheets * cells, dtype=np.int64).reshape(sheets, cells)
        return np.minimum(order, leaves)
    parts = []
    pile = layout.stack_sheets * cells
    for start in range(0, leaves, pile):
        count = min(pile, leaves - start)
        depth = -(-count // cells)
        order = start + np.arange(cells)[None, :] * depth + np.arange(depth)[:, None]
        order[order >= start + count] = leaves
        parts.append(order)
    return np.vstack(parts) if parts else np.zeros((0, cells), np.int64)


def _mirror(layout: Imposition) -> list[int]:
    """Cell of the back that lies behind each cell of the front."""
    grid = np.arange(layout.cells).reshape(layout.down, layout.across)
    flipped = grid[:, ::-1] if layout.flip == "long" else grid[::-1, :]
    return [int(cell) for cell in flipped.reshape(-1)]


def cell_origins(layout: Imposition, page_mm: tuple[float, float]) -> list[tuple[float, float]]:
    """Top left of every cell, mm, the block of pages centred on the sheet. Raises ImpositionError when it does not fit."""
    width = layout.across * page_mm[0] + (layout.across - 1) * layout.gutter_mm
    height = layout.down * page_mm[1] + (layout.down - 1) * layout.gutter_mm
    sheet = sheet_size(layout, page_mm)
    if width > sheet[0] + 1e-6 or height > sheet[1] + 1e-6:
        raise ImpositionError(
            f"{layout.name}: {width:g} × {height:g} mm of pages do not fit on {sheet[0]:g} × {sheet[1]:g} mm"
        )
    left, top = (sheet[0] - width) / 2, (sheet[1] - height) / 2
    return [
        (left + column * (page_mm[0] + layout.gutter_mm), top + row * (page_mm[1] + layout.gutter_mm))
        for row in range(layout.down)
        for column in range(layout.across)
    ]


def sheet_size(layout: Imposition, page_mm: tuple[float, float]) -> tuple[float, float]:
    """Size of the printed sheet, mm: a single page is printed on paper of its own size."""
    return page_mm if layout.cells == 1 else layout.sheet_mm
