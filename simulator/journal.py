"""The world log: one JSON line for every physical fact. It is the auditor's truth and is never read by the simulated machine.

Line: ``{"t": seconds since start, "what": kind, ...}``. Nothing here knows a payload, a name or an address.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path


class Journal:
    """Appends facts to a file from any thread; listeners see them too (they must only enqueue)."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()
        self._start = time.monotonic()
        self._listeners: list[Callable[[dict[str, object]], None]] = []

    def listen(self, listener: Callable[[dict[str, object]], None]) -> None:
        """Call ``listener`` with every later fact."""
        self._listeners.append(listener)

    def elapsed_s(self) -> float:
        """Return the time of a fact written now."""
        return round(time.monotonic() - self._start, 3)

    def write(self, what: str, **facts: object) -> None:
        """Append one fact; it is in the file when the call returns."""
        now = time.monotonic()
        line: dict[str, object] = {"t": round(now - self._start, 6), "what": what, **facts}
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            if self._file.closed:
                return
            self._file.write(text + "\n")
        for listener in self._listeners:
            listener(line)

    def close(self) -> None:
        """Close; later facts are dropped."""
        with self._lock:
            self._file.close()
