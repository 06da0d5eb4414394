"""Trends, lens, window, envelope and OMR: what the eyes notice beside the codes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import frames
from simulator import optics
from vision.envelope import flap_is_open, is_empty
from vision.lens import LensWatch
from vision.omr import OmrTrack, read_track
from vision.reader import PieceReader
from vision.readings import Grade
from vision.trends import BASELINE_PIECES, EarlyWarning, PrintTrends, Rule
from vision.window import Placed, RenderedPanel, compare_window, letter_to_frame

PLACES = (Placed("mark", (86.0, 52.0, 9.0, 9.0)), Placed("item", (24.0, 69.0, 48.75, 9.0)))


def follow(values: list[float], parameter: str = "modulation") -> list[EarlyWarning]:
    trends = PrintTrends()
    found: list[EarlyWarning] = []
    for value in values:
        grade = Grade(4.0, "test", measured={parameter: value})
        found += trends.follow("printer-1", "exit", "mark", grade)
    return found


def steady(count: int, level: float = 0.8, sigma: float = 0.02, seed: int = 1) -> list[float]:
    return [float(v) for v in np.random.default_rng(seed).normal(level, sigma, count)]


def test_a_steady_printer_rings_no_alarm_in_two_thousand_pieces() -> None:
    assert follow(steady(2_000)) == []


def test_a_slow_decline_is_forecast_long_before_it_fails() -> None:
    decline = [0.8 - 0.0006 * n for n in range(1_000)]
    noise = steady(1_000, 0.0, 0.02, seed=3)
    values = steady(100) + [a + b for a, b in zip(decline, noise, strict=True)]
    fails_at = next(place for place, value in enumerate(values) if value < 0.2)
    warnings = follow(values)
    assert warnings
    assert warnings[0].piece < fails_at - 200


def test_the_forecast_of_a_straight_decline_names_the_piece_that_will_fail() -> None:
    noise = steady(1_500, 0.0, 0.01, seed=3)
    values = [0.8 - 0.0005 * n + e for n, e in enumerate(noise)]
    forecast = next(w for w in follow(values) if w.rule is Rule.DECLINE)
    assert forecast.pieces_left is not None
    assert abs(forecast.piece + forecast.pieces_left - 1_200) < 100  # (0.8 - 0.2) / 0.0005


def test_a_sudden_step_rings_once_and_not_for_every_piece() -> None:
    warnings = follow(steady(BASELINE_PIECES + 20) + steady(200, 0.7, seed=4))
    assert [w.rule for w in warnings].count(Rule.BEYOND_LIMIT) == 1


def test_a_missing_nozzle_line_is_named_as_such() -> None:
    trends = PrintTrends()
    grade = Grade(4.0, "test", measured={})
    found = [w for n in range(100) for w in trends.follow("p", "c", "mark", grade, [3.25] if n > 60 else [])]
    assert [w.rule for w in found] == [Rule.MISSING_LINE]
    assert 60 < found[0].piece < 80
    assert found[0].x_mm == 3.25


def test_a_cleaned_printer_gets_a_new_baseline() -> None:
    trends = PrintTrends()
    for value in steady(100):
        trends.follow("p", "c", "mark", Grade(4.0, "t", measured={"contrast": value}))
    trends.start_over("p")
    warnings = [trends.follow("p", "c", "mark", Grade(4.0, "t", measured={"contrast": v})) for v in steady(100, 0.5)]
    assert not any(warnings)


@pytest.fixture(scope="module")
def piece() -> tuple[frames.Symbols, frames.Symbols]:
    first, second = frames.stock(41, 2)
    return first, second


def seen_and_rendered(symbols: frames.Symbols, address: int, shown: int) -> tuple[float, float]:
    camera = frames.CAMERAS["2MP"]
    drawn = frames.panel(symbols, shown)
    case = frames.frame_of(camera, optics.P1, symbols, 5, drawn)
    reading = PieceReader(camera.profile()).read(case.image, 5.0)
    to_frame = letter_to_frame(reading.readings, PLACES)
    assert to_frame is not None
    rendered = frames.panel(symbols, address)
    block = rendered[15 * 16 : 33 * 16 : 2, 22 * 16 : 80 * 16 : 2]
    check = compare_window(case.image, RenderedPanel(np.ascontiguousarray(block), 8.0, (22.0, 50.0)), to_frame)
    return check.worst_line, check.foreign_mm2


def test_the_right_address_correlates_and_a_wrong_one_under_the_right_code_does_not(
    piece: tuple[frames.Symbols, frames.Symbols],
) -> None:
    right, _ = seen_and_rendered(piece[0], 3, 3)
    wrong, _ = seen_and_rendered(piece[0], 3, 4)
    assert right > 0.6
    assert wrong < 0.5


def test_dirt_that_stands_still_is_found_and_passing_letters_are_not_dirt() -> None:
    rng = np.random.default_rng(0)
    clean, dirty = LensWatch(), LensWatch()
    for _ in range(120):
        frame = rng.normal(200, 4, (240, 320)).clip(0, 255).astype(np.uint8)
        y, x = int(rng.integers(0, 200)), int(rng.integers(0, 280))
        frame[y : y + 16, x : x + 40] = 40
        clean.follow(frame)
        frame[96:112, 160:176] = frame[96:112, 160:176] // 2
        dirty.follow(frame)
    assert clean.health().dirt == ()
    (spot,) = dirty.health().dirt
    assert abs(spot[0] - 164) <= 12
    assert abs(spot[1] - 100) <= 12


def test_a_lamp_that_loses_a_fifth_of_its_light_is_noticed() -> None:
    rng = np.random.default_rng(0)
    lens = LensWatch()
    for n in range(400):
        lens.follow(rng.normal(200 * (1 - 0.25 * min(1.0, n / 200)), 3, (120, 160)).clip(0, 255).astype(np.uint8))
    assert lens.health().light_drift == pytest.approx(-0.25, abs=0.04)
    assert lens.health().needs_attention


def test_an_empty_envelope_is_told_from_a_full_one() -> None:
    camera = frames.CAMERAS["2MP"]
    symbols = next(frames.stock(5, 1))
    window = (100.0 - 50.0, 75.0 - 22.5, 100.0, 45.0)
    full = frames.frame_of(camera, optics.P1, symbols, 1, frames.panel(symbols, 2)).image
    blank = np.full_like(frames.panel(symbols, 2), 246)
    empty = frames.frame_of(camera, optics.P1, symbols, 1, blank).image
    assert not is_empty(full, window, camera.px_per_mm)
    assert is_empty(empty, window, camera.px_per_mm)


def test_an_open_flap_is_bright_where_the_belt_should_be() -> None:
    frame = np.full((100, 200), 60, np.uint8)
    assert not flap_is_open(frame, (0.0, 0.0, 20.0, 2.0), 8.0)
    frame[:30] = 210
    assert flap_is_open(frame, (0.0, 0.0, 20.0, 2.0), 8.0)


def omr_frame(bits: list[int], level: int) -> NDArray[np.uint8]:
    frame = np.full((500, 120), 220, np.uint8)
    for slot, bit in enumerate(bits):
        if bit:
            top = int((3 + slot * 4) * 8)
            frame[top - 3 : top + 3, 16:80] = level
    return frame


TRACK = OmrTrack(x_mm=2.5, width_mm=7.0, first_mm=3.0, pitch_mm=4.0, slots=10)


def test_an_omr_track_reads_as_its_bits() -> None:
    bits = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1]
    assert read_track(omr_frame(bits, 30), TRACK, 8.0) == tuple(bool(bit) for bit in bits)


def test_an_omr_track_in_doubt_or_without_its_gate_mark_is_no_answer() -> None:
    assert read_track(omr_frame([1] + [0] * 8 + [1], 160), TRACK, 8.0) is None
    assert read_track(omr_frame([0] * 9 + [1], 30), TRACK, 8.0) is None


def test_degradations_are_the_same_for_the_same_seed_and_differ_for_another() -> None:
    symbols = next(frames.stock(5, 1))
    camera = frames.CAMERAS["2MP"]
    first, again, other = (frames.frame(camera, optics.P2, symbols, seed).image for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
