"""Cameras behind one interface: ``grab(timeout_s) -> Frame``, whatever the wire.

| address | camera |
|---|---|
| ``http://host:port/stream`` | MJPEG with trigger counts in the part headers (`devices.camera`) |
| ``aravis:NAME-OR-IP?trigger=Line1&region=0,0,1040,520&exposure_us=20`` | GigE Vision / USB3 Vision through libaravis |
| ``pylon:SERIAL?trigger=Line1&Width=1040`` | Basler pylon (extra); other words are nodes of the camera |
| ``gentl:/path/producer.cti#N`` | any GenTL producer through Harvesters (extra) |
| ``/dev/video0``, ``rtsp://…``, ``video:FILE`` | V4L2, RTSP and files through OpenCV |
| ``session:DIR`` | a recorded session, replayed |

Behind the question mark stands what may be left out: the input that triggers (software otherwise), the part of the
sensor (x, y, width, height), the exposure. A camera that cannot count triggers (V4L2, RTSP, files) says so in ``counts_triggers``: its frames are numbered here, a
lost one cannot be seen, so it may watch but never prove which piece a frame belongs to.
"""

from __future__ import annotations

from typing import Protocol
from urllib.parse import parse_qsl

from devices.errors import ProtocolError
from devices.kinds import Frame


class OpenCamera(Protocol):
    """What every camera here offers. ``grab`` raises CameraTimeout (no frame) or LinkError (camera gone)."""

    @property
    def counts_triggers(self) -> bool: ...

    def grab(self, timeout_s: float) -> Frame: ...

    def reset_triggers(self) -> None:
        """Make the camera count its triggers from 1 again; only while nothing is under way.

        Raises:
            LinkError: the camera does not answer.
            ProtocolError: this camera cannot.
        """
        ...

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

        name, wishes = _wishes(address, rest, {"trigger", "region", "exposure_us"})
        return AravisCamera(
            name,
            triggered=triggered,
            trigger_source=wishes.get("trigger", "Software"),
            region=_region(address, wishes["region"]) if "region" in wishes else None,
            exposure_us=_number(address, wishes.get("exposure_us", "10000")),
        )
    if scheme == "pylon":
        from devices.cameras.pylon import PylonCamera

        name, wishes = _wishes(address, rest)
        source = wishes.pop("trigger", "Software")
        return PylonCamera(name, triggered=triggered, trigger_source=source, settings=dict(wishes))
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


def _wishes(address: str, rest: str, known: set[str] | None = None) -> tuple[str, dict[str, str]]:
    """Part the name of a camera from what is wished of it."""
    name, _, query = rest.partition("?")
    try:
        wishes = dict(parse_qsl(query, strict_parsing=True)) if query else {}
    except ValueError:
        raise ProtocolError(
            f"{address!r}: behind the question mark stand words like trigger=Line1, joined by &"
        ) from None
    unknown = set(wishes) - known if known is not None else set()
    if unknown:
        raise ProtocolError(
            f"{address!r}: {', '.join(sorted(unknown))} is not understood; known: {', '.join(sorted(known or ()))}"
        )
    return name, wishes


def _region(address: str, text: str) -> tuple[int, int, int, int]:
    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise ProtocolError(f"{address!r}: region is x,y,width,height in whole pixels, not {text!r}") from None
    return x, y, width, height


def _number(address: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ProtocolError(f"{address!r}: {text!r} is no number of microseconds") from None
