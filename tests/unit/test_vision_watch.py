"""The watch around the reader: every trigger exactly once, in order, in time, or named as a problem."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vision import watch as watching
from vision.encoder import ANY_BELT, BeltRule
from vision.reader import PieceReader
from vision.readings import FrameReading, ReadProfile, Window
from vision.watch import FrameWatch, Problem, Watched

PROFILE = ReadProfile(8.0, (Window("mark", ("DataMatrix",), (1.0, 1.0, 4.0, 4.0)),), grade=False)


@dataclass(frozen=True)
class Exposure:
    image: NDArray[np.uint8]
    trigger: int
    received_ns: int = 0
    device_us: int = 0
    encoder: int | None = None


def exposure(trigger: int, seed: int | None = None) -> Exposure:
    rng = np.random.default_rng(trigger if seed is None else seed)
    return Exposure(rng.integers(0, 255, (40, 48)).astype(np.uint8), trigger)


class Camera:
    """Gives what it was loaded with; an OSError in the list means the cable is out for one grab."""

    def __init__(self, *frames: Exposure | OSError) -> None:
        self._frames: queue.SimpleQueue[Exposure | OSError] = queue.SimpleQueue()
        for frame in frames:
            self._frames.put(frame)

    def grab(self, timeout_s: float) -> Exposure:
        try:
            frame = self._frames.get(timeout=min(timeout_s, 0.02))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(frame, OSError):
            raise frame
        return frame


class SlowReader(PieceReader):
    """Takes longer over frames whose first pixel is white; stands for an image that needs every fallback."""

    def warm(self, shape: tuple[int, int]) -> None:
        return

    def read(self, gray: NDArray[np.uint8], deadline_s: float = 0.025) -> FrameReading:
        if gray[0, 0] == 255:
            time.sleep(0.4)
        return FrameReading((), None, {}, "", False, 0.0, 0.0)


def watched(
    camera: Camera,
    expected: int,
    *,
    deadline_s: float = 0.2,
    workers: int = 1,
    in_flight_max: int = 8,
    belt: BeltRule = ANY_BELT,
) -> list[Watched]:
    seen: list[Watched] = []
    enough = threading.Event()

    def deliver(result: Watched) -> None:
        seen.append(result)
        if len(seen) >= expected:
            enough.set()

    watch = FrameWatch(
        camera,
        PROFILE,
        deliver,
        deadline_s=deadline_s,
        workers=workers,
        in_flight_max=in_flight_max,
        silence_s=0.05,
        belt=belt,
    )
    with watch:
        watch.start((40, 48))
        assert enough.wait(20), f"only {len(seen)} of {expected} results came"
    assert len(seen) == expected
    return seen


@pytest.fixture(autouse=True)
def slow_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PieceReader", SlowReader)


def summary(results: list[Watched]) -> list[tuple[int, str | None]]:
    return [(r.trigger, r.problem.value if r.problem else None) for r in results]


def test_results_come_in_trigger_order_though_two_workers_finish_out_of_order() -> None:
    frames = [exposure(n) for n in range(1, 9)]
    results = watched(Camera(*frames), 8, workers=2)
    assert summary(results) == [(n, None) for n in range(1, 9)]
    assert all(r.frame is frame for r, frame in zip(results, frames, strict=True))


def test_a_lost_frame_is_delivered_as_a_loss_so_that_no_reading_slips_to_its_neighbour() -> None:
    results = watched(Camera(exposure(1), exposure(2), exposure(5)), 5)
    assert summary(results) == [(1, None), (2, None), (3, "frame-lost"), (4, "frame-lost"), (5, None)]


def test_a_repeated_picture_under_a_new_trigger_is_called_frozen() -> None:
    results = watched(Camera(exposure(1), exposure(2), exposure(3, seed=1), exposure(4)), 4)
    assert summary(results) == [(1, None), (2, None), (3, "frame-repeated"), (4, None)]


def test_the_same_trigger_twice_is_out_of_order_and_never_a_second_reading() -> None:
    results = watched(Camera(exposure(1), exposure(1, seed=99), exposure(2)), 3)
    assert summary(results) == [(1, None), (1, "trigger-out-of-order"), (2, None)]


def test_a_restarted_camera_begins_a_new_session() -> None:
    results = watched(Camera(exposure(1), exposure(2), exposure(1, seed=50), exposure(2, seed=51)), 5)
    assert [(r.session, r.trigger) for r in results] == [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
    assert results[2].problem is Problem.RESTARTED


def test_a_lost_camera_is_reported_once_and_reading_goes_on_when_it_is_back() -> None:
    gone = OSError("unplugged")
    results = watched(Camera(exposure(1), gone, gone, gone, exposure(2)), 3)
    assert summary(results) == [(1, None), (0, "camera-unreachable"), (2, None)]


def test_a_result_after_the_deadline_is_discarded_and_its_trigger_delivered_as_late() -> None:
    slow = exposure(2)
    slow.image[0, 0] = 255
    results = watched(Camera(exposure(1), slow, exposure(3)), 3, workers=2, deadline_s=0.1)
    assert summary(results)[:2] == [(1, None), (2, "result-late")]
    assert results[1].age_ms < 350
    assert results[1].reading is None


def test_frames_without_room_are_delivered_as_overload_not_queued_for_ever() -> None:
    frames = [exposure(n) for n in range(1, 7)]
    frames[0].image[0, 0] = 255
    results = watched(Camera(*frames), 6, in_flight_max=2, deadline_s=0.15)
    problems = dict(summary(results))
    assert list(problems) == [1, 2, 3, 4, 5, 6]
    assert problems[1] == "result-late"
    assert "no-room" in problems.values()


BELT = BeltRule(pitch_pulses=90, pulses_per_s=1_000.0, required=True)


def at(trigger: int, pulses: int | None, ms: int) -> Exposure:
    return replace(exposure(trigger), device_us=ms * 1000, encoder=pulses)


def test_a_surplus_trigger_has_no_reading_and_neither_has_a_count_that_leaps() -> None:
    shots = (at(1, 0, 0), at(2, 100, 100), at(3, 101, 101), at(4, 200, 200), at(5, 9_999, 300), at(6, 400, 400))
    results = watched(Camera(*shots, at(7, 500, 500)), 7, belt=BELT)
    assert summary(results) == [
        (1, None),
        (2, None),
        (3, "trigger-without-piece"),
        (4, None),
        (5, "belt-count-implausible"),
        (6, "belt-count-implausible"),
        (7, None),
    ]
    assert all((r.reading is None) == (r.problem is not None) for r in results)


def test_lost_frames_leave_room_for_their_pieces_and_a_doubtful_count_is_no_excuse_for_a_repeated_picture() -> None:
    again = replace(exposure(5, seed=4), device_us=401_000, encoder=401)
    results = watched(Camera(at(1, 0, 0), at(4, 300, 300), again), 5, belt=BELT)
    assert summary(results)[:4] == [(1, None), (2, "frame-lost"), (3, "frame-lost"), (4, None)]
    assert summary(results)[4] == (5, "frame-repeated")


def test_a_restarted_camera_is_not_judged_by_where_the_belt_was_before() -> None:
    results = watched(Camera(at(1, 5_000, 0), at(2, 5_100, 100), replace(exposure(1, seed=9), encoder=3)), 4, belt=BELT)
    assert [(r.trigger, r.problem) for r in results][2:] == [(0, Problem.RESTARTED), (1, None)]
