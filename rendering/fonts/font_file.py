"""One font file on disk: found, opened, asked for its characters, widths and metrics. Knows no chain and no PDF."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from rendering.fonts.catalog import FontSource
from rendering.fonts.character_map import character_map
from rendering.fonts.errors import FontError

FONT_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_ROOTS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/usr/share/texlive/texmf-dist/fonts"),
    Path.home() / ".local/share/fonts",
)
_RESTRICTED = 0x0002  # OS/2 fsType: must not be embedded


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a PDF font descriptor asks for, in 1/1000 em."""

    ascent: int
    descent: int
    cap_height: int
    bbox: tuple[int, int, int, int]
    stem_v: int


class FontFile:
    """A font opened for reading; `index` picks the font of a collection."""

    def __init__(self, path: Path, index: int = 0) -> None:
        """Raises FontError when the file is not a font or forbids embedding."""
        self.path = path
        self.index = index
        try:
            self.face = hb.Face(hb.Blob.from_file_path(str(path)), index)
        except (hb.HarfBuzzError, OSError) as error:
            raise FontError(f"font file {path} cannot be read: {error}") from None
        if not self.face.glyph_count:
            raise FontError(f"font file {path} holds no font number {index}")
        if not _is_complete(path, index):
            raise FontError(f"font file {path} is cut short or damaged: copy it again")
        self.units_per_em = int(self.face.upem)
        self.postscript_name = self.face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or path.stem
        self.is_cff = "CFF " in self.face.table_tags
        if not self.is_cff and "glyf" not in self.face.table_tags:
            raise FontError(f"font file {path} has neither TrueType nor CFF outlines: install a static font instead")
        if self._os2(8) & 0xF == _RESTRICTED:
            raise FontError(f"font file {path} forbids embedding (OS/2 fsType): use another font for this face")

    @cached_property
    def characters(self) -> NDArray[np.uint32]:
        """Code points with a glyph of their own, ascending."""
        return self._map[0]

    @cached_property
    def advances(self) -> NDArray[np.uint16]:
        """Width of each of `characters`, 1/1000 em."""
        metrics = np.frombuffer(self._table("hmtx"), dtype=">u2")
        count = struct.unpack_from(">H", self._table("hhea"), 34)[0]
        widths = metrics[0 : 2 * count : 2].astype(np.int64)
        raw = widths[np.minimum(self._map[1], count - 1)]  # glyphs past the table repeat its last width
        scaled: NDArray[np.int64] = (raw * 1000 + self.units_per_em // 2) // self.units_per_em
        return np.minimum(scaled, 0xFFFF).astype(np.uint16)

    @cached_property
    def _map(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        return character_map(self._table("cmap"))

    def metrics(self) -> Metrics:
        """Descriptor metrics from the head, hhea and OS/2 tables."""
        head = self._table("head")
        ascent, descent = struct.unpack_from(">hh", self._table("hhea"), 4)
        cap_height = struct.unpack(">h", struct.pack(">H", self._os2(88)))[0] or int(0.7 * self.units_per_em)
        weight = self._os2(4) or 400
        box = struct.unpack_from(">hhhh", head, 36)
        return Metrics(
            self._scaled(ascent),
            self._scaled(descent),
            self._scaled(cap_height),
            (self._scaled(box[0]), self._scaled(box[1]), self._scaled(box[2]), self._scaled(box[3])),
            50 + (weight * weight) // 4225,  # the usual estimate of the stem from the weight class
        )

    def _scaled(self, units: int) -> int:
        return round(units * 1000 / self.units_per_em)

    def _table(self, tag: str) -> bytes:
        data: bytes = self.face.reference_table(tag).data or b""
        return data

    def _os2(self, offset: int) -> int:
        """An unsigned 16-bit field of OS/2; 0 when the table is missing or shorter (older versions)."""
        table = self._table("OS/2")
        return int(struct.unpack_from(">H", table, offset)[0]) if len(table) >= offset + 2 else 0


def _is_complete(path: Path, index: int) -> bool:
    """Whether every table the font's directory names lies inside the file (OpenType specification, table directory)."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            start = 0
            if file.read(4) == b"ttcf":
                file.seek(12 + 4 * index)
                start = struct.unpack(">I", file.read(4))[0]
            file.seek(start + 4)
            count = struct.unpack(">H", file.read(2))[0]
            file.seek(start + 12)
            entries = struct.iter_unpack(">4sIII", file.read(16 * count))
            ends = [offset + length for _, _, offset, length in entries]
    except struct.error:
        return False
    return bool(ends) and len(ends) == count and int(max(ends)) <= size


@cache
def open_font(path: Path, postscript_name: str | None = None) -> FontFile:
    """The font of that name in a file or collection; the first one when no name is given. Raises FontError."""
    first = FontFile(path, 0)
    for index in range(first.face.count if postscript_name else 1):
        font = FontFile(path, index) if index else first
        if postscript_name in (None, font.postscript_name):
            return font
    raise FontError(f"font file {path} holds no font named {postscript_name}")


@cache
def find_font(source: FontSource) -> Path | None:
    """Where the font is installed, None when it is not."""
    extra = os.environ.get("LETTERLINE_FONTS")
    for root in (*((Path(extra),) if extra else ()), *_ROOTS):
        for folder, _, names in os.walk(root):
            if source.file_name in names:
                return Path(folder) / source.file_name
    return None


def site_fonts(folder: Path) -> tuple[Path, ...]:
    """Font files of the site's own folder, by name. Raises FontError when the folder does not exist."""
    if not folder.is_dir():
        raise FontError(f"site font folder {folder} does not exist: create it or take it out of the configuration")
    return tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in FONT_SUFFIXES))
