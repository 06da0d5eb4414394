"""One simulated camera: takes triggers, makes frames, serves them as MJPEG over HTTP on loopback.

``GET /stream`` multipart/x-mixed-replace with X-Trigger, X-Frame-Id, X-Timestamp-Us and X-Encoder on each part; ``POST /reset``
sets the trigger count to 0; ``GET /snapshot`` is the last frame. Every queue is bounded: what finds no room is lost and counted.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

import cv2

from simulator.cameras.picture import Optics
from simulator.defects import Defects
from simulator.journal import Journal
from simulator.loopback import LoopbackServer
from simulator.paper import Pixels

SHOTS_WAITING_MAX = 64
PARTS_WAITING_MAX = 64
JPEG_QUALITY = 90
BOUNDARY = "simulated-frame"
LATE_S = 0.8
ENCODER_PULSES_PER_M = 10_000
ENCODER_SLIP_PULSES = 1_000_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One trigger: the scene is composed in the camera's own thread."""

    trigger: int
    at_us: int
    encoder: int
    scene: Callable[[], Pixels]


class CameraUnit:
    """A camera named ``c1`` or ``c2`` with its own trigger count, and the encoder of the belt on its input.

    Who fires it says where the belt is and when; without that, the belt runs evenly by the camera's own clock.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        defects: Defects,
        optics: Optics,
        *,
        pulses_per_s: float = 1.0 * ENCODER_PULSES_PER_M,
        port: int = 0,
    ) -> None:
        self.name = name
        self.last_jpeg = b""
        self._optics = optics
        self._pulses_per_us = pulses_per_s / 1e6
        self._slipped = 0
        self._journal = journal
        self._defects = defects
        self._scenes: deque[Callable[[], Pixels]] = deque(maxlen=2)
        self._trigger = 0
        self._frame_id = 0
        self._start_ns = time.monotonic_ns()
        self._shots: queue.Queue[Shot | None] = queue.Queue(SHOTS_WAITING_MAX)
        self._viewers: list[queue.Queue[bytes | None]] = []
        self._lock = threading.Lock()
        self._server = _door(self, port)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/stream"
        self._threads = [
            threading.Thread(target=self._work, name=f"sim-camera-{name}", daemon=True),
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name=f"sim-http-{name}", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._shots.put(None)
        with self._lock:
            for viewer in self._viewers:
                _offer(viewer, None)

    def fire(self, scene: Callable[[], Pixels], belt: tuple[int, int] | None = None) -> None:
        """Take the trigger line's edge; only enqueues. ``belt``: time, and belt run so far as time, both in µs."""
        extra = self._defects.take(f"extra_{self.name}")
        for _ in range(2 if extra else 1):
            with self._lock:
                self._trigger += 1
                own_us = (time.monotonic_ns() - self._start_ns) // 1000
                at_us, run_us = belt or (own_us, own_us)
                self._slipped += ENCODER_SLIP_PULSES * self._defects.take(f"encoder_{self.name}")
                shot = Shot(self._trigger, at_us, round(run_us * self._pulses_per_us) + self._slipped, scene)
            try:
                self._shots.put_nowait(shot)
            except queue.Full:
                self._journal.write("frame_lost", camera=self.name, trigger=shot.trigger, why="camera busy")

    def reset(self) -> None:
        """Set the trigger count to 0."""
        with self._lock:
            self._trigger = 0

    def watch(self) -> queue.Queue[bytes | None]:
        """Return a bounded queue that receives every later part of the stream; None ends it."""
        viewer: queue.Queue[bytes | None] = queue.Queue(PARTS_WAITING_MAX)
        with self._lock:
            self._viewers.append(viewer)
        return viewer

    def unwatch(self, viewer: queue.Queue[bytes | None]) -> None:
        with self._lock:
            self._viewers.remove(viewer)

    def _work(self) -> None:
        while (shot := self._shots.get()) is not None:
            if self._defects.is_on(f"camera_dead_{self.name}") or self._defects.take(f"drop_{self.name}"):
                self._journal.write("frame_lost", camera=self.name, trigger=shot.trigger, why="defect")
                continue
            if not (self.last_jpeg and self._defects.take(f"freeze_{self.name}")):
                scene = shot.scene
                if len(self._scenes) == self._scenes.maxlen and self._defects.take(f"wrong_{self.name}"):
                    scene = self._scenes[0]
                self._scenes.append(shot.scene)
                frame = self._optics.expose(scene(), glare=self._defects.take(f"glare_{self.name}"))
                _, encoded = cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))
                self.last_jpeg = encoded.tobytes()
            if self._defects.take(f"late_{self.name}"):
                time.sleep(LATE_S)
            self._publish(shot)

    def _publish(self, shot: Shot) -> None:
        self._frame_id += 1
        head = (
            f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self.last_jpeg)}\r\n"
            f"X-Trigger: {shot.trigger}\r\nX-Frame-Id: {self._frame_id}\r\nX-Timestamp-Us: {shot.at_us}\r\n"
            f"X-Encoder: {shot.encoder}\r\n\r\n"
        )
        part = head.encode() + self.last_jpeg + b"\r\n"
        with self._lock:
            viewers = list(self._viewers)
        for viewer in viewers:
            if not _offer(viewer, part):
                self._journal.write("frame_lost", camera=self.name, trigger=shot.trigger, why="viewer too slow")


def _offer(viewer: queue.Queue[bytes | None], part: bytes | None) -> bool:
    try:
        viewer.put_nowait(part)
    except queue.Full:
        return False
    return True


def _door(camera: CameraUnit, port: int) -> LoopbackServer:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path == "/stream":
                self._stream()
            elif self.path == "/snapshot" and camera.last_jpeg:
                self._reply(200, "image/jpeg", camera.last_jpeg)
            else:
                self._reply(404, "text/plain; charset=utf-8", "SIMULATED 模拟: /stream, /snapshot\n".encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if self.path == "/reset":
                camera.reset()
                self._reply(204, "text/plain", b"")
            else:
                self._reply(404, "text/plain", b"")

        def _stream(self) -> None:
            self.close_connection = True
            viewer = camera.watch()
            try:
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
                self.send_header("X-Simulated", "yes")
                self.end_headers()
                self.wfile.flush()
                while True:
                    part = viewer.get()
                    if part is None:
                        return
                    self.wfile.write(part)
            except OSError:
                return  # the viewer has gone
            finally:
                camera.unwatch(viewer)

        def _reply(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing on the terminal."""

    return LoopbackServer(port, Door)
