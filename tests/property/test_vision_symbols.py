"""What the fitted readers find on their own: pose, text and place agree with what was drawn."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import frames, stress
from simulator import optics
from vision import linear, matrix
from vision.enhance import View
from vision.witness import LEAD_OF_TWO_ALONE

STOCK = list(frames.stock(321, 20))
CAMERA = frames.CAMERAS["2MP"]
CLEAN = optics.Level("clean", tilt_deg=4.0, noise_sigma=(1.0, 3.0))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 19), st.integers(0, 2**31))
def test_a_mark_that_lost_half_of_its_left_leg_is_found_by_the_rest_of_its_frame(number: int, seed: int) -> None:
    symbols = STOCK[number]
    broken = symbols.mark_modules.copy()
    broken[5:14, 0] = 0
    damaged = frames.Symbols(symbols.mark, symbols.item, broken, symbols.item_modules)
    crop = stress.crop(damaged, "mark", CLEAN, seed)
    found = matrix.find_and_decode(crop.image, 4.0)
    assert [decoded.payload for decoded in found] == [symbols.mark]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 19), st.integers(0, 2**31))
def test_the_matched_filter_reads_what_was_drawn_with_a_clear_lead(number: int, seed: int) -> None:
    crop = stress.crop(STOCK[number], "item", CLEAN, seed)
    read = linear.find_and_read(View(crop.image, np.eye(3)[:2]), 2.5, (48.75 * 8, 72.0))
    assert read is not None
    assert read.text == STOCK[number].item
    assert read.lead_of_two > LEAD_OF_TWO_ALONE


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 19), st.integers(0, 2**31))
def test_fitted_corners_lie_within_a_fifth_of_a_module_of_the_truth(number: int, seed: int) -> None:
    case = frames.frame(CAMERA, CLEAN, STOCK[number], seed)
    near = case.mark_corners + np.random.default_rng(seed).uniform(-1.5, 1.5, (4, 2))
    corners = tuple((float(x), float(y)) for x, y in near)
    rough = matrix.fit_at(matrix.softened(case.image, 4.0), (corners[0], corners[1], corners[2], corners[3]), 18, 18)
    fit = matrix.sharpened(case.image, rough)
    assert np.abs(np.array(fit.corners) - case.mark_corners).max() < 0.8


def test_an_empty_or_plain_crop_gives_no_fit_and_no_text() -> None:
    plain = np.full((136, 480), 200, np.uint8)
    assert matrix.find_and_decode(plain, 4.0) == []
    assert linear.find_and_read(View(plain, np.eye(3)[:2]), 2.5, (390.0, 72.0)) is None
