"""reportlab's canvas, tuned by hand: static art as form XObjects, own line breaker, char spacing for justification, no ASCII85, rl_accel."""

from __future__ import annotations

import math

import layout
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfgen.canvas import Canvas

rl_config.useA85 = 0


def make(letters: list[dict], out: str) -> None:
    """One PDF of all letters."""
    face = ttfonts.TTFont("Ming", "/usr/share/fonts/truetype/arphic/uming.ttc", subfontIndex=0)
    pdfmetrics.registerFont(face)
    widths, default = face.face.charWidths, face.face.defaultWidth

    def advance(character: str) -> float:
        return widths.get(ord(character), default) / 1000

    canvas = Canvas(out, pagesize=layout.PAGE, pageCompression=1)
    seal(canvas)
    letterhead(canvas)
    for letter in letters:
        pages = layout.flow(letter, advance)
        for number, page in enumerate(pages, 1):
            _page(canvas, letter, page, number, len(pages), advance)
            if number == len(pages):
                canvas.saveState()
                canvas.translate(400, min(item.y for item in page if isinstance(item, layout.Line)))
                canvas.doForm("seal")
                canvas.restoreState()
            canvas.showPage()
    canvas.save()


def _page(canvas, letter, page, number, count, advance) -> None:
    if number == 1:
        canvas.doForm("letterhead")
    text = canvas.beginText()
    size = None
    for item in [*page, *layout.furniture(letter, number, count)]:
        if isinstance(item, layout.Table):
            continue
        if item.size != size:
            text.setFont("Ming", item.size)
            size = item.size
        text.setTextOrigin(item.x, item.y)
        text.setCharSpace(item.spread)
        text.textOut(item.text)
    text.setCharSpace(0)
    text.setFont("Ming", 10.5)
    for table in page:
        if isinstance(table, layout.Table):
            for x, y, value, align in layout.cells(table):
                wide = sum(advance(character) for character in value) * 10.5
                text.setTextOrigin(x - wide * {"center": 0.5, "right": 1.0}[align], y)
                text.textOut(value)
            _grid(canvas, table)
    canvas.drawText(text)
    path = canvas.beginPath()
    for rectangle in layout.mark_rectangles(letter, number):
        path.rect(*rectangle)
    canvas.drawPath(path, stroke=0, fill=1)


def _grid(canvas, table) -> None:
    canvas.setLineWidth(0.5)
    rows = len(table.rows)
    bottom = table.top - rows * layout.ROW_HEIGHT
    xs = [layout.LEFT]
    for wide in layout.COLUMNS:
        xs.append(xs[-1] + wide)
    canvas.grid(xs, [bottom + at * layout.ROW_HEIGHT for at in range(rows + 1)])


def seal(canvas) -> None:
    canvas.beginForm("seal", -60, -60, 60, 60)
    canvas.setStrokeColorRGB(0.8, 0.1, 0.1)
    canvas.setFillColorRGB(0.8, 0.1, 0.1)
    canvas.setLineWidth(3.4)
    canvas.circle(0, 0, 58)
    canvas.setFont("Ming", 14)
    for at, character in enumerate(layout.FIRM):
        canvas.saveState()
        canvas.rotate(110 - at * 220 / (len(layout.FIRM) - 1))
        canvas.drawCentredString(0, 40, character)
        canvas.restoreState()
    path = canvas.beginPath()
    for point in range(10):
        radius = 9.5 if point % 2 else 25
        angle = math.pi / 2 + math.radians(36 * point)
        (path.lineTo if point else path.moveTo)(radius * math.cos(angle), radius * math.sin(angle))
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)
    canvas.endForm()


def letterhead(canvas) -> None:
    canvas.beginForm("letterhead", 0, 0, *layout.PAGE)
    canvas.setFillColorRGB(0.54, 0.11, 0.11)
    canvas.setFont("Ming", 20)
    canvas.drawCentredString(layout.LEFT + layout.WIDTH / 2, layout.PAGE[1] - 20 * layout.MM, layout.FIRM)
    canvas.endForm()
