"""What the screens show of the line: one thread reads the line's picture, renders each changed part once per language, and says that
there is news. Every screen of a language is sent the same bytes; who sends them is `station_ui.broadcast`.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from controller.service.live import LiveSnapshot, Task, TaskKind
from controller.service.views import LedgerDoor

POLL_S: Final = 0.02
STREAMS_MAX: Final = 220
LINE_SILENT_S: Final = 3.0
DEFAULT_LINE: Final = "line-1"
AT_REST_EVERY_S: Final = 1.0
"""A finished line tells nothing more; what is left to do is then asked of the ledger, so often."""

RenderParts = Callable[[LiveSnapshot | None, str], Mapping[str, str]]
"""Snapshot and language → HTML of every part, by part name. None: the line does not report."""


class StreamsFull(RuntimeError):
    """So many screens are open that one more could starve the rest."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed since a version, as one server-sent event; ``text`` is empty when nothing did."""

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
        self._given = line is not None
        self._languages, self._clock, self._streams_max = languages, clock, streams_max
        self._kept = threading.Lock()
        self._rendering = threading.Lock()
        self._parts: dict[tuple[str, str], tuple[int, str]] = {}
        self._deltas: dict[tuple[str, frozenset[str], int], Delta] = {}
        self._version = 0
        self._streams: Counter[str] = Counter()
        self._snapshot: LiveSnapshot | None = None
        self._seen: tuple[int, str] | None = None
        self._told: LiveSnapshot | None = None
        self._at_rest: tuple[float, tuple[Task, ...]] = (0.0, ())
        self._silent = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="live-hub", daemon=True)
        self.on_news: Callable[[], None] = lambda: None
        """Called, from any thread, when there is a newer version and when the hub closes."""

    def __enter__(self) -> LiveHub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing.set()
        self.on_news()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    @property
    def line(self) -> str:
        """Return the line this station stands at: the one it was given, else the one that reported last."""
        return self._line or DEFAULT_LINE

    @property
    def line_known(self) -> str:
        """Return that line, or "" when it is only a guess: a command to a guessed line would wait for ever."""
        return self._line or ""

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
        """Read the picture once, now. The thread does this fifty times a second; pages call it before they render."""
        try:
            if not self._given and (self._silent or self._line is None or (self._told and self._told.finished)):
                # Another run of this ledger may be another line; the one that speaks now is the one people stand at.
                self._line = next(iter(self._door.lines()), self._line)
            found = self._door.live(self.line)
        except Exception:
            # A locked or vanished ledger is the same to a screen as a silent line; the next round tries again.
            found = self._seen
        changed = found != self._seen
        if changed and found is not None:
            try:
                self._told = LiveSnapshot.from_json(found[1])
            except ValueError:
                changed = False
        self._seen = found
        shown = self._with_what_is_left()
        changed = changed or shown != self._snapshot
        self._snapshot = shown
        at_ns = self._seen[0] if self._seen else 0
        ended = self._snapshot is not None and self._snapshot.finished  # its last picture stays true
        silent = not ended and self._clock() - at_ns / 1e9 > LINE_SILENT_S
        if changed or silent != self._silent or not self._parts:
            self._silent = silent
            watched = tuple(language for language in self._languages if self._streams[language])
            self._publish(watched or self._languages[:1])

    def _with_what_is_left(self) -> LiveSnapshot | None:
        """Return the line's picture; once the line has finished, with the trays that wait for a carrier, from the ledger."""
        told = self._told
        if told is None or not told.finished:
            self._at_rest = (0.0, ())
            return told
        now = time.monotonic()
        if now - self._at_rest[0] >= AT_REST_EVERY_S:
            tasks = self._at_rest[1]
            with contextlib.suppress(Exception):  # a ledger that is busy is asked again in a second
                tasks = tuple(Task(TaskKind.HAND_OVER, 0, tray) for tray in self._door.trays_to_hand_over())
            self._at_rest = (now, tasks)
        return replace(told, tasks=(*told.tasks, *self._at_rest[1]))

    def parts(self, language: str) -> dict[str, str]:
        """Return the HTML of every part as it stands, for the first paint of a page."""
        if not self._streams[language]:
            self._publish((language,))  # nobody looks in that language: it is rendered when somebody does
        with self._kept:
            return {name: html for (one, name), (_, html) in self._parts.items() if one == language}

    def join(self, language: str) -> None:
        """Count a screen that will be sent `delta` in ``language`` until `leave`.

        Raises:
            StreamsFull: there is no room for it.
        """
        with self._kept:
            if self._streams.total() >= self._streams_max:
                raise StreamsFull
            self._streams[language] += 1
            first = self._streams[language] == 1
        if first:
            self._publish((language,))  # nobody looked in that language until now

    def leave(self, language: str) -> None:
        with self._kept:
            self._streams[language] -= 1

    def delta(self, language: str, since: int, hidden: frozenset[str]) -> Delta:
        """Return what changed after version ``since`` (0: everything), without the ``hidden`` parts; rendered once for all screens."""
        with self._kept:
            if since >= self._version:
                return Delta(self._version, b"")
            key = (language, hidden, since)
            delta = self._deltas.get(key)
            if delta is None:
                delta = self._deltas[key] = Delta(self._version, self._event(language, since, hidden))
            return delta

    def _event(self, language: str, since: int, hidden: frozenset[str]) -> bytes:
        changed = {
            name: html
            for (one, name), (version, html) in self._parts.items()
            if one == language and version > since and name not in hidden
        }
        at_ms = self._snapshot.at_unix_ns // 1_000_000 if self._snapshot else 0
        news_ms = self._snapshot.news_unix_ns // 1_000_000 if self._snapshot else 0
        body = json.dumps({"at": at_ms, "news": news_ms, "parts": changed}, ensure_ascii=False)
        return f"event: parts\ndata: {body}\n\n".encode()

    def _publish(self, languages: tuple[str, ...]) -> None:
        with self._rendering:  # an older picture must not overwrite a newer one
            shown = self.snapshot()
            fresh = self._store({language: self._render(shown, language) for language in languages})
        if fresh:
            self.on_news()

    def _store(self, rendered: Mapping[str, Mapping[str, str]]) -> bool:
        with self._kept:
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
        return fresh

    def _watch(self) -> None:
        while not self._closing.wait(POLL_S):
            self.refresh()
