"""Keeps the exit camera's frames for people: one JPEG per piece, written beside the line's work, never in its way."""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from pathlib import Path

from controller.line import events
from controller.line.core import LineCore
from controller.runner.background import step_back
from devices.kinds import Frame

FRAMES_WAITING_MAX = 64
QUALITY = 80


class FrameArchive:
    """Pairs frames with pieces and saves them. `keep` comes from the camera's thread, `pair` from the line's."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._lock = threading.Lock()
        self._to_save: queue.Queue[tuple[int, Frame] | None] = queue.Queue(FRAMES_WAITING_MAX)
        self.left_out = 0
        self._thread = threading.Thread(target=self._save_on, name="frame-archive", daemon=True)
        self._thread.start()

    def keep(self, trigger: int, frame: Frame) -> None:
        """Hold a frame until its piece is known; the oldest give way."""
        with self._lock:
            self._frames[trigger] = frame
            while len(self._frames) > FRAMES_WAITING_MAX:
                self._frames.popitem(last=False)

    def pair(self, core: LineCore, event: events.LineEvent) -> None:
        """After the core took a reading or a shot: save the frame under the uid of the piece it shows."""
        line = core.line
        offset = line.eyes[2].offset
        if isinstance(event, events.ExitRead):
            number = event.trigger
        elif isinstance(event, events.PieceAtExit):
            number = event.trigger - offset
        else:
            return
        for envelope in line.inside.values():
            if envelope.at_exit is None or envelope.at_exit.trigger - offset != number:
                continue
            uid = envelope.owner.uid if envelope.owner else next(iter(envelope.uids), 0)
            with self._lock:
                frame = self._frames.pop(number, None) if uid else None
            if frame is not None:
                self._offer(uid, frame)
            return

    def close(self) -> None:
        self._to_save.put(None)
        self._thread.join(5.0)

    def _offer(self, uid: int, frame: Frame) -> None:
        try:
            self._to_save.put_nowait((uid, frame))
        except queue.Full:
            self.left_out += 1

    def _save_on(self) -> None:
        from PIL import Image

        step_back()
        while (item := self._to_save.get()) is not None:
            uid, frame = item
            Image.fromarray(frame.image).save(self._folder / f"{uid}.jpg", quality=QUALITY)
