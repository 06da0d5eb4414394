"""The texts of a run's values as one row of code points: encoded together, looked up, and searched by kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.jit import kernel
from rendering.layout.classes import KIND_PRINTABLE

SEPARATOR: Final = "\x1f"
_SEPARATOR_POINT: Final = ord(SEPARATOR)
_ENCODED: Final = 4096  # values made code points at a time

Ints = NDArray[np.int64]
Points = NDArray[np.uint32]


def encode(parts: Sequence[str]) -> tuple[Points, Ints, list[int]]:
    """All values as code points with a separator after each, where each begins, and which held the separator themselves: it is left out."""
    # Some thousand values at a time: their text stays in the processor's cache, and a rare character, for which Python stores a
    # whole text in four bytes each, does so to no more than these.
    offsets = np.zeros(len(parts) + 1, np.int64)
    texts: list[Points] = []
    found = begin = 0
    for first in range(0, len(parts), _ENCODED):
        some = parts[first : first + _ENCODED]
        text = SEPARATOR.join(some)
        halves = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
        points = np.empty(len(text) + 1, np.uint32)
        found += _take_text(halves, points, offsets[first : first + len(some) + 1], begin)
        begin += len(points)
        texts.append(points)
    if found == len(parts):
        return np.concatenate(texts) if texts else np.zeros(0, np.uint32), offsets, []
    wrong = [value for value, part in enumerate(parts) if SEPARATOR in part]
    points, offsets, _ = encode([part.replace(SEPARATOR, "") for part in parts])
    return points, offsets, wrong


@kernel
def _take_text(halves: NDArray[np.uint16], points: Points, offsets: Ints, base: int) -> int:
    """UTF-16 as code points with a separator at the end; the place after each separator, counted from ``base``, goes into ``offsets``, from
    its second entry on. Returns how many separators there are.
    """
    found = 0
    n = 0
    i = 0
    while i < halves.shape[0]:
        point = np.int64(halves[i])
        i += 1
        if point >> 10 == 0xD800 >> 10 and i < halves.shape[0] and halves[i] >> 10 == 0xDC00 >> 10:
            point = 0x10000 + ((point & 1023) << 10) + (np.int64(halves[i]) & 1023)
            i += 1
        points[n] = point
        n += 1
        if point == _SEPARATOR_POINT:
            found += 1
            if found < offsets.shape[0]:
                offsets[found] = base + n
    points[n] = _SEPARATOR_POINT
    found += 1
    if found < offsets.shape[0]:
        offsets[found] = base + n + 1
    return found


@kernel
def all_printable(points: Points, kinds: NDArray[np.uint8]) -> bool:
    """Whether every code point is in the table and of the kind that may be printed."""
    wrong = 0
    for i in range(points.shape[0]):
        if points[i] >= kinds.shape[0] or kinds[points[i]] != KIND_PRINTABLE:
            wrong += 1
    return wrong == 0


@kernel
def find_odd_amounts(points: Points, offsets: Ints, values: Ints, odd: NDArray[np.bool_]) -> None:
    """Mark the values that are not written 1234.50: the layout cannot group those itself."""
    for v in range(values.shape[0]):
        first = offsets[values[v]]
        after = offsets[values[v] + 1] - 1
        good = after - first >= 4 and points[after - 3] == 46 and (points[first] != 48 or after - first == 4)
        for i in range(first, after):
            good = good and (i == after - 3 or (points[i] >= 48 and points[i] <= 57))
        odd[v] = not good


@kernel
def put_pieces(
    points: Points,
    offsets: Ints,
    own: tuple[Points, Ints],
    places: Ints,
    fields: Ints,
    tables: Ints,
    out: tuple[Points, Ints, Ints, Ints],
) -> int:
    """Copy letters' values with the facts of the pieces in their slots: ``places[s]`` is the number of slot s among them, -1 for a field.

    ``own`` holds the pieces' texts, letter after letter; ``out`` is (points, offsets, fields, tables) of the copy, as `Gathered` has
    them. Returns the values copied.
    """
    own_points, own_offsets = own
    to, to_offsets, to_fields, to_tables = out
    slots = places.shape[0]
    of_piece = 0
    for s in range(slots):
        of_piece += places[s] >= 0
    n = 0
    value = 0
    to_offsets[0] = 0
    for letter in range(fields.shape[0]):
        to_fields[letter] = value
        for s in range(slots):
            if places[s] >= 0:
                source = letter * of_piece + places[s]
                begin = own_offsets[source]
                length = own_offsets[source + 1] - begin
                for i in range(length):
                    to[n + i] = own_points[begin + i]
            else:
                source = fields[letter] + s
                begin = offsets[source]
                length = offsets[source + 1] - begin
                for i in range(length):
                    to[n + i] = points[begin + i]
            n += length
            value += 1
            to_offsets[value] = n
    for t in range(tables.shape[1]):
        for letter in range(fields.shape[0]):
            first = tables[letter, t, 0]
            count = tables[letter, t, 1] * tables[letter, t, 2]
            to_tables[letter, t, 0] = value
            to_tables[letter, t, 1] = tables[letter, t, 1]
            to_tables[letter, t, 2] = tables[letter, t, 2]
            begin = offsets[first]
            length = offsets[first + count] - begin
            for i in range(length):
                to[n + i] = points[begin + i]
            for v in range(count):
                to_offsets[value + v + 1] = n + offsets[first + v + 1] - begin
            n += length
            value += count
    return value
