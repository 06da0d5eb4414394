"""A line takes any camera that can prove whose frame is whose, and no other."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from controller.runner.eyes import proving
from devices.errors import LinkError, ProtocolError


def test_a_camera_that_counts_no_triggers_is_refused_on_a_line_with_those_that_may_prove(tmp_path: Path) -> None:
    film = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    with pytest.raises(ProtocolError, match="may watch, not prove; use http:, aravis:"):
        proving(f"video:{film}")


def test_a_camera_that_is_not_there_is_named_when_the_line_starts() -> None:
    with pytest.raises(LinkError, match=r"no GenTL producer|harvesters is not installed"):
        proving("gentl:/nowhere/producer.cti#0")
