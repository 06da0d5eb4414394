"""Cameras that serve MJPEG over HTTP: one long answer of JPEG parts, each with the camera's own trigger count.

Each part carries ``Content-Length``, ``X-Trigger`` (counts triggers since the camera's start, from 1), ``X-Frame-Id`` and ``X-Timestamp-Us``,
and ``X-Encoder`` (pulses of the belt's encoder at the exposure) when the camera has one on its input.
A lost frame is seen as a gap in the triggers; nothing here fills it.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections import deque
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import numpy as np

from devices.errors import CameraTimeout, LinkError, ProtocolError
from devices.kinds import Frame

MAX_FRAMES_WAITING = 32
MAX_FRAME_BYTES = 8_000_000
MAX_HEADER_LINES = 40
CONNECT_S = 2.0
KEEPALIVE = ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3))
"""A line at rest sends no frames, so silence is no fault; the kernel asks whether the camera is still there (gone after 4 s)."""
_BACK_OFF_S = (0.05, 0.1, 0.25, 0.5, 1.0)


class MjpegCamera:
    """One camera stream. A thread reads ahead; ``grab`` gives frames in order.

    When nobody grabs, the oldest frames give way to new ones (counted in ``dropped``; the trigger gap shows it), so memory is bounded and what
    is grabbed is never older than ``MAX_FRAMES_WAITING`` frames.
    """

    def __init__(self, url: str, name: str = "camera") -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ProtocolError(f"{url} is not the http:// address of a camera")
        self.url = url
        self.name = name
        self.dropped = 0
        self._host, self._port = parts.hostname, parts.port or 80
        self._path = parts.path or "/stream"
        self._frames: deque[tuple[dict[str, str], bytes, int]] = deque()
        self._arrived = threading.Condition()
        self._stop = threading.Event()
        self._problem = f"camera {name}: not connected yet"
        self._connected = False
        self._up = threading.Event()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._read_on, name=f"{name}-reader", daemon=True)
        self._thread.start()

    @property
    def is_connected(self) -> bool:
        return self._connected

    @property
    def problem(self) -> str:
        """Why the camera is not connected, in words; of the last attempt."""
        return self._problem

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for the stream to begin; False when it did not in time."""
        return self._up.wait(timeout_s)

    def grab(self, timeout_s: float) -> Frame:
        """Return the next frame, decoded to grey.

        Raises:
            CameraTimeout: none came in time though the camera is there.
            LinkError: the camera is not reachable now.
            ProtocolError: the part was not a JPEG with the agreed headers.
        """
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while not self._frames:
                left = deadline - time.monotonic()
                if left <= 0:
                    if self._connected:
                        raise CameraTimeout(f"camera {self.name}: no frame within {timeout_s:.2f} s")
                    raise LinkError(self._problem)
                self._arrived.wait(left)
            headers, jpeg, received_ns = self._frames.popleft()
        return _frame(self.name, headers, jpeg, received_ns)

    def reset_triggers(self) -> None:
        """Set the camera's trigger count to 0."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=2.0)
        try:
            connection.request("POST", "/reset")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as problem:
            raise LinkError(f"camera {self.name} at {self.url} does not answer ({problem})") from problem
        finally:
            connection.close()
        if status >= 300:
            raise ProtocolError(f"camera {self.name} refuses to reset its trigger count (HTTP {status})")

    def close(self) -> None:
        self._stop.set()
        self._hang_up()
        self._thread.join(CONNECT_S + 1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_on(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            connection = http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
            try:
                answer = self._connect(connection)
                self._connected, attempt = True, 0
                self._up.set()
                self._read_parts(answer)
                self._problem = f"camera {self.name} at {self.url} ended its stream"
            except (OSError, http.client.HTTPException, ProtocolError, ValueError) as problem:
                self._problem = (
                    f"camera {self.name} at {self.url} is not reachable ({problem}); check its power and network"
                )
            finally:
                self._connected = False
                connection.close()
            self._stop.wait(_BACK_OFF_S[min(attempt, len(_BACK_OFF_S) - 1)])
            attempt += 1

    def _connect(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        connection.connect()
        self._socket = connection.sock
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in KEEPALIVE:
            connection.sock.setsockopt(socket.IPPROTO_TCP, option, seconds)
        connection.request("GET", self._path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise ProtocolError(f"HTTP {answer.status}")
        assert self._socket is not None
        self._socket.settimeout(None)
        return answer

    def _hang_up(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _read_parts(self, answer: http.client.HTTPResponse) -> None:
        while not self._stop.is_set():
            headers = _read_headers(answer)
            if headers is None:
                return
            length = int(headers.get("content-length", "-1"))
            if not 0 < length <= MAX_FRAME_BYTES:
                raise ProtocolError(f"a frame of {length} bytes")
            jpeg = answer.read(length)
            if len(jpeg) < length:
                return
            with self._arrived:
                if len(self._frames) >= MAX_FRAMES_WAITING:
                    self._frames.popleft()
                    self.dropped += 1
                self._frames.append((headers, jpeg, time.monotonic_ns()))
                self._arrived.notify_all()


def open_camera(url: str, name: str = "camera") -> MjpegCamera:
    """Open the camera behind a device address. ``http://...`` is an MJPEG camera."""
    return MjpegCamera(url, name)


def _read_headers(stream: http.client.HTTPResponse) -> dict[str, str] | None:
    """The headers of the next part; None at the end of the stream."""
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADER_LINES):
        line = stream.readline(4096)
        if not line:
            return None
        text = line.strip().decode("latin-1")
        if not text and headers:
            return headers
        if text.startswith("--") or not text:
            continue
        name, _, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ProtocolError("too many headers")


def _frame(name: str, headers: dict[str, str], jpeg: bytes, received_ns: int) -> Frame:
    import cv2

    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise ProtocolError(f"camera {name} sent a frame that is not a picture")
    try:
        trigger, frame_id, device_us = (int(headers[key]) for key in ("x-trigger", "x-frame-id", "x-timestamp-us"))
        encoder = int(headers["x-encoder"]) if "x-encoder" in headers else None
    except (KeyError, ValueError) as problem:
        raise ProtocolError(f"camera {name} sent a frame without its trigger count") from problem
    return Frame(np.asarray(image, np.uint8), trigger, frame_id, device_us, received_ns, encoder)
