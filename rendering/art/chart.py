"""A bar chart for a letter or a report, as vectors with outlined lettering: no font, no image, no transparency."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from reportlab.lib.colors import Color
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from rendering.art.outlines import Placing, advance, draw_line
from rendering.fonts import FontChain

_BAR = Color(0.16, 0.30, 0.52)
_RULE = Color(0.75, 0.75, 0.75)
_INK = Color(0.1, 0.1, 0.1)
_LABEL_PT = 8.0
BARS_MAX = 40


def chart_pdf(
    title: str, bars: Sequence[tuple[str, float]], unit: str, size_mm: tuple[float, float] = (156.0, 70.0)
) -> bytes:
    """One page of `size_mm` with a column for each (label, value), a scale in `unit` and the value over each column.

    Raises ValueError for no bars, more than 40, or a value that is negative or not a number; FontError for a
    character no font draws.
    """
    if not 1 <= len(bars) <= BARS_MAX:
        raise ValueError(f"a chart has 1 to {BARS_MAX} bars, {len(bars)} were given")
    for label, value in bars:
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"bar {label!r}: {value} is not a number from 0 on")
    out = io.BytesIO()
    width, height = size_mm[0] * mm, size_mm[1] * mm
    canvas = Canvas(out, pagesize=(width, height), invariant=1)
    canvas.setTitle(title)
    chain = FontChain.load("hei")
    _centred(canvas, chain, title, width / 2, height - 12, 10.5)
    top = scale_top(max(value for _, value in bars))
    frame = (22 * mm, 9 * mm, width - 24 * mm, height - 9 * mm - 24)
    _scale(canvas, chain, frame, top, unit)
    _columns(canvas, chain, frame, top, bars)
    canvas.save()
    return out.getvalue()


def scale_top(largest: float) -> float:
    """The end of the scale: the next of 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten at or above the largest value."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(step * power for step in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0) if step * power >= largest)


def _scale(canvas: Canvas, chain: FontChain, frame: tuple[float, float, float, float], top: float, unit: str) -> None:
    left, bottom, wide, high = frame
    canvas.setLineWidth(0.4)
    for step in range(6):
        y = bottom + high * step / 5
        canvas.setStrokeColor(_RULE)
        canvas.line(left, y, left + wide, y)
        text = f"{top * step / 5:,g}"
        canvas.setFillColor(_INK)
        draw_line(canvas, chain, text, Placing(left - _width(chain, text, _LABEL_PT) - 4, y - 3, _LABEL_PT))
    draw_line(canvas, chain, unit, Placing(left - _width(chain, unit, _LABEL_PT) - 4, bottom + high + 7, _LABEL_PT))


def _columns(
    canvas: Canvas,
    chain: FontChain,
    frame: tuple[float, float, float, float],
    top: float,
    bars: Sequence[tuple[str, float]],
) -> None:
    left, bottom, wide, high = frame
    pitch = wide / len(bars)
    for at, (label, value) in enumerate(bars):
        middle = left + pitch * (at + 0.5)
        canvas.setFillColor(_BAR)
        if value:
            canvas.rect(middle - pitch * 0.3, bottom, pitch * 0.6, high * value / top, stroke=0, fill=1)
        canvas.setFillColor(_INK)
        _centred(canvas, chain, f"{value:,g}", middle, bottom + high * value / top + 2, _LABEL_PT, pitch)
        _centred(canvas, chain, label, middle, bottom - 11, _LABEL_PT, pitch)


def _centred(
    canvas: Canvas, chain: FontChain, text: str, x: float, y: float, size: float, room: float = math.inf
) -> None:
    """Draw `text` around `x`, smaller when it is wider than `room`."""
    canvas.setFillColor(_INK)
    fitted = min(size, room * 0.95 / max(_width(chain, text, 1.0), 1e-6))
    draw_line(canvas, chain, text, Placing(x - _width(chain, text, fitted) / 2, y, fitted))


def _width(chain: FontChain, text: str, size: float) -> float:
    return sum(advance(chain, character) for character in text) * size
