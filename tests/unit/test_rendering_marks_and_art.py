"""OMR tracks and SVG letterheads on real pages, read back from pixels by programs that did not draw them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
import pytest
from numpy.typing import NDArray
from rendering_cases import EXAMPLE, a_letter, codes_for, spoilt_template

from rendering import Codes, Renderer, RenderError, TemplateError, load_template
from rendering.marks import draw_marks
from rendering.preflight import preflight
from rendering.symbols import SymbolError, track_grid
from rendering.symbols.omr import SHEET_TRACK
from vision.omr import OmrTrack, read_track

DPI = 300
X, Y, LENGTH = 2.0, 120.0, 7.0
TRACK = f'[marks.track]\nsymbology = "omr"\nx = {X}\ny = {Y}\nlength = {LENGTH}\n\n[marks.window]'
BLUE = """<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30" viewBox="0 0 60 30">
<rect x="0" y="0" width="60" height="30" fill="#1040c0"/><circle cx="30" cy="15" r="10" fill="#ffffff"/></svg>"""


def grey(path: Path, page: int) -> NDArray[np.uint8]:
    document = pypdfium2.PdfDocument(path)
    picture = document[page].render(scale=DPI / 72, grayscale=True).to_numpy().squeeze().copy()
    document.close()
    return np.asarray(picture, np.uint8)


def seen(path: Path, page: int) -> str:
    """The track on a page as the eyes of the line read it: start mark, bits, parity mark."""
    pitch = SHEET_TRACK.pitch_mm
    where = OmrTrack(X, LENGTH, Y + SHEET_TRACK.thickness_mm / 2, pitch, SHEET_TRACK.positions)
    bits = read_track(grey(path, page), where, DPI / 25.4)
    assert bits is not None
    return "".join("1" if bit else "0" for bit in bits)


def test_a_track_on_paper_says_which_sheet_this_is_and_which_is_the_last(tmp_path: Path) -> None:
    template = load_template(spoilt_template(tmp_path, "template.toml", "[marks.window]", TRACK))
    renderer = Renderer(template)
    letter = a_letter(1, rows=70)
    sheets = renderer.measure([letter])[0].sheets
    assert sheets >= 2
    chunk = renderer.render([letter], [codes_for(1, sheets)], tmp_path / "x.pdf")
    read = [seen(chunk.path, 2 * sheet) for sheet in range(sheets)]
    assert [track[1] for track in read] == ["0"] * (sheets - 1) + ["1"]
    assert [int(track[4:1:-1], 2) for track in read] == list(range(sheets))
    assert all(track[0] == "1" and track.count("1") % 2 == 0 for track in read)
    assert preflight(chunk.path, chunk, [codes_for(1, sheets)], template, [letter]).findings == ()


def test_a_machine_may_ask_for_other_bits_and_preflight_compares_them(tmp_path: Path) -> None:
    template = load_template(spoilt_template(tmp_path, "template.toml", "[marks.window]", TRACK))
    plain = codes_for(1, 1)
    asked = Codes(plain.sheets, plain.item, plain.caption, ("1010",))
    chunk = Renderer(template).render([a_letter(1)], [asked], tmp_path / "x.pdf")
    assert seen(chunk.path, 0) == "110101"
    assert preflight(chunk.path, chunk, [asked], template).findings == ()
    found = preflight(chunk.path, chunk, [plain], template).findings
    assert [finding.defect.code.value for finding in found] == ["unreadable-code"]


@pytest.mark.parametrize("bits", ["101", "10101", "10x0"])
def test_bits_that_do_not_fill_the_track_are_refused(bits: str) -> None:
    with pytest.raises(SymbolError):
        track_grid(bits)


def test_a_track_carries_nothing_else(tmp_path: Path) -> None:
    wrong = TRACK.replace("x =", 'source = "sheet"\nx =')
    with pytest.raises(TemplateError, match="OMR"):
        load_template(spoilt_template(tmp_path, "template.toml", "[marks.window]", wrong))


def test_an_svg_letterhead_is_vectors_in_its_colours_at_its_place(tmp_path: Path) -> None:
    folder = spoilt_template(
        tmp_path,
        "template.toml",
        "[pictures.seal]",
        '[[art]]\npicture = "logo"\nx = 150\ny = 5\n\n[pictures.logo]\nfile = "logo.svg"\nwidth = 40\nheight = 20\n\n[pictures.seal]',
    )
    (folder / "logo.svg").write_text(BLUE, "utf-8")
    chunk = Renderer(load_template(folder)).render([a_letter(1)], [codes_for(1, 1)], tmp_path / "x.pdf")
    document = pypdfium2.PdfDocument(chunk.path)
    pixels = document[0].render(scale=DPI / 72).to_numpy()
    document.close()

    def colour(x_mm: float, y_mm: float) -> tuple[int, ...]:
        return tuple(int(v) for v in pixels[round(y_mm * DPI / 25.4), round(x_mm * DPI / 25.4)][:3])

    assert colour(152, 7) == colour(188, 23) == (0xC0, 0x40, 0x10)  # blue, green, red
    assert colour(170, 15) == (255, 255, 255)
    assert colour(149, 7) == colour(192, 10) == (255, 255, 255)
    with pikepdf.open(chunk.path) as pdf:
        forms = pdf.pages[0].Resources.XObject
        kinds = {str(forms[name].Subtype) for name in forms.keys()}  # noqa: SIM118 - a pikepdf dictionary
        assert kinds == {"/Form"}


@pytest.mark.parametrize("text", ["not a drawing", "<svg xmlns='http://www.w3.org/2000/svg'/>", ""])
def test_an_svg_that_is_no_drawing_is_refused_by_name(tmp_path: Path, text: str) -> None:
    folder = spoilt_template(tmp_path, "template.toml", 'file = "seal.pdf"', 'file = "seal.svg"')
    (folder / "seal.svg").write_text(text, "utf-8")
    with pytest.raises(TemplateError, match=r"seal\.svg"):
        Renderer(load_template(folder))


def test_a_half_transparent_svg_is_refused(tmp_path: Path) -> None:
    folder = spoilt_template(tmp_path, "template.toml", 'file = "seal.pdf"', 'file = "seal.svg"')
    (folder / "seal.svg").write_text(BLUE.replace('fill="#1040c0"', 'fill="#1040c0" fill-opacity="0.5"'), "utf-8")
    with pytest.raises((TemplateError, RenderError), match="transparent"):
        Renderer(load_template(folder))


def test_an_item_number_that_is_no_ascii_text_is_refused_with_its_character_and_never_drawn_as_another() -> None:
    marks = load_template(EXAMPLE).settings.marks
    codes = [codes_for(1, 1), codes_for(2, 1)._replace(item="XA00000000２CN")]
    with pytest.raises(SymbolError, match="２"):
        draw_marks(marks, codes)
