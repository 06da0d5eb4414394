"""Turns a received PDF into the pictures cameras can see. Uses pdfium; it sees ink, never meaning.

pdfium is not thread-safe, so one lock serves all printers of a process; it lets other threads run while it draws.
"""

from __future__ import annotations

import threading
from types import TracebackType

import cv2
import numpy as np
import pypdfium2

from simulator.paper import (
    MARGIN_MM,
    MARGIN_PX_PER_MM,
    PANEL_MM,
    PANEL_PX_PER_MM,
    Picture,
    Pixels,
)

PT_PER_MM = 72 / 25.4
_PDFIUM = threading.Lock()


class UnprintablePdf(ValueError):
    """The document cannot be drawn; the text says why."""


class PdfPages:
    """One received document, open for drawing."""

    def __init__(self, data: bytes) -> None:
        with _PDFIUM:
            try:
                self._document = pypdfium2.PdfDocument(data)
                self.count = len(self._document)
            except pypdfium2.PdfiumError as problem:
                raise UnprintablePdf(f"not a PDF pdfium can open: {problem}") from problem

    def __enter__(self) -> PdfPages:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        with _PDFIUM:
            self._document.close()

    def pictures(self, index: int) -> tuple[Pixels, Pixels]:
        """Return panel and margin of page ``index`` (from 0), (height, width) uint8 each."""
        with _PDFIUM:
            page = self._document[index]
            try:
                size_mm = (page.get_width() / PT_PER_MM, page.get_height() / PT_PER_MM)
                panel = _draw(page, size_mm, PANEL_MM, PANEL_PX_PER_MM)
                margin = _draw(page, size_mm, MARGIN_MM, MARGIN_PX_PER_MM)
            finally:
                page.close()
        return panel, margin

    def caption(self, index: int) -> str:
        """Return what a person reads in the right margin of page ``index``: the printed piece line, '' if there is none."""
        with _PDFIUM:
            page = self._document[index]
            text = page.get_textpage()
            try:
                x, y, width, height = MARGIN_MM
                top = page.get_height()
                found = text.get_text_bounded(
                    x * PT_PER_MM, top - (y + height) * PT_PER_MM, (x + width) * PT_PER_MM, top - y * PT_PER_MM
                )
            finally:
                text.close()
                page.close()
        return " ".join(str(found).split())


def _draw(
    page: pypdfium2.PdfPage, size_mm: tuple[float, float], box_mm: tuple[float, float, float, float], px_per_mm: int
) -> Pixels:
    x, y, width, height = box_mm
    canvas = np.full((round(height * px_per_mm), round(width * px_per_mm)), 255, dtype=np.uint8)
    right, bottom = (max(0.0, side) for side in (size_mm[0] - x - width, size_mm[1] - y - height))
    if size_mm[0] <= x or size_mm[1] <= y:
        return canvas  # the page is smaller than A4: nothing is printed there
    crop = tuple(side * PT_PER_MM for side in (x, bottom, right, y))
    drawn = page.render(scale=px_per_mm / PT_PER_MM, crop=crop, grayscale=True).to_numpy()
    drawn = drawn.reshape(drawn.shape[0], drawn.shape[1], -1)[: canvas.shape[0], : canvas.shape[1], 0]
    canvas[: drawn.shape[0], : drawn.shape[1]] = drawn
    return canvas


def blank() -> tuple[Picture, Picture]:
    """Return panel and margin of a sheet without ink."""
    panel = np.full((round(PANEL_MM[3] * PANEL_PX_PER_MM), round(PANEL_MM[2] * PANEL_PX_PER_MM)), 255, np.uint8)
    margin = np.full((round(MARGIN_MM[3] * MARGIN_PX_PER_MM), round(MARGIN_MM[2] * MARGIN_PX_PER_MM)), 255, np.uint8)
    return Picture.of(panel), Picture.of(margin)


def smear(pixels: Pixels, box_mm: tuple[float, float, float, float], place_mm: tuple[float, float], scale: int) -> None:
    """Drag the wet ink of ``box_mm`` (sheet mm) sideways, in place; ``place_mm`` is where the picture begins on the sheet."""
    x0, y0 = round((box_mm[0] - place_mm[0]) * scale), round((box_mm[1] - place_mm[1]) * scale)
    part = pixels[y0 : y0 + round(box_mm[3] * scale), x0 : x0 + round(box_mm[2] * scale)]
    if part.size:
        dragged = cv2.blur(part, (4 * scale, max(1, scale)))
        part[:] = np.minimum(dragged, cv2.min(part, np.full_like(part, 170)) // 2 + 90)
