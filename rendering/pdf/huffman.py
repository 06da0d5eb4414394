"""The code a run of page descriptions is compressed with: one Huffman table, trained on the run's first pages.

Page descriptions are short and alike, so what a general compressor spends on finding matches in each is better spent once on a
table for all. The table is a function of the bytes alone: the same letters give the same file on any processor.
Source: RFC 1951 (deflate), 3.2.2 and 3.2.7.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

LENGTH_MAX: Final = 13  # bits of a code word: four of them fit in a word of which 7 bits are taken
END: Final = 256
LITERALS: Final = 286  # bytes, END and the symbols of lengths
DISTANCES: Final = 30
MATCH_MAX: Final = 258
HEADER_MAX: Final = 512
_LENGTH_ORDER: Final = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_RARE: Final = 1  # every byte and most symbols get a word, also those the sample does not have


class Coder(Protocol):
    """A table ready for the kernel; every entry is code word << 5 | its bits, the first bit to be written lowest."""

    singles: NDArray[np.int64]  # of a byte or END
    lengths: NDArray[np.int64]  # of a match's length, extra bits included
    length_symbols: NDArray[np.int64]
    distances: NDArray[np.int64]  # of a distance's symbol, extra bits not included
    distance_bases: NDArray[np.int64]
    distance_bits: NDArray[np.int64]
    near: NDArray[np.uint8]  # symbol of distance d at d - 1, up to 256
    far: NDArray[np.uint8]  # symbol of a longer distance d at (d - 1) >> 7
    header: NDArray[np.uint8]  # zlib's two bytes and the description of the table
    header_bits: NDArray[np.int64]


_CODER: Final = np.dtype(
    (
        np.record,
        np.dtype(
            [
                ("singles", np.int64, (END + 1,)),
                ("lengths", np.int64, (MATCH_MAX + 1,)),
                ("length_symbols", np.int64, (MATCH_MAX + 1,)),
                ("distances", np.int64, (DISTANCES,)),
                ("distance_bases", np.int64, (DISTANCES,)),
                ("distance_bits", np.int64, (DISTANCES,)),
                ("near", np.uint8, (256,)),
                ("far", np.uint8, (256,)),
                ("header", np.uint8, (HEADER_MAX,)),
                ("header_bits", np.int64, (1,)),
            ],
            align=True,
        ),
    )
)


def _symbols(bases: Sequence[int], most: int) -> list[int]:
    """The symbol of every value up to ``most``: the last whose base is not above it."""
    symbols = []
    symbol = 0
    for value in range(most + 1):
        while symbol + 1 < len(bases) and bases[symbol + 1] <= value:
            symbol += 1
        symbols.append(symbol)
    return symbols


_REVERSED_BYTE: Final = [int(f"{byte:08b}"[::-1], 2) for byte in range(256)]
_LENGTH_BITS: Final = (*[0] * 8, *(bits for bits in range(1, 6) for _ in range(4)), 0)
_LENGTH_BASES: Final = (
    *range(3, 11),
    *(base for bits in range(1, 6) for base in range((4 << bits) + 3, (8 << bits) + 3, 1 << bits)),
    258,
)
_DISTANCE_BITS: Final = (0, 0, *(bits for bits in range(14) for _ in range(2)))
_DISTANCE_BASES: Final = (1, 2, *(base for bits in range(14) for base in ((2 << bits) + 1, (3 << bits) + 1)))
_LENGTH_SYMBOLS: Final = _symbols(_LENGTH_BASES, MATCH_MAX)
_DISTANCE_SYMBOLS: Final = _symbols(_DISTANCE_BASES, 1 << 15)


def new_coder() -> Coder:
    """A table that knows the symbols of lengths and distances but no code word yet."""
    coder = cast(Coder, np.zeros(1, _CODER)[0])
    coder.length_symbols[:] = np.array(_LENGTH_SYMBOLS) + END + 1
    coder.distance_bases[:] = _DISTANCE_BASES
    coder.distance_bits[:] = _DISTANCE_BITS
    coder.near[:] = _DISTANCE_SYMBOLS[1:257]
    coder.far[:] = _DISTANCE_SYMBOLS[1::128]
    return coder


def set_words(coder: Coder, literals: NDArray[np.int64], distances: NDArray[np.int64]) -> None:
    """Give code words for symbols that occur as often as counted in a sample."""
    literal_lengths = code_lengths((literals + _RARE).tolist())
    distance_lengths = code_lengths((distances + _RARE).tolist())
    words = code_words(literal_lengths)
    coder.singles[:] = np.array(words[: END + 1], np.int64)
    for length in range(3, MATCH_MAX + 1):
        symbol = _LENGTH_SYMBOLS[length]
        entry = words[END + 1 + symbol]
        bits = entry & 31
        word = entry >> 5 | (length - _LENGTH_BASES[symbol]) << bits
        coder.lengths[length] = word << 5 | bits + _LENGTH_BITS[symbol]
    coder.distances[:] = np.array(code_words(distance_lengths), np.int64)
    header = _header(literal_lengths, distance_lengths)
    coder.header_bits[0] = len(header)
    packed = np.packbits(np.array(header, np.uint8), bitorder="little")
    coder.header[: len(packed)] = packed


def code_lengths(counts: Sequence[int]) -> list[int]:
    """Bits of each symbol's code word in a Huffman code of at most LENGTH_MAX bits; 0 for a count of 0."""
    used = [symbol for symbol, count in enumerate(counts) if count]
    weights = [counts[symbol] for symbol in used]
    while True:
        depths = _depths(weights)
        if max(depths) <= LENGTH_MAX:
            break
        weights = [weight + 1 >> 1 for weight in weights]  # flatter weights, flatter tree
    lengths = [0] * len(counts)
    for symbol, depth in zip(used, depths, strict=True):
        lengths[symbol] = depth
    return lengths


