"""Grades agree with values worked out by hand from the clauses of ISO/IEC 15416 and 15415."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.engines import decode_pure
from vision.grading import scale
from vision.grading.linear import grade_linear
from vision.grading.matrix import Sampled, grade_matrix, sample_symbol, true_modules
from vision.grading.placement import codeword_of_module
from vision.kernels import linear_grade
from vision.nozzle import missing_lines
from vision.readings import Symbology

PAYLOAD = "1" + "0123456789" * 3 + "01234"
START_B = "211214"
CHARACTERS = ("111323", "131123", "131321", "112313", "132113")
"""B to F in code set B. The stop pattern follows: 2331112."""
MODULE = 8


def bars(
    dark: float, light: float, moved_edge: float = 0.0
) -> tuple[NDArray[np.uint8], tuple[tuple[float, float], ...]]:
    """Draw start, five characters and stop at eight pixels a module; move the first inner edge of the third character."""
    widths = [int(w) for w in START_B + "".join(CHARACTERS) + "2331112"]
    edges = np.cumsum([0, *widths]).astype(float)
    edges[14 - 1] += moved_edge
    quiet, height = 10, 80
    row = np.full(int((edges[-1] + 2 * quiet) * MODULE), light)
    for element in range(0, len(widths), 2):
        begin, end = (round((edges[element + k] + quiet) * MODULE) for k in (0, 1))
        row[begin:end] = dark
    image = np.tile(np.round(row).astype(np.uint8), (height, 1))
    left, right = quiet * MODULE - 0.5, (edges[-1] + quiet) * MODULE - 0.5
    return image, ((left, 8.0), (right, 8.0), (right, height - 9.0), (left, height - 9.0))


def test_a_clean_bar_code_has_the_contrast_and_modulation_it_was_drawn_with() -> None:
    image, corners = bars(dark=51, light=204)
    grade = grade_linear(image, corners)
    assert grade.measured["contrast"] == pytest.approx(0.6, abs=0.005)  # (204 - 51) / 255
    assert grade.measured["minimum_reflectance"] == pytest.approx(0.25, abs=0.005)  # 51 / 204
    assert grade.measured["modulation"] == pytest.approx(1.0, abs=0.02)
    assert grade.measured["decodability"] > 0.95
    assert grade.overall == 3.0  # contrast between 55 and 70 % is a B, everything else is an A
    assert grade.letter == "B"
    assert "ISO-based in-line grade" in grade.standard


def test_a_light_stripe_inside_a_bar_is_a_defect_of_its_own_depth() -> None:
    image, corners = bars(dark=0, light=200)
    wide_bar = int((10 + 11 + 3) * MODULE) + 2 * MODULE  # inside the fourth element group: find a bar of three modules
    columns = np.flatnonzero(image[40] == 0)
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    wide = max(runs, key=len)
    assert len(wide) >= 3 * MODULE, wide_bar
    middle = int(wide[len(wide) // 2])
    image[:, middle - 3 : middle + 4] = 44  # 44 / 200 = 22 % of the contrast
    grade = grade_linear(image, corners)
    assert grade.measured["defects"] == pytest.approx(0.22, abs=0.01)
    assert grade.parameters["defects"] == 2.0  # above 20, at most 25 %


def test_an_edge_moved_by_a_fifth_of_a_module_costs_two_fifths_of_the_decodability() -> None:
    image, corners = bars(dark=20, light=230, moved_edge=0.25)
    grade = grade_linear(image, corners)
    # the measures next to the edge are off by a quarter module: half a module less a quarter, over half a module
    assert grade.measured["decodability"] == pytest.approx(0.5, abs=0.05)


def test_decodability_follows_the_formula_on_edges_given_as_numbers() -> None:
    widths = [int(w) for w in START_B + CHARACTERS[0] + "2331112"]
    edges = np.cumsum([0, *widths]).astype(np.float64)
    edges[8] += 0.1
    padded = np.zeros(512)
    padded[: edges.size] = edges
    # e-measures of the second character move by 0.1 module: V1 = (0.5 - 0.1) / 0.5 = 0.8; V2 = (1.75 - 0.1) / 1.75 = 0.943
    assert linear_grade.decodability_128(padded, edges.size) == pytest.approx(0.8, abs=1e-6)
    assert linear_grade.decodability_128.py_func(padded, edges.size) == pytest.approx(0.8, abs=1e-6)


def drawn_mark(
    dark: int = 51, light: int = 204, across: int = 8, down: int = 8, modules: NDArray[np.uint8] | None = None
) -> tuple[NDArray[np.uint8], tuple[tuple[float, float], ...]]:
    bits = true_modules(PAYLOAD) if modules is None else modules
    assert bits is not None
    picture = np.where(np.pad(bits, 4) > 0, dark, light).astype(np.uint8)
    image = np.repeat(np.repeat(picture, down, axis=0), across, axis=1)
    x0, y0 = 4 * across - 0.5, 4 * down - 0.5
    x1, y1 = x0 + 18 * across, y0 + 18 * down
    return image, ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def sampled(image: NDArray[np.uint8], corners: tuple[tuple[float, float], ...]) -> Sampled:
    result = sample_symbol(image, (corners[0], corners[1], corners[2], corners[3]), PAYLOAD)
    assert result is not None
    return result


def test_a_clean_mark_has_the_contrast_it_was_drawn_with_and_no_damage() -> None:
    grade = grade_matrix(sampled(*drawn_mark()), 1.0)
    assert grade.measured["contrast"] == pytest.approx(0.6, abs=0.01)
    assert grade.measured["axial_nonuniformity"] < 0.01
    assert grade.measured["grid_nonuniformity"] < 0.15
    assert grade.parameters == {
        "decode": 4.0,
        "contrast": 3.0,
        "modulation": 4.0,
        "fixed_pattern_damage": 4.0,
        "axial_nonuniformity": 4.0,
        "grid_nonuniformity": 4.0,
        "unused_correction": 4.0,
    }


def test_a_mark_stretched_by_an_eighth_fails_axial_nonuniformity() -> None:
    grade = grade_matrix(sampled(*drawn_mark(across=9, down=8)), 1.0)
    assert grade.measured["axial_nonuniformity"] == pytest.approx(1 / 8.5, abs=0.01)  # |9 - 8| / 8.5 = 0.1176
    assert grade.parameters["axial_nonuniformity"] == 1.0  # above 0.10, at most 0.12


def test_one_broken_module_of_eighteen_in_the_left_leg_is_a_three() -> None:
    bits = true_modules(PAYLOAD)
    assert bits is not None
    bits[9, 0] = 0
    grade = grade_matrix(sampled(*drawn_mark(modules=bits)), 1.0)
    assert grade.measured["fixed_pattern_damage"] == pytest.approx(1 / 18)
    assert grade.parameters["fixed_pattern_damage"] == 3.0  # above 0, at most 9 %


def test_one_grey_codeword_of_thirty_two_still_lets_modulation_be_an_a_and_four_do_not() -> None:
    bits = true_modules(PAYLOAD)
    assert bits is not None
    owner = codeword_of_module(18, 18)
    for count, expected in ((1, 4.0), (4, 3.0)):
        image, corners = drawn_mark(dark=0, light=200)
        # left correction at level A: 1 - 2/14 = 0.857 -> A; with four grey codewords 1 - 8/14 = 0.43 -> C at level A,
        # but their margin of 0.45 passes level B untouched -> B
        for codeword in range(count):
            r, c = (int(v[0]) for v in np.nonzero((owner == codeword) & (bits[1:-1, 1:-1] == 1)))
            image[(r + 5) * 8 : (r + 6) * 8, (c + 5) * 8 : (c + 6) * 8] = (
                55  # (100 - 55) / 100 = 0.45 of the half contrast
            )
        assert grade_matrix(sampled(image, corners), 1.0).parameters["modulation"] == expected


def test_flipping_the_modules_of_one_codeword_costs_the_decoder_exactly_one_codeword() -> None:
    bits = true_modules(PAYLOAD)
    assert bits is not None
    owner = codeword_of_module(18, 18)
    assert int(owner.max()) + 1 == 32
    for codeword in range(32):
        broken = bits.copy()
        broken[1:-1, 1:-1][owner == codeword] ^= 1
        decoded = decode_pure(broken, Symbology.DATA_MATRIX)
        assert decoded is not None
        assert decoded.payload == PAYLOAD
        assert decoded.unused_correction == pytest.approx(1 - 2 / 14, abs=0.01)


def test_every_placement_gives_eight_modules_to_every_codeword() -> None:
    for size, codewords in ((10, 8), (12, 12), (14, 18), (16, 24), (18, 32), (20, 40), (22, 50), (24, 60), (26, 72)):
        owner = codeword_of_module(size, size)
        assert set(np.bincount(owner[owner >= 0])) == {8}
        assert int(owner.max()) + 1 == codewords
        assert int((owner < 0).sum()) in (0, 4)


def test_a_nozzle_that_does_not_fire_is_named_with_its_place() -> None:
    image, corners = drawn_mark(dark=30, light=220)
    assert missing_lines(sampled(image, corners), 0.5) == []
    column = 7
    stripe = slice((column + 4) * 8 + 3, (column + 4) * 8 + 5)  # a quarter of the module's width
    image[:, stripe] = 220
    lines = missing_lines(sampled(image, corners), 0.5)
    assert [line.x_mm for line in lines] == [pytest.approx((column + 0.5) * 0.5)]


def test_a_speck_of_dust_is_not_called_a_nozzle_line() -> None:
    image, corners = drawn_mark(dark=30, light=220)
    image[90:104, 90:104] = 220
    assert missing_lines(sampled(image, corners), 0.5) == []


def test_grade_steps_include_their_limits() -> None:
    assert [scale.at_least(v, scale.SYMBOL_CONTRAST) for v in (0.70, 0.55, 0.40, 0.20, 0.19)] == [4, 3, 2, 1, 0]
    assert [scale.at_most(v, scale.DEFECTS) for v in (0.15, 0.20, 0.25, 0.30, 0.31)] == [4, 3, 2, 1, 0]
