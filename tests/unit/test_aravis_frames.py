"""What the GigE driver makes of the buffers libaravis gives back: a stand-in for the library says what is in them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
import pytest

from devices.cameras.aravis import SUCCESS, AravisCamera
from devices.cameras.counts import WrappingCount

PIXELS = np.arange(12, dtype=np.uint8)


@dataclass(frozen=True)
class Library:
    """libaravis's questions about one buffer."""

    block_id: int
    status: int

    def arv_buffer_get_frame_id(self, _buffer: object) -> int:
        return self.block_id

    def arv_buffer_get_status(self, _buffer: object) -> int:
        return self.status

    def arv_buffer_get_image_width(self, _buffer: object) -> int:
        return 4

    def arv_buffer_get_image_height(self, _buffer: object) -> int:
        return 3

    def arv_buffer_get_timestamp(self, _buffer: object) -> int:
        return 0

    def arv_buffer_get_data(self, _buffer: object, size: object) -> int:
        size._obj.value = PIXELS.size  # type: ignore[attr-defined]
        return PIXELS.ctypes.data


@pytest.fixture
def camera() -> AravisCamera:
    camera = AravisCamera.__new__(AravisCamera)
    camera._count = WrappingCount(before=3)
    return camera


def frame_of(camera: AravisCamera, block_id: int, status: int = SUCCESS) -> int | None:
    camera._aravis = Library(block_id, status)  # type: ignore[assignment]
    frame = camera._frame_of(ctypes.addressof(ctypes.c_uint8()))
    return None if frame is None else frame.trigger


def test_a_buffer_given_back_unfilled_has_no_say_in_the_count(camera: AravisCamera) -> None:
    assert frame_of(camera, 135, status=5) is None
    assert [frame_of(camera, 4), frame_of(camera, 5)] == [1, 2]


def test_a_frame_lost_in_between_stays_a_gap(camera: AravisCamera) -> None:
    assert frame_of(camera, 1) == 1
    assert frame_of(camera, 2, status=5) is None
    assert frame_of(camera, 3) == 3
