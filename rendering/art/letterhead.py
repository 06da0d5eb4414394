"""A firm's letterhead as vectors: a PDF page of the sheet's width and the head's height, lettering as outlines."""

from __future__ import annotations

import io
from dataclasses import dataclass

from reportlab.lib.colors import Color
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from rendering.art.outlines import Placing, advance, draw_glyph, draw_line
from rendering.fonts import FontChain

INK = Color(0.10, 0.16, 0.30)
GREY = Color(0.35, 0.35, 0.35)
WIDTH_MM = 210.0
HEIGHT_MM = 34.0  # ends above the 35 mm where the window's clear zone begins


@dataclass(frozen=True, slots=True)
class Firm:
    """What a letterhead says; made-up firms only in examples."""

    name_zh: str
    name_en: str
    contact: tuple[str, ...]  # lines of address, phone, post code


def letterhead_pdf(firm: Firm, left_mm: float = 28.0, right_mm: float = 184.0) -> bytes:
    """One page of 210 x 34 mm: mark, names and contact lines between the margins, a double rule below.

    Raises FontError for a character no font draws and ValueError when the name does not fit beside the contact lines.
    """
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(WIDTH_MM * mm, HEIGHT_MM * mm), invariant=1)
    canvas.setTitle(firm.name_zh)
    bold, plain = FontChain.load("song-bold"), FontChain.load("song")
    contact_width = max((_width(plain, line, 7.5) for line in firm.contact), default=0.0)
    room = (right_mm - left_mm - 20) * mm - contact_width
    size = min(21.0, room / (_width(bold, firm.name_zh, 1.0) + 0.06 * len(firm.name_zh)))
    if size < 11:
        raise ValueError(f"the firm's name {firm.name_zh!r} does not fit beside its contact lines: shorten one of them")
    _mark(canvas, bold, firm.name_zh[0], left_mm * mm, 12 * mm)
    canvas.setFillColor(INK)
    draw_line(canvas, bold, firm.name_zh, Placing((left_mm + 16) * mm, 17.5 * mm, size), spacing=0.06)
    small = min(8.5, room / max(_width(plain, firm.name_en, 1.0), 1e-6))
    draw_line(canvas, plain, firm.name_en, Placing((left_mm + 16) * mm, 12.6 * mm, small))
    canvas.setFillColor(GREY)
    for at, line in enumerate(firm.contact):
        x = right_mm * mm - _width(plain, line, 7.5)
        draw_line(canvas, plain, line, Placing(x, (21.5 - 3.6 * at) * mm, 7.5))
    _rules(canvas, left_mm, right_mm)
    canvas.save()
    return out.getvalue()


def _width(chain: FontChain, text: str, size: float) -> float:
    return sum(advance(chain, character) for character in text) * size


def _mark(canvas: Canvas, chain: FontChain, initial: str, x: float, y: float) -> None:
    """A square mark with the firm's first character cut out of it in white."""
    canvas.setFillColor(INK)
    canvas.rect(x, y, 12 * mm, 12 * mm, stroke=0, fill=1)
    canvas.setFillColor(Color(1, 1, 1))
    draw_glyph(canvas, chain, initial, Placing(x + 1.5 * mm, y + 2.6 * mm, 9 * mm))


def _rules(canvas: Canvas, left_mm: float, right_mm: float) -> None:
    canvas.setFillColor(INK)
    canvas.rect(left_mm * mm, 8.2 * mm, (right_mm - left_mm) * mm, 0.7 * mm, stroke=0, fill=1)
    canvas.rect(left_mm * mm, 7.3 * mm, (right_mm - left_mm) * mm, 0.2 * mm, stroke=0, fill=1)
