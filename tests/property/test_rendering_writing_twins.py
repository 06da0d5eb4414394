"""The kernels that write bytes write what their plain-Python specification writes, byte for byte."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rendering_cases import EXAMPLE, a_letter, codes_for

from rendering import Codes, Letter, Renderer, load_template
from rendering.layout.arrays import new_scratch
from rendering.marks import draw_marks
from rendering.pdf import reference
from rendering.pdf.deflate import HASH_BITS, deflate
from rendering.pdf.huffman import DISTANCES, LITERALS, Coder, new_coder, set_words
from rendering.pdf.mark_frame import frame_of
from rendering.pdf.modules import put_matrix
from rendering.pdf.numbers import put_hundredths, put_int, put_thousandths
from rendering.pdf.objects import SIDE_BYTES, put_sides
from rendering.pdf.xref import ENTRY, put_xref


@given(st.integers(-(10**9), 10**9))
@example(0)
@example(-5)
@example(1000)
@example(100_000)
@settings(max_examples=200, deadline=None)
def test_numbers_are_written_as_short_as_they_can_be(value: int) -> None:
    out = np.zeros(32, np.uint8)
    for put, places in ((put_int, 0), (put_hundredths, 2), (put_thousandths, 3)):
        assert out[: put(out, 0, value)].tobytes().decode() == reference.number(value, places)


@given(st.data(), st.integers(1, 18), st.integers(1, 40), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_grid_of_modules_is_drawn_by_the_same_rectangles(
    data: st.DataObject, rows: int, columns: int, framed: bool
) -> None:
    bits = data.draw(st.integers(0, 2 ** (rows * columns) - 1))
    grid = np.array([bits >> i & 1 for i in range(rows * columns)], np.uint8).reshape(rows, columns)
    if framed:
        grid = grid[: min(rows, columns), : min(rows, columns)].copy()
        frame = frame_of(len(grid))
        grid |= frame | (frame > 0)
    out = np.zeros(20 * grid.size + 100, np.uint8)
    work = np.zeros((data.draw(st.sampled_from([0, 60])), 2), np.int64)  # without memory for its rows: module by module
    for _ in range(2):  # the kernel leaves notes in the grid; a second drawing must not see them
        assert out[: put_matrix(out, 0, grid, work)].tobytes().decode() == reference.matrix(grid)


@pytest.fixture(scope="module", params=["lawyer_letter", "official_notice"])
def renderer(request: pytest.FixtureRequest) -> Renderer:
    return Renderer(load_template(EXAMPLE.parent / request.param))


def some_letters(renderer: Renderer) -> list[Letter]:
    if renderer.template.name == load_template(EXAMPLE).name:
        return [a_letter(n, rows=rows) for n, rows in enumerate([0, 1, 5, 6, 9, 33, 70, 150])]
    return [renderer.template.specimen()]


@pytest.mark.slow
def test_every_page_of_every_letter_is_written_as_specified(renderer: Renderer) -> None:
    letters = some_letters(renderer)
    measured = renderer.measure(letters)
    assert [one.defects for one in measured] == [()] * len(letters)
    codes: list[Codes] = [codes_for(n, one.sheets) for n, one in enumerate(measured)]
    setting = renderer._set(renderer.characters(letters, codes))
    values = renderer._values(setting, renderer._intake.with_codes(renderer._intake.gather(letters), codes))
    marks = draw_marks(renderer.template.settings.marks, codes)
    composed = renderer._composer.compose(setting.program, setting.typography, values, marks, len(letters))
    edges = [0, *composed.ends.tolist()]
    written = [composed.data[a:b].tobytes() for a, b in pairwise(edges)]
    scratch = new_scratch()
    expected = [
        page
        for letter in range(len(letters))
        for page in reference.letter_pages(setting.program, setting.typography, values, scratch, marks, letter)
    ]
    assert written == expected
    assert len(written) == sum(one.pages for one in measured)


def flat_coder() -> Coder:
    """A table for any bytes."""
    coder = new_coder()
    set_words(coder, np.ones(LITERALS, np.int64), np.ones(DISTANCES, np.int64))
    return coder


CODER = flat_coder()


def compressed(text: bytes) -> bytes:
    out = np.zeros(len(text) * 13 // 8 + SIDE_BYTES, np.uint8)
    raw = np.frombuffer(text + bytes(8), np.uint8)
    end = deflate(raw, 0, len(text), CODER, np.zeros(1 << HASH_BITS, np.int32), out, 0)
    return out[:end].tobytes()


@given(
    st.lists(st.binary(max_size=400), min_size=1, max_size=12),
    st.integers(0, 300),
    st.integers(5, 5000),
    st.integers(9, 10**9),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_the_objects_of_sides_are_written_as_specified(
    texts: list[bytes], first_side: int, first_object: int, before: int, in_parts: bool
) -> None:
    ends = np.cumsum([len(text) for text in texts])
    spans = np.stack([ends - [len(text) for text in texts], ends], axis=1).astype(np.int64)
    parts = np.arange(7, 7 + len(texts)) if in_parts else np.zeros(len(texts), np.int64)
    out = np.zeros(int(ends[-1]) * 13 // 8 + len(texts) * SIDE_BYTES, np.uint8)
    offsets = np.zeros(first_object + 3 * (first_side + len(texts)) + 500, np.int64)
    raw = np.frombuffer(b"".join(texts) + bytes(8), np.uint8)
    seen = np.zeros(1 << HASH_BITS, np.int32)
    place = (first_side, first_object, before)
    end = put_sides(raw, spans, CODER, seen, out, offsets, parts, place)
    written, where = reference.sides(texts, compressed, parts.tolist(), place)
    assert out[:end].tobytes() == written
    assert {int(n): int(offsets[n]) for n in np.flatnonzero(offsets)} == where


@given(st.lists(st.sampled_from([0, 9, 123_456, 10**10 - 1]), max_size=60).map(lambda own: [0, *own]))
@settings(max_examples=100, deadline=None)
def test_the_cross_reference_table_is_written_as_specified(offsets: list[int]) -> None:
    out = np.zeros(len(offsets) * ENTRY, np.uint8)
    put_xref(np.array(offsets, np.int64), len(offsets), out)
    assert out.tobytes() == reference.cross_references(offsets)
