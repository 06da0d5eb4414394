"""The cmap table of a font as two arrays: which characters it has and their glyph ids (OpenType specification, cmap).

Read as whole arrays because a chain of fonts holds 200,000 characters, and asking a library for one at a time costs more than
rendering a thousand letters. Only the two formats Unicode fonts use are read; other subtables are passed over.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_UNICODE = {(3, 10), (0, 4), (0, 6), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0)}
Pairs = tuple[NDArray[np.uint32], NDArray[np.uint32]]


def character_map(table: bytes) -> Pairs:
    """(code points ascending, glyph ids), characters without a glyph left out; both empty when there is no Unicode map."""
    found: dict[int, int] = {}
    for at in range(struct.unpack_from(">H", table, 2)[0] if len(table) >= 4 else 0):
        platform, encoding, offset = struct.unpack_from(">HHI", table, 4 + 8 * at)
        if (platform, encoding) in _UNICODE:
            found.setdefault(struct.unpack_from(">H", table, offset)[0], offset)
    if 12 in found:
        codes, glyphs = _format_12(table, found[12])
    elif 4 in found:
        codes, glyphs = _format_4(table, found[4])
    else:
        codes = glyphs = np.zeros(0, dtype=np.int64)
    drawn = glyphs != 0
    return codes[drawn].astype(np.uint32), glyphs[drawn].astype(np.uint32)


def _format_12(table: bytes, offset: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups of (first code, last code, first glyph)."""
    count = struct.unpack_from(">I", table, offset + 12)[0]
    groups = np.frombuffer(table, dtype=">u4", count=3 * count, offset=offset + 16).reshape(-1, 3).astype(np.int64)
    lengths = groups[:, 1] - groups[:, 0] + 1
    within = _within(lengths)
    return np.repeat(groups[:, 0], lengths) + within, np.repeat(groups[:, 2], lengths) + within


def _format_4(table: bytes, offset: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Segments of the BMP: a delta, or an offset into the glyph array that follows them."""
    length, _, doubled = struct.unpack_from(">HHH", table, offset + 2)
    words = np.frombuffer(table, dtype=">u2", count=length // 2, offset=offset).astype(np.int64)
    count = doubled // 2
    last, first = words[7 : 7 + count], words[8 + count : 8 + 2 * count]
    delta, ranges = words[8 + 2 * count : 8 + 3 * count], words[8 + 3 * count : 8 + 4 * count]
    lengths = last - first + 1
    segment = np.repeat(np.arange(count), lengths)
    codes = first[segment] + _within(lengths)
    # idRangeOffset counts bytes from its own place: turn it into an index of `words`
    index = 8 + 3 * count + segment + ranges[segment] // 2 + codes - first[segment]
    looked_up = words[np.where(ranges[segment] > 0, np.minimum(index, len(words) - 1), 0)]
    through = np.where(looked_up > 0, (looked_up + delta[segment]) & 0xFFFF, 0)
    glyphs = np.where(ranges[segment] > 0, through, (codes + delta[segment]) & 0xFFFF)
    kept = codes != 0xFFFF  # the closing segment
    return codes[kept], glyphs[kept]


def _within(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2, ... inside each of the runs."""
    starts = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) - np.repeat(starts, lengths)
