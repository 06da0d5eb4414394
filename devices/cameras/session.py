"""Recorded sessions: frames as PNG with one index line each. What a camera once saw can be read again, for ever.

A session is a directory with ``frames.jsonl`` (``file``, ``trigger``, ``frame_id``, ``device_us``, ``received_ns``, ``encoder``)
and the pictures it names. PNG keeps every grey level, so a replayed frame is bit for bit the recorded one.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from devices.errors import LinkError, ProtocolError
from devices.kinds import Frame

INDEX = "frames.jsonl"


class SessionRecorder:
    """Writes frames of one camera into a new session directory, at most ``frames_max`` of them."""

    def __init__(self, directory: Path, frames_max: int = 10_000) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        if (directory / INDEX).exists():
            raise ProtocolError(f"{directory} already holds a recorded session; choose a new directory")
        self._directory = directory
        self._left = frames_max
        self._index = (directory / INDEX).open("x", encoding="utf-8")

    def keep(self, frame: Frame) -> bool:
        """Write one frame; False when the session is full."""
        if self._left <= 0:
            return False
        self._left -= 1
        name = f"{frame.trigger:08d}-{self._left:05d}.png"
        if not cv2.imwrite(str(self._directory / name), frame.image):
            raise LinkError(f"cannot write {self._directory / name}; check the disk")
        entry = {
            "file": name,
            "trigger": frame.trigger,
            "frame_id": frame.frame_id,
            "device_us": frame.device_us,
            "received_ns": frame.received_ns,
            "encoder": frame.encoder,
        }
        self._index.write(json.dumps(entry) + "\n")
        self._index.flush()
        return True

    def close(self) -> None:
        self._index.close()


class SessionCamera:
    """Replays a recorded session, frame after frame, as fast as it is asked. At the end: LinkError."""

    counts_triggers = True

    def __init__(self, directory: str | Path) -> None:
        self._directory = Path(directory)
        index = self._directory / INDEX
        if not index.is_file():
            raise LinkError(f"{self._directory} holds no recorded session ({INDEX} is missing)")
        self._entries = [json.loads(line) for line in index.read_text(encoding="utf-8").splitlines() if line]
        self._next = 0

    def grab(self, timeout_s: float) -> Frame:
        """Return the next recorded frame with the numbers it had then.

        Raises:
            LinkError: the session is at its end, or a picture is missing.
        """
        del timeout_s
        if self._next >= len(self._entries):
            raise LinkError(f"the recorded session {self._directory} is at its end")
        entry = self._entries[self._next]
        self._next += 1
        path = self._directory / str(entry["file"])
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise LinkError(f"{path} of the recorded session is missing or damaged")
        trigger, frame_id, device_us, received_ns = (
            int(entry[key]) for key in ("trigger", "frame_id", "device_us", "received_ns")
        )
        return Frame(np.asarray(image, np.uint8), trigger, frame_id, device_us, received_ns, entry.get("encoder"))

    def reset_triggers(self) -> None:
        """Refused: what was recorded keeps its numbers.

        Raises:
            ProtocolError: always.
        """
        raise ProtocolError(f"the recorded session {self._directory} keeps its trigger counts; no line can run from it")

    def close(self) -> None:
        """Nothing is held open."""
