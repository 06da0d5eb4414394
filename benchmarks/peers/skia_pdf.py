"""skia's PDF backend through skia-python, with the shared line breaker; glyphs placed as runs."""

from __future__ import annotations

import math

import layout
import skia


def make(letters: list[dict], out: str) -> None:
    """One PDF of all letters."""
    typeface = skia.Typeface.MakeFromFile("/usr/share/fonts/truetype/arphic/uming.ttc", 0)
    unit = skia.Font(typeface, 1000)
    widths: dict[str, float] = {}

    def advance(character: str) -> float:
        if character not in widths:
            widths[character] = unit.getWidths(unit.textToGlyphs(character))[0] / 1000
        return widths[character]

    fonts: dict[float, skia.Font] = {}
    ink = skia.Paint(Color=skia.ColorBLACK)
    stream = skia.FILEWStream(out)
    with skia.PDF.MakeDocument(stream) as document:
        for letter in letters:
            pages = layout.flow(letter, advance)
            for number, page in enumerate(pages, 1):
                with document.page(*layout.PAGE) as canvas:
                    _page(canvas, letter, page, number, len(pages), (fonts, typeface, ink, advance))
    stream.flush()


def _page(canvas, letter, page, number, count, tools) -> None:
    fonts, typeface, ink, advance = tools
    height = layout.PAGE[1]
    for item in [*page, *layout.furniture(letter, number, count)]:
        if isinstance(item, layout.Table):
            for x, y, value, align in layout.cells(item):
                wide = sum(advance(character) for character in value) * 10.5
                shift = wide * {"center": 0.5, "right": 1.0}[align]
                _text(canvas, tools, layout.Line(x - shift, y, 10.5, value))
            _grid(canvas, item, height)
        else:
            _text(canvas, tools, item)
    path = skia.Path()
    for x, y, wide, high in layout.mark_rectangles(letter, number):
        path.addRect(skia.Rect.MakeXYWH(x, height - y - high, wide, high))
    canvas.drawPath(path, ink)
    if number == 1:
        red = skia.Paint(Color=skia.ColorSetRGB(138, 28, 28))
        canvas.drawString(layout.FIRM, layout.LEFT + 90, 20 * layout.MM, _font(fonts, typeface, 20), red)
    if number == count:
        _seal(canvas, typeface, fonts)


def _font(fonts, typeface, size):
    if size not in fonts:
        fonts[size] = skia.Font(typeface, size)
    return fonts[size]


def _text(canvas, tools, line) -> None:
    fonts, typeface, ink, advance = tools
    font = _font(fonts, typeface, line.size)
    glyphs = font.textToGlyphs(line.text)
    x, places = 0.0, []
    for character in line.text:
        places.append(x)
        x += advance(character) * line.size + line.spread
    builder = skia.TextBlobBuilder()
    builder.allocRunPosH(font, glyphs, places, 0)
    canvas.drawTextBlob(builder.make(), line.x, layout.PAGE[1] - line.y, ink)


def _grid(canvas, table, height) -> None:
    paint = skia.Paint(Color=skia.ColorBLACK, Style=skia.Paint.kStroke_Style, StrokeWidth=0.5)
    rows = len(table.rows)
    path = skia.Path()
    for at in range(rows + 1):
        y = height - table.top + at * layout.ROW_HEIGHT
        path.moveTo(layout.LEFT, y)
        path.lineTo(layout.LEFT + layout.WIDTH, y)
    x = layout.LEFT
    for wide in (0.0, *layout.COLUMNS):
        x += wide
        path.moveTo(x, height - table.top)
        path.lineTo(x, height - table.top + rows * layout.ROW_HEIGHT)
    canvas.drawPath(path, paint)


def _seal(canvas, typeface, fonts) -> None:
    red = skia.Paint(Color=skia.ColorSetRGB(204, 26, 26), AntiAlias=True)
    ring = skia.Paint(Color=skia.ColorSetRGB(204, 26, 26), Style=skia.Paint.kStroke_Style, StrokeWidth=3.4)
    canvas.save()
    canvas.translate(400, 500)
    canvas.drawCircle(0, 0, 58, ring)
    path = skia.Path()
    for point in range(10):
        radius = 9.5 if point % 2 else 25
        angle = math.pi / 2 + math.radians(36 * point)
        (path.lineTo if point else path.moveTo)(radius * math.cos(angle), -radius * math.sin(angle))
    path.close()
    canvas.drawPath(path, red)
    for at, character in enumerate(layout.FIRM):
        canvas.save()
        canvas.rotate(-110 + at * 220 / (len(layout.FIRM) - 1))
        canvas.drawString(character, -7, -40, _font(fonts, typeface, 14), red)
        canvas.restore()
    canvas.restore()
