"""Papers people sign, labels they scan and sheets they look at say what they were given, and say so when they cannot."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pikepdf
import PIL.Image
import pypdfium2
import pytest
import zxingcpp

from rendering.art.chart import chart_pdf
from rendering.art.contact_sheet import Tile, contact_sheet
from rendering.art.cover import Cover, cover_pdf
from rendering.art.handover import Handover, handover_pdf
from rendering.art.letterhead import Firm, letterhead_pdf
from rendering.art.seal import seal_pdf
from rendering.art.tray_label import TrayLabel, tray_label_pdf
from rendering.fonts import FontError

FIRM = "北京明信（示例）律师事务所"


def text_of(pdf: Path) -> str:
    done = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


def codes_of(pdf: bytes | Path) -> list[str]:
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=300 / 72, grayscale=True).to_numpy().squeeze()
    return [code.text for code in zxingcpp.read_barcodes(page)]


def paper(**more: object) -> Handover:
    return Handover("交寄清单", ("序号", "邮件号码", "收件人"), **more)  # type: ignore[arg-type]


def test_a_hand_over_list_keeps_every_row_and_counts_its_pages(tmp_path: Path) -> None:
    rows = [(str(at), f"XA{at:09d}CN", "欧阳\U00020089芳") for at in range(1, 131)]
    pages = handover_pdf(paper(totals=[("合计件数", "130")], signatures=("交寄人", "接收人")), rows, tmp_path / "h.pdf")
    text = text_of(tmp_path / "h.pdf")
    assert all(f"XA{at:09d}CN" in text for at in range(1, 131))
    assert text.count("欧阳\U00020089芳") == 130
    assert text.count("邮件号码") == pages == len(pypdfium2.PdfDocument(tmp_path / "h.pdf"))
    assert f"第 {pages} 页，共 {pages} 页" in " ".join(text.split())
    assert "合计件数：130" in text
    assert "接收人" in text


def test_a_character_no_font_draws_is_printed_as_its_code_point(tmp_path: Path) -> None:
    handover_pdf(paper(), [("1", "XA000000001CN", "张\U00012345\x07")], tmp_path / "h.pdf")
    assert "[U+12345][U+0007]" in text_of(tmp_path / "h.pdf").replace("\n", "")


def test_a_row_with_a_missing_cell_is_refused_by_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="row 2: 2 cells for 3 columns"):
        handover_pdf(paper(), [("1", "a", "b"), ("2", "a")], tmp_path / "h.pdf")


def test_a_long_cell_wraps_and_loses_nothing(tmp_path: Path) -> None:
    long = "广东省深圳市福田区模拟街道" * 30
    handover_pdf(paper(), [("1", "XA000000001CN", long)] * 3, tmp_path / "h.pdf")
    assert text_of(tmp_path / "h.pdf").replace("\n", "").count("模拟街道") == 90


def test_papers_are_byte_identical_when_made_again(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        handover_pdf(paper(), [("1", "x", "张三")], tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert seal_pdf(FIRM) == seal_pdf(FIRM)


def test_seal_and_letterhead_carry_no_font_no_image_and_no_transparency() -> None:
    head = letterhead_pdf(Firm(FIRM, "Mingxin Law Firm (Example)", ("模拟路 1 号", "010-0000-0000")))
    for data in (seal_pdf(FIRM, "示例章"), head):
        with pikepdf.open(io.BytesIO(data)) as pdf:
            operators = {str(token.operator) for token in pikepdf.parse_content_stream(pdf.pages[0])}
            assert not pdf.pages[0].resources.get("/XObject")
            assert not pdf.pages[0].resources.get("/ExtGState")
        assert operators.isdisjoint({"Tj", "TJ", "Do", "gs", "BI"})
        assert "f" in operators or "f*" in operators


def test_the_seal_is_red_ink_on_paper_all_around_its_ring() -> None:
    picture = pypdfium2.PdfDocument(seal_pdf(FIRM, "示例章"))[0].render(scale=4).to_pil().convert("RGB")
    middle = picture.width // 2
    for point in (
        (middle, 4),
        (4, middle),
        (picture.width - 5, middle),
        (middle, picture.height - 5),
        (middle, middle),
    ):
        red, green, blue = picture.getpixel(point)  # type: ignore[misc]
        assert red > 180
        assert max(green, blue) < 60


def test_a_seal_refuses_a_name_it_cannot_hold() -> None:
    with pytest.raises(ValueError, match="2 to 30 characters"):
        seal_pdf("所" * 31)
    with pytest.raises(FontError, match=r"U\+12345"):
        seal_pdf("示例\U00012345")


def test_the_tray_label_and_the_cover_scan_as_they_read(tmp_path: Path) -> None:
    tray_label_pdf(TrayLabel("邮筐", "T-000042-0007", [("件数", "312")], simulated=True), tmp_path / "t.pdf")
    assert codes_of(tmp_path / "t.pdf") == ["T-000042-0007"]
    assert "SIMULATED" in text_of(tmp_path / "t.pdf")
    cover = cover_pdf(Cover("打印任务", [("批次", "000042")], code="B000042-J03-1a2b3c4d", striped=True))
    assert codes_of(cover) == ["B000042-J03-1a2b3c4d"]


def test_a_cover_with_more_than_a_page_of_notes_goes_on_to_the_next() -> None:
    assert len(pypdfium2.PdfDocument(cover_pdf(Cover("说明", [], notes=["一行说明"] * 90)))) == 3


def test_the_contact_sheet_shows_every_tile_and_marks_what_did_not_pass(tmp_path: Path) -> None:
    picture = io.BytesIO()
    PIL.Image.new("RGB", (1040, 520), (200, 220, 240)).save(picture, "PNG")
    (tmp_path / "frame.jpg").write_bytes(b"not a picture")
    tiles = [Tile(picture.getvalue(), None, "1", True), Tile(picture.getvalue(), tmp_path / "frame.jpg", "2", False)]
    assert contact_sheet(tiles, tmp_path / "c.png", "批次 000042") == 2
    colours = PIL.Image.open(tmp_path / "c.png").convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert {(22, 128, 60), (190, 24, 30), (200, 220, 240)} <= {colour for _, colour in colours}


def test_a_crowded_contact_sheet_keeps_the_failures(tmp_path: Path) -> None:
    tiles = [Tile(None, None, str(at), at != 19) for at in range(20)]
    assert contact_sheet(tiles, tmp_path / "c.png", "批次", max_tiles=3) == 3
    colours = PIL.Image.open(tmp_path / "c.png").convert("RGB").getcolors(1 << 20)
    assert colours is not None
    assert (190, 24, 30) in {colour for _, colour in colours}


def test_the_columns_of_a_chart_are_as_high_as_their_values() -> None:
    data = chart_pdf("逾期金额", [("一月", 50.0), ("二月", 100.0), ("三月", 0.0)], "元")
    picture = pypdfium2.PdfDocument(data)[0].render(scale=4).to_pil().convert("RGB")
    blue = [
        sum(1 for y in range(picture.height) if picture.getpixel((x, y))[2] - picture.getpixel((x, y))[0] > 60)  # type: ignore[index]
        for x in (int((22 + 132 * (at + 0.5) / 3) / 156 * picture.width) for at in range(3))
    ]
    assert abs(blue[1] - 2 * blue[0]) <= 3
    assert blue[0] > 100
    assert blue[2] == 0
    with pytest.raises(ValueError, match="not a number"):
        chart_pdf("x", [("a", float("nan"))], "元")
    with pytest.raises(ValueError, match="1 to 40"):
        chart_pdf("x", [], "元")
