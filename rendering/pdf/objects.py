"""The kernel that writes pages and their compressed descriptions as PDF objects, many at a time."""

from __future__ import annotations

from typing import Final

import numpy as np

from rendering.jit import kernel
from rendering.pdf.deflate import Small, deflate
from rendering.pdf.huffman import HEADER_MAX, Coder
from rendering.pdf.numbers import Bytes, put_int
from rendering.pdf.streams import Ints

GROUP: Final = 128  # pages of one node of the page tree
SIDE_BYTES: Final = 256 + HEADER_MAX  # most that a side needs besides its coded description
_LENGTH_DIGITS: Final = 8

_NUMBER_END: Final = np.frombuffer(b" 0 obj\n", np.uint8)
_PAGE: Final = np.frombuffer(b"<</Type/Page/Parent ", np.uint8)
_CONTENTS: Final = np.frombuffer(b" 0 R/Contents ", np.uint8)
_PART: Final = np.frombuffer(b" 0 R/DPart ", np.uint8)
_PAGE_END: Final = np.frombuffer(b" 0 R>>\nendobj\n", np.uint8)
_STREAM: Final = np.frombuffer(b"<</Filter/FlateDecode/Length ", np.uint8)
_STREAM_BEGIN: Final = np.frombuffer(b">>stream\n", np.uint8)
_STREAM_END: Final = np.frombuffer(b"\nendstream\nendobj\n", np.uint8)


@kernel
def _put(out: Bytes, pos: int, text: Bytes) -> int:
    for i in range(text.shape[0]):
        out[pos + i] = text[i]
    return int(pos + text.shape[0])


@kernel
def _put_page(out: Bytes, pos: int, number: int, node: int, part: int, blank: bool) -> int:
    """Write the page object ``number`` of tree node ``node``; its description is the next object."""
    pos = _put(out, put_int(out, pos, number), _NUMBER_END)
    pos = put_int(out, _put(out, pos, _PAGE), node)
    if not blank:
        pos = put_int(out, _put(out, pos, _CONTENTS), number + 1)
    if part:
        pos = put_int(out, _put(out, pos, _PART), part)
    return _put(out, pos, _PAGE_END)


@kernel
def put_sides(
    raw: Bytes,
    sides: Ints,
    coder: Coder,
    seen: Small,
    out: Bytes,
    offsets: Ints,
    parts: Ints,
    place: tuple[int, int, int],
) -> int:
    """Write the objects of the sides ``raw[sides[s, 0]:sides[s, 1]]``; return the bytes written.

    ``seen`` as `deflate` takes it. ``offsets[n]`` becomes the offset of object n; ``parts[s]`` is the document part's object or 0.
    ``place`` is (number of the first side in the file, object number of the first page group, bytes of the file before).
    """
    first_side, first_object, before = place
    pos = 0
    for side in range(sides.shape[0]):
        page = first_side + side
        node = first_object + page // GROUP * (2 * GROUP + 1)
        number = node + 1 + page % GROUP * 2
        start = sides[side, 0]
        stop = sides[side, 1]
        offsets[number] = before + pos
        pos = _put_page(out, pos, number, node, parts[side], start == stop)
        if start == stop:
            continue
        offsets[number + 1] = before + pos
        pos = _put(out, put_int(out, pos, number + 1), _NUMBER_END)
        length_at = _put(out, pos, _STREAM)
        begin = _put(out, length_at + _LENGTH_DIGITS, _STREAM_BEGIN)
        end = deflate(raw, start, stop, coder, seen, out, begin)
        for i in range(_LENGTH_DIGITS):
            out[length_at + i] = 32
        length = end - begin
        digit = length_at + _LENGTH_DIGITS - 1
        while length:
            out[digit] = 48 + length % 10
            length //= 10
            digit -= 1
        pos = _put(out, end, _STREAM_END)
    return pos
