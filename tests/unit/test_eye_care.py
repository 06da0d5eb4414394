"""What the eyes notice about printers and cameras becomes an alarm that says where, in both languages, and only once."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from controller.line.actions import Alarm, AlarmCode
from controller.runner.alarm_words import on_screen
from controller.runner.eye_care import EyeCare
from vision.readings import FrameReading, Grade, Reading, Symbology

Gray = NDArray[np.uint8]


class Desk:
    """Collects what is told."""

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self.care = EyeCare(lambda payload: f"printer-{payload[0]}", self.alarms.append)

    def see(self, frame: Gray, modulation: float | None = None) -> None:
        readings: tuple[Reading, ...] = ()
        if modulation is not None:
            grade = Grade(3.0, "test", measured={"modulation": modulation})
            corners = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
            readings = (Reading("1", Symbology.QR.value, corners, grade, "zxing-cpp", "fast", 1.0, "mark"),)
        self.care.look(2, frame, FrameReading(readings, None, {}, "", False, 1.0, 200.0))


def scene(rng: np.random.Generator, light: float = 200.0) -> Gray:
    frame = rng.normal(light, 4, (240, 320)).clip(0, 255)
    y, x = int(rng.integers(0, 200)), int(rng.integers(0, 280))
    frame[y : y + 16, x : x + 40] = 40
    frame[20:36, 30:46] = 80  # part of the scene: there from the start
    return frame.astype(np.uint8)


@pytest.mark.slow
def test_fading_print_is_said_once_with_its_printer_and_good_print_says_nothing() -> None:
    rng, desk = np.random.default_rng(3), Desk()
    blank = np.full((64, 64), 200, np.uint8)
    for _ in range(200):
        desk.see(blank, 0.8 + float(rng.normal(0, 0.02)))
    assert desk.alarms == []
    assert desk.care.grade(2) == "B"
    for _ in range(100):
        desk.see(blank, 0.6 + float(rng.normal(0, 0.02)))
    fading = [alarm for alarm in desk.alarms if alarm.code is AlarmCode.PRINT_FADING]
    assert fading
    shown = on_screen(fading[0], 0)
    assert "printer-1" in shown.where.en
    assert "打印机 printer-1" in shown.where.zh


@pytest.mark.slow
def test_dirt_that_comes_later_rings_once_and_what_was_always_there_does_not() -> None:
    rng, desk = np.random.default_rng(5), Desk()
    for _ in range(200):
        desk.see(scene(rng))
    assert desk.alarms == []
    for _ in range(300):
        frame = scene(rng)
        frame[96:112, 160:176] //= 2
        desk.see(frame)
    assert [alarm.code for alarm in desk.alarms] == [AlarmCode.LENS_DIRTY]
    assert "画面" in on_screen(desk.alarms[0], 0).where.zh


@pytest.mark.slow
def test_a_lamp_that_fades_rings_once() -> None:
    rng, desk = np.random.default_rng(7), Desk()
    for number in range(500):
        desk.see(scene(rng, 200 * (1 - 0.25 * min(1.0, number / 300))))
    assert [alarm.code for alarm in desk.alarms] == [AlarmCode.LIGHT_DRIFT]
    assert "light -" in on_screen(desk.alarms[0], 0).where.en
