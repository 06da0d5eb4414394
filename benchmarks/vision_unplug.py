"""A GigE camera's cable is pulled in the middle of the work, again and again: is a verdict ever bound to the wrong piece? SIMULATED.

Letters pass one after the other, each the only one before the lens when the camera is triggered for it. The watch of a
line numbers what comes, and a verdict belongs to the piece whose trigger had that number since the camera was last
counted anew: the rule of a running line. A pull kills the camera's process at a random moment, with triggers and frames
under way; the line goes on triggering until it notices, holds, and counts the camera anew when it is back.

``python -m benchmarks.vision_unplug PICTURE.npy`` is the camera: it shows what lies in that file at each exposure.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks import frames, gige_camera
from benchmarks.report import Report
from controller.runner.eyes import CameraSource
from devices.cameras.aravis import AravisCamera
from devices.errors import DeviceError
from vision.profiles import EXIT_FRAME
from vision.watch import FrameWatch, Problem, Watched

ADDRESS = "127.0.0.1"
PITCH_S = 0.05
"""Twenty letters a second, twice what the fastest lines do."""
GIVEN_UP_S = 0.5
"""A letter whose frame has not come by then has left the lens without a verdict."""
PLUGGED_S = (0.3, 6.0)
UNPLUGGED_S = (0.0, 2.0)
BACK_S = 60.0
_HOLDS = frozenset({Problem.UNREACHABLE, Problem.RESTARTED, Problem.OUT_OF_ORDER, Problem.FROZEN, Problem.SURPLUS})


class _Lens:
    """The camera with its cable: what lies before it, plugged in and pulled out."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "before-the-lens.npy"
        np.save(self._file, np.zeros(EXIT_FRAME, np.uint8))
        self._view = np.load(self._file, mmap_mode="r+")
        self._process: subprocess.Popen[bytes] | None = None

    def show(self, case: frames.Case) -> None:
        self._view[...] = case.image

    def plug(self) -> None:
        command = [sys.executable, "-m", "benchmarks.vision_unplug", str(self._file)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def pull(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class _Line:
    """What a line knows: which piece had which trigger since the camera was counted anew, and whether it may believe that."""

    def __init__(self, cases: list[frames.Case]) -> None:
        self.cases = cases
        self.counts: Counter[str] = Counter()
        self.pieces: list[int] = []
        self.holds = threading.Event()
        self.settled = threading.Event()

    def deliver(self, watched: Watched) -> None:
        if watched.problem in _HOLDS:
            self.holds.set()
        if watched.trigger and not self.holds.is_set():
            self._bind(watched)
        self.settled.set()

    def _bind(self, watched: Watched) -> None:
        mark = watched.reading.of("mark") if watched.reading else None
        if mark is None:
            self.counts["no verdict"] += 1
        elif watched.trigger > len(self.pieces):
            self.counts["wrong"] += 1
        else:
            piece = self.pieces[watched.trigger - 1]
            self.counts["verdicts"] += 1
            self.counts["wrong"] += mark.payload != self.cases[piece % len(self.cases)].mark


def unplugged(report: Report, camera_view: frames.Camera, cases: list[frames.Case], seconds: float) -> None:
    """Pull and plug for ``seconds``; count the verdicts, and those of another piece than was before the lens."""
    rng = np.random.default_rng(time.time_ns())
    line = _Line(cases)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        lens = _Lens(Path(folder))
        stack.callback(lens.pull)
        lens.plug()
        camera = _first_seen()
        stack.callback(camera.close)
        watch = FrameWatch(CameraSource(camera), camera_view.profile(), line.deliver, deadline_s=0.2, silence_s=0.2)
        stack.enter_context(watch)
        watch.start(EXIT_FRAME)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            _count_anew(line, camera, watch)
            pull = threading.Timer(float(rng.uniform(*PLUGGED_S)), lens.pull)
            pull.start()
            _run_until_held(line, camera, lens)
            pull.join()
            line.counts["pulls"] += 1
            time.sleep(float(rng.uniform(*UNPLUGGED_S)))
            lens.plug()
    report.add("unplugged: pulls", line.counts["pulls"], "times")
    report.add("unplugged: letters triggered", line.counts["letters"], "pieces")
    report.add("unplugged: letters with a verdict", line.counts["verdicts"], "pieces", at_least=line.counts["pulls"])
    report.add("unplugged: verdicts of the wrong piece", line.counts["wrong"], "pieces", at_most=0)


def _first_seen() -> AravisCamera:
    ends = time.monotonic() + BACK_S
    while True:
        try:
            return AravisCamera(ADDRESS, region=(0, 0, EXIT_FRAME[1], EXIT_FRAME[0]))
        except DeviceError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def _count_anew(line: _Line, camera: AravisCamera, watch: FrameWatch) -> None:
    """Wait until the camera is back, and begin at trigger 1 with an empty belt."""
    ends = time.monotonic() + BACK_S
    while True:
        try:
            camera.reset_triggers()
            break
        except DeviceError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
    watch.counted_anew()
    line.pieces.clear()
    line.holds.clear()


def _run_until_held(line: _Line, camera: AravisCamera, lens: _Lens) -> None:
    """Let letters pass, one trigger each, until the line notices that something is wrong with its camera."""
    while not line.holds.is_set():
        begun = time.monotonic()
        piece = line.counts["letters"]
        line.counts["letters"] += 1
        lens.show(line.cases[piece % len(line.cases)])
        line.pieces.append(piece)
        line.settled.clear()
        try:
            camera.trigger()
        except DeviceError:
            line.holds.set()
            return
        if not line.settled.wait(GIVEN_UP_S):
            line.counts["given up"] += 1
            line.holds.set()  # a shot without a frame: the camera is out of step
        time.sleep(max(0.0, PITCH_S - (time.monotonic() - begun)))


if __name__ == "__main__":
    gige_camera.serve(ADDRESS, "TEST1", np.load(sys.argv[1], mmap_mode="r")[np.newaxis])
