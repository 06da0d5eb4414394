"""Cameras behind one interface: ``grab(timeout_s) -> Frame``, whatever the wire.

| address | camera |
|---|---|
| ``http://host:port/stream`` | MJPEG with trigger counts in the part headers (`devices.camera`) |
| ``aravis:NAME-OR-IP`` | GigE Vision / USB3 Vision through libaravis |
| ``pylon:SERIAL`` | Basler pylon (extra) |
| ``gentl:/path/producer.cti#N`` | any GenTL producer through Harvesters (extra) |
| ``/dev/video0``, ``rtsp://…``, ``video:FILE`` | V4L2, RTSP and files through OpenCV |
| ``session:DIR`` | a recorded session, replayed |

A camera that cannot count triggers (V4L2, RTSP, files) says so in ``counts_triggers``: its frames are numbered here, a
lost one cannot be seen, so it may watch but never prove which piece a frame belongs to.
"""

from __future__ import annotations

from typing import Protocol

from devices.errors import ProtocolError
from devices.kinds import Frame


class OpenCamera(Protocol):
    """What every camera here offers. ``grab`` raises CameraTimeout (no frame) or LinkError (camera gone)."""

    @property
    def counts_triggers(self) -> bool: ...

    def grab(self, timeout_s: float) -> Frame: ...

    def close(self) -> None: ...


def open_camera(address: str, *, triggered: bool = True) -> OpenCamera:
    """Open the camera behind an address; see the table above.

    ``triggered`` asks a camera with a trigger input to expose on it; otherwise it runs free.

    Raises:
        ProtocolError: the address is of no known form.
        LinkError: the camera, or the library that speaks to it, is not there.
    """
    scheme, _, rest = address.partition(":")
    if scheme == "http":
        from devices.cameras.mjpeg import CountingMjpegCamera

        return CountingMjpegCamera(address)
    if scheme == "aravis":
        from devices.cameras.aravis import AravisCamera

        return AravisCamera(rest, triggered=triggered)
    if scheme == "pylon":
        from devices.cameras.pylon import PylonCamera

        return PylonCamera(rest, triggered=triggered)
    if scheme == "gentl":
        from devices.cameras.gentl import GenTlCamera

        path, _, number = rest.partition("#")
        return GenTlCamera(path, int(number or 0))
    if scheme == "session":
        from devices.cameras.session import SessionCamera

        return SessionCamera(rest)
    if scheme in ("rtsp", "video") or address.startswith("/dev/video"):
        from devices.cameras.capture import CaptureCamera

        return CaptureCamera(rest if scheme == "video" else address)
    raise ProtocolError(
        f"{address!r} is no camera address: use http:, aravis:, pylon:, gentl:, session:, rtsp:, video: or /dev/video…"
    )
