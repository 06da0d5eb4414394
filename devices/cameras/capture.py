"""V4L2 devices, RTSP streams and video files through OpenCV. They run free: see ``counts_triggers``."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np

from devices.errors import CameraTimeout, LinkError, ProtocolError
from devices.kinds import Frame


class CaptureCamera:
    """One OpenCV capture. Opened at once, opened again by ``grab`` after it was lost.

    A file ends with LinkError. OpenCV blocks inside a read, so a thread reads and keeps only the newest frame; frames
    overtaken by newer ones are counted in ``dropped``.
    """

    counts_triggers = False

    def __init__(self, address: str) -> None:
        self.address = address
        self.dropped = 0
        self._newest: Frame | None = None
        self._arrived = threading.Condition()
        self._stop = threading.Event()
        self._is_file = not address.startswith(("/dev/", "rtsp:", "http:"))
        self._count = 0
        self._problem = ""
        self._capture = self._open()
        self._thread = threading.Thread(target=self._read_on, name=f"capture {address}", daemon=True)
        self._thread.start()

    def grab(self, timeout_s: float) -> Frame:
        """Return the newest frame not yet given.

        Raises:
            CameraTimeout: none came in time.
            LinkError: the device is gone, or the file is at its end.
        """
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            while self._newest is None:
                if self._problem:
                    raise LinkError(self._problem)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise CameraTimeout(f"{self.address}: no frame within {timeout_s:.2f} s")
                self._arrived.wait(left)
            frame, self._newest = self._newest, None
            self._arrived.notify_all()
            return frame

    def reset_triggers(self) -> None:
        """Refused: what cannot count cannot count anew.

        Raises:
            ProtocolError: always.
        """
        raise ProtocolError(f"{self.address} counts no triggers: it may watch, but not prove whose frame is whose")

    def close(self) -> None:
        self._stop.set()
        with self._arrived:
            self._arrived.notify_all()
        self._thread.join(3.0)
        self._capture.release()

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(self.address)
        if not capture.isOpened():
            raise LinkError(
                f"{self.address} cannot be opened as a camera or video; check the cable and who else uses it"
            )
        return capture

    def _read_on(self) -> None:
        while not self._stop.is_set():
            got, picture = self._capture.read()
            if not got:
                if not self._lost():
                    return
                continue
            gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            self._count += 1
            now = time.monotonic_ns()
            self._hold(Frame(np.asarray(gray, np.uint8), self._count, self._count, now // 1000, now))

    def _hold(self, frame: Frame) -> None:
        with self._arrived:
            if self._is_file:
                while self._newest is not None and not self._stop.is_set():
                    self._arrived.wait(0.5)
            elif self._newest is not None:
                self.dropped += 1
            self._newest = frame
            self._arrived.notify_all()

    def _lost(self) -> bool:
        """Note the loss; return whether to go on reading (a device is tried again, a file is over)."""
        with self._arrived:
            self._problem = f"{self.address} is at its end" if self._is_file else f"{self.address} gives no more frames"
            self._arrived.notify_all()
        if self._is_file:
            return False
        self._capture.release()
        self._stop.wait(0.5)
        try:
            self._capture = self._open()
        except LinkError:
            return not self._stop.is_set()
        self._problem = ""
        return True
