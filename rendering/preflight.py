"""Preflight of a finished chunk: every page read back as a press and a camera would see it, before any paper moves.

Through pdfium and zxing, which share no code with the renderer: page size, codes read from a 300 dpi picture of their place, clear zone
white, text layer equal to the source. A failure names letter, page and reason and carries a picture of the place. Pages of an imposed
file are the same descriptions as those of the plain file, so preflight is done on a plain (1up) chunk.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rendering.model import Chunk, Codes, Defect, DefectCode, Letter, RenderedLetter
from rendering.symbols import sheet_bits, track_grid
from rendering.symbols.omr import ROWS, SHEET_TRACK, read_track
from rendering.template import Template
from rendering.template.plain_text import PageNumbers, PlainText
from rendering.template.settings import BoxMm, Mark
from rendering.template.zones import mark_box

_READ_DPI: Final = 300
_ZONE_DPI: Final = 100
_PT_PER_MM: Final = 72 / 25.4
_INK: Final = 160  # grey level below which a pixel counts as printed


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed check: the letter, the page of the letter (from 1), why, and a PNG of the place."""

    record_id: str
    page: int
    defect: Defect
    picture: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What preflight looked at and found."""

    pages: int
    codes: int
    findings: tuple[Finding, ...]

    def summary(self) -> str:
        """One line for people."""
        state = "全部合格 all good" if not self.findings else f"{len(self.findings)} 处不合格 findings"
        return f"{self.pages} 页 pages, {self.codes} 码 codes read, {state}"


def squeeze(text: str) -> str:
    """Text without white space: viewers guess blanks from positions, so they cannot be compared."""
    return re.sub(r"\s+", "", text)


class _Reader:
    """One open chunk."""

    def __init__(self, path: Path, template: Template) -> None:
        import pypdfium2  # large library; rendering itself does not need it

        self.document = pypdfium2.PdfDocument(path)
        self.template = template
        self.codes = 0
        self.findings: list[Finding] = []

    def picture(self, page: Any, box: BoxMm, dpi: int) -> Any:
        """Grey picture of a rectangle of the page."""
        width, height = page.get_size()
        box = BoxMm(max(0.0, box.x), max(0.0, box.y), box.width, box.height)
        left, top = box.x * _PT_PER_MM, box.y * _PT_PER_MM
        right = max(0.0, width - left - box.width * _PT_PER_MM)
        bottom = max(0.0, height - top - box.height * _PT_PER_MM)
        return page.render(scale=dpi / 72, crop=(left, bottom, right, top), grayscale=True).to_pil()

    def find(self, letter: RenderedLetter, page: int, code: DefectCode, zh: str, en: str, picture: Any) -> None:
        png = io.BytesIO()
        picture.save(png, "PNG")
        self.findings.append(Finding(letter.record_id, page + 1, Defect(code, zh, en), png.getvalue()))

    def check_letter(self, letter: RenderedLetter, codes: Codes, source: Letter | None) -> int:
        """Check the printed pages of one letter; return how many there are."""
        settings = self.template.settings
        step = 1 if settings.duplex else 2
        printed = [letter.first_page + i for i in range(0, letter.pages, step)]
        pages = [self.document[i] for i in printed]
        texts = [squeeze(page.get_textpage().get_text_range()) for page in pages]
        while texts and not texts[-1]:
            texts.pop()
            pages.pop()
        if not pages:
            self.find(
                letter,
                0,
                DefectCode.EMPTY_LETTER,
                "整封信是空白的",
                "the whole letter is blank",
                self.document[printed[0]].render().to_pil(),
            )
        for number, page in enumerate(pages):
            self._check_size(letter, number, page)
            self._check_codes(letter, number, page, codes, len(pages))
            if number == 0:
                self._check_zones(letter, page)
        if source is not None:
            self._check_text(letter, pages, texts, codes, source)
        return len(pages)

    def _check_size(self, letter: RenderedLetter, number: int, page: Any) -> None:
        want = self.template.settings.page
        width, height = (value / _PT_PER_MM for value in page.get_size())
        if abs(width - want.width) > 0.1 or abs(height - want.height) > 0.1:
            zh, en = f"页面尺寸 {width:.1f}×{height:.1f} mm 不对", f"page measures {width:.1f} × {height:.1f} mm"
            self.find(letter, number, DefectCode.CLEAR_ZONE, zh, en, page.render().to_pil())

    def _check_codes(self, letter: RenderedLetter, number: int, page: Any, codes: Codes, pages: int) -> None:
        import zxingcpp

        duplex = self.template.settings.duplex
        for mark in self.template.settings.marks:
            if not _on_page(mark, number, pages, duplex):
                continue
            sheet = 0 if mark.source == "window" else number // 2 if duplex else number
            if mark.source == "track":
                self._check_track(letter, number, page, mark, codes, sheet)
                continue
            want = codes.item if mark.source == "item" else codes.sheets[sheet]
            picture = self.picture(page, mark_box(mark, quiet=True), _READ_DPI)
            found = [code.text for code in zxingcpp.read_barcodes(picture)]
            self.codes += 1
            if found != [want]:
                zh, en = f"控制码 {mark.name} 读不出或不符", f"marks.{mark.name} reads {found}, not what was asked for"
                self.find(letter, number, DefectCode.UNREADABLE_CODE, zh, en, picture)

    def _check_track(
        self, letter: RenderedLetter, number: int, page: Any, mark: Mark, codes: Codes, sheet: int
    ) -> None:
        bits = codes.tracks[sheet] if codes.tracks else sheet_bits(sheet, len(codes.sheets))
        want = "".join(map(str, track_grid(bits)[::ROWS, 0]))
        picture = self.picture(page, mark_box(mark), _READ_DPI)
        read = read_track(np.asarray(picture.convert("L")), SHEET_TRACK.positions)
        self.codes += 1
        if read != want:
            zh, en = f"标记列 {mark.name} 不符", f"the track marks.{mark.name} reads {read}, not {want}"
            self.find(letter, number, DefectCode.UNREADABLE_CODE, zh, en, picture)

    def _check_zones(self, letter: RenderedLetter, page: Any) -> None:
        """Everything in a clear zone but outside the window must be white."""
        settings = self.template.settings
        for zone in settings.clear_zones:
            picture = self.picture(page, zone, _ZONE_DPI)
            seen = picture.copy()
            if settings.window is not None:
                dots = _ZONE_DPI / 25.4
                x, y = (settings.window.x - zone.x) * dots, (settings.window.y - zone.y) * dots
                seen.paste(
                    255,
                    (
                        round(x),
                        round(y),
                        round(x + settings.window.width * dots),
                        round(y + settings.window.height * dots),
                    ),
                )
            if seen.getextrema()[0] < _INK:
                zh, en = "窗口净空区内有印迹", "something is printed in the clear zone around the window"
                self.find(letter, 0, DefectCode.CLEAR_ZONE, zh, en, picture)

    def _check_text(
        self, letter: RenderedLetter, pages: Sequence[Any], texts: Sequence[str], codes: Codes, source: Letter
    ) -> None:
        differs = text_difference(self.template, source, codes, texts)
        if differs is not None:
            number, zh, en = differs
            self.find(
                letter, number, DefectCode.TEXT_DIFFERS, zh, en, pages[min(number, len(pages) - 1)].render().to_pil()
            )


def _on_page(mark: Mark, number: int, pages: int, duplex: bool) -> bool:
    from rendering.layout import opcodes as o

    rules: Mapping[int, bool] = {
        o.ON_FIRST: number == 0,
        o.ON_OTHER: number > 0,
        o.ON_ALL: True,
        o.ON_LAST: number == pages - 1,
        o.ON_FRONT: not duplex or number % 2 == 0,
    }
    return rules[mark.pages]


def text_difference(
    template: Template, letter: Letter, codes: Codes, pages: Sequence[str]
) -> tuple[int, str, str] | None:
    """Compare the text of a letter's pages (white space removed) with the source; return (page, zh, en) of the first difference.

    On each page stand the frames above the body, the body's next part (a table header again when rows go on), the frames below.
    """
    plain = PlainText(template, letter.fields, letter.tables, {"caption": codes.caption, "item": codes.item})
    blocks = [(squeeze(text), squeeze(header)) for text, header in plain.body()]
    rest = "".join(text for text, _ in blocks)
    headers = {header for _, header in blocks if header}
    step = 2 if template.settings.duplex else 1
    sheets = -(-len(pages) // step)
    for number, text in enumerate(pages):
        at = PageNumbers(number + 1, len(pages), number // step + 1, sheets)
        body_y = template.settings.body_first.y if number == 0 else template.settings.body_other.y
        frames = plain.frames(at)
        above = squeeze("".join(part for y, part in frames if y < body_y))
        below = squeeze("".join(part for y, part in frames if y >= body_y))
        if not text.startswith(above) or not text.endswith(below):
            return (
                number,
                f"第 {number + 1} 页页眉、页脚或地址与原文不符",
                f"page {number + 1}: header, footer or address differs from the source",
            )
        part = text[len(above) : len(text) - len(below)]
        for header in headers:
            if number and part.startswith(header) and not rest.startswith(header):
                part = part[len(header) :]
        if not rest.startswith(part):
            place = next((i for i, (a, b) in enumerate(zip(part, rest, strict=False)) if a != b), len(rest))
            near = part[max(0, place - 4) : place + 4]
            return (
                number,
                f"第 {number + 1} 页文字与原文不符，在“{near}”处",
                f"page {number + 1}: the text differs from the source at {near!r}",
            )
        rest = rest[len(part) :]
    if rest:
        return len(pages) - 1, f"缺少“{rest[:12]}…”", f"the text from {rest[:12]!r} on is missing"
    return None


def preflight(
    path: Path,
    chunk: Chunk,
    codes: Sequence[Codes],
    template: Template,
    letters: Sequence[Letter] | None = None,
    sample: int | None = None,
) -> Report:
    """Check a plain chunk page by page: all letters, or the first ``sample`` of them spread over the chunk.

    With ``letters`` the text layer is compared, too.
    """
    reader = _Reader(path, template)
    chosen = range(len(chunk.letters))
    if sample is not None and sample < len(chosen):
        chosen = range(0, len(chunk.letters), max(1, len(chunk.letters) // max(1, sample)))
    pages = 0
    try:
        for i in chosen:
            pages += reader.check_letter(chunk.letters[i], codes[i], letters[i] if letters is not None else None)
    finally:
        reader.document.close()
    return Report(pages, reader.codes, tuple(reader.findings))
