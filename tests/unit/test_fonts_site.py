"""The site's own fonts print whatever their kind: TrueType, CFF with glyph names, characters outside every other font."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from font_page import one_page, pdfium_picture
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen

from rendering.fonts import FontChain, FontError
from rendering.fonts.font_file import open_font

RARE = 0x3FFF0  # a code point of plane 3 that no installed font has


def square(pen: object, low: int, high: int) -> None:
    """A filled square; its size tells the glyphs apart in pictures."""
    pen.moveTo((low, low))  # type: ignore[attr-defined]
    pen.lineTo((low, high))  # type: ignore[attr-defined]
    pen.lineTo((high, high))  # type: ignore[attr-defined]
    pen.lineTo((high, low))  # type: ignore[attr-defined]
    pen.closePath()  # type: ignore[attr-defined]


def site_font(path: Path, cff: bool, restricted: bool = False) -> None:
    """A font of two glyphs: a small square for RARE, a large one for RARE + 1."""
    names = [".notdef", "small", "large"]
    sides = {".notdef": (0, 10), "small": (300, 600), "large": (0, 900)}
    builder = FontBuilder(1000, isTTF=not cff)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({RARE: "small", RARE + 1: "large"})
    if cff:
        drawn = {}
        for name, sizes in sides.items():
            pen = T2CharStringPen(1000, None)
            square(pen, *sizes)
            drawn[name] = pen.getCharString()
        builder.setupCFF("SiteFont", {}, drawn, {})
    else:
        glyphs = {}
        for name, sizes in sides.items():
            pen_ = TTGlyphPen(None)
            square(pen_, *sizes)
            glyphs[name] = pen_.glyph()
        builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Site", "styleName": "Regular", "psName": "SiteFont"})
    builder.setupOS2(fsType=2 if restricted else 0)
    builder.setupPost()
    builder.save(path)


@pytest.mark.parametrize("cff", [True, False], ids=["cff", "truetype"])
def test_a_site_font_prints_and_extracts_in_every_viewer(cff: bool, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    site_font(folder / "site.otf", cff)
    text = chr(RARE) + "一" + chr(RARE + 1)
    assert FontChain.load("song").missing(text) == (chr(RARE), chr(RARE + 1))
    pdf = tmp_path / "site.pdf"
    pdf.write_bytes(one_page(FontChain.load("song", site=folder), text)[0])
    subprocess.run(["pdftoppm", "-r", "144", "-gray", "-png", "-singlefile", pdf, tmp_path / "poppler"], check=True)
    subprocess.run(
        ["mutool", "draw", "-q", "-r", "144", "-c", "gray", "-o", tmp_path / "mupdf.png", pdf],
        check=True,
        capture_output=True,
    )
    command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pnggray", "-r144"]
    subprocess.run([*command, f"-sOutputFile={tmp_path}/gs.png", pdf], check=True)
    pictures = {
        name: np.asarray(PIL.Image.open(tmp_path / f"{name}.png").convert("L")) for name in ("poppler", "mupdf", "gs")
    }
    for name, picture in {**pictures, "pdfium": pdfium_picture(pdf)}.items():
        cells = [(picture[:, 40 + 40 * at : 80 + 40 * at] < 128).sum() for at in range(3)]
        assert 120 < cells[0] < 180, name  # 0.3 em square at 40 px an em: 144 px
        assert 1200 < cells[2] < 1400, name  # 0.9 em: 1296 px
    done = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, check=True)
    assert done.stdout.decode("utf-8").strip() == text


def test_a_font_that_forbids_embedding_is_refused_by_name(tmp_path: Path) -> None:
    site_font(tmp_path / "secret.ttf", cff=False, restricted=True)
    with pytest.raises(FontError, match=r"secret\.ttf forbids embedding"):
        FontChain.load("song", site=tmp_path)


def test_a_font_cut_short_is_refused_by_name(tmp_path: Path) -> None:
    site_font(tmp_path / "whole.otf", cff=True)
    data = (tmp_path / "whole.otf").read_bytes()
    (tmp_path / "whole.otf").unlink()
    for length in range(0, len(data) - 3, 37):
        (tmp_path / "cut.otf").write_bytes(data[:length])
        open_font.cache_clear()
        with pytest.raises(FontError, match=r"cut\.otf"):
            FontChain.load("song", site=tmp_path)
