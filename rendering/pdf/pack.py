"""Printed sides into the file: the plan's cells gathered, surrounded, compressed and written, side after side."""

from __future__ import annotations

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from rendering.imposition import BLANK
from rendering.pdf.file import PdfFile
from rendering.pdf.surfaces import Surround

_LEVEL = 0


def pack_sides(
    file: PdfFile, data: NDArray[np.uint8], ends: NDArray[np.int64], sides: NDArray[np.int64], around: Surround
) -> None:
    """Write every side; a side without any page becomes a blank page."""
    view = data.tobytes()
    starts = [0, *ends.tolist()]
    for s, row in enumerate(sides.tolist()):
        pieces = []
        for cell, page in enumerate(row):
            if page != BLANK:
                pieces += [around.before[s & 1][cell], view[starts[page] : starts[page + 1]], around.after]
        if pieces:
            pieces.append(around.marks)
            file.add_page(isal_zlib.compress(b"".join(pieces), _LEVEL))
        else:
            file.add_page(b"")
