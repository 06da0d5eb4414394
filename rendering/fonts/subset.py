"""What one batch embeds: font programs cut down to the characters used, and the codes of one or two bytes that select them."""

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
_BYTES = tuple(byte for byte in range(1, 256) if byte not in DELIMITERS)
_TRAILS = (0, *_BYTES)
CODES_MAX = len(_BYTES) * len(_TRAILS)
DEFAULT_WIDTH = 1000
_KEPT_TABLES = frozenset({"head", "hhea", "hmtx", "maxp", "loca", "glyf", "CFF "})


@dataclass(frozen=True, slots=True)
class EmbeddedFont:
    """One PDF Type 0 font. All metrics in 1/1000 em.

    `kind` CIDFontType2: the program goes to FontFile2, with CIDToGIDMap Identity. `kind` CIDFontType0: it is a bare CFF table for
    FontFile3 with Subtype CIDFontType0C. `encoding` is the embedded CMap stream from codes to CIDs, which are glyph ids (its
    dictionary: /Type /CMap, /CMapName /Letterline-Codes, CIDSystemInfo Adobe-Identity-0).
    """

    slot: int
    name: str  # "ABCDEF+NotoSerifCJKsc-Regular"
    kind: str
    program: bytes  # not compressed
    encoding: bytes
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
    """`codes[cp]` (uint16, TABLE_SIZE entries) is the code in the font `slots[cp]` of the chain: one byte below 256, two from
    there on, 0 = not in the subset. No code contains the bytes ( ) \\ CR LF, so codes stand in a literal string without
    escapes. `fonts` holds only the slots in use, by slot."""

    fonts: tuple[EmbeddedFont, ...]
    codes: NDArray[np.uint16]


def assign_codes(codepoints: Sequence[int]) -> dict[int, int]:
    """code point -> code, in order: as many one-byte codes as leave enough lead bytes for the rest, then two-byte codes.

    Page descriptions consist mostly of text, and the first characters are the frequent ones. Raises FontError past CODES_MAX.
    """
    count = len(codepoints)
    if count > CODES_MAX:
        raise FontError(f"{count} characters of one font in one file, at most {CODES_MAX} have a code")
    leads = max(0, -(-(count - len(_BYTES)) // (len(_TRAILS) - 1)))
    single = len(_BYTES) - leads
    codes = [*_BYTES[:single], *(lead << 8 | trail for lead in _BYTES[single:] for trail in _TRAILS)]
    return dict(zip(codepoints, codes, strict=False))


def embed(file: FontFile, slot: int, code_of: dict[int, int]) -> EmbeddedFont:
    """Cut `file` down to the characters of `code_of` and describe it for the PDF."""
    program, gid_of = _cut(file, code_of)
    gids = {code: gid_of[codepoint] for codepoint, code in code_of.items()}
    width_of = {code: _width(file, codepoint) for codepoint, code in code_of.items()}
    metrics = file.metrics()
    widths = {gids[code]: width for code, width in width_of.items()}
    return EmbeddedFont(
        slot=slot,
        name=f"{_tag(file, code_of)}+{file.postscript_name}",
        kind="CIDFontType0" if file.is_cff else "CIDFontType2",
        program=program,
        encoding=cmap.code_to_cid(gids),
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
