"""What measuring a run of letters gives: their values, gathered once, and how many sheets each takes or why it is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.ingest import Gathered
from rendering.layout import arrays
from rendering.model import Defect, DefectCode, Measured
from rendering.template.settings import Settings


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """Letters whose values were gathered once, to be measured and then rendered: reading them is a third of the work.

    It holds all that rendering needs of the letters, in arrays, so it also goes to another process more cheaply than they do.
    """

    ids: Sequence[str]
    gathered: Gathered
    measured: Sequence[Measured]

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, chosen: slice | Sequence[int]) -> MeasuredRun:
        """Some of the letters, by number: those of a print job, or those without defects."""
        numbers = range(len(self))[chosen] if isinstance(chosen, slice) else chosen
        ids, measured = [self.ids[i] for i in numbers], [self.measured[i] for i in numbers]
        return MeasuredRun(ids, self.gathered.part(chosen), measured)


_MEASURED: Final = partial(tuple.__new__, Measured)  # as its own constructor, which is slower by an argument list


def measured_letters(
    ids: Sequence[str],
    defects: Mapping[int, tuple[Defect, ...]],
    results: NDArray[np.int64],
    settings: Settings,
    pictures: Sequence[str],
) -> list[Measured]:
    """What each letter needs, from the kernel's ``results`` and the ``defects`` known before any layout."""
    pages = results[:, 0]
    sheets = -(-pages // 2) if settings.duplex else pages
    if not defects and not results[:, 1].any():
        return list(map(_MEASURED, zip(ids, pages.tolist(), sheets.tolist(), repeat(()))))
    measured = []
    for i, record_id in enumerate(ids):
        found = defects.get(i, ())
        if not found and results[i, 1]:
            failure, where = int(results[i, 1]), int(results[i, 2])
            found = (layout_defect(settings, pictures, failure, where, int(pages[i])),)
        measured.append(Measured(record_id, *((0, 0) if found else (int(pages[i]), int(sheets[i]))), found))
    return measured


def layout_defect(settings: Settings, pictures: Sequence[str], failure: int, where: int, pages: int) -> Defect:
    """Why a letter could not be laid out, from what the kernel says: one of FAILED_*, the frame or picture, the pages so far."""
    if failure == arrays.FAILED_FRAME:
        name = settings.frames[where].name
        message = f"“{name}”区放不下内容；请缩短", f"the text does not fit in the frame {name!r}; shorten it"
        return Defect(DefectCode.FRAME_OVERFLOW, *message, name)
    if failure == arrays.FAILED_PAGES:
        most = settings.pages_max
        return Defect(DefectCode.TOO_MANY_PAGES, f"共 {pages} 页，最多 {most} 页", f"{pages} pages, {most} at most")
    if failure == arrays.FAILED_PICTURE:
        name = pictures[where]
        message = f"图“{name}”（印章等）超出允许的位置", f"picture {name!r} (a seal?) leaves the page or its place"
        return Defect(DefectCode.SEAL_POSITION, *message, name)
    if failure == arrays.FAILED_EMPTY:
        return Defect(DefectCode.EMPTY_LETTER, "信函没有任何内容", "the letter is empty")
    return Defect(DefectCode.TOO_LONG, "信函内容过长，无法排版", "the letter is too long to be laid out")
