"""Letters look as they looked when a person looked at them, in three viewers.

The reference pictures in tests/vectors/render were viewed page by page. After an intended change of the letter: run this file with
LETTERLINE_RENEW_PICTURES=1, look at every picture again, commit them.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pypdfium2
import pytest
from numpy.typing import NDArray

import rendering
from benchmarks.letters import TEMPLATE, letters
from benchmarks.render_ours import as_letter, codes_of

VECTORS = Path(__file__).parent.parent / "vectors" / "render"
DPI = 100
CELL = 10
# name: (letters, table rows, rare names, imposition, pages)
CASES = {
    "plain": (1, 6, False, "1up", 2),
    "long-table": (1, 96, False, "1up", 6),
    "rare-names": (2, 6, True, "1up", 4),
    "2up-cutstack": (3, 6, False, "2up-cutstack", 4),
}


@pytest.fixture(scope="module")
def renderer() -> rendering.Renderer:
    return rendering.Renderer(rendering.load_template(TEMPLATE))


@pytest.fixture(params=CASES)
def document(request: pytest.FixtureRequest, renderer: rendering.Renderer, tmp_path: Path) -> tuple[str, Path]:
    return request.param, rendered(renderer, request.param, tmp_path / "letters.pdf")


def rendered(renderer: rendering.Renderer, name: str, out: Path, seed: int = 3) -> Path:
    count, rows, rare, imposition, _ = CASES[name]
    values = [as_letter(letter) for letter in letters(count, seed, rows, rare)]
    codes = [codes_of(at, one.sheets) for at, one in enumerate(renderer.measure(values))]
    return renderer.render(values, codes, out, imposition).path


def by_pdfium(pdf: Path, folder: Path) -> list[NDArray[np.uint8]]:
    document = pypdfium2.PdfDocument(pdf)
    return [np.asarray(page.render(scale=DPI / 72, grayscale=True).to_numpy()).squeeze() for page in document]


def by_poppler(pdf: Path, folder: Path) -> list[NDArray[np.uint8]]:
    subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", "-png", pdf, folder / "poppler"], check=True)
    return pictures(folder, "poppler-*.png")


def by_mupdf(pdf: Path, folder: Path) -> list[NDArray[np.uint8]]:
    command = ["mutool", "draw", "-q", "-r", str(DPI), "-c", "gray", "-o", folder / "mupdf-%02d.png", pdf]
    subprocess.run(command, check=True, capture_output=True)
    return pictures(folder, "mupdf-*.png")


def pictures(folder: Path, pattern: str) -> list[NDArray[np.uint8]]:
    return [np.asarray(PIL.Image.open(path).convert("L")) for path in sorted(folder.glob(pattern))]


def cells(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Mean darkness of each cell; blurring by cells forgives antialiasing and a pixel's shift, not a missing word."""
    rows, columns = (side // CELL * CELL for side in picture.shape)
    dark = 255.0 - picture[:rows, :columns]
    return dark.reshape(rows // CELL, CELL, columns // CELL, CELL).mean(axis=(1, 3))


def alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Same page? No cell may differ by more than a fifth of full ink, and the page as a whole hardly at all."""
    if abs(one.shape[0] - other.shape[0]) > 1 or abs(one.shape[1] - other.shape[1]) > 1:
        return False
    rows, columns = (min(pair) for pair in zip(one.shape, other.shape, strict=True))
    difference = np.abs(cells(one[:rows, :columns]) - cells(other[:rows, :columns]))
    return bool(difference.max() < 55 and difference.mean() < 4)


def references(name: str) -> list[NDArray[np.uint8]]:
    return pictures(VECTORS, f"{name}-*.png")


@pytest.mark.parametrize("viewer", [by_pdfium, by_poppler, by_mupdf])
def test_every_page_looks_like_its_reference(document: tuple[str, Path], viewer: object, tmp_path: Path) -> None:
    name, pdf = document
    pages = viewer(pdf, tmp_path)  # type: ignore[operator]
    assert len(pages) == CASES[name][4]
    if os.environ.get("LETTERLINE_RENEW_PICTURES") and viewer is by_pdfium:
        VECTORS.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(pages, 1):
            PIL.Image.fromarray(page).quantize(6).save(VECTORS / f"{name}-{number}.png", optimize=True)
    expected = references(name)
    assert len(expected) == len(pages)
    for number, (page, reference) in enumerate(zip(pages, expected, strict=True), 1):
        assert alike(page, reference), f"page {number} of {name} differs from tests/vectors/render/{name}-{number}.png"


def test_the_comparison_notices_another_letter(renderer: rendering.Renderer, tmp_path: Path) -> None:
    other = by_pdfium(rendered(renderer, "plain", tmp_path / "other.pdf", seed=4), tmp_path)
    assert not all(alike(page, reference) for page, reference in zip(other, references("plain"), strict=True))


def test_the_comparison_notices_a_page_moved_by_two_millimetres() -> None:
    page = references("plain")[0]
    assert alike(page, page)
    assert not alike(page, np.roll(page, round(2 / 25.4 * DPI), axis=1))


def test_structure_and_operators_are_clean_for_qpdf_poppler_and_ghostscript(document: tuple[str, Path]) -> None:
    _, pdf = document
    for command in (
        ["qpdf", "--check", pdf],
        ["pdftoppm", "-r", "20", "-gray", pdf, pdf.with_suffix("")],
        ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-dPDFSTOPONERROR", "-sDEVICE=nullpage", pdf],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
        assert done.stderr == "", f"{command[0]}: {done.stderr}"
