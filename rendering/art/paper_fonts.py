"""Text of papers made with reportlab: TrueType fonts with fallback, measured and drawn run by run.

reportlab embeds TrueType outlines only, so papers use their own chain, not the faces of letters. A character no font
draws is printed as its code point in brackets: a paper is read by people and must never show an empty box.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import groupby

from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfgen.canvas import Canvas

from rendering.fonts.catalog import FontSource
from rendering.fonts.errors import FontError
from rendering.fonts.font_file import find_font, open_font

_SONG = (
    FontSource("uming.ttc", "UMingCN", "fonts-arphic-uming"),
    FontSource("BabelStoneHan.ttf", "BabelStoneHan", "fonts-babelstone-han", essential=False),
    FontSource("HanaMinA.ttf", "HanaMinA", "fonts-hanazono", essential=False),
    FontSource("HanaMinB.ttf", "HanaMinB", "fonts-hanazono", essential=False),
)
_SLACK = 0.01  # points a line may overrun: widths are sums of rounded numbers
PLAIN = (FontSource("LXGWWenKai-Regular.ttf", "LXGWWenKai-Regular", "fonts-lxgw-wenkai"), *_SONG)
BOLD = (FontSource("LXGWWenKai-Bold.ttf", "LXGWWenKai-Bold", "fonts-lxgw-wenkai"), *_SONG)


@dataclass(frozen=True, slots=True)
class PaperFont:
    """A registered reportlab font and the characters it draws."""

    name: str
    characters: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Glyph:
    """Which registered font draws a character, and its width at one point."""

    font: str
    width: float


class Lettering:
    """A chain of paper fonts: measures and draws one line of text on a canvas, in points."""

    def __init__(self, sources: tuple[FontSource, ...]) -> None:
        """Raises FontError when the first font is not installed."""
        _correct_to_unicode()
        if find_font(sources[0]) is None:
            raise FontError(f"{sources[0].file_name} is not installed: apt-get install {sources[0].package}")
        self._sources = tuple(source for source in sources if find_font(source) is not None)
        self._known: dict[str, _Glyph | None] = {}

    def spelled(self, text: str) -> str:
        """`text` with every character no font draws, and every control, written as [U+XXXX]."""
        return "".join(
            character if self._glyph(character) is not None else f"[U+{ord(character):04X}]" for character in text
        )

    def width(self, text: str, size: float) -> float:
        """Width of the spelled text in points."""
        return sum(glyph.width for _, glyph in self._glyphs(text)) * size

    def draw(self, canvas: Canvas, x: float, y: float, text: str, size: float) -> None:
        """Draw from the baseline point (x, y), both in points from the bottom left."""
        for name, group in groupby(self._glyphs(text), lambda pair: pair[1].font):
            run = list(group)
            canvas.setFont(name, size)
            canvas.drawString(x, y, "".join(character for character, _ in run))
            x += sum(glyph.width for _, glyph in run) * size

    def lines(self, text: str, size: float, width: float) -> list[str]:
        """Break `text` to lines no wider than `width`; any character may end a line, nothing is lost."""
        lines, line, used = [], "", 0.0
        for character, glyph in self._glyphs(text):
            more = glyph.width * size
            if line and used + more > width + _SLACK:
                lines.append(line)
                line, used = "", 0.0
            line, used = line + character, used + more
        return [*lines, line]

    def _glyphs(self, text: str) -> list[tuple[str, _Glyph]]:
        """Every character of the spelled text with the font that draws it."""
        found = []
        for character in text:
            glyph = self._glyph(character)
            if glyph is not None:
                found.append((character, glyph))
            else:
                found += self._glyphs(f"[U+{ord(character):04X}]")
        return found

    def _glyph(self, character: str) -> _Glyph | None:
        """Asked once a character: papers repeat a few hundred of them thousands of times."""
        if character not in self._known:
            self._known[character] = self._find(character)
        return self._known[character]

    def _find(self, character: str) -> _Glyph | None:
        codepoint = ord(character)
        if codepoint < 0x20 or 0x7F <= codepoint < 0xA0:
            return None
        for source in self._sources:
            font = _registered(source)
            if codepoint in font.characters:
                return _Glyph(font.name, float(pdfmetrics.stringWidth(character, font.name, 1)))
        return None


@cache
def plain() -> Lettering:
    """Running text of papers."""
    return Lettering(PLAIN)


@cache
def bold() -> Lettering:
    """Titles and large labels."""
    return Lettering(BOLD)


@cache
def _registered(source: FontSource) -> PaperFont:
    path = find_font(source)
    assert path is not None, source
    file = open_font(path, source.postscript_name)
    pdfmetrics.registerFont(ttfonts.TTFont(source.postscript_name, str(path), subfontIndex=file.index))
    return PaperFont(source.postscript_name, frozenset(int(code) for code in file.characters))


@cache
def _correct_to_unicode() -> None:
    """Replace reportlab's ToUnicode writer, which spoils every character beyond the BMP.

    The report for upstream, with its reproduction, is docs/upstream/reportlab-tounicode.md; this goes when it is fixed.
    """
    ttfonts.makeToUnicodeCMap = to_unicode_cmap


def to_unicode_cmap(fontname: str, subset: list[int]) -> str:
    """ToUnicode CMap of one single-byte reportlab subset: UTF-16 with surrogate pairs, sections of at most 100."""
    entries = [
        f"<{code:02X}> <{chr(codepoint).encode('utf-16-be').hex().upper()}>" for code, codepoint in enumerate(subset)
    ]
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        f"/CIDSystemInfo << /Registry ({fontname}) /Ordering ({fontname}) /Supplement 0 >> def",
        f"/CMapName /{fontname} def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<00> <FF>",
        "endcodespacerange",
    ]
    for at in range(0, len(entries), 100):
        section = entries[at : at + 100]
        lines += [f"{len(section)} beginbfchar", *section, "endbfchar"]
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines)
