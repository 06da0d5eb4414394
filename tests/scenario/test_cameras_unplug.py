"""A GigE camera is unplugged and plugged in again."""

from __future__ import annotations

import contextlib

import pytest

from benchmarks.gige_camera import GigeCamera
from devices.cameras.aravis import AravisCamera
from devices.errors import CameraTimeout, LinkError
from devices.kinds import Frame

TRIES = 100


def shown(camera: AravisCamera) -> Frame:
    """The picture of a trigger; one that comes before the camera is ready shows nothing."""
    for _ in range(TRIES):
        camera.trigger()
        with contextlib.suppress(CameraTimeout):
            return camera.grab(0.5)
    raise AssertionError("no picture")


def answers_again(camera: AravisCamera) -> None:
    """Nothing has triggered it, so it has no picture; but it is there."""
    for _ in range(TRIES):
        try:
            camera.grab(0.2)
        except CameraTimeout:
            return
        except LinkError:
            continue  # it has just been plugged in
    raise AssertionError("the camera does not answer")


def test_an_unplugged_gige_camera_is_an_error_and_comes_back_when_plugged_in_again() -> None:
    with GigeCamera():
        camera = AravisCamera("127.0.0.1", region=(0, 0, 320, 240))
        assert shown(camera).image.shape == (240, 320)
    with pytest.raises(LinkError, match="check its power, cable"):
        camera.grab(0.3)
    with GigeCamera():
        answers_again(camera)
        assert shown(camera).image.shape == (240, 320)
        camera.close()
