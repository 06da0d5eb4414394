"""A GigE camera is unplugged and plugged in again."""

from __future__ import annotations

import time

import pytest

from benchmarks.gige_camera import GigeCamera
from devices.cameras.aravis import AravisCamera
from devices.errors import CameraTimeout, LinkError


def test_an_unplugged_gige_camera_is_an_error_and_comes_back_when_plugged_in_again() -> None:
    with GigeCamera():
        camera = AravisCamera("127.0.0.1", region=(0, 0, 320, 240))
        time.sleep(0.3)
        camera.trigger()
        camera.grab(2.0)
    with pytest.raises(LinkError, match="check its power, cable"):
        camera.grab(0.3)
    with GigeCamera():
        with pytest.raises(CameraTimeout):
            camera.grab(0.2)
        camera.trigger()
        assert camera.grab(2.0).image.shape == (240, 320)
        camera.close()
