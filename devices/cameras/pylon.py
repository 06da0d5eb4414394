"""Basler cameras through pypylon (extra ``pylon``). ``PYLON_CAMEMU=n`` in the environment makes pylon emulate n of them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from devices.cameras.turns import Turns
from devices.errors import CameraTimeout, LinkError
from devices.kinds import Frame

BUFFERS = 10
STREAM_HELD_S = 0.1
"""How long one wait for a frame may keep `PylonCamera.reset_triggers` waiting."""


def _pylon() -> Any:
    try:
        from pypylon import pylon
    except ImportError as problem:
        raise LinkError("pypylon is not installed; run setup/cameras.sh to use Basler cameras") from problem
    return pylon


class PylonCamera:
    """One Basler camera by serial number, or the first one found when it is empty.

    ``triggered``: exposes on its frame-start trigger (software, see `trigger`, or ``trigger_source``). Image numbers
    count exposures since the start of grabbing, so a lost frame is a gap.
    """

    counts_triggers = True

    def __init__(
        self,
        serial: str = "",
        *,
        triggered: bool = True,
        trigger_source: str = "Software",
        settings: dict[str, object] | None = None,
    ) -> None:
        self.name = serial or "first pylon camera"
        self._serial = serial
        self._source = trigger_source if triggered else ""
        self._settings = settings or {}
        self._pylon = _pylon()
        self._camera: Any = None
        self._turns = Turns()
        self._connect()

    def trigger(self, timeout_s: float = 1.0) -> None:
        """Send one software trigger as soon as the camera can take it.

        Raises:
            LinkError: the camera does not become ready or is gone.
        """
        try:
            ready = self._camera.WaitForFrameTriggerReady(int(timeout_s * 1e3), self._pylon.TimeoutHandling_Return)
            if not ready:
                raise LinkError(f"camera {self.name} did not become ready for a trigger within {timeout_s:.1f} s")
            self._camera.ExecuteSoftwareTrigger()
        except self._pylon.GenericException as problem:
            raise LinkError(f"camera {self.name}: {problem}") from problem

    def reset_triggers(self) -> None:
        """Start grabbing anew: image numbers begin at 1 again, and nothing exposed before comes any more.

        Raises:
            LinkError: the camera does not answer.
        """
        with self._turns.anew():
            try:
                if self._camera is None:
                    self._connect()
                    return
                self._camera.StopGrabbing()
                self._camera.StartGrabbing(self._pylon.GrabStrategy_OneByOne)
            except self._pylon.GenericException as problem:
                self.close()
                raise LinkError(f"camera {self.name}: {problem}; check its power and cable") from problem

    def grab(self, timeout_s: float) -> Frame:
        """Return the next frame.

        Raises:
            CameraTimeout: none came in time.
            LinkError: the camera was unplugged; the next call looks for it again.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self._turns.look():
                left = deadline - time.monotonic()
                frame = self._next(min(left, STREAM_HELD_S))
            if frame is not None:
                return frame
            if left <= STREAM_HELD_S:
                raise CameraTimeout(f"camera {self.name}: no frame within {timeout_s:.2f} s")

    def _next(self, wait_s: float) -> Frame | None:
        """Return the next whole frame of the next ``wait_s``; one that failed on its way shows as a gap in the numbers."""
        if self._camera is None:
            self._connect()
        pylon = self._pylon
        try:
            if self._camera.IsCameraDeviceRemoved():
                raise LinkError(f"camera {self.name} was unplugged")
            result = self._camera.RetrieveResult(max(1, int(wait_s * 1e3)), pylon.TimeoutHandling_Return)
            if result is None or not result.IsValid():
                return None
            with result:
                return self._frame(result) if result.GrabSucceeded() else None
        except (pylon.GenericException, LinkError) as problem:
            self.close()
            raise LinkError(f"camera {self.name}: {problem}; check its power and cable") from problem

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.Close()

    def _connect(self) -> None:
        pylon = self._pylon
        factory = pylon.TlFactory.GetInstance()
        try:
            if self._serial:
                wanted = pylon.DeviceInfo()
                wanted.SetSerialNumber(self._serial)
                device = factory.CreateDevice(wanted)
            else:
                device = factory.CreateFirstDevice()
            camera = pylon.InstantCamera(device)
            camera.Open()
            nodes = camera.GetNodeMap()
            for node, value in (("PixelFormat", "Mono8"), *self._settings.items()):
                nodes.GetNode(node).FromString(str(value))
            if self._source:
                for node, value in (
                    ("TriggerSelector", "FrameStart"),
                    ("TriggerMode", "On"),
                    ("TriggerSource", self._source),
                ):
                    nodes.GetNode(node).FromString(value)
            camera.MaxNumBuffer.Value = BUFFERS
            camera.StartGrabbing(pylon.GrabStrategy_OneByOne)
        except pylon.GenericException as problem:
            raise LinkError(
                f"camera {self.name} cannot be opened ({problem}); check its power, cable and address"
            ) from problem
        self._camera = camera

    @staticmethod
    def _frame(result: Any) -> Frame:
        image = np.array(result.GetArray(), np.uint8)
        number = int(result.ImageNumber)
        return Frame(image, number, int(result.BlockID), int(result.TimeStamp) // 1000, time.monotonic_ns())
