"""Printed sides from page descriptions: the transformations and press marks put around them."""

from __future__ import annotations

from dataclasses import dataclass

from rendering.imposition import Imposition, cell_origins, sheet_size

_PT_PER_MM = 72 / 25.4
_CROP_GAP_MM, _CROP_LENGTH_MM = 2.0, 4.0


@dataclass(frozen=True, slots=True)
class Surround:
    """Bytes before each cell's page (by side parity and cell), after it, and drawn once a side."""

    before: tuple[tuple[bytes, ...], tuple[bytes, ...]]
    after: bytes
    marks: bytes
    size: tuple[str, str]

    @property
    def plain(self) -> bool:
        """Whether a page goes out exactly as it is."""
        return not self.after and not self.marks and not any(map(any, self.before))


def _points(mm: float) -> str:
    return f"{mm * _PT_PER_MM:.2f}".rstrip("0").rstrip(".")


def surround(layout: Imposition, page_mm: tuple[float, float]) -> Surround:
    """What an imposition writes around pages of ``page_mm``. Raises ImpositionError when they do not fit."""
    origins = cell_origins(layout, page_mm)
    sheet = sheet_size(layout, page_mm)
    size = (_points(sheet[0]), _points(sheet[1]))
    marks = _crop_marks(layout, page_mm, origins, sheet) + _fold_marks(layout, page_mm, origins, sheet)
    if layout.cells == 1 and not layout.head_to_toe:
        return Surround(((b"",), (b"",)), b"", marks, size)
    front = tuple(_placed(x, sheet[1] - y - page_mm[1]) for x, y in origins)
    back = front
    if layout.head_to_toe:
        back = tuple(_turned(x + page_mm[0], sheet[1] - y) for x, y in origins)
    return Surround((front, back), b"Q\n", marks, size)


def _placed(x: float, y: float) -> bytes:
    return f"q 1 0 0 1 {_points(x)} {_points(y)} cm\n".encode()


def _turned(x: float, y: float) -> bytes:
    """Upside down about its cell."""
    return f"q -1 0 0 -1 {_points(x)} {_points(y)} cm\n".encode()


def _line(x0: float, y0: float, x1: float, y1: float) -> str:
    return f"{_points(x0)} {_points(y0)} m {_points(x1)} {_points(y1)} l "


def _crop_marks(
    layout: Imposition, page_mm: tuple[float, float], origins: list[tuple[float, float]], sheet: tuple[float, float]
) -> bytes:
    """Hairlines outside the block of pages at every cut."""
    if not layout.crop_marks:
        return b""
    xs = sorted({round(edge, 3) for x, _ in origins for edge in (x, x + page_mm[0])})
    ys = sorted({round(sheet[1] - edge, 3) for _, y in origins for edge in (y, y + page_mm[1])})
    gap, length = _CROP_GAP_MM, _CROP_LENGTH_MM
    lines = ""
    for x in xs:
        lines += _line(x, ys[0] - gap, x, ys[0] - gap - length) + _line(x, ys[-1] + gap, x, ys[-1] + gap + length)
    for y in ys:
        lines += _line(xs[0] - gap, y, xs[0] - gap - length, y) + _line(xs[-1] + gap, y, xs[-1] + gap + length, y)
    return f"q .25 w 0 G {lines}S Q\n".encode()


def _fold_marks(
    layout: Imposition, page_mm: tuple[float, float], origins: list[tuple[float, float]], sheet: tuple[float, float]
) -> bytes:
    """Ticks at the left edge where the letter is folded for the envelope (105 and 210 mm from the top)."""
    if not layout.fold_marks:
        return b""
    lines = ""
    for x, y in origins:
        for fold in (105.0, 210.0):
            if fold < page_mm[1]:
                lines += _line(x + 3, sheet[1] - y - fold, x + 7, sheet[1] - y - fold)
    return f"q .25 w 0 G {lines}S Q\n".encode()
