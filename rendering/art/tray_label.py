"""The label on a tray: what it is, large enough to read from two metres, and its number as Code 128."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reportlab.lib.colors import black
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from rendering.art.barcodes import draw_modules
from rendering.art.paper_fonts import bold, plain
from rendering.symbols import code128

PAGE = (148 * mm, 105 * mm)  # A6 landscape
_MARGIN = 8 * mm


@dataclass(frozen=True, slots=True)
class TrayLabel:
    """`number` is both text and bar code (ASCII); `fields` are (label, value) in reading order, at most eight."""

    title: str
    number: str
    fields: Sequence[tuple[str, str]]
    simulated: bool = False


def tray_label_pdf(label: TrayLabel, out: Path) -> None:
    """Write one label. Raises SymbolError for a number Code 128 cannot hold and ValueError for more than eight fields."""
    if len(label.fields) > 8:
        raise ValueError(f"a tray label has room for 8 fields, {len(label.fields)} were given")
    canvas = Canvas(str(out), pagesize=PAGE, invariant=1)
    canvas.setTitle(f"{label.title} {label.number}")
    width, height = PAGE
    title = label.title + ("（模拟 SIMULATED）" if label.simulated else "")
    bold().draw(canvas, _MARGIN, height - 15 * mm, title, 18)
    size = min(44.0, (width - 2 * _MARGIN) / bold().width(label.number, 1.0))
    bold().draw(canvas, _MARGIN, height - 33 * mm, label.number, size)
    canvas.setLineWidth(0.8)
    canvas.setStrokeColor(black)
    canvas.line(_MARGIN, height - 37 * mm, width - _MARGIN, height - 37 * mm)
    for at, (name, value) in enumerate(label.fields):
        x = _MARGIN + (at % 2) * (width / 2 - _MARGIN)
        _field(canvas, x, height - 43 * mm - (at // 2) * 9.5 * mm, name, value)
    bars = code128(label.number)
    module = min(0.5 * mm, (width - 2 * _MARGIN) / (len(bars) + 20))
    draw_modules(canvas, bars, _MARGIN + 10 * module, 23 * mm, (module, 15 * mm))
    canvas.save()


def _field(canvas: Canvas, x: float, y: float, name: str, value: str) -> None:
    canvas.setFillColor(black)
    plain().draw(canvas, x, y, name, 8)
    room = PAGE[0] / 2 - _MARGIN * 1.5
    size = min(12.0, room / max(plain().width(value, 1.0), 1e-6))
    bold().draw(canvas, x, y - 4.6 * mm, value, size)
