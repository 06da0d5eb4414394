"""The MJPEG camera client against a small HTTP server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np
import pytest

from devices.camera import MAX_FRAMES_WAITING, open_camera
from devices.errors import CameraTimeout, LinkError, ProtocolError


class Source:
    """Serves each list of parts as one stream, then ends it (or stays silent)."""

    def __init__(self, streams: list[list[bytes]], stay: bool = False) -> None:
        self.resets = 0
        self.go = threading.Event()
        self.done = threading.Event()
        source = self
        remaining = iter(streams)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=f")
                self.end_headers()
                for part in next(remaining, []):
                    self.wfile.write(part)
                self.wfile.flush()
                if stay:
                    source.done.wait(10)

            def do_POST(self) -> None:
                source.resets += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/stream"

    def close(self) -> None:
        self.done.set()
        self.server.shutdown()
        self.server.server_close()


def part(trigger: int, shade: int = 128) -> bytes:
    jpeg = cv2.imencode(".jpg", np.full((20, 30), shade, np.uint8))[1].tobytes()
    head = f"--f\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Trigger: {trigger}\r\nX-Frame-Id: {trigger + 100}\r\nX-Timestamp-Us: {trigger * 10}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"


@pytest.fixture
def sources() -> Iterator[list[Source]]:
    made: list[Source] = []
    yield made
    for source in made:
        source.close()


def test_frames_come_in_order_and_a_broken_stream_is_taken_up_again(sources: list[Source]) -> None:
    source = Source([[part(1, 10), part(2, 20)], [part(4, 40)]])
    sources.append(source)
    with open_camera(source.url) as camera:
        frames = [camera.grab(5) for _ in range(3)]
        assert [(f.trigger, f.frame_id, f.device_us) for f in frames] == [(1, 101, 10), (2, 102, 20), (4, 104, 40)]
        assert [f.image.shape for f in frames] == [(20, 30)] * 3
        assert [round(float(f.image.mean()), -1) for f in frames] == [10, 20, 40]
        camera.reset_triggers()
        assert source.resets == 1


def test_a_line_at_rest_is_a_timeout_and_not_a_lost_camera(sources: list[Source]) -> None:
    source = Source([[part(1)]], stay=True)
    sources.append(source)
    with open_camera(source.url) as camera:
        camera.grab(5)
        with pytest.raises(CameraTimeout):
            camera.grab(0.05)
        assert camera.is_connected
        before = time.monotonic()
    assert time.monotonic() - before < 3


def test_frames_nobody_takes_give_way_to_new_ones(sources: list[Source]) -> None:
    source = Source([[part(n) for n in range(1, MAX_FRAMES_WAITING + 11)]], stay=True)
    sources.append(source)
    with open_camera(source.url) as camera:
        deadline = time.monotonic() + 5
        while camera.dropped < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert camera.dropped == 10
        assert camera.grab(1).trigger == 11


def test_a_camera_that_is_not_there_says_so() -> None:
    with (
        open_camera("http://127.0.0.1:9/stream", "exit camera") as camera,
        pytest.raises(LinkError, match="exit camera"),
    ):
        camera.grab(0.3)
    with pytest.raises(ProtocolError):
        open_camera("file:///etc/passwd")


def test_a_part_that_is_no_picture_is_refused_and_the_next_one_is_read(sources: list[Source]) -> None:
    broken = b"--f\r\nContent-Length: 4\r\nX-Trigger: 1\r\nX-Frame-Id: 1\r\nX-Timestamp-Us: 1\r\n\r\nnope\r\n"
    endless = b"--f\r\nContent-Length: 99999999999\r\n\r\n"
    source = Source([[broken, part(2), endless], [part(3)]])
    sources.append(source)
    with open_camera(source.url) as camera:
        with pytest.raises(ProtocolError, match="not a picture"):
            camera.grab(5)
        assert [camera.grab(5).trigger for _ in range(2)] == [2, 3]
