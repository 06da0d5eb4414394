"""Font dictionaries of one batch: every font program once per file, and the glyph tables the kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from rendering.fonts import MISSING, EmbeddedFont, FontChain

_MAX_LEVEL = 3


@dataclass(frozen=True, slots=True)
class GlyphTables:
    """For character c of the batch in face f, at ``f * characters + c``: the advance (1/1000 em) and font << 16 | code."""

    advances: NDArray[np.int64]
    codes: NDArray[np.int64]
    objects: tuple[tuple[bytes, ...], ...]  # per font: its PDF objects, references relative (see font_objects)


def build_glyphs(
    chains: Sequence[FontChain], characters: NDArray[np.uint32], used: Sequence[NDArray[np.bool_]]
) -> GlyphTables:
    """Subset face f to the characters ``used[f]`` marks and number the fonts through.

    Characters come in the order of their frequency, which makes the codes of frequent ones alike and the file smaller.
    """
    count = len(characters)
    advances = np.zeros(len(chains) * count, np.int64)
    codes = np.zeros(len(chains) * count, np.int64)
    objects: list[tuple[bytes, ...]] = []
    for f, chain in enumerate(chains):
        drawable = characters[used[f] & (chain.slots[characters] != MISSING)]
        subset = chain.subset(int(point) for point in drawable)
        number = np.zeros(256, np.int64)
        for font in subset.fonts:
            number[font.slot] = len(objects)
            objects.append(font_objects(font))
        part = slice(f * count, (f + 1) * count)
        advances[part] = chain.advances[characters]
        codes[part] = number[chain.slots[characters]] << 16 | subset.codes[characters]
    return GlyphTables(advances, codes, tuple(objects))


def stream(dictionary: str, body: bytes) -> bytes:
    """A compressed stream object."""
    packed = isal_zlib.compress(body, _MAX_LEVEL)
    return f"<<{dictionary}/Filter/FlateDecode/Length {len(packed)}>>stream\n".encode() + packed + b"\nendstream"


def font_objects(font: EmbeddedFont) -> tuple[bytes, ...]:
    """The objects of one Type 0 font; ``@n@`` stands for the number of the n-th of them. The first is the font itself."""
    widths = _width_array(font.widths)
    box = " ".join(map(str, font.bbox))
    cff = font.kind == "CIDFontType0"
    program_key = "FontFile3" if cff else "FontFile2"
    kind = "/Subtype/CIDFontType0C" if cff else f"/Length1 {len(font.program)}"
    objects = [
        (
            f"<</Type/Font/Subtype/Type0/BaseFont/{font.name}/Encoding @5@ 0 R"
            "/DescendantFonts[@1@ 0 R]/ToUnicode @4@ 0 R>>"
        ).encode(),
        (
            f"<</Type/Font/Subtype/{font.kind}/BaseFont/{font.name}"
            "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            f"/FontDescriptor @2@ 0 R/DW {font.default_width}/W[{widths}]"
            + ("" if cff else "/CIDToGIDMap/Identity")
            + ">>"
        ).encode(),
        (
            f"<</Type/FontDescriptor/FontName/{font.name}/Flags {font.flags}/FontBBox[{box}]/ItalicAngle 0"
            f"/Ascent {font.ascent}/Descent {font.descent}/CapHeight {font.cap_height}/StemV {font.stem_v}/{program_key} @3@ 0 R>>"
        ).encode(),
        stream(kind, font.program),
        stream("", font.to_unicode),
    ]
    system = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
    objects.append(stream(f"/Type/CMap/CMapName/Letterline-Codes{system}", font.encoding))
    return tuple(objects)


def _width_array(widths: Sequence[tuple[int, int]]) -> str:
    """The W array: runs of neighbouring CIDs share one list."""
    parts: list[str] = []
    run: list[int] = []
    start = previous = -2
    for cid, width in widths:
        if cid != previous + 1 and run:
            parts.append(f"{start}[{' '.join(map(str, run))}]")
            run = []
        if not run:
            start = cid
        run.append(width)
        previous = cid
    if run:
        parts.append(f"{start}[{' '.join(map(str, run))}]")
    return "".join(parts)
