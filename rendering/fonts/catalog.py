"""Which installed fonts make up a face, in the order they are asked, and the Debian package that brings each one.

Data only. Adding a font is adding a row here and a line in setup/apt-packages.txt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Face(StrEnum):
    """The faces of the trade; the -bold ones exist where a bold font is installable."""

    SONG = "song"
    SONG_BOLD = "song-bold"
    HEI = "hei"
    HEI_BOLD = "hei-bold"
    KAI = "kai"
    FANG = "fang"


@dataclass(frozen=True, slots=True)
class FontSource:
    """One installable font: file name, PostScript name inside it (a collection holds several), package to install.

    `essential` = the face is refused without it; otherwise its characters are simply not covered.
    """

    file_name: str
    postscript_name: str
    package: str
    essential: bool = True


_SONG = FontSource("NotoSerifCJK-Regular.ttc", "NotoSerifCJKsc-Regular", "fonts-noto-cjk")
_SONG_BOLD = FontSource("NotoSerifCJK-Bold.ttc", "NotoSerifCJKsc-Bold", "fonts-noto-cjk")
_HEI = FontSource("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular", "fonts-noto-cjk")
_HEI_BOLD = FontSource("NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold", "fonts-noto-cjk")
_KAI = FontSource("LXGWWenKai-Regular.ttf", "LXGWWenKai-Regular", "fonts-lxgw-wenkai")
_FANG = FontSource("FandolFang-Regular.otf", "FandolFang-Regular", "texlive-lang-chinese")
# Song-style fonts that between them draw every ideograph of GB 18030-2022; the last resort of every face.
_RARE = (
    FontSource("BabelStoneHan.ttf", "BabelStoneHan", "fonts-babelstone-han", essential=False),
    FontSource("HanaMinA.ttf", "HanaMinA", "fonts-hanazono", essential=False),
    FontSource("HanaMinB.ttf", "HanaMinB", "fonts-hanazono", essential=False),
)

CHAINS: dict[Face, tuple[FontSource, ...]] = {
    Face.SONG: (_SONG, *_RARE),
    Face.SONG_BOLD: (_SONG_BOLD, *_RARE),
    Face.HEI: (_HEI, *_RARE),
    Face.HEI_BOLD: (_HEI_BOLD, *_RARE),
    Face.KAI: (_KAI, _SONG, *_RARE),
    Face.FANG: (_FANG, _SONG, *_RARE),
}
