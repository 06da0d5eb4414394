"""Imposition is a permutation: every page once, every back behind its front, piles in order after the cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering.imposition import BLANK, IMPOSITIONS, Imposition, plan_sides

layouts = st.builds(
    Imposition,
    st.just("any"),
    st.integers(1, 4),
    st.integers(1, 3),
    cut_stack=st.booleans(),
    flip=st.sampled_from(["long", "short"]),
    reverse=st.booleans(),
    stack_sheets=st.integers(1, 20),
)


def stream(leaves: int, blank_backs: set[int]) -> np.ndarray:
    pages = np.arange(2 * leaves, dtype=np.int64)
    pages[[2 * leaf + 1 for leaf in blank_backs if leaf < leaves]] = BLANK
    return pages


@given(st.integers(0, 120), st.sets(st.integers(0, 119)), layouts)
@settings(max_examples=200, deadline=None)
def test_every_page_stands_exactly_once(leaves: int, blank_backs: set[int], layout: Imposition) -> None:
    pages = stream(leaves, blank_backs)
    sides = plan_sides(pages, layout)
    placed = sides[sides != BLANK]
    assert sorted(placed.tolist()) == sorted(pages[pages != BLANK].tolist())


@given(st.integers(1, 120), layouts)
@settings(max_examples=200, deadline=None)
def test_a_leafs_back_lies_behind_its_front_when_the_sheet_is_turned(leaves: int, layout: Imposition) -> None:
    sides = plan_sides(stream(leaves, set()), layout).reshape(-1, 2, layout.down, layout.across)
    turned = sides[:, 1, :, ::-1] if layout.flip == "long" else sides[:, 1, ::-1, :]
    fronts = sides[:, 0]
    assert np.array_equal(np.where(fronts == BLANK, BLANK, fronts + 1), turned)


@given(st.integers(1, 300), layouts)
@settings(max_examples=200, deadline=None)
def test_piles_stacked_after_the_cut_are_in_order(leaves: int, layout: Imposition) -> None:
    layout = replace(layout, cut_stack=True, reverse=False)
    fronts = plan_sides(stream(leaves, set()), layout)[::2]
    depth = layout.stack_sheets
    in_order = []
    for start in range(0, len(fronts), depth):
        for cell in range(layout.cells):
            in_order += [page for page in fronts[start : start + depth, cell].tolist() if page != BLANK]
    if layout.cells > 1:
        assert in_order == list(range(0, 2 * leaves, 2))


def test_named_impositions_fit_their_sheets() -> None:
    from rendering.imposition import cell_origins

    for layout in IMPOSITIONS.values():
        assert len(cell_origins(layout, (210.0, 297.0))) == layout.cells
