"""The MJPEG camera under the common interface."""

from __future__ import annotations

from devices.camera import MjpegCamera


class CountingMjpegCamera(MjpegCamera):
    """An MJPEG camera; its triggers are counted by the camera itself and travel with every part."""

    counts_triggers = True
