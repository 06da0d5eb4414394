"""A table people sign: the hand-over list (交寄清单), its summary, a destruction record. Plain values in, a paged PDF out.

Rows stream through: memory holds one page. Column widths come from the caller, from the first rows otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from reportlab.lib.colors import Color, black
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from rendering.art.paper_fonts import bold, plain

_MARGIN = 15 * mm
_FOOT = 16 * mm
_SIZE = 9.0
_LINE = 4.3 * mm
_PADDING = 1.2 * mm
_SHADE = Color(0.92, 0.92, 0.92)
_SAMPLE = 200  # rows the column widths are measured on
_NUMBER_CHARACTERS = frozenset("0123456789.,- ")


@dataclass(frozen=True, slots=True)
class Handover:
    """The paper around the rows. `fields` and `totals` are (label, value); each of `signatures` gets a line to sign on."""

    title: str
    columns: Sequence[str]
    fields: Sequence[tuple[str, str]] = ()
    totals: Sequence[tuple[str, str]] = ()
    signatures: Sequence[str] = ()
    landscape: bool = False
    simulated: bool = False


def handover_pdf(paper: Handover, rows: Iterable[Sequence[str]], out: Path) -> int:
    """Write the paper and return the number of pages; column heads are repeated on each, the last one carries the totals.

    Raises ValueError naming the row when a row has more or fewer cells than there are columns.
    """
    return _Pages(paper, out).write(rows)


class _Pages:
    """One paper while it is written: the canvas, the column widths and how far down the page we are."""

    def __init__(self, paper: Handover, out: Path) -> None:
        self._paper = paper
        self._size = landscape(A4) if paper.landscape else A4
        self._canvas = Canvas(str(out), pagesize=self._size, invariant=1)
        self._canvas.setTitle(paper.title)
        self._widths: list[float] = []
        self._y = 0.0
        self._page = 0

    def write(self, rows: Iterable[Sequence[str]]) -> int:
        source = iter(rows)
        sample = list(islice(source, _SAMPLE))
        self._widths = self._column_widths(sample)
        self._start_page()
        for number, row in enumerate(chain(sample, source), 1):
            if len(row) != len(self._paper.columns):
                raise ValueError(f"row {number}: {len(row)} cells for {len(self._paper.columns)} columns")
            self._row(row)
        self._totals()
        self._signatures()
        self._end_page()
        self._total_pages()
        self._canvas.save()
        return self._page

    def _column_widths(self, sample: list[Sequence[str]]) -> list[float]:
        """Share the page by the widest cell of each column; a column that needs little is never squeezed."""
        room = self._size[0] - 2 * _MARGIN
        wanted = [
            2 * _PADDING
            + max(plain().width(str(cell), _SIZE) for cell in (name, *(row[at] for row in sample if at < len(row))))
            for at, name in enumerate(self._paper.columns)
        ]
        total = sum(wanted)
        if total <= room:
            return [width * room / total for width in wanted]
        fair = room / len(wanted)
        small = sum(width for width in wanted if width <= fair)
        large = sum(width for width in wanted if width > fair)
        return [width if width <= fair else width * (room - small) / large for width in wanted]

    def _start_page(self) -> None:
        self._page += 1
        canvas, paper = self._canvas, self._paper
        width, height = self._size
        title = paper.title + ("（模拟 SIMULATED）" if paper.simulated else "")
        bold().draw(canvas, (width - bold().width(title, 16)) / 2, height - 20 * mm, title, 16)
        self._y = height - 26 * mm
        half = (width - 2 * _MARGIN) / 2
        if self._page == 1:
            for at, (name, value) in enumerate(paper.fields):
                if at % 2 == 0:
                    self._y -= 5 * mm
                self._fitted(_MARGIN + half * (at % 2), self._y, f"{name}：{value}", half - 3 * mm)
        self._y -= 3 * mm
        self._row(paper.columns, head=True)

    def _fitted(self, x: float, y: float, text: str, room: float) -> None:
        plain().draw(self._canvas, x, y, text, min(10.0, room / max(plain().width(text, 1.0), 1e-6)))

    def _end_page(self) -> None:
        text = f"第 {self._page} 页，共"
        plain().draw(self._canvas, self._size[0] / 2 - 15 * mm, 9 * mm, text, 9)
        self._canvas.saveState()
        self._canvas.translate(self._size[0] / 2 - 14 * mm + plain().width(text, 9), 9 * mm)
        self._canvas.doForm("total-pages")
        self._canvas.restoreState()
        self._canvas.showPage()

    def _total_pages(self) -> None:
        """The form every foot refers to can be drawn only now that the count is known."""
        self._canvas.beginForm("total-pages")
        plain().draw(self._canvas, 0, 0, f"{self._page} 页", 9)
        self._canvas.endForm()

    def _room(self, height: float) -> None:
        if self._y - height < _FOOT:
            self._end_page()
            self._start_page()

    def _row(self, cells: Sequence[str], head: bool = False) -> None:
        broken = [
            plain().lines(str(cell), _SIZE, width - 2 * _PADDING)
            for cell, width in zip(cells, self._widths, strict=True)
        ]
        height = max(len(lines) for lines in broken) * _LINE + 2 * _PADDING
        if not head:
            self._room(height)
        canvas, x = self._canvas, _MARGIN
        canvas.setLineWidth(0.4)
        for lines, width, cell in zip(broken, self._widths, cells, strict=True):
            canvas.setFillColor(_SHADE)
            canvas.rect(x, self._y - height, width, height, stroke=1, fill=1 if head else 0)
            canvas.setFillColor(black)
            right = not head and bool(cell) and set(str(cell)) <= _NUMBER_CHARACTERS and len(lines) == 1
            for at, line in enumerate(lines):
                start = x + width - _PADDING - plain().width(line, _SIZE) if right else x + _PADDING
                plain().draw(canvas, start, self._y - _PADDING - (at + 0.78) * _LINE, line, _SIZE)
            x += width
        self._y -= height

    def _totals(self) -> None:
        for name, value in self._paper.totals:
            self._room(6 * mm)
            self._y -= 6 * mm
            bold().draw(self._canvas, _MARGIN, self._y, f"{name}：{value}", 10)

    def _signatures(self) -> None:
        if not self._paper.signatures:
            return
        lines = (len(self._paper.signatures) + 1) // 2
        self._room(lines * 16 * mm)
        half = (self._size[0] - 2 * _MARGIN) / 2
        for at, name in enumerate(self._paper.signatures):
            if at % 2 == 0:
                self._y -= 15 * mm
            x = _MARGIN + half * (at % 2)
            plain().draw(self._canvas, x, self._y, f"{name}：", 10)
            start = x + plain().width(f"{name}：", 10)
            self._canvas.line(start, self._y - 1 * mm, x + half - 8 * mm, self._y - 1 * mm)
