"""The geometry of a template checked once for all letters: what may stand in the window's zone, and that nothing overlaps it.

Text never leaves its frame (the line breaker sees to it), so rectangles that are right here are right on every page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rendering.layout.opcodes import ON_ALL, ON_FIRST, ON_FRONT
from rendering.model import Defect, DefectCode
from rendering.symbols.omr import SHEET_TRACK
from rendering.template.settings import BoxMm, Mark, Settings

_ON_PAGE_ONE: Final = (ON_FIRST, ON_ALL, ON_FRONT)
_SIDES: Final = {"datamatrix": 18, "qr": 25}
_CODE128_MODULES: Final = 178  # 13 characters, none of them paired: the longest item number
_QUIET_MODULES: Final = {"datamatrix": 2, "qr": 4, "code128": 10, "omr": 2}


def mark_box(mark: Mark, *, quiet: bool = False) -> BoxMm:
    """The rectangle of a mark at its largest, with its quiet zone when asked."""
    if mark.symbology == "code128":
        width, height = _CODE128_MODULES * mark.module_mm, mark.height_mm
    elif mark.symbology == "omr":
        width, height = mark.height_mm, SHEET_TRACK.positions * SHEET_TRACK.pitch_mm
    else:
        width = height = _SIDES[mark.symbology] * mark.module_mm
    margin = _QUIET_MODULES[mark.symbology] * mark.module_mm if quiet else 0.0
    vertical = 0.0 if mark.symbology == "code128" else margin
    return BoxMm(mark.x_mm - margin, mark.y_mm - vertical, width + 2 * margin, height + 2 * vertical)


def overlap(a: BoxMm, b: BoxMm) -> bool:
    """Whether two rectangles share more than an edge."""
    slack = 1e-6
    return (
        a.x + a.width > b.x + slack
        and b.x + b.width > a.x + slack
        and a.y + a.height > b.y + slack
        and b.y + b.height > a.y + slack
    )


def inside(inner: BoxMm, outer: BoxMm) -> bool:
    """Whether ``inner`` lies wholly in ``outer``."""
    slack = 1e-6
    return (
        inner.x >= outer.x - slack
        and inner.y >= outer.y - slack
        and inner.x + inner.width <= outer.x + outer.width + slack
        and inner.y + inner.height <= outer.y + outer.height + slack
    )


def _page_one(settings: Settings) -> Iterator[tuple[str, BoxMm]]:
    """Everything that may print on page 1 and where."""
    yield "page.first", settings.body_first
    for frame in settings.frames:
        if frame.pages in _ON_PAGE_ONE:
            yield f"frames.{frame.name}", frame.box
    for art in settings.art:
        if art.pages in _ON_PAGE_ONE:
            yield f"art {art.picture}", art.box
    for mark in settings.marks:
        if mark.pages in _ON_PAGE_ONE:
            yield f"marks.{mark.name}", mark_box(mark)


def zone_defects(settings: Settings) -> list[Defect]:
    """What stands in a clear zone without being wholly inside the window, leaves the page, or touches a mark's quiet zone."""
    defects = []
    things = list(_page_one(settings))
    for name, box in things:
        for zone in settings.clear_zones:
            if overlap(box, zone) and not (settings.window and inside(box, settings.window)):
                message = f"{name} 进入了窗口净空区", f"{name} prints in the clear zone around the window"
                defects.append(Defect(DefectCode.CLEAR_ZONE, *message, name))
        if not inside(box, settings.page):
            defects.append(Defect(DefectCode.CLEAR_ZONE, f"{name} 超出页面", f"{name} leaves the page", name))
    for mark in settings.marks:
        quiet = mark_box(mark, quiet=True)
        for name, box in things:
            if name != f"marks.{mark.name}" and mark.pages in _ON_PAGE_ONE and overlap(box, quiet):
                message = (
                    f"{name} 侵入控制码 {mark.name} 的静区",
                    f"{name} prints in the quiet zone of marks.{mark.name}",
                )
                defects.append(Defect(DefectCode.CLEAR_ZONE, *message, name))
    return defects
