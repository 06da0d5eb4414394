"""What one batch embeds: font programs cut down to the characters used, and the two-byte codes that select them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import uharfbuzz as hb
from numpy.typing import NDArray

from rendering.fonts import cmap
from rendering.fonts.errors import FontError
from rendering.fonts.font_file import FontFile

TABLE_SIZE = 0x40000  # planes 0..3 hold every CJK block; planes above have no ideographs
DELIMITERS = frozenset(b"()\\\r\n")
CODES = tuple(code for code in range(1, 0x10000) if not {code >> 8, code & 0xFF} & DELIMITERS)
DEFAULT_WIDTH = 1000
_KEPT_TABLES = frozenset({"head", "hhea", "hmtx", "maxp", "loca", "glyf", "CFF "})


@dataclass(frozen=True, slots=True)
class EmbeddedFont:
    """One PDF Type 0 font with two-byte codes. All metrics in 1/1000 em.

    `kind` CIDFontType2: encoding Identity-H, program goes to FontFile2, `cid_to_gid` to CIDToGIDMap.
    `kind` CIDFontType0: program is a bare CFF table for FontFile3 with Subtype CIDFontType0C, and `encoding` is the
    embedded CMap stream (its dictionary: /Type /CMap, /CMapName /Letterline-Codes, CIDSystemInfo Adobe-Identity-0).
    """

    slot: int
    name: str  # "ABCDEF+NotoSerifCJKsc-Regular"
    kind: str
    program: bytes  # not compressed
    cid_to_gid: bytes | None  # big-endian uint16 per CID
    encoding: bytes | None  # None = Identity-H
    widths: tuple[tuple[int, int], ...]  # (cid, width) where the width is not `default_width`, by cid
    default_width: int
    to_unicode: bytes  # CMap stream
    ascent: int
    descent: int
    cap_height: int
    bbox: tuple[int, int, int, int]
    flags: int
    stem_v: int


@dataclass(frozen=True, slots=True)
class ChainSubset:
    """`codes[cp]` (uint16, TABLE_SIZE entries) is the two-byte code in the font `slots[cp]` of the chain, 0 = not in
    the subset. No code contains the bytes ( ) \\ CR LF, so codes stand in a literal string without escapes.
    `fonts` holds only the slots in use, by slot."""

    fonts: tuple[EmbeddedFont, ...]
    codes: NDArray[np.uint16]


def assign_codes(codepoints: Sequence[int]) -> dict[int, int]:
    """code point -> two-byte code, in order. Raises FontError past the 63,000 codes there are."""
    if len(codepoints) > len(CODES):
        raise FontError(f"{len(codepoints)} characters of one font in one file, at most {len(CODES)} have a code")
    return dict(zip(codepoints, CODES, strict=False))


def embed(file: FontFile, slot: int, code_of: dict[int, int]) -> EmbeddedFont:
    """Cut `file` down to the characters of `code_of` and describe it for the PDF."""
    program, gid_of = _cut(file, code_of)
    gids = {code: gid_of[codepoint] for codepoint, code in code_of.items()}
    width_of = {code: _width(file, codepoint) for codepoint, code in code_of.items()}
    metrics = file.metrics()
    if file.is_cff:
        widths = {gids[code]: width for code, width in width_of.items()}  # the CMap makes a CID of each code: the glyph
        cid_to_gid, encoding = None, cmap.code_to_cid(gids)
    else:
        widths = width_of
        table = np.zeros(max(gids) + 1, dtype=">u2")
        table[list(gids)] = list(gids.values())
        cid_to_gid, encoding = table.tobytes(), None
    return EmbeddedFont(
        slot=slot,
        name=f"{_tag(file, code_of)}+{file.postscript_name}",
        kind="CIDFontType0" if file.is_cff else "CIDFontType2",
        program=program,
        cid_to_gid=cid_to_gid,
        encoding=encoding,
        widths=tuple(sorted((cid, width) for cid, width in widths.items() if width != DEFAULT_WIDTH)),
        default_width=DEFAULT_WIDTH,
        to_unicode=cmap.to_unicode({code: codepoint for codepoint, code in code_of.items()}),
        ascent=metrics.ascent,
        descent=metrics.descent,
        cap_height=metrics.cap_height,
        bbox=metrics.bbox,
        flags=4,  # symbolic: codes are our own, not a standard encoding
        stem_v=metrics.stem_v,
    )


def _cut(file: FontFile, code_of: dict[int, int]) -> tuple[bytes, dict[int, int]]:
    """The program with only the glyphs needed, and code point -> glyph id in it."""
    wanted = hb.SubsetInput()
    wanted.unicode_set.update(code_of)
    wanted.flags = (
        hb.SubsetFlags.NO_HINTING  # presses draw at 600 dpi and more; hints double the program
        | hb.SubsetFlags.NOTDEF_OUTLINE
        | hb.SubsetFlags.NO_LAYOUT_CLOSURE
        | hb.SubsetFlags.CFF_IDENTITY_CHARSET  # CID = glyph id, what `code_to_cid` maps to
    )
    dropped = set(file.face.table_tags) - _KEPT_TABLES
    wanted.drop_table_tag_set.update(int.from_bytes(tag.encode("ascii"), "big") for tag in dropped)
    plan = hb.SubsetPlan(file.face, wanted)
    renumbered = plan.old_to_new_glyph_mapping
    originals = plan.unicode_to_old_glyph_mapping
    gid_of = {codepoint: int(renumbered[originals[codepoint]]) for codepoint in code_of}
    cut = plan.execute()
    program = cut.reference_table("CFF ").data if file.is_cff else cut.blob.data
    return bytes(program), gid_of


def _width(file: FontFile, codepoint: int) -> int:
    return int(file.advances[np.searchsorted(file.characters, codepoint)])


def _tag(file: FontFile, code_of: dict[int, int]) -> str:
    """Six capital letters that differ when the subset differs (ISO 32000-1, 9.6.4)."""
    text = f"{file.postscript_name} {sorted(code_of.items())}"
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "".join(chr(65 + byte % 26) for byte in digest[:6])
