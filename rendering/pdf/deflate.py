"""Deflate for thousands of short similar streams: Huffman tables trained once on a sample, one greedy search pass.

A page description is about 3 KB; for a general compressor the set-up costs more than the work, and tables made for every stream
gain nothing because all streams are alike. Output is ordinary zlib data (RFC 1950, RFC 1951, one dynamic block), so any reader's
inflate is the specification: ``zlib.decompress(compress(x)) == x``.
"""

from __future__ import annotations

import heapq
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rendering.jit import kernel

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

HASH_SIZE: Final = 1 << 13
MATCH_MIN: Final = 4
MATCH_MAX: Final = 258
DISTANCE_MAX: Final = 32768
LITERALS: Final = 286
DISTANCES: Final = 30
_CODE_LENGTH_MAX: Final = 15
_LENGTH_ORDER: Final = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def _ranges(bases: int, first: int, step: int) -> list[tuple[int, int]]:
    """(base, extra bits) of the length or distance symbols: ``step`` symbols a number of extra bits."""
    table = []
    base = first
    for symbol in range(bases):
        extra = max(0, symbol // step - 1)
        table.append((base, extra))
        base += 1 << extra
    return table


LENGTH_RANGES: Final = [*_ranges(28, 3, 4), (258, 0)]
DISTANCE_RANGES: Final = _ranges(DISTANCES, 1, 2)


class Coder(NamedTuple):
    """Trained tables. An entry is ``bits << 6 | number of bits``, extra bits included; ``head`` is the block's header."""

    literals: Ints
    lengths: Ints  # by match length
    distances: Ints  # by distance
    head: Ints  # [bits of each part]
    symbols: Ints  # symbol of each match length, then of each distance (for training)


def _symbol_tables() -> tuple[Ints, Ints]:
    lengths = np.zeros(MATCH_MAX + 1, np.int64)
    for symbol, (base, extra) in enumerate(LENGTH_RANGES):
        lengths[base : base + (1 << extra)] = 257 + symbol
    lengths[MATCH_MAX] = 285
    distances = np.zeros(DISTANCE_MAX + 1, np.int64)
    for symbol, (base, extra) in enumerate(DISTANCE_RANGES):
        distances[base : base + (1 << extra)] = symbol
    return lengths, distances


def code_lengths(counts: Ints, longest: int) -> list[int]:
    """Lengths of a prefix code for ``counts`` (all above 0), none over ``longest`` bits: rare symbols are flattened until it fits."""
    weights = [int(count) for count in counts]
    while True:
        heap: list[tuple[int, int, tuple[int, ...]]] = [(w, i, (i,)) for i, w in enumerate(weights)]
        heapq.heapify(heap)
        lengths = [0] * len(weights)
        order = len(weights)
        while len(heap) > 1:
            a, b = heapq.heappop(heap), heapq.heappop(heap)
            for symbol in a[2] + b[2]:
                lengths[symbol] += 1
            heapq.heappush(heap, (a[0] + b[0], order, a[2] + b[2]))
            order += 1
        if max(lengths) <= longest:
            return lengths
        weights = [w // 2 + 1 for w in weights]


def canonical_codes(lengths: list[int]) -> list[int]:
    """Codes of RFC 1951, 3.2.2, bit-reversed as they are written."""
    codes = [0] * len(lengths)
    code = 0
    for bits in range(1, max(lengths) + 1):
        for symbol, length in enumerate(lengths):
            if length == bits:
                codes[symbol] = int(f"{code:0{bits}b}"[::-1], 2)
                code += 1
        code <<= 1
    return codes


def _head(literal_lengths: list[int], distance_lengths: list[int]) -> list[int]:
    """The header of a final dynamic block as entries ``bits << 6 | count``."""
    lengths = [*literal_lengths, *distance_lengths]
    runs: list[tuple[int, int, int]] = []  # symbol, extra value, extra bits
    i = 0
    while i < len(lengths):
        run = 1
        while i + run < len(lengths) and lengths[i + run] == lengths[i] and run < 7:
            run += 1
        runs.append((lengths[i], 0, 0))
        if run >= 4:
            runs.append((16, run - 4, 2))
            i += run
        else:
            i += 1
    counts = np.zeros(19, np.int64)
    for symbol, _, _ in runs:
        counts[symbol] += 1
    used = [symbol for symbol in range(19) if counts[symbol]]
    if len(used) == 1:
        used.append(0 if used[0] else 1)
    short = code_lengths(np.array([max(1, counts[s]) for s in used], np.int64), 7)
    of_symbol = dict(zip(used, short, strict=True))
    meta = [of_symbol.get(symbol, 0) for symbol in range(19)]
    codes = canonical_codes(meta)
    sent = max(index for index, symbol in enumerate(_LENGTH_ORDER) if meta[symbol]) + 1
    sent = max(4, sent)
    head = [
        1 << 6 | 1,
        2 << 6 | 2,
        len(literal_lengths) - 257 << 6 | 5,
        len(distance_lengths) - 1 << 6 | 5,
        sent - 4 << 6 | 4,
    ]
    head += [meta[symbol] << 6 | 3 for symbol in _LENGTH_ORDER[:sent]]
    for symbol, extra, bits in runs:
        head.append(codes[symbol] << 6 | meta[symbol])
        if bits:
            head.append(extra << 6 | bits)
    return head


def make_coder(literal_counts: Ints, distance_counts: Ints) -> Coder:
    """Tables for streams whose symbols are distributed as counted; every symbol stays possible."""
    literal_lengths = code_lengths(literal_counts * 16 + 1, _CODE_LENGTH_MAX)
    distance_lengths = code_lengths(distance_counts * 16 + 1, _CODE_LENGTH_MAX)
    literal_codes = canonical_codes(literal_lengths)
    distance_codes = canonical_codes(distance_lengths)
    length_symbols, distance_symbols = _symbol_tables()
    literals = np.array([c << 6 | n for c, n in zip(literal_codes, literal_lengths, strict=True)], np.int64)
    lengths = np.zeros(MATCH_MAX + 1, np.int64)
    for length in range(3, MATCH_MAX + 1):
        symbol = int(length_symbols[length])
        base, extra = LENGTH_RANGES[symbol - 257]
        bits = literal_lengths[symbol]
        lengths[length] = (literal_codes[symbol] | (length - base) << bits) << 6 | bits + extra
    bits_of = np.array(distance_lengths, np.int64)[distance_symbols[1:]]
    code_of = np.array(distance_codes, np.int64)[distance_symbols[1:]]
    base_of = np.array([base for base, _ in DISTANCE_RANGES], np.int64)[distance_symbols[1:]]
    extra_of = np.array([extra for _, extra in DISTANCE_RANGES], np.int64)[distance_symbols[1:]]
    distances = np.zeros(DISTANCE_MAX + 1, np.int64)
    distances[1:] = (code_of | (np.arange(1, DISTANCE_MAX + 1) - base_of) << bits_of) << 6 | bits_of + extra_of
    head = np.array(_head(literal_lengths, distance_lengths), np.int64)
    return Coder(literals, lengths, distances, head, np.concatenate([length_symbols, distance_symbols]))


@kernel
def _match_length(data: Bytes, earlier: int, here: int, end: int) -> int:
    """Number of equal bytes at two places, MATCH_MAX at most."""
    most = min(end - here, MATCH_MAX)
    n = 0
    while n < most and data[earlier + n] == data[here + n]:
        n += 1
    return n


@kernel
def count_symbols(
    data: Bytes, start: int, end: int, symbols: Ints, recent: Ints, literals: Ints, distances: Ints
) -> None:
    """Add the symbols of one stream to ``literals`` and ``distances``; the same search as `deflate`."""
    i = start
    while i < end:
        length = 0
        earlier = 0
        if i + MATCH_MIN <= end:
            word = data[i] | data[i + 1] << 8 | data[i + 2] << 16 | data[i + 3] << 24
            slot = (word * 2654435761 & 0xFFFFFFFF) >> 19
            earlier = recent[slot]
            recent[slot] = i
            if earlier >= start and i - earlier <= DISTANCE_MAX:
                length = _match_length(data, earlier, i, end)
        if length >= MATCH_MIN:
            literals[symbols[length]] += 1
            distances[symbols[MATCH_MAX + 1 + i - earlier]] += 1
            i += length
        else:
            literals[data[i]] += 1
            i += 1
    literals[256] += 1


@kernel
def _adler(data: Bytes, start: int, end: int) -> int:
    """Adler-32 of RFC 1950."""
    a = 1
    b = 0
    i = start
    while i < end:
        stop = min(i + 3800, end)
        while i < stop:
            a += data[i]
            b += a
            i += 1
        a %= 65521
        b %= 65521
    return b << 16 | a


@kernel
def _put_word(out: Bytes, at: int, held: int) -> int:
    """Write 32 bits, low byte first."""
    out[at] = held & 255
    out[at + 1] = held >> 8 & 255
    out[at + 2] = held >> 16 & 255
    out[at + 3] = held >> 24 & 255
    return at + 4


@kernel
def deflate(data: Bytes, start: int, end: int, coder: Coder, recent: Ints, out: Bytes, at: int) -> int:
    """Write ``data[start:end]`` as zlib data at ``out[at]``; return the position after it.

    ``recent`` (HASH_SIZE, -1 at first) holds the last place of each hash within ``data``; places before ``start`` are
    ignored, so one table serves all streams of a buffer in rising order. ``out`` needs 2 * (end - start) + 1024 bytes.
    """
    literals = coder.literals
    lengths = coder.lengths
    places = coder.distances
    out[at] = 0x78
    out[at + 1] = 0x01
    at += 2
    held = 0
    bits = 0
    for part in coder.head:
        held |= part >> 6 << bits
        bits += part & 63
        while bits >= 8:
            out[at] = held & 255
            held >>= 8
            bits -= 8
            at += 1
    i = start
    last = end - MATCH_MIN
    while i < end:
        entry = -1
        if i <= last:
            word = data[i] | data[i + 1] << 8 | data[i + 2] << 16 | data[i + 3] << 24
            slot = (word * 2654435761 & 0xFFFFFFFF) >> 19
            earlier = recent[slot]
            recent[slot] = i
            if earlier >= start and data[earlier] == data[i] and i - earlier <= DISTANCE_MAX:
                length = _match_length(data, earlier, i, end)
                if length >= MATCH_MIN:
                    entry = lengths[length]
                    held |= entry >> 6 << bits
                    bits += entry & 63
                    if bits >= 32:
                        at = _put_word(out, at, held)
                        held >>= 32
                        bits -= 32
                    entry = places[i - earlier]
                    i += length
        if entry < 0:
            entry = literals[data[i]]
            i += 1
        held |= entry >> 6 << bits
        bits += entry & 63
        if bits >= 32:
            at = _put_word(out, at, held)
            held >>= 32
            bits -= 32
    entry = literals[256]
    held |= entry >> 6 << bits
    bits += entry & 63
    while bits > 0:
        out[at] = held & 255
        held >>= 8
        bits -= 8
        at += 1
    check = _adler(data, start, end)
    out[at] = check >> 24 & 255
    out[at + 1] = check >> 16 & 255
    out[at + 2] = check >> 8 & 255
    out[at + 3] = check & 255
    return at + 4


def train(data: Bytes, starts: Ints, ends: Ints) -> Coder:
    """Tables for streams like those given (a hundred are enough)."""
    literals = np.zeros(LITERALS, np.int64)
    distances = np.zeros(DISTANCES, np.int64)
    recent = np.full(HASH_SIZE, -1, np.int64)
    symbols = np.concatenate(_symbol_tables())
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        count_symbols(data, start, end, symbols, recent, literals, distances)
    return make_coder(literals, distances)
