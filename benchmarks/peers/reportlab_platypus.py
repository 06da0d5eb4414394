"""reportlab's page layout engine as its manual teaches it: paragraphs, tables, page templates, rl_accel."""

from __future__ import annotations

import layout
import reportlab_canvas as tuned
from reportlab import rl_config
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageBreak, PageTemplate, Paragraph, Table

rl_config.useA85 = 0
_ALIGN = {"left": 0, "center": 1, "right": 2, "justify": 4}


def make(letters: list[dict], out: str) -> None:
    """One PDF of all letters, each from a new page."""
    pdfmetrics.registerFont(ttfonts.TTFont("Ming", "/usr/share/fonts/truetype/arphic/uming.ttc", subfontIndex=0))
    styles = {
        kind: ParagraphStyle(
            kind, fontName="Ming", fontSize=size, leading=leading, alignment=_ALIGN[align], wordWrap="CJK",
            firstLineIndent=indent * size, spaceBefore=before, spaceAfter=after,
        )
        for kind, (size, leading, align, indent, before, after) in layout.STYLES.items()
    }  # fmt: skip
    queue = iter(letters)
    state = {"letter": None, "page": 0}

    def first(canvas, document) -> None:
        state["letter"], state["page"] = next(queue), 1
        if document.page == 1:
            tuned.seal(canvas)
            tuned.letterhead(canvas)
        canvas.doForm("letterhead")
        _furniture(canvas, state)

    def later(canvas, document) -> None:
        state["page"] += 1
        _furniture(canvas, state)

    document = BaseDocTemplate(out, pagesize=layout.PAGE, pageCompression=1)
    frame = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    document.addPageTemplates(
        [
            PageTemplate("first", [Frame(28 * mm, 27 * mm, 156 * mm, 172 * mm, **frame)], onPage=first),
            PageTemplate("later", [Frame(28 * mm, 27 * mm, 156 * mm, 242 * mm, **frame)], onPage=later),
        ]
    )
    story = []
    for letter in letters:
        story.append(NextPageTemplate("later"))
        for kind, text in letter["blocks"]:
            if kind == "table":
                story.append(_table(letter["rows"]))
            else:
                story.append(Paragraph(text.replace("&", "&amp;").replace("<", "&lt;"), styles[kind]))
        story += [NextPageTemplate("first"), PageBreak()]
    document.build(story[:-2])


def _table(rows: list) -> Table:
    return Table(
        [layout.HEADS, *rows], colWidths=layout.COLUMNS, rowHeights=layout.ROW_HEIGHT, repeatRows=1,
        style=[
            ("FONT", (0, 0), (-1, -1), "Ming", 10.5),
            ("GRID", (0, 0), (-1, -1), 0.5, (0, 0, 0)),
            ("ALIGN", (0, 0), (-1, 0), "CENTER"),
            ("ALIGN", (1, 1), (-1, -1), "RIGHT"),
        ],
    )  # fmt: skip


def _furniture(canvas, state) -> None:
    letter, page = state["letter"], state["page"]
    for line in layout.furniture(letter, page, 2):
        canvas.setFont("Ming", line.size)
        canvas.drawString(line.x, line.y, line.text)
    path = canvas.beginPath()
    for rectangle in layout.mark_rectangles(letter, page):
        path.rect(*rectangle)
    canvas.drawPath(path, stroke=0, fill=1)
    if page == 2:
        canvas.saveState()
        canvas.translate(400, 400)
        canvas.doForm("seal")
        canvas.restoreState()
