"""What one batch embeds: font programs cut down to the characters used, and the two-byte codes that select them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class EmbeddedFont:
    """One PDF Type 0 font (encoding Identity-H, two-byte codes = CIDs). All metrics in 1/1000 em."""

    slot: int
    name: str  # "ABCDEF+NotoSerifCJKsc-Regular"
    kind: str  # "CIDFontType2" (glyf; FontFile2 and `cid_to_gid`) or "CIDFontType0" (CFF; FontFile3, CIDFontType0C)
    program: bytes  # not compressed
    cid_to_gid: bytes | None  # CIDToGIDMap stream, big-endian uint16 per CID; None for CFF
    widths: tuple[tuple[int, int], ...]  # (cid, width) where the width is not `default_width`, by cid
    default_width: int
    to_unicode: bytes  # CMap stream, right beyond the BMP (UTF-16 surrogate pairs)
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
