"""A page drawn with embedded subsets looks and extracts the same in independent viewers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from font_page import one_page, pdfium_picture

from rendering.fonts import FontChain

SAMPLE = "律师函，张三丰（甲方）¥1,234.50元——“限期”……𠂉𠃌㐀䶵𫝏𬺕AaBb"


@pytest.fixture(scope="module", params=["song", "hei", "kai", "fang"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fonts") / f"{request.param}.pdf"
    path.write_bytes(one_page(FontChain.load(request.param), SAMPLE)[0])
    return path


def ink(picture: np.ndarray) -> np.ndarray:
    """Mean darkness 0..255 of each 20-point cell of the line; the baseline is 60 points from the top, 2 px a point."""
    grey = picture[80:126, : picture.shape[1] // 40 * 40]
    return (255 - grey.astype(float)).reshape(grey.shape[0], -1, 40).mean(axis=(0, 2))


def test_poppler_mupdf_and_pdfium_extract_the_text_as_written(page: Path) -> None:
    poppler = subprocess.run(["pdftotext", "-raw", page, "-"], capture_output=True, text=True, check=True)
    assert poppler.stdout.strip() == SAMPLE
    assert poppler.stderr == ""
    mupdf = subprocess.run(["mutool", "draw", "-q", "-F", "txt", page], capture_output=True, text=True, check=True)
    assert mupdf.stdout.strip() == SAMPLE
    assert pypdfium2.PdfDocument(page)[0].get_textpage().get_text_range().strip() == SAMPLE


def test_four_rasterisers_put_the_same_ink_in_every_cell(page: Path, tmp_path: Path) -> None:
    import PIL.Image

    reference = ink(pdfium_picture(page))
    commands = {
        "poppler": ["pdftoppm", "-r", "144", "-gray", "-png", "-singlefile", page, tmp_path / "poppler"],
        "mupdf": ["mutool", "draw", "-q", "-r", "144", "-c", "gray", "-o", tmp_path / "mupdf.png", page],
        "ghostscript": ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pnggray", "-r144",
                        "-dTextAlphaBits=4", f"-sOutputFile={tmp_path}/ghostscript.png", page],
    }  # fmt: skip
    for name, command in commands.items():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        complaints = done.stderr.replace("warning: ICC support is not available\n", "")  # Debian's mupdf has none
        assert complaints == "", f"{name}: {complaints}"
        picture = np.asarray(PIL.Image.open(tmp_path / f"{name}.png").convert("L"))
        assert np.abs(ink(picture)[: len(reference)] - reference[: len(ink(picture))]).max() < 12, name
    assert (reference[1:17] > 2).all()  # no cell of the line is blank, not even the comma's


def test_qpdf_finds_nothing_to_complain_about(page: Path) -> None:
    assert subprocess.run(["qpdf", "--check", page], capture_output=True, check=False).returncode == 0
