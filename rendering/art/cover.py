"""Cover sheets: the banner before a print job, the separator of a stack, the first page of an evidence package."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.lib.colors import black
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from rendering.art.barcodes import draw_modules
from rendering.art.paper_fonts import bold, plain
from rendering.symbols import qr

_LEFT = 28 * mm
_RIGHT = 184 * mm


@dataclass(frozen=True, slots=True)
class Cover:
    """`fields` are (label, value) lines; `code` becomes a QR code when not empty; `notes` are running text.

    `striped` prints bars along both long edges so that a separator is seen from the side of a stack.
    """

    title: str
    fields: Sequence[tuple[str, str]]
    notes: Sequence[str] = ()
    code: str = ""
    striped: bool = False
    simulated: bool = False


def cover_pdf(cover: Cover) -> bytes:
    """An A4 page, or more when the fields and notes need them."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.setTitle(cover.title)
    y = _head(canvas, cover)
    for name, value in cover.fields:
        lines = plain().lines(value, 13, _RIGHT - _LEFT - 45 * mm)
        y = _room(canvas, cover, y, len(lines) * 6.5 * mm)
        plain().draw(canvas, _LEFT, y, name, 11)
        for line in lines:
            plain().draw(canvas, _LEFT + 45 * mm, y, line, 13)
            y -= 6.5 * mm
        y -= 2 * mm
    for note in cover.notes:
        for line in plain().lines(note, 10.5, _RIGHT - _LEFT):
            y = _room(canvas, cover, y, 6 * mm)
            plain().draw(canvas, _LEFT, y, line, 10.5)
            y -= 6 * mm
    canvas.save()
    return out.getvalue()


def _head(canvas: Canvas, cover: Cover) -> float:
    """Stripes, title and code of a page; returns where the fields begin."""
    width, height = float(A4[0]), float(A4[1])
    canvas.setFillColor(black)
    if cover.striped:
        for x in (0.0, width - 6 * mm):
            for at in range(15):
                canvas.rect(x, at * 20 * mm, 6 * mm, 10 * mm, stroke=0, fill=1)
    room = _RIGHT - _LEFT - (40 * mm if cover.code else 0)
    size = min(28.0, room / bold().width(cover.title, 1.0))
    bold().draw(canvas, _LEFT, height - 40 * mm, cover.title, size)
    if cover.simulated:
        bold().draw(canvas, _LEFT, height - 26 * mm, "模拟运行 SIMULATED · 非真实邮件", 12)
    if cover.code:
        grid = qr(cover.code)
        module = 32 * mm / grid.shape[0]
        draw_modules(canvas, grid, _RIGHT - 32 * mm, height - 20 * mm, (module, module))
    canvas.setLineWidth(1)
    canvas.line(_LEFT, height - 56 * mm, _RIGHT, height - 56 * mm)
    return float(height - 68 * mm)


def _room(canvas: Canvas, cover: Cover, y: float, needed: float) -> float:
    """`y`, or the top of a new page when `needed` points do not fit above the foot."""
    if y - needed >= 20 * mm:
        return y
    canvas.showPage()
    return _head(canvas, cover)
