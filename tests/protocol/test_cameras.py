"""One contract for every camera: frames in trigger order, silence is a timeout, absence is an error, and it comes back."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.gige_camera import GigeCamera
from devices.cameras import OpenCamera, open_camera
from devices.cameras.counts import WrappingCount
from devices.cameras.session import SessionRecorder
from devices.errors import CameraTimeout, LinkError, ProtocolError
from devices.kinds import Frame

Gray = NDArray[np.uint8]
SHAPE = (480, 640)
SYSTEM_PYTHON = "/usr/bin/python3"


def picture(number: int) -> Gray:
    rng = np.random.default_rng(number)
    blocks = rng.integers(20, 235, (SHAPE[0] // 16, SHAPE[1] // 16)).astype(np.uint8)
    return np.asarray(cv2.resize(blocks, SHAPE[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def nothing() -> None:
    """What a camera without a trigger input makes of a trigger."""


class Rig(NamedTuple):
    """A camera under test, its trigger, and how to pull its cable where that is the only way to silence it."""

    camera: OpenCamera
    trigger: Callable[[], None] = nothing
    pull: Callable[[], None] = nothing


class _MjpegPeer(BaseHTTPRequestHandler):
    """Shows three pictures, and three more after each reset."""

    frames = 3

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
        self.end_headers()
        anew: threading.Event = self.server.anew  # type: ignore[attr-defined]
        while True:
            anew.clear()
            for number in range(1, self.frames + 1):
                data = cv2.imencode(".jpg", picture(number))[1].tobytes()
                head = f"--f\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\nX-Trigger: {number}\r\n"
                head += f"X-Frame-Id: {number}\r\nX-Timestamp-Us: {number}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
            if not anew.wait(5):
                return

    def do_POST(self) -> None:
        self.server.anew.set()  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def mjpeg(stack: ExitStack, _tmp: Path) -> Rig:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _MjpegPeer)
    server.daemon_threads = True
    server.anew = threading.Event()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    stack.callback(server.shutdown)
    return Rig(open_camera(f"http://127.0.0.1:{server.server_port}/stream"))


def session(stack: ExitStack, tmp: Path) -> Rig:
    recorder = SessionRecorder(tmp / "session")
    for number in range(1, 7):
        recorder.keep(Frame(picture(number), number, number, number, number))
    recorder.close()
    return Rig(open_camera(f"session:{tmp / 'session'}"))


def video(stack: ExitStack, tmp: Path) -> Rig:
    path = tmp / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, SHAPE[::-1])
    for number in range(1, 7):
        writer.write(cv2.cvtColor(picture(number), cv2.COLOR_GRAY2BGR))
    writer.release()
    return Rig(open_camera(f"video:{path}"))


def rtsp(stack: ExitStack, tmp: Path) -> Rig:
    peer = [SYSTEM_PYTHON, str(Path(__file__).with_name("rtsp_peer.py"))]
    if not Path(SYSTEM_PYTHON).exists() or subprocess.run([*peer, "--check"], capture_output=True).returncode:
        pytest.skip("GStreamer's RTSP server is an extra: setup/cameras.sh installs it")
    for number in range(1, 7):
        cv2.imwrite(str(tmp / f"{number}.jpg"), picture(number))
    server = subprocess.Popen([*peer, str(tmp), "10"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.callback(server.wait)
    stack.callback(server.kill)
    assert server.stdout is not None
    port = int(server.stdout.readline())
    return Rig(open_camera(f"rtsp://127.0.0.1:{port}/camera"), pull=server.kill)


def aravis(stack: ExitStack, tmp: Path) -> Rig:
    from devices.cameras.aravis import AravisCamera

    np.save(tmp / "pictures.npy", np.stack([picture(number) for number in range(1, 4)]))
    stack.enter_context(GigeCamera(tmp / "pictures.npy"))
    camera = AravisCamera("127.0.0.1", region=(0, 0, SHAPE[1], SHAPE[0]))
    time.sleep(0.3)  # the fake camera looks for triggers only some time after acquisition was started
    return Rig(camera, camera.trigger)


def pylon(stack: ExitStack, tmp: Path) -> Rig:
    if importlib.util.find_spec("pypylon") is None:
        pytest.skip("pypylon is an extra: setup/cameras.sh installs it")
    os.environ["PYLON_CAMEMU"] = "1"
    stack.callback(os.environ.pop, "PYLON_CAMEMU")
    from devices.cameras.pylon import PylonCamera

    for number in range(1, 4):
        cv2.imwrite(str(tmp / f"{number}.png"), picture(number))
    files = {"ImageFileMode": "On", "ImageFilename": str(tmp), "TestImageSelector": "Off"}
    camera = PylonCamera(settings={**files, "Width": SHAPE[1], "Height": SHAPE[0]})
    return Rig(camera, camera.trigger)


def gentl(stack: ExitStack, tmp: Path) -> Rig:
    found = importlib.util.find_spec("genicam")
    if found is None or found.origin is None:
        pytest.skip("harvesters and genicam are an extra: setup/cameras.sh installs them")
    producer = next(Path(found.origin).parent.rglob("viky.cti"))
    return Rig(open_camera(f"gentl:{producer}#0"))


def falls_silent(opened: OpenCamera) -> bool:
    try:
        opened.grab(0.2)
    except (CameraTimeout, LinkError):
        return True
    return False


CAMERAS = {f.__name__: f for f in (mjpeg, session, video, rtsp, aravis, pylon, gentl)}
EXACT = {"session", "pylon", "aravis"}
ENDLESS = {"gentl"}
BEFORE_ASKED = 20
"""A camera that runs free may have shown so many pictures before the first was asked for."""
CANNOT_COUNT_ANEW = {"session", "video", "rtsp"}
FRAMES_HELD_BACK = 100
"""No camera or library may hold back more than this after its cable was pulled."""
OVERTAKEN = {"rtsp"}
"""Runs on while nobody grabs; only the newest frame is kept."""


@pytest.fixture(params=CAMERAS)
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Rig]]:
    with ExitStack() as stack:
        rig = CAMERAS[request.param](stack, tmp_path)
        stack.callback(rig.camera.close)
        yield request.param, rig


def test_every_camera_gives_grey_frames_in_rising_trigger_order(
    camera: tuple[str, Rig],
) -> None:
    name, rig = camera
    frames = []
    for _ in range(3):
        rig.trigger()
        frames.append(rig.camera.grab(10.0))
    steps = [later.trigger - earlier.trigger for earlier, later in pairwise(frames)]
    assert all(step == 1 for step in steps) or (name in OVERTAKEN and min(steps) >= 1)
    assert all(f.image.dtype == np.uint8 and f.image.ndim == 2 for f in frames)
    if name in EXACT:
        assert all(np.array_equal(f.image, picture(n)) for n, f in enumerate(frames, start=1))


def test_every_camera_says_when_there_is_nothing_more(camera: tuple[str, Rig]) -> None:
    name, rig = camera
    if name in ENDLESS:
        pytest.skip("this producer runs free and never falls silent")
    rig.trigger()
    rig.camera.grab(10.0)
    rig.pull()
    assert any(falls_silent(rig.camera) for _ in range(FRAMES_HELD_BACK))


def test_a_camera_told_to_count_anew_begins_at_one_while_another_thread_waits_for_frames(
    camera: tuple[str, Rig],
) -> None:
    name, rig = camera
    if name in CANNOT_COUNT_ANEW:
        with pytest.raises(ProtocolError, match=r"counts no triggers|keeps its trigger counts"):
            rig.camera.reset_triggers()
        return
    for _ in range(3):
        rig.trigger()
        rig.camera.grab(10.0)
    seen: queue.SimpleQueue[int] = queue.SimpleQueue()
    enough = threading.Event()

    def wait_for_frames() -> None:
        while not enough.is_set():
            with contextlib.suppress(CameraTimeout):
                seen.put(rig.camera.grab(0.5).trigger)

    waiting = threading.Thread(target=wait_for_frames)
    if name in ENDLESS:
        rig.camera.reset_triggers()
        waiting.start()
    else:
        waiting.start()
        rig.camera.reset_triggers()
    try:
        triggers = []
        for _ in range(2):
            rig.trigger()
            triggers.append(seen.get(timeout=20))
    finally:
        enough.set()
        waiting.join()
    assert triggers == [1, 2] or (name in ENDLESS and triggers[0] < BEFORE_ASKED)


def test_wishes_behind_an_address_that_make_no_sense_are_refused_by_name() -> None:
    for address, words in (
        ("aravis:10.0.0.7?trigger", "words like trigger=Line1"),
        ("aravis:10.0.0.7?gain=3", "gain is not understood"),
        ("aravis:10.0.0.7?region=1,2,3", "x,y,width,height"),
        ("aravis:10.0.0.7?exposure_us=short", "no number of microseconds"),
    ):
        with pytest.raises(ProtocolError, match=words):
            open_camera(address)


def test_an_unknown_address_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ProtocolError, match="aravis:"):
        open_camera("carrier-pigeon:1")


def test_a_missing_session_and_a_missing_producer_are_named(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"frames\.jsonl is missing"):
        open_camera(f"session:{tmp_path}")
    with pytest.raises(LinkError):
        open_camera(f"gentl:{tmp_path}/none.cti")


def test_a_session_directory_is_never_recorded_over(tmp_path: Path) -> None:
    SessionRecorder(tmp_path).close()
    with pytest.raises(ProtocolError, match="already holds"):
        SessionRecorder(tmp_path)


def test_a_sixteen_bit_frame_counter_wraps_without_a_gap() -> None:
    count = WrappingCount()
    climbed = [count.follow(raw) for raw in (*range(1, 65536, 2), 1, 2, 5)]
    assert climbed[-4:] == [65535, 65536, 65537, 65540]
    assert count.follow(4) == 65539


@pytest.mark.parametrize(
    ("before", "first_seen", "trigger"),
    [
        (None, 1, 1),  # as the standard has it
        (None, 3, 3),  # two were lost
        (None, 65_401, 1),  # begins anywhere
        (700, 1, 1),
        (700, 2, 2),
        (700, 701, 1),  # counts on
        (65_535, 1, 1),  # counts on, or not: the same
        (65_500, 65_530, 1),
    ],
)
def test_the_first_frame_of_a_stream_is_one_though_the_camera_counts_on(
    before: int | None, first_seen: int, trigger: int
) -> None:
    assert WrappingCount(before=before).follow(first_seen) == trigger
