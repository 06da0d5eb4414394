"""GigE Vision and USB3 Vision cameras through libaravis (Debian: libaravis-0.8-0), by ctypes.

Frames come in buffers of our own that are queued to the stream and popped when full, so a frame is copied once. The
trigger count is the camera's block id, unwrapped: a lost frame is a gap. A camera that stops answering is closed and
looked for again by the next ``grab``.
"""

from __future__ import annotations

import ctypes
import threading
import time
from ctypes import byref, c_char_p, c_double, c_int, c_size_t, c_uint, c_uint64, c_void_p

import numpy as np

from devices.cameras.counts import WrappingCount
from devices.cameras.turns import Turns
from devices.errors import CameraTimeout, LinkError
from devices.kinds import Frame

LIBRARY = "libaravis-0.8.so.0"
BUFFERS = 10
PACKET_BYTES = 8000
SUCCESS = 0
STREAM_HELD_S = 0.1
"""How long one wait for a frame may keep `AravisCamera.reset_triggers` waiting."""


class _Error(ctypes.Structure):
    _fields_ = (("domain", ctypes.c_uint32), ("code", c_int), ("message", c_char_p))


def _library() -> ctypes.CDLL:
    try:
        aravis = ctypes.CDLL(LIBRARY)
    except OSError as problem:
        raise LinkError(f"{LIBRARY} is not installed (Debian package libaravis-0.8-0): {problem}") from problem
    pointers = (
        "arv_camera_new",
        "arv_camera_create_stream",
        "arv_buffer_new_allocate",
        "arv_stream_timeout_pop_buffer",
    )
    for name in (*pointers, "arv_buffer_get_data"):
        getattr(aravis, name).restype = c_void_p
    aravis.arv_buffer_get_frame_id.restype = c_uint64
    aravis.arv_buffer_get_timestamp.restype = c_uint64
    aravis.arv_camera_get_payload.restype = c_uint
    aravis.arv_camera_get_device_id.restype = c_char_p
    return aravis


