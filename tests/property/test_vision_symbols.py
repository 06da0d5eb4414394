"""What the fitted readers find on their own: pose, text and place agree with what was drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import frames, stress
from benchmarks.misreads import PIECES
from simulator import optics
from simulator.optics import EDGE
from vision import linear, matrix
from vision.enhance import View
from vision.kernels import code128 as kernels
from vision.reader import PieceReader
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


@pytest.mark.slow
def test_gaps_of_dead_nozzles_that_make_another_valid_number_are_not_read_as_it() -> None:
    """Of 199,000 crops the one that was read wrong: two characters became two others, and every check digit fitted."""
    seed = 1_000_242_083
    pieces = list(frames.stock(4242, PIECES))
    crop = stress.crop(pieces[seed % PIECES], "item", EDGE, seed)
    answer = PieceReader(stress.profiles()["item"]).read(crop.image, 5.0)
    reading = answer.of("item")
    assert reading is None or reading.payload == crop.payload


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.1, 3.0))
def test_every_rival_that_passes_the_check_and_loses_by_little_is_found(seed: int, within: float) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.0, 0.9, (3, 106)).astype(np.float32)
    codewords = scores.argmax(axis=1)
    loss = np.log(1.001 - scores.astype(np.float64))
    loss -= loss[np.arange(3), codewords][:, None]
    one, two, three = np.indices((106, 106, 106), sparse=True)
    rest = (one - codewords[0]) + (two - codewords[1]) - (three - codewords[2])
    total = loss[0][one] + loss[1][two] + loss[2][three]
    clear = np.abs(total - within) > 1e-4  # single and double precision may part on the limit itself
    checked = rest % 103 == 0
    surely, perhaps = (
        {tuple(row) for row in np.argwhere(checked & mask).tolist()} - {tuple(codewords.tolist())}
        for mask in ((total < within) & clear, (total < within) | ~clear)
    )
    found = np.empty((20_000, 3), np.int64)
    count = kernels.rivals(scores, codewords, within, 10_000_000, found)
    rows = {tuple(row) for row in found[:count].tolist()}
    assert len(rows) == count
    assert surely <= rows <= perhaps


def test_a_picture_that_explains_too_many_texts_says_so_in_bounded_time() -> None:
    scores = np.full((30, 106), 0.5, np.float32)
    found = np.empty((4, 30), np.int64)
    assert kernels.rivals(scores, np.zeros(30, np.int64), 2.0, 1_000, found) == -1
