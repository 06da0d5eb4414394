"""Live updates for many screens: one thread reads the line's picture, renders each changed part once per language, and wakes
every screen. A slow screen skips to the newest parts; nothing queues up. A screen costs one server thread, so there is a cap.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.service.live import LiveSnapshot
from controller.service.views import LedgerDoor

POLL_S: Final = 0.04
HEARTBEAT_S: Final = 1.0
STREAMS_MAX: Final = 220
LINE_SILENT_S: Final = 3.0
DEFAULT_LINE: Final = "line-1"
OVER: Final = b"event: over\ndata: 1\n\n"

RenderParts = Callable[[LiveSnapshot | None, str], Mapping[str, str]]
"""Snapshot and language → HTML of every part, by part name. None: the line does not report."""


class StreamsFull(RuntimeError):
    """So many screens are open that one more could starve the rest."""


@dataclass(frozen=True, slots=True)
class _Delta:
    version: int
    text: bytes


class LiveHub:
    """Owns the reading thread. A context manager; `close` joins it."""

    def __init__(
        self,
        door: LedgerDoor,
        line: str | None,
        render: RenderParts,
        *,
        languages: tuple[str, ...],
        clock: Callable[[], float] = time.time,
        streams_max: int = STREAMS_MAX,
    ) -> None:
        self._door, self._line, self._render = door, line, render
        self._languages, self._clock, self._streams_max = languages, clock, streams_max
        self._news = threading.Condition()
        self._rendering = threading.Lock()
        self._parts: dict[tuple[str, str], tuple[int, str]] = {}
        self._deltas: dict[tuple[str, int], _Delta] = {}
        self._version = 0
        self._streams: Counter[str] = Counter()
        self._snapshot: LiveSnapshot | None = None
        self._seen: tuple[int, str] | None = None
        self._silent = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="live-hub", daemon=True)

    def __enter__(self) -> LiveHub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing.set()
        with self._news:
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @property
    def line(self) -> str:
        """Return the line this station stands at: the one it was given, else the first that ever reported."""
        return self._line or DEFAULT_LINE

    @property
    def streams(self) -> int:
        return self._streams.total()

    def snapshot(self) -> LiveSnapshot | None:
        """Return the newest picture, or None when the line has been silent for three seconds or never spoke."""
        return None if self._silent else self._snapshot

    def last_snapshot(self) -> LiveSnapshot | None:
        """Return the newest picture however old."""
        return self._snapshot

    def refresh(self) -> None:
        """Read the picture once, now. The thread does this twenty-five times a second; pages call it before they render."""
        try:
            if self._line is None:
                self._line = next(iter(self._door.lines()), None)
            found = self._door.live(self.line)
        except Exception:
            # A locked or vanished ledger is the same to a screen as a silent line; the next round tries again.
            found = self._seen
        changed = found != self._seen
        if changed and found is not None:
            try:
                self._snapshot = LiveSnapshot.from_json(found[1])
            except ValueError:
                changed = False
        self._seen = found
        at_ns = self._seen[0] if self._seen else 0
        ended = self._snapshot is not None and self._snapshot.finished  # its last picture stays true
        silent = not ended and self._clock() - at_ns / 1e9 > LINE_SILENT_S
        if changed or silent != self._silent or not self._parts:
            self._silent = silent
            watched = tuple(language for language in self._languages if self._streams[language])
            self._publish(watched or self._languages[:1])

    def parts(self, language: str) -> dict[str, str]:
        """Return the HTML of every part as it stands, for the first paint of a page."""
        if not self._streams[language]:
            self._publish((language,))  # nobody looks in that language: it is rendered when somebody does
        with self._news:
            return {name: html for (one, name), (_, html) in self._parts.items() if one == language}

    def stream(self, language: str, keep: Callable[[], bool], hidden: frozenset[str] = frozenset()) -> Iterator[bytes]:
        """Yield server-sent events until the screen goes, the hub closes, or ``keep`` says no (asked about once a second).

        Raises:
            StreamsFull: at once, before the first byte.
        """
        with self._news:
            if self._streams.total() >= self._streams_max:
                raise StreamsFull
            self._streams[language] += 1
        self._publish((language,))
        return self._events(language, keep, hidden)

    def _events(self, language: str, keep: Callable[[], bool], hidden: frozenset[str]) -> Iterator[bytes]:
        try:
            mine, asked = 0, time.monotonic()
            yield b"retry: 500\n\n"
            while not self._closing.is_set():
                delta = self._next(language, mine, hidden)
                mine = delta.version
                yield delta.text or b"event: beat\ndata: 1\n\n"
                if time.monotonic() - asked >= HEARTBEAT_S:
                    asked = time.monotonic()
                    if not keep():
                        yield OVER
                        return
        finally:
            with self._news:
                self._streams[language] -= 1

    def _next(self, language: str, since: int, hidden: frozenset[str]) -> _Delta:
        with self._news:
            self._news.wait_for(lambda: self._version > since or self._closing.is_set(), timeout=HEARTBEAT_S)
            return self._delta(language, since, hidden)

    def _delta(self, language: str, since: int, hidden: frozenset[str]) -> _Delta:
        if since >= self._version:
            return _Delta(self._version, b"")
        key = (language + ",".join(sorted(hidden)), since)
        delta = self._deltas.get(key)
        if delta is None:
            changed = {
                name: html
                for (one, name), (version, html) in self._parts.items()
                if one == language and version > since and name not in hidden
            }
            at_ms = self._snapshot.at_unix_ns // 1_000_000 if self._snapshot else 0
            body = json.dumps({"at": at_ms, "parts": changed}, ensure_ascii=False)
            delta = self._deltas[key] = _Delta(self._version, f"event: parts\ndata: {body}\n\n".encode())
        return delta

    def _publish(self, languages: tuple[str, ...]) -> None:
        with self._rendering:  # an older picture must not overwrite a newer one
            shown = self.snapshot()
            self._store({language: self._render(shown, language) for language in languages})

    def _store(self, rendered: Mapping[str, Mapping[str, str]]) -> None:
        with self._news:
            version = self._version + 1
            fresh = False
            for language, parts in rendered.items():
                for name, html in parts.items():
                    if self._parts.get((language, name), (0, ""))[1] != html:
                        self._parts[language, name] = (version, html)
                        fresh = True
            if fresh:
                self._version = version
                self._deltas.clear()
                self._news.notify_all()

    def _watch(self) -> None:
        while not self._closing.wait(POLL_S):
            self.refresh()
