"""What the compressing kernel writes is what any inflate reads, and its code is the code RFC 1951 asks for."""

from __future__ import annotations

import zlib

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rendering.pdf.deflate import HASH_BITS, adler32, count_symbols, deflate
from rendering.pdf.huffman import (
    DISTANCES,
    HEADER_MAX,
    LENGTH_MAX,
    LITERALS,
    Coder,
    code_lengths,
    code_words,
    new_coder,
    set_words,
)

PAGE = b"BT\n/F0 12 Tf\n62.36 690.65 Td[(\0g\0\x06\x002)-250(\0\x13)]TJ\n" + b"1 4 1 1 re\n5 4 1 2 re\n" * 20 + b"ET\n"
pages = st.lists(
    st.one_of(
        st.binary(max_size=300), st.sampled_from([PAGE, PAGE * 9, bytes(70_000), b"ab" * 5000, PAGE + PAGE[::-1]])
    ),
    min_size=1,
    max_size=5,
)


def trained(sample: bytes) -> Coder:
    """The table for pages like ``sample``."""
    coder = new_coder()
    literals, distances = np.zeros(LITERALS, np.int64), np.zeros(DISTANCES, np.int64)
    edges = np.array([0, len(sample)], np.int64)
    raw = np.frombuffer(sample + bytes(8), np.uint8)
    count_symbols(raw, edges, coder, np.zeros(1 << HASH_BITS, np.int32), literals, distances)
    set_words(coder, literals, distances)
    return coder


CODERS = [trained(PAGE), trained(b""), trained(bytes(range(256)) * 50), trained(bytes(100_000))]


@given(pages, st.sampled_from(range(len(CODERS))))
@example([PAGE, PAGE], 1)
@example([b"x" * 258 + b"y" + b"x" * 258], 0)
@settings(max_examples=200, deadline=None)
def test_any_inflate_reads_what_was_written(parts: list[bytes], table: int) -> None:
    raw = np.frombuffer(b"".join(parts) + bytes(8), np.uint8)
    seen = np.zeros(1 << HASH_BITS, np.int32)
    start = 0
    for part in parts:
        room = len(part) * 13 // 8 + HEADER_MAX + 16
        out = np.zeros(room + 8, np.uint8)
        end = deflate(raw, start, start + len(part), CODERS[table], seen, out, 0)
        assert end <= room
        assert zlib.decompress(out[:end].tobytes()) == part
        start += len(part)


@given(st.binary(max_size=2000), st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_the_check_sum_is_that_of_zlib(data: bytes, start: int) -> None:
    assert adler32(np.frombuffer(data, np.uint8), min(start, len(data)), len(data)) == zlib.adler32(data[start:])


def test_the_check_sum_of_much_data() -> None:
    data = b"\xff" * 3_000_000
    assert adler32(np.frombuffer(data, np.uint8), 0, len(data)) == zlib.adler32(data)


@given(st.lists(st.integers(0, 1 << 20), min_size=2, max_size=300).filter(lambda counts: sum(map(bool, counts)) > 1))
@settings(max_examples=100, deadline=None)
def test_the_code_is_whole_and_short_enough(counts: list[int]) -> None:
    lengths = code_lengths(counts)
    assert all(bool(length) == bool(count) for length, count in zip(lengths, counts, strict=True))
    assert max(lengths) <= LENGTH_MAX
    assert sum(2.0**-length for length in lengths if length) == 1


def test_the_words_of_the_example_in_the_standard() -> None:
    words = code_words([3, 3, 3, 3, 3, 2, 4, 4])  # RFC 1951 3.2.2
    spelt = [format(word >> 5, f"0{word & 31}b")[::-1] for word in words]
    assert spelt == ["010", "011", "100", "101", "110", "00", "1110", "1111"]


def test_a_rare_byte_costs_at_most_its_length_limit() -> None:
    coder = trained(bytes(100_000))
    assert all(0 < int(entry) & 31 <= LENGTH_MAX for entry in coder.singles)
