"""What a simulated camera showed once, through production optics and with its faults, is read again from the recording."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import frames
from devices.camera import MjpegCamera
from devices.cameras.session import SessionCamera, SessionRecorder
from devices.errors import LinkError
from devices.kinds import Frame
from simulator.cameras.picture import Optics, envelope_scene
from simulator.cameras.server import CameraUnit
from simulator.defects import Defects
from simulator.journal import Journal
from simulator.optics import LEVELS
from simulator.paper import PANEL_PX_PER_MM, Envelope, Picture, Pixels, Sheet
from vision.encoder import BeltRule, Doubt, Exposed, doubt_of
from vision.profiles import EXIT_FRAME, exit_camera
from vision.watch import FrameWatch, Watched

PIECES = list(frames.stock(31, 9))
LOST, FROZEN = 4, 7
"""Triggers (from 1) whose frame the camera loses, and for which it shows the picture before once more."""


def scene(number: int) -> Pixels:
    panel = cv2.resize(
        frames.panel(PIECES[number], number),
        (120 * PANEL_PX_PER_MM, 60 * PANEL_PX_PER_MM),
        interpolation=cv2.INTER_AREA,
    )
    margin = Picture.of(np.full((350, 300), 255, np.uint8))
    sheet = Sheet(number, "P1", "job", number, Picture.of(np.asarray(panel, np.uint8)), margin)
    shift = np.random.default_rng(number).uniform((2.0, 2.0), (18.0, 13.0))
    return envelope_scene(Envelope(number, [sheet], number, number, shift_mm=(float(shift[0]), float(shift[1]))))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    defects = Defects(1)
    unit = CameraUnit("c2", Journal(folder / "world.jsonl"), defects, Optics(7, 0.5, LEVELS["P1"]))
    unit.start()
    recorder = SessionRecorder(folder / "session")
    try:
        with MjpegCamera(unit.url) as camera:
            assert camera.wait_connected(20)
            for number in range(len(PIECES)):
                if number + 1 == LOST:
                    defects.add("drop_c2", 1)
                if number + 1 == FROZEN:
                    defects.add("freeze_c2", 1)
                unit.fire(lambda number=number: scene(number))  # type: ignore[misc]
                if number + 1 != LOST:
                    recorder.keep(camera.grab(30.0))
    finally:
        recorder.close()
        unit.close()
    return folder / "session"


class _Replay:
    """The recording as vision wants a camera: its end is an absence."""

    def __init__(self, session: Path) -> None:
        self._camera = SessionCamera(session)

    def grab(self, timeout_s: float) -> Frame:
        try:
            return self._camera.grab(timeout_s)
        except LinkError as end:
            raise OSError(str(end)) from None


def watched(session: Path) -> Iterator[tuple[int, str, str]]:
    """Every trigger with its mark and item, or with its problem, as the watch of a line delivers them."""
    seen: list[Watched] = []
    ended = threading.Event()

    def deliver(result: Watched) -> None:
        seen.append(result)
        if not result.trigger:
            ended.set()

    with FrameWatch(
        _Replay(session), exit_camera(), deliver, deadline_s=90.0, read_budget_s=5.0, in_flight_max=16
    ) as watch:
        watch.start(EXIT_FRAME)
        assert ended.wait(90)
    for result in itertools.takewhile(lambda result: result.trigger, seen):
        if result.reading is None:
            yield result.trigger, str(result.problem and result.problem.value), ""
        else:
            codes = (result.reading.of("mark"), result.reading.of("item"))
            yield result.trigger, *(code.payload if code else "" for code in codes)


@pytest.mark.slow
def test_a_recorded_session_gives_every_piece_its_own_codes_and_names_what_the_camera_lost(recording: Path) -> None:
    results = list(watched(recording))
    truth = [(number, piece.mark, piece.item) for number, piece in enumerate(PIECES, start=1)]
    truth[LOST - 1] = (LOST, "frame-lost", "")
    truth[FROZEN - 1] = (FROZEN, "frame-repeated", "")
    assert [trigger for trigger, *_ in results] == [trigger for trigger, *_ in truth]
    for result, expected in zip(results, truth, strict=True):
        assert result[1] in (expected[1], ""), f"trigger {expected[0]} has another piece's mark"
        assert result[2] in (expected[2], ""), f"trigger {expected[0]} has another piece's item"
    assert sum(result == expected for result, expected in zip(results, truth, strict=True)) >= len(truth) - 1


def test_a_recorded_frame_keeps_its_numbers_and_the_place_of_the_belt(recording: Path) -> None:
    replay = SessionCamera(recording)
    kept = [replay.grab(0.0) for _ in range(len(PIECES) - 1)]
    assert [frame.trigger for frame in kept] == [n for n in range(1, len(PIECES) + 1) if n != LOST]
    pulses = [frame.encoder for frame in kept]
    assert None not in pulses
    assert all(later > earlier for earlier, later in itertools.pairwise(p for p in pulses if p is not None))


@pytest.mark.slow
def test_a_recorded_session_reads_the_same_every_time(recording: Path) -> None:
    assert list(watched(recording)) == list(watched(recording))


def test_a_surplus_trigger_and_a_leap_of_the_count_travel_from_the_camera_to_the_rule(tmp_path: Path) -> None:
    defects = Defects(1)
    unit = CameraUnit("c2", Journal(tmp_path / "world.jsonl"), defects, Optics(7, 0.5), pulses_per_s=10_000.0)
    unit.start()
    seen: list[Exposed] = []
    try:
        with MjpegCamera(unit.url) as camera:
            assert camera.wait_connected(20)
            for place, defect in enumerate(("", "extra_c2", "", "encoder_c2", "")):
                if defect:
                    defects.add(defect, 1)
                now_us = 100_000 * place
                unit.fire(lambda: scene(0), (now_us, now_us))
                for _ in range(2 if defect == "extra_c2" else 1):
                    frame = camera.grab(30.0)
                    seen.append(Exposed(frame.trigger, frame.device_us, frame.encoder))
    finally:
        unit.close()
    rule = BeltRule(900, 10_000.0, required=True)
    heard = [doubt_of(rule, before, now) for before, now in itertools.pairwise(seen)]
    assert heard == [None, Doubt.SURPLUS, None, Doubt.MISCOUNT, None]
