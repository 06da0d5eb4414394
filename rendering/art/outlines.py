"""Lettering as outlines: glyph contours as canvas paths, so that art carries no font and may be turned and stretched."""

from __future__ import annotations

import math
from dataclasses import dataclass

import uharfbuzz as hb
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from rendering.fonts.chain import MISSING, FontChain
from rendering.fonts.errors import FontError
from rendering.fonts.font_file import FontFile


@dataclass(frozen=True, slots=True)
class Placing:
    """Where one glyph goes: baseline origin in points, size per em, turn in radians, width factor."""

    x: float
    y: float
    size: float
    turn: float = 0.0
    stretch: float = 1.0


def advance(chain: FontChain, character: str) -> float:
    """Width in em. Raises FontError for a character no font draws."""
    _file_of(chain, character)
    return float(chain.advances[ord(character)]) / 1000


def draw_glyph(canvas: Canvas, chain: FontChain, character: str, placing: Placing) -> None:
    """Fill the outline of one character with the current fill colour. Raises FontError when no font draws it."""
    file = _file_of(chain, character)
    font = hb.Font(file.face)
    path = canvas.beginPath()
    font.draw_glyph_with_pen(font.get_nominal_glyph(ord(character)), _PathPen(path, placing, file.units_per_em))
    canvas.drawPath(path, stroke=0, fill=1)


def draw_line(canvas: Canvas, chain: FontChain, text: str, placing: Placing, spacing: float = 0.0) -> float:
    """Draw `text` from the origin of `placing` to the right, `spacing` em between characters; returns the width in points."""
    x = placing.x
    for character in text:
        here = Placing(x, placing.y, placing.size, 0.0, placing.stretch)
        draw_glyph(canvas, chain, character, here)
        x += (advance(chain, character) * placing.stretch + spacing) * placing.size
    return x - placing.x


def _file_of(chain: FontChain, character: str) -> FontFile:
    codepoint = ord(character)
    if codepoint >= len(chain.slots) or chain.slots[codepoint] == MISSING:
        raise FontError(f"face {chain.face}: no font draws {character} (U+{codepoint:04X})")
    return chain.files[int(chain.slots[codepoint])]


class _PathPen:
    """Receives the contours of a glyph (the pen protocol of fontTools) and adds them, placed, to a canvas path."""

    def __init__(self, path: PDFPathObject, placing: Placing, units_per_em: int) -> None:
        scale = placing.size / units_per_em
        cosine, sine = math.cos(placing.turn), math.sin(placing.turn)
        self._path = path
        self._x, self._y = placing.x, placing.y
        self._across = (scale * placing.stretch * cosine, scale * placing.stretch * sine)
        self._up = (-scale * sine, scale * cosine)
        self._last = (0.0, 0.0)

    def _placed(self, point: tuple[float, float]) -> tuple[float, float]:
        return (
            self._x + point[0] * self._across[0] + point[1] * self._up[0],
            self._y + point[0] * self._across[1] + point[1] * self._up[1],
        )

    def moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802 - the name the pen protocol prescribes
        self._last = point
        self._path.moveTo(*self._placed(point))

    def lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._last = point
        self._path.lineTo(*self._placed(point))

    def curveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        first, second, end = points
        self._last = end
        self._path.curveTo(*self._placed(first), *self._placed(second), *self._placed(end))

    def qCurveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        """A quadratic as the cubic that follows it exactly."""
        control, end = points
        start = self._last
        self.curveTo(_toward(start, control), _toward(end, control), end)

    def closePath(self) -> None:  # noqa: N802
        self._path.close()

    def endPath(self) -> None:  # noqa: N802
        """Open contours do not occur in fonts."""


def _toward(point: tuple[float, float], control: tuple[float, float]) -> tuple[float, float]:
    return point[0] + (control[0] - point[0]) * 2 / 3, point[1] + (control[1] - point[1]) * 2 / 3
