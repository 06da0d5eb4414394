"""The eyes at work on a line: GigE trigger to verdict, eight cameras at ten frames a second, a cable pulled (SIMULATED).

LETTERLINE_SOAK_S is how long the eight cameras run (default 60 s), LETTERLINE_UNPLUG_S how long the GigE camera is
unplugged and plugged in again (default 60 s). The GigE Vision protocol is libaravis's on both ends of the loopback.
"""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from array import array
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import frames, vision_unplug
from benchmarks.gige_camera import GigeCamera
from benchmarks.report import Report
from devices.cameras.aravis import AravisCamera
from devices.errors import CameraTimeout
from devices.kinds import Frame
from simulator import optics
from vision.profiles import EXIT_FRAME
from vision.reader import PieceReader
from vision.watch import FrameWatch, Watched

CAMERA = frames.Camera("exit", EXIT_FRAME[1], EXIT_FRAME[0], 8.0)
LINES = 8
RATE = 10.0


def run(quick: bool, report: Report) -> None:
    """Measure all three; `quick` takes a few seconds each."""
    cv2.setNumThreads(1)
    soak_s = 5.0 if quick else float(os.environ.get("LETTERLINE_SOAK_S", "60"))
    unplug_s = 5.0 if quick else float(os.environ.get("LETTERLINE_UNPLUG_S", "60"))
    trigger_to_verdict(report, 20 if quick else 500)
    vision_unplug.unplugged(report, CAMERA, _pictures(40, 57), unplug_s)
    eight_lines(report, soak_s)


def _pictures(count: int, seed: int) -> list[frames.Case]:
    return [frames.frame(CAMERA, optics.P1, s, seed + n) for n, s in enumerate(frames.stock(seed, count))]


class _Gige(ExitStack):
    """The fake camera showing given pictures in turn, and our driver connected to it."""

    def __init__(self, cases: list[frames.Case]) -> None:
        super().__init__()
        folder = Path(self.enter_context(tempfile.TemporaryDirectory()))
        self.pictures = folder / "pictures.npy"
        np.save(self.pictures, np.stack([case.image for case in cases]))

    def plugged(self) -> GigeCamera:
        return GigeCamera(self.pictures)


def trigger_to_verdict(report: Report, count: int) -> None:
    """Software trigger to finished reading through a real GigE Vision stream, wall clock."""
    cases = _pictures(20, 31)
    reader = PieceReader(CAMERA.profile())
    reader.warm(EXIT_FRAME)
    whole: list[float] = []
    transport: list[float] = []
    wrong = lost = 0
    with _Gige(cases) as gige, gige.plugged():
        camera = AravisCamera("127.0.0.1", region=(0, 0, EXIT_FRAME[1], EXIT_FRAME[0]))
        time.sleep(0.5)
        for _ in range(count):
            before = time.perf_counter()
            camera.trigger()
            try:
                frame = camera.grab(1.0)
            except CameraTimeout:
                lost += 1
                continue
            arrived = time.perf_counter()
            reading = reader.read(frame.image, 0.025).of("mark")
            whole.append((time.perf_counter() - before) * 1e3)
            transport.append((arrived - before) * 1e3)
            shown = _shown(cases, frame.image)
            wrong += shown is None or (reading is not None and reading.payload != shown.mark)
        camera.close()
    report.add("GigE: software trigger to frame, p99", float(np.percentile(transport, 99)), "ms")
    report.add("GigE: software trigger to verdict, p50", float(np.median(whole)), "ms")
    report.add("GigE: software trigger to verdict, p99", float(np.percentile(whole, 99)), "ms", at_most=50.0)
    report.add("GigE: frames lost of those triggered", lost, f"of {count}")
    report.add("GigE: pictures altered or read wrong", wrong, "frames", at_most=0)


def _shown(cases: list[frames.Case], image: NDArray[np.uint8]) -> frames.Case | None:
    return next((case for case in cases if np.array_equal(case.image, image)), None)


@dataclass(slots=True)
class _Belt:
    """A camera whose letters come at an even pace; ``grab`` waits for the next one."""

    cases: list[frames.Case]
    started: float
    ends: float
    count: int = 0

    def grab(self, timeout_s: float) -> Frame:
        due = self.started + self.count / RATE
        if due > self.ends:
            time.sleep(min(timeout_s, 0.05))
            raise TimeoutError("the belt stands still")
        wait = due - time.monotonic()
        if wait > timeout_s:
            time.sleep(timeout_s)
            raise TimeoutError("no letter yet")
        time.sleep(max(0.0, wait))
        self.count += 1
        image = self.cases[self.count % len(self.cases)].image.copy()
        image[0, :8] = np.frombuffer(self.count.to_bytes(8, "little"), np.uint8)
        now = time.monotonic_ns()
        return Frame(image, self.count, self.count, now // 1000, now)


def eight_lines(report: Report, seconds: float) -> None:
    """Eight watches at ten frames a second in one process: everything delivered, in order, in time, in flat memory."""
    cases = _pictures(40, 91)
    seen: list[Counter[str]] = [Counter() for _ in range(LINES)]
    ages = array("f")  # a list of floats would be half of the memory that seems to grow
    lock = threading.Lock()
    started = time.monotonic() + 1.0
    belts = [_Belt(cases, started + line / (RATE * LINES), started + seconds) for line in range(LINES)]

    def listener(line: int) -> Callable[[Watched], None]:
        def deliver(result: Watched) -> None:
            counts = seen[line]
            counts["delivered"] += 1
            counts["in order"] += result.trigger == counts["delivered"]
            counts[result.problem.value if result.problem else "read"] += 1
            expected = cases[result.trigger % len(cases)].mark
            mark = result.reading.of("mark") if result.reading else None
            counts["wrong"] += mark is not None and mark.payload != expected
            with lock:
                ages.append(result.age_ms)

        return deliver

    watches = [
        FrameWatch(belts[n], CAMERA.profile(), listener(n), deadline_s=0.09, name=f"line {n}") for n in range(LINES)
    ]
    with ExitStack() as stack:
        for watch in watches:
            stack.enter_context(watch)
            watch.start(EXIT_FRAME)
        for belt in belts:
            belt.started = belt.started - started + time.monotonic()
            belt.ends = belt.started + seconds
        time.sleep(seconds * 0.2)
        memory = _resident_kib()
        time.sleep(seconds * 0.8 + 1.0)
        grown = _resident_kib() - memory
    total = sum(belt.count for belt in belts)
    summed = sum(seen, Counter())
    name = f"{LINES} lines x {RATE:g} frames/s x {seconds:g} s"
    report.add(f"{name}: frames not delivered", total - summed["delivered"], "frames", at_most=0)
    report.add(f"{name}: out of order", summed["delivered"] - summed["in order"], "frames", at_most=0)
    report.add(f"{name}: bound to the wrong piece", summed["wrong"], "frames", at_most=0)
    report.add(f"{name}: late or without room", summed["result-late"] + summed["no-room"], "frames", at_most=0)
    report.add(f"{name}: age p99 at delivery", float(np.percentile(ages, 99)), "ms")
    report.add(f"{name}: memory grown over the last four fifths", grown / 1024, "MiB", at_most=16.0)


def _resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024
