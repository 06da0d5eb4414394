"""The layout kernels do what their plain-Python specification says, for any text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from layout_harness import classes_of, kernel_lines, kernel_pages, texts, widths_of

from rendering.layout.classes import CLOSING, OPENING, STOP, Kinsoku
from rendering.layout.reference import Setting, Strip, break_paragraph, paginate

ALPHABET = "的一国在人了有中是年" + OPENING + CLOSING + STOP + "—…～／·¥第元万%" + "ab7890 ,.-/()"
some_text = st.text(st.sampled_from(ALPHABET), max_size=160)
some_setting = st.builds(
    Setting,
    size=st.sampled_from([12000, 15750, 9500]),
    width=st.integers(40_000, 420_000),
    first_indent=st.sampled_from([0, 24_000]),
    level=st.sampled_from(Kinsoku),
    line_end=st.sampled_from(["trim", "hang", "full"]),
    justify=st.booleans(),
)


@given(some_text, some_setting)
@settings(max_examples=300, deadline=None)
def test_the_line_breaker_agrees_with_its_specification(text: str, how: Setting) -> None:
    assert kernel_lines(text, how) == break_paragraph(classes_of(text), widths_of(text, how.size), how)


@given(some_text, some_setting)
@settings(max_examples=200, deadline=None)
def test_no_character_but_white_space_is_lost_or_repeated(text: str, how: Setting) -> None:
    assert "".join(texts(text, how)).replace(" ", "") == text.replace(" ", "")


strip = st.builds(
    Strip,
    height=st.integers(1, 60),
    before=st.integers(0, 10),
    keep=st.booleans(),
    new_page=st.sampled_from([False] * 9 + [True]),
)


@given(st.lists(strip, min_size=1, max_size=60), st.integers(60, 120), st.integers(60, 120))
@settings(max_examples=300, deadline=None)
def test_the_paginator_agrees_with_its_specification(strips: list[Strip], first: int, other: int) -> None:
    expected = [page for page, s in zip(paginate(strips, first, other), strips, strict=True) if not s.new_page]
    assert kernel_pages(strips, first, other) == expected
