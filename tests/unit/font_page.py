"""A minimal PDF of one line of text in embedded subsets, written apart from the product so that fonts are proved alone."""

from __future__ import annotations

import zlib
from itertools import groupby
from pathlib import Path

import numpy as np
import pypdfium2

from rendering.fonts import ChainSubset, EmbeddedFont, FontChain


def one_page(chain: FontChain, text: str) -> tuple[bytes, ChainSubset]:
    """A plain PDF showing `text` on one line, 20 pt, switching fonts where the chain does."""
    subset = chain.subset(ord(character) for character in text)
    runs = []
    for slot, group in groupby(text, lambda character: int(chain.slots[ord(character)])):
        codes = b"".join(_bytes_of(int(subset.codes[ord(character)])) for character in group)
        runs.append(b"/F%d 20 Tf (%s) Tj" % (slot, codes))
    content = b"BT 20 40 Td " + b" ".join(runs) + b" ET"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"]
    references = b"".join(b"/F%d %d 0 R" % (font.slot, 5 + 6 * at) for at, font in enumerate(subset.fonts))
    objects.append(
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 900 100]/Contents 4 0 R/Resources<</Font<<%s>>>>>>" % references
    )
    objects.append(stream(content))
    for font in subset.fonts:
        objects += font_objects(font, len(objects) + 1)
    body, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, value in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    tail = b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF"
    return body + tail % (count, table, count, len(body)), subset


def _bytes_of(code: int) -> bytes:
    return code.to_bytes(1 if code < 256 else 2, "big")


def stream(data: bytes, extra: bytes = b"") -> bytes:
    packed = zlib.compress(data)
    return b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (len(packed), extra, packed)


def font_objects(font: EmbeddedFont, first: int) -> list[bytes]:
    """Six objects: Type 0 font, CID font, descriptor, program, ToUnicode, encoding CMap."""
    name = font.name.encode()
    glyf = font.kind == "CIDFontType2"
    encoding = b"%d 0 R" % (first + 5)
    widths = b"".join(b"%d[%d]" % pair for pair in font.widths)
    program = (
        stream(font.program, b"/Length1 %d" % len(font.program))
        if glyf
        else stream(font.program, b"/Subtype/CIDFontType0C")
    )
    return [
        b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding %s/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
        % (name, encoding, first + 1, first + 4),
        b"<</Type/Font/Subtype/%s/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor %d 0 R/DW %d/W[%s]%s>>"
        % (
            font.kind.encode(),
            name,
            first + 2,
            font.default_width,
            widths,
            b"/CIDToGIDMap/Identity" if glyf else b"",
        ),
        b"<</Type/FontDescriptor/FontName/%s/Flags %d/FontBBox[%d %d %d %d]/ItalicAngle 0/Ascent %d/Descent %d"
        b"/CapHeight %d/StemV %d/%s %d 0 R>>"
        % (
            name,
            font.flags,
            *font.bbox,
            font.ascent,
            font.descent,
            font.cap_height,
            font.stem_v,
            b"FontFile2" if glyf else b"FontFile3",
            first + 3,
        ),
        program,
        stream(font.to_unicode),
        stream(
            font.encoding,
            b"/Type/CMap/CMapName/Letterline-Codes/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>",
        ),
    ]


def pdfium_picture(path: Path) -> np.ndarray:
    return np.asarray(pypdfium2.PdfDocument(path)[0].render(scale=2, grayscale=True).to_numpy()).squeeze()
