"""The rules that keep a wrong value out, on pictures made to provoke one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks import frames, stress
from simulator import optics
from vision import code128
from vision.engines import Decoded
from vision.kernels import code128 as kernels
from vision.kernels import matrix_edges, matrix_modules, matrix_pose
from vision.kernels.tiles import tile_tensor
from vision.profiles import exit_camera, is_item_form, is_mark_form
from vision.reader import PieceReader, frame_hash
from vision.readings import NoRead, ReadProfile, Symbology, Window

STOCK = list(frames.stock(900, 40))
CAMERA = frames.CAMERAS["2MP"]


@pytest.mark.parametrize("window", ["mark", "item"])
def test_no_crop_at_the_edge_of_readability_gives_a_wrong_value(window: str) -> None:
    reader = PieceReader(stress.profiles()[window])
    read = 0
    for seed in range(60):
        crop = stress.crop(STOCK[seed % 40], window, optics.EDGE, 5_000_000 + seed)
        reading = reader.read(crop.image, 0.2).of(window)
        read += reading is not None
        assert reading is None or reading.payload == crop.payload, f"seed {seed}"
    assert 5 < read < 60


def test_production_frames_give_both_codes_and_never_another_value() -> None:
    reader = PieceReader(CAMERA.profile())
    for seed, symbols in enumerate(STOCK[:12]):
        case = frames.frame(CAMERA, optics.P1, symbols, 40_000 + seed)
        answer = reader.read(case.image, 1.0)
        assert {r.window: r.payload for r in answer.readings} == {"mark": case.mark, "item": case.item}
        assert answer.no_read_reason is None
        assert all(r.grade is not None and r.elapsed_ms > 0 for r in answer.readings)
        item = answer.of("item")
        assert item is not None
        assert item.witness


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["noise", "stripes", "checks", "black"]))
def test_pictures_without_a_code_give_nothing(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    frame = rng.integers(0, 255, (520, 1040)).astype(np.uint8)
    if kind == "stripes":
        frame = np.tile(np.repeat(rng.integers(0, 2, 400).astype(np.uint8) * 200 + 20, 3)[:1040], (520, 1))
    elif kind == "checks":
        frame = np.kron(rng.integers(0, 2, (65, 130)).astype(np.uint8) * 200 + 20, np.ones((8, 8), np.uint8))
    elif kind == "black":
        frame[:] = int(rng.integers(0, 255))
    answer = PieceReader(exit_camera()).read(frame, 5.0)
    assert answer.readings == ()
    assert answer.no_read_reason is not None


def drawn(*pieces: tuple[frames.Symbols, float, float]) -> NDArray[np.uint8]:
    frame = np.full((400, 800), 230, np.uint8)
    for symbols, x, y in pieces:
        picture = np.kron(symbols.mark_modules, np.ones((4, 4), np.uint8))
        area = frame[int(y) : int(y) + picture.shape[0], int(x) : int(x) + picture.shape[1]]
        area[picture > 0] = 30
    return frame


def wide_mark(**changes: object) -> ReadProfile:
    window = Window("mark", (Symbology.DATA_MATRIX,), (40.0, 20.0, 9.0, 9.0), (30.0, 15.0), 0.5, (18, 18), is_mark_form)
    return replace(ReadProfile(8.0, (window,), grade=False), **changes)


def test_two_different_marks_in_one_window_are_no_verdict() -> None:
    answer = PieceReader(wide_mark()).read(drawn((STOCK[0], 300, 160), (STOCK[1], 420, 160)), 5.0)
    assert answer.readings == ()
    assert answer.disagreement
    assert answer.no_read_reason is NoRead.DISAGREEMENT


def test_a_mark_with_too_little_correction_left_is_no_verdict() -> None:
    symbols = STOCK[0]
    broken = symbols.mark_modules.copy()
    broken[4:9, 4:9] ^= 1
    frame = drawn((replace(symbols, mark_modules=broken), 340, 160))
    low = PieceReader(wide_mark(uec_floor=0.0)).read(frame, 5.0).of("mark")
    assert low is not None
    assert low.payload == symbols.mark
    assert low.unused_correction is not None
    assert low.unused_correction < 0.7
    strict = PieceReader(wide_mark(uec_floor=0.7)).read(frame, 5.0)
    assert strict.readings == ()
    assert strict.no_read_reason is NoRead.TOO_DAMAGED


def test_a_value_of_the_wrong_form_is_no_verdict() -> None:
    window = replace(wide_mark().windows[0], accepts=lambda payload: payload.startswith("2"))
    answer = PieceReader(wide_mark(windows=(window,))).read(drawn((STOCK[0], 340, 160)), 5.0)
    assert answer.no_reads == {"mark": NoRead.BAD_FORM}


class _Liar:
    """An engine that reads the bar code but gets one digit wrong: its check digit still fits."""

    name = "liar"

    def __init__(self, truth: PieceReader, lie: str) -> None:
        self._engine = truth._zxing
        self._lie = lie

    def reads(self, symbology: Symbology) -> bool:
        return symbology is Symbology.CODE_128

    def decode(self, image: NDArray[np.uint8], symbologies: Sequence[Symbology]) -> list[Decoded]:
        return [replace(found, payload=self._lie) for found in self._engine.decode(image, symbologies)]


def test_a_wrong_but_well_formed_value_from_one_engine_is_contradicted_by_the_witness() -> None:
    symbols, other = STOCK[0], STOCK[1]
    crop = stress.crop(symbols, "item", optics.P0, 1)
    reader = PieceReader(stress.profiles()["item"])
    liar = _Liar(reader, other.item)
    reader._steps = (reader._step(reader._steps[0].path, liar, lambda _search, view: view),)
    answer = reader.read(crop.image, 5.0)
    assert answer.readings == ()
    assert answer.no_read_reason is NoRead.DISAGREEMENT


def test_a_reader_out_of_time_says_so_and_starts_nothing_it_cannot_finish() -> None:
    reader = PieceReader(CAMERA.profile(grade=False))
    frame = frames.frame(CAMERA, optics.P1, STOCK[0], 1).image
    answer = reader.read(frame, 0.0)
    assert answer.readings == ()
    assert set(answer.no_reads.values()) == {NoRead.OUT_OF_TIME}


def test_codes_are_found_without_knowing_their_place() -> None:
    known = CAMERA.profile(grade=False)
    windows = tuple(replace(window, slack_mm=(200.0, 150.0)) for window in known.windows)
    reader = PieceReader(replace(known, windows=windows))
    for seed, symbols in enumerate(STOCK[:6]):
        case = frames.frame(CAMERA, optics.P1, symbols, 60_000 + seed)
        answer = reader.read(case.image, 5.0)
        assert {r.window: r.payload for r in answer.readings} == {"mark": case.mark, "item": case.item}


def turned(symbols: frames.Symbols, degrees: float) -> NDArray[np.uint8]:
    side = 620
    picture = np.repeat(np.repeat(symbols.item_modules, 90, axis=0), 3, axis=1)
    canvas = np.full((side, side), 230, np.uint8)
    top, left = (side - picture.shape[0]) // 2, (side - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]][picture > 0] = 30
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(canvas, matrix, (side, side), borderValue=(230.0,)), np.uint8)


def test_a_bar_code_is_read_at_every_angle() -> None:
    box = (17.0, 28.0, 48.75, 9.4)
    item = Window("item", ("Code128",), box, (14.0, 25.0), 0.3125, None, is_item_form, any_angle=True)
    reader = PieceReader(ReadProfile(9.6, (item,), grade=False))
    for degrees in range(0, 360, 15):
        reading = reader.read(turned(STOCK[3], float(degrees)), 5.0).of("item")
        assert reading is not None, f"{degrees} degrees"
        assert reading.payload == STOCK[3].item


def test_both_codes_are_read_at_one_and_four_tenths_of_a_pixel_a_module() -> None:
    for window, scale in (("mark", 1.4 / 4), ("item", 1.4 / 2.5)):
        known = stress.profiles()[window]
        reader = PieceReader(replace(known, px_per_mm=known.px_per_mm * scale))
        for seed in range(5):
            crop = stress.crop(STOCK[seed], window, optics.Level("clean", noise_sigma=(2.0, 2.0)), seed)
            small = np.asarray(cv2.resize(crop.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            reading = reader.read(small, 5.0).of(window)
            assert reading is not None, (window, seed)
            assert reading.payload == crop.payload


def test_interleaved_two_of_five_may_not_identify_anything_beside_another_code() -> None:
    with pytest.raises(ValueError, match="Interleaved 2 of 5"):
        ReadProfile(8.0, (Window("x", ("ITF", "Code128"), (0.0, 0.0, 10.0, 10.0)),))


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=95), min_size=1, max_size=20))
def test_code_128_codewords_round_trip_through_set_b_with_their_check(text: str) -> None:
    data = [ord(character) - 32 for character in text]
    check = (104 + sum(place * value for place, value in enumerate(data, start=1))) % 103
    assert code128.text_of([104, *data, check]) == text
    assert code128.text_of([104, *data, (check + 1) % 103]) is None


@pytest.mark.parametrize("function", [code128.FNC1, code128.FNC2, code128.FNC3, code128.CODE_B])
def test_a_function_character_does_not_vanish_from_a_text(function: int) -> None:
    data = [33, 34, function, 35]  # in code set B 100 is FNC4
    check = (104 + sum(place * value for place, value in enumerate(data, start=1))) % 103
    assert code128.text_of([104, *data, check]) is None


def test_kernels_agree_with_their_uncompiled_twins() -> None:
    rng = np.random.default_rng(0)
    image = np.asarray(cv2.GaussianBlur(rng.integers(0, 255, (40, 60)).astype(np.uint8), (0, 0), 2), np.uint8)
    assert np.allclose(tile_tensor(image, 12, 3, 100.0), tile_tensor.py_func(image, 12, 3, 100.0), rtol=1e-4)
    pose = np.array([30.0, 20.0, 1.5, 0.1, -0.1, 1.5])
    for kernel in (matrix_pose.frame_score, matrix_pose.border_score, matrix_edges.clock_deviation):
        assert kernel(image, pose, 10, 10) == pytest.approx(kernel.py_func(image, pose, 10, 10), abs=1e-5)
    values = rng.uniform(0, 1, (10, 10)).astype(np.float32)
    softer = matrix_modules.without_neighbours
    assert np.allclose(softer(values, 0.2), softer.py_func(values, 0.2), atol=1e-5)
    rows = np.tile(image[20], (5, 2))
    assert np.allclose(kernels.aligned_mean(rows, 4), kernels.aligned_mean.py_func(rows, 4), atol=1e-3)
    window, scores, twin = (rng.uniform(0, 255, 44).astype(np.float32), *np.zeros((2, 106), np.float32))
    kernels.correlate(window, kernels.PATTERN_COLUMNS[0], scores)
    kernels.correlate.py_func(window, kernels.PATTERN_COLUMNS[0], twin)
    assert np.allclose(scores, twin, atol=1e-4)


@given(st.integers(0, 105), st.integers(0, 44), st.floats(-2, 2), st.floats(5, 200))
def test_a_character_under_any_light_explains_its_own_picture_best(
    kind: int, bank: int, slope: float, contrast: float
) -> None:
    columns = kernels.PATTERN_COLUMNS[bank]
    light = 120 + slope * np.arange(44) + contrast * columns[:, kind]
    scores = np.zeros(106, np.float32)
    kernels.correlate(light.astype(np.float32), columns, scores)
    assert int(scores.argmax()) == kind
    assert scores[kind] == pytest.approx(1.0, abs=1e-3)


@given(st.floats(0.0, 6.0), st.integers(0, 2**31))
def test_lines_displaced_by_a_wave_are_laid_on_each_other_again(height: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bars = cv2.GaussianBlur(np.repeat(rng.integers(0, 2, 100) * 200.0 + 20, 4)[None], (0, 0), 1.5)[0]
    shifts = np.round(height * np.sin(np.linspace(0, 3, 24) + rng.uniform(0, 6))).astype(int)
    shifts -= shifts[12]
    rows = np.stack([np.roll(bars, -shift) for shift in shifts]).astype(np.uint8)
    mean = kernels.aligned_mean(rows, 16)
    assert np.abs(mean[40:-40] - bars[40:-40]).max() < 3.0


def test_two_exposures_of_the_same_scene_have_different_hashes_and_a_copy_the_same() -> None:
    scene = np.full((300, 350), 128, np.uint8)
    first, second = (optics.noise(scene, 2.0, np.random.default_rng(seed)) for seed in (1, 2))
    assert frame_hash(first) != frame_hash(second)
    assert frame_hash(first) == frame_hash(first.copy())
