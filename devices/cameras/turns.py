"""Who may touch a camera's stream: the thread that waits for frames, or the one that makes the camera count anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOK_S = 0.002


class Turns:
    """A lock on which the rare caller (`anew`) goes before the one that takes it again and again (`look`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waits = threading.Event()

    @contextmanager
    def look(self) -> Iterator[None]:
        """Hold the stream for one short wait (well under a second) for a frame."""
        while self._waits.is_set():
            time.sleep(LOOK_S)
        with self._lock:
            yield

    @contextmanager
    def anew(self) -> Iterator[None]:
        """Hold the stream while it is stopped and started again; whoever waits for a frame lets go after its present wait."""
        self._waits.set()
        try:
            with self._lock:
                yield
        finally:
            self._waits.clear()