def _depths(weights: Sequence[int]) -> list[int]:
    """Depth of every leaf in a Huffman tree, by the two queues of sorted leaves and growing inner nodes."""
    heap = [(weight, leaf) for leaf, weight in enumerate(weights)]
    heapq.heapify(heap)
    parents = [0] * (2 * len(weights) - 1)
    node = len(weights)
    while len(heap) > 1:
        first, left = heapq.heappop(heap)
        second, right = heap[0]
        parents[left] = parents[right] = node
        heapq.heapreplace(heap, (first + second, node))
        node += 1
    depths = [0] * len(parents)
    for below in range(node - 2, -1, -1):
        depths[below] = depths[parents[below]] + 1
    return depths[: len(weights)]


def code_words(lengths: Sequence[int]) -> list[int]:
    """The canonical code of RFC 1951 3.2.2 as entries of a `Coder`; 0 for a symbol without a word."""
    word = bits = 0
    entries = [0] * len(lengths)
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths) if length):
        word <<= length - bits
        bits = length
        entries[symbol] = _reversed(word << 16 - bits) << 5 | bits
        word += 1
    return entries


def _reversed(word: int) -> int:
    """16 bits in the other order."""
    return _REVERSED_BYTE[word & 255] << 8 | _REVERSED_BYTE[word >> 8]


def _bits(value: int, count: int) -> list[int]:
    return [value >> i & 1 for i in range(count)]


def _header(lengths: Sequence[int], distance_lengths: Sequence[int]) -> list[int]:
    """Bits of the zlib header and of a last block's table (RFC 1950 2.2, RFC 1951 3.2.7)."""
    symbols = _runs([*lengths, *distance_lengths])
    counts = [0] * 19
    for symbol, _, _ in symbols:
        counts[symbol] += 1
    short = [min(length, 7) for length in _limited(counts, 7)]
    words = code_words(short)
    last = max(at for at, symbol in enumerate(_LENGTH_ORDER) if short[symbol]) + 1
    bits = _bits(0x78, 8) + _bits(0x01, 8) + [1] + _bits(2, 2)
    bits += _bits(len(lengths) - 257, 5) + _bits(len(distance_lengths) - 1, 5) + _bits(last - 4, 4)
    for symbol in _LENGTH_ORDER[:last]:
        bits += _bits(short[symbol], 3)
    for symbol, extra, extra_bits in symbols:
        bits += _bits(words[symbol] >> 5, words[symbol] & 31) + _bits(extra, extra_bits)
    return bits


def _limited(counts: Sequence[int], most: int) -> list[int]:
    """Code lengths of at most ``most`` bits for few symbols."""
    weights = list(counts)
    while True:
        used = [symbol for symbol, count in enumerate(weights) if count]
        depths = _depths([weights[symbol] for symbol in used])
        if max(depths) <= most:
            lengths = [0] * len(counts)
            for symbol, depth in zip(used, depths, strict=True):
                lengths[symbol] = depth
            return lengths
        weights = [weight + 1 >> 1 for weight in weights]


def _runs(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """Code lengths with their repetitions told: (symbol, extra value, extra bits)."""
    symbols: list[tuple[int, int, int]] = []
    at = 0
    while at < len(lengths):
        length = lengths[at]
        run = 1
        while at + run < len(lengths) and lengths[at + run] == length:
            run += 1
        at += run
        if length:
            symbols.append((length, 0, 0))
            run -= 1
        while run:
            if length == 0 and run >= 11:
                part = min(run, 138)
                symbols.append((18, part - 11, 7))
            elif length == 0 and run >= 3:
                part = run
                symbols.append((17, part - 3, 3))
            elif length and run >= 3:
                part = min(run, 6)
                symbols.append((16, part - 3, 2))
            else:
                part = 1
                symbols.append((length, 0, 0))
            run -= part
    return symbols
