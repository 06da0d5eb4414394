"""Marks and item code of a rendered letter lie where an independent drawing by reportlab puts them, to a pixel at 600 dpi."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

import rendering
from benchmarks.letters import TEMPLATE, letters, payload
from benchmarks.render_ours import as_letter, codes_of
from rendering.art.barcodes import draw_modules
from rendering.symbols import code128, datamatrix

DPI = 600
# (left, top, width, height) in mm: window mark, sheet mark, item code, each with a millimetre of its quiet zone
REGIONS = {"window": (85, 51, 11, 11), "sheet": (194, 51, 11, 11), "item": (23, 68, 51, 11)}


def picture(pdf: Path) -> NDArray[np.uint8]:
    return np.asarray(pypdfium2.PdfDocument(pdf)[0].render(scale=DPI / 72, grayscale=True).to_numpy()).squeeze()


def cut(page: NDArray[np.uint8], region: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    left, top, width, height = (round(value / 25.4 * DPI) for value in region)
    return page[top : top + height, left : left + width] < 128


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    folder = tmp_path_factory.mktemp("marks")
    renderer = rendering.Renderer(rendering.load_template(TEMPLATE))
    letter = as_letter(next(letters(1, seed=5)))
    codes = codes_of(0, renderer.measure([letter])[0].sheets)
    ours = renderer.render([letter], [codes], folder / "ours.pdf").path
    canvas = Canvas(str(folder / "reportlab.pdf"), pagesize=A4)
    mark = datamatrix(payload(0, 1), 18)
    for x in (86, 195):
        draw_modules(canvas, mark, x * mm, A4[1] - 52 * mm, (0.5 * mm, 0.5 * mm))
    draw_modules(canvas, code128(codes.item), 24 * mm, A4[1] - 69 * mm, (0.3125 * mm, 9 * mm))
    canvas.save()
    return picture(ours), picture(folder / "reportlab.pdf")


@pytest.mark.parametrize("name", REGIONS)
def test_codes_lie_where_reportlab_draws_them(name: str, pages: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    ours, reference = (cut(page, REGIONS[name]) for page in pages)
    assert reference.mean() > 0.15
    wrong = ours ^ reference
    inner = wrong[1:-1, 1:-1]
    # a module edge may fall on either side of a pixel boundary, so look for differences two pixels thick
    thick = inner[:-1, :-1] & inner[1:, :-1] & inner[:-1, 1:] & inner[1:, 1:]
    assert not thick.any()
    assert wrong.mean() < 0.05
