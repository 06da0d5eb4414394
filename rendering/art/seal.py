"""The red round seal of a firm, as vectors without transparency: a page of exactly its size, to be placed on letters.

A made-up seal for made-up firms and for templates under design. A real firm supplies its own artwork, under its own control.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

from reportlab.lib.colors import Color
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from rendering.art.outlines import Placing, advance, draw_glyph
from rendering.fonts import FontChain

SEAL_RED = Color(0.82, 0.08, 0.10)
DIAMETER_MM = 42.0  # the usual size of a law firm's round seal
_ARC = math.radians(250)  # the part of the circle the name may fill
_STAR = 0.21  # radius of the star, in diameters


def seal_pdf(firm: str, caption: str = "", diameter_mm: float = DIAMETER_MM) -> bytes:
    """A one-page PDF of diameter x diameter mm: ring, the firm's name along the upper arc, star, caption below the star.

    Raises FontError for a character no font draws and ValueError for a name longer than 30 characters.
    """
    if not 2 <= len(firm) <= 30:
        raise ValueError(f"a seal holds a name of 2 to 30 characters, {firm!r} has {len(firm)}")
    out = io.BytesIO()
    size = diameter_mm * mm
    canvas = Canvas(out, pagesize=(size, size), invariant=1)
    canvas.setTitle(firm)
    draw_seal(canvas, size / 2, size / 2, size, firm, caption)
    canvas.save()
    return out.getvalue()


def draw_seal(canvas: Canvas, x: float, y: float, diameter: float, firm: str, caption: str) -> None:
    """Draw the seal around the centre (x, y); all lengths in points."""
    chain = FontChain.load("song-bold")
    canvas.setFillColor(SEAL_RED)
    canvas.setStrokeColor(SEAL_RED)
    ring = diameter * 0.028
    canvas.setLineWidth(ring)
    canvas.circle(x, y, diameter / 2 - ring / 2, stroke=1, fill=0)
    _star(canvas, x, y, diameter * _STAR)
    _name_on_arc(canvas, chain, firm, (x, y), diameter)
    if caption:
        size = min(diameter * 0.085, diameter * 0.6 / sum(advance(chain, character) for character in caption))
        width = sum(advance(chain, character) for character in caption) * size
        at = x - width / 2
        for character in caption:
            draw_glyph(canvas, chain, character, Placing(at, y - diameter * 0.33, size))
            at += advance(chain, character) * size


def _name_on_arc(canvas: Canvas, chain: FontChain, firm: str, centre: tuple[float, float], diameter: float) -> None:
    """Characters upright on the ring, narrower the more there are, evenly spread around the top."""
    height = diameter * 0.125
    radius = diameter * 0.328  # of the baseline
    step = _ARC / max(len(firm) - 1, 1) if len(firm) > 9 else math.radians(29)
    width = min(1.0, step * (radius + height / 2) / (height * 1.12))
    for at, character in enumerate(firm):
        angle = math.pi / 2 + step * ((len(firm) - 1) / 2 - at)
        turn = angle - math.pi / 2
        half = advance(chain, character) * height * width / 2
        x = centre[0] + radius * math.cos(angle) - half * math.cos(turn)
        y = centre[1] + radius * math.sin(angle) - half * math.sin(turn)
        draw_glyph(canvas, chain, character, Placing(x, y, height, turn, width))


def _star(canvas: Canvas, x: float, y: float, radius: float) -> None:
    path = canvas.beginPath()
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    for point in range(10):
        distance = inner if point % 2 else radius
        angle = math.pi / 2 + math.radians(36 * point)
        place = (x + distance * math.cos(angle), y + distance * math.sin(angle))
        (path.lineTo if point else path.moveTo)(*place)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)


def write_seal(out: Path, firm: str, caption: str = "") -> None:
    """`seal_pdf` to a file."""
    out.write_bytes(seal_pdf(firm, caption))