class AravisCamera:
    """One GenICam camera, named as aravis names it (``Aravis-Fake-GV01``) or by address (``127.0.0.1``).

    ``triggered`` waits for software triggers (`trigger`) or for ``trigger_source`` (``Line0`` …); else it runs free at
    ``frame_rate``.
    """

    counts_triggers = True

    def __init__(
        self,
        name: str,
        *,
        triggered: bool = True,
        trigger_source: str = "Software",
        region: tuple[int, int, int, int] | None = None,
        exposure_us: float = 10_000.0,
        frame_rate: float = 25.0,
    ) -> None:
        self.name = name
        self._aravis = _library()
        self._source = trigger_source if triggered else ""
        self._region = region
        self._exposure_us = exposure_us
        self._frame_rate = frame_rate
        self._camera: int | None = None
        self._stream: int | None = None
        self._count = WrappingCount()
        self._turns = Turns()
        self._control = threading.RLock()
        """Held by whoever speaks to the camera or closes it: another thread may trigger while one waits for frames."""
        self._connect()

    def trigger(self) -> None:
        """Send one software trigger.

        Raises:
            LinkError: the camera does not answer.
        """
        with self._control:
            if self._camera is None:
                raise LinkError(f"camera {self.name} is not connected; check its power, cable and address")
            self._call("arv_camera_software_trigger", c_void_p(self._camera))

    def reset_triggers(self) -> None:
        """Start the stream anew: its next frame is trigger 1, and nothing exposed before comes any more.

        Raises:
            LinkError: the camera does not answer.
        """
        with self._turns.anew(), self._control:
            self.close()
            self._connect()

    def grab(self, timeout_s: float) -> Frame:
        """Return the next whole frame; incomplete ones (lost packets) are put back and show as a gap in the triggers.

        Raises:
            CameraTimeout: none came in time though the camera answers.
            LinkError: the camera does not answer.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._turns.look():
                left = deadline - time.monotonic()
                frame = self._next(max(0.0, min(left, STREAM_HELD_S)))
                if frame is not None:
                    return frame
                if left <= STREAM_HELD_S:
                    self._still_there()
                    raise CameraTimeout(f"camera {self.name}: no frame within {timeout_s:.2f} s")

    def _next(self, wait_s: float) -> Frame | None:
        if self._stream is None:
            self._connect()
        buffer = self._aravis.arv_stream_timeout_pop_buffer(c_void_p(self._stream), c_uint64(int(wait_s * 1e6)))
        if not buffer:
            return None
        frame = self._frame_of(buffer)
        self._aravis.arv_stream_push_buffer(c_void_p(self._stream), c_void_p(buffer))
        return frame

    def close(self) -> None:
        """Stop the camera and give the stream back."""
        with self._control:
            if self._camera is not None:
                self._aravis.arv_camera_stop_acquisition(c_void_p(self._camera), None)
            gobject = ctypes.CDLL("libgobject-2.0.so.0")
            for held in (self._stream, self._camera):
                if held is not None:
                    gobject.g_object_unref(c_void_p(held))
            self._stream = self._camera = None

    def _connect(self) -> None:
        with self._control:
            try:
                self._set_up()
            except LinkError:
                self.close()
                raise

    def _set_up(self) -> None:
        camera = self._call("arv_camera_new", self.name.encode())
        if not camera:
            raise LinkError(f"no camera {self.name!r} answers; check its power, cable and address")
        self._camera = camera
        self._call("arv_camera_set_pixel_format_from_string", c_void_p(camera), b"Mono8")
        if self._region is not None:
            self._call("arv_camera_set_region", c_void_p(camera), *(c_int(side) for side in self._region))
        self._call("arv_camera_set_exposure_time", c_void_p(camera), c_double(self._exposure_us))
        if self._aravis.arv_camera_is_gv_device(c_void_p(camera)):
            self._call("arv_camera_gv_set_packet_size", c_void_p(camera), c_int(PACKET_BYTES))
        if self._source:
            self._call("arv_camera_set_trigger", c_void_p(camera), self._source.encode())
        else:
            self._call("arv_camera_set_frame_rate", c_void_p(camera), c_double(self._frame_rate))
        payload = int(self._call("arv_camera_get_payload", c_void_p(camera)))
        self._stream = self._call("arv_camera_create_stream", c_void_p(camera), None, None)
        for _ in range(BUFFERS):
            buffer = self._aravis.arv_buffer_new_allocate(c_size_t(payload))
            self._aravis.arv_stream_push_buffer(c_void_p(self._stream), c_void_p(buffer))
        self._count = WrappingCount(before=self._count.last_raw)
        self._call("arv_camera_start_acquisition", c_void_p(camera))

    def _frame_of(self, buffer: int) -> Frame | None:
        aravis, handle = self._aravis, c_void_p(buffer)
        received = time.monotonic_ns()
        if aravis.arv_buffer_get_status(handle) != SUCCESS:
            return None  # its block id may be anything: what a buffer holds that was given back unfilled
        trigger = self._count.follow(int(aravis.arv_buffer_get_frame_id(handle)))
        width, height = aravis.arv_buffer_get_image_width(handle), aravis.arv_buffer_get_image_height(handle)
        size = c_size_t(0)
        data = aravis.arv_buffer_get_data(handle, byref(size))
        if size.value < width * height:
            return None
        pixels = (ctypes.c_uint8 * (width * height)).from_address(data)
        image = np.frombuffer(pixels, np.uint8).reshape(height, width).copy()
        return Frame(image, trigger, trigger, int(aravis.arv_buffer_get_timestamp(handle)) // 1000, received)

    def _still_there(self) -> None:
        with self._control:
            try:
                self._call("arv_camera_get_device_id", c_void_p(self._camera))
                self._call("arv_camera_get_payload", c_void_p(self._camera))
            except LinkError:
                self.close()
                raise

    def _call(self, function: str, *arguments: object) -> int:
        """Call an aravis function that takes a GError as its last argument; return its result or raise its error."""
        error = ctypes.POINTER(_Error)()
        result = getattr(self._aravis, function)(*arguments, byref(error))
        if error:
            text = (error.contents.message or b"").decode("utf-8", "replace")
            raise LinkError(f"camera {self.name}: {text}; check its power, cable and address")
        return result or 0
