"""Any camera whose maker ships a GenTL producer (.cti), through Harvesters (extra ``genicam``)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.cameras.counts import WrappingCount
from devices.cameras.turns import Turns
from devices.errors import CameraTimeout, LinkError
from devices.kinds import Frame

_TO_GRAY = {
    "RGBa8": cv2.COLOR_RGBA2GRAY,
    "BGRa8": cv2.COLOR_BGRA2GRAY,
    "RGB8": cv2.COLOR_RGB2GRAY,
    "BGR8": cv2.COLOR_BGR2GRAY,
}


STREAM_HELD_S = 0.1
"""How long one wait for a frame may keep `GenTlCamera.reset_triggers` waiting."""


class GenTlCamera:
    """Camera number ``number`` of a producer, freely running or triggered as its own settings say."""

    counts_triggers = True

    def __init__(self, producer: str | Path, number: int = 0) -> None:
        try:
            from harvesters.core import Harvester
        except ImportError as problem:
            raise LinkError("harvesters is not installed; run setup/cameras.sh to use GenTL cameras") from problem
        self.name = f"{Path(producer).name}#{number}"
        if not Path(producer).is_file():
            raise LinkError(f"there is no GenTL producer at {producer}; install the camera maker's software")
        self._harvester = Harvester()
        self._harvester.add_file(str(producer))
        self._harvester.update()
        if number >= len(self._harvester.device_info_list):
            found = len(self._harvester.device_info_list)
            self._harvester.reset()
            raise LinkError(f"{producer} shows {found} cameras; number {number} is not among them")
        self._acquirer: Any = self._harvester.create(number)
        self._turns = Turns()
        self._count = WrappingCount(0, 2**64 - 1)
        self._acquirer.start()

    def grab(self, timeout_s: float) -> Frame:
        """Return the next frame as grey.

        Raises:
            CameraTimeout: none came in time.
            LinkError: the camera is gone, or sends a pixel format this program cannot make grey.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._turns.look():
                left = deadline - time.monotonic()
                frame = self._next(max(0.0, min(left, STREAM_HELD_S)))
            if frame is not None:
                return frame
            if left <= STREAM_HELD_S:
                raise CameraTimeout(f"camera {self.name}: no frame within {timeout_s:.2f} s")

    def reset_triggers(self) -> None:
        """Start the acquisition anew: the next frame is number 1, and nothing exposed before comes any more.

        Raises:
            LinkError: the camera does not answer.
        """
        from genicam.gentl import GenericException

        with self._turns.anew():
            try:
                self._acquirer.stop()
                self._acquirer.start()
            except GenericException as problem:
                raise LinkError(f"camera {self.name}: {problem}") from problem
            self._count = WrappingCount(0, 2**64 - 1, self._count.last_raw)

    def _next(self, wait_s: float) -> Frame | None:
        from genicam.gentl import GenericException, TimeoutException

        try:
            buffer = self._acquirer.try_fetch(timeout=wait_s)
        except TimeoutException:
            buffer = None
        except GenericException as problem:
            raise LinkError(f"camera {self.name}: {problem}") from problem
        if buffer is None:
            return None
        with buffer:
            image = self._gray(buffer.payload.components[0])
            trigger = self._count.follow(int(buffer.frame_id)) if buffer.frame_id is not None else 0
            device_us = _device_us(buffer)
        return Frame(image, trigger, trigger, device_us, time.monotonic_ns())

    def close(self) -> None:
        self._acquirer.stop()
        self._acquirer.destroy()
        self._harvester.reset()

    def _gray(self, component: Any) -> NDArray[np.uint8]:
        height, width, form = component.height, component.width, str(component.data_format)
        if form == "Mono8":
            return np.array(component.data, np.uint8).reshape(height, width)
        if form not in _TO_GRAY:
            raise LinkError(f"camera {self.name} sends pixels as {form}; set its PixelFormat to Mono8")
        channels = 4 if form.endswith("a8") else 3
        picture = np.array(component.data, np.uint8).reshape(height, width, channels)
        return np.asarray(cv2.cvtColor(picture, _TO_GRAY[form]), np.uint8)


def _device_us(buffer: Any) -> int:
    """The camera's own time of exposure in microseconds, or 0 when it keeps none."""
    from genicam.gentl import GenericException

    try:
        return int(buffer.timestamp_ns or 0) // 1000
    except GenericException:
        return 0
