"""Runs training stories for the people at the screens: makes the faults happen on the simulated line, watches, keeps the results.

Only on a line that says it is simulated; a real line is never given a fault.
"""

from __future__ import annotations

import json
import threading
import tomllib
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from controller.ledger.station import StationStore
from controller.ledger.station import people as rows
from controller.service.training import Run, Seen, Story, advance, read_story, score

CONSOLE_TIMEOUT_S: Final = 3.0
Inject = Callable[[str], None]
"""Say one line to the simulator's fault console; raises `TrainingRefused`."""


class TrainingRefused(RuntimeError):
    """Training cannot run here; ``code`` names why for the screens."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class TrainingRoom:
    """Safe from many threads. One run per badge."""

    def __init__(self, stories: Path, store: StationStore, inject: Inject, clock: Callable[[], float]) -> None:
        self._stories = {
            path.stem: read_story(path.stem, path.read_text("utf-8")) for path in sorted(stories.glob("*.toml"))
        }
        self._store, self._inject, self._clock = store, inject, clock
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()

    @property
    def stories(self) -> Mapping[str, Story]:
        return self._stories

    def run_of(self, badge: str) -> tuple[Run, Story] | None:
        run = self._runs.get(badge)
        return None if run is None else (run, self._stories[run.story])

    def start(self, badge: str, key: str, seen: Seen) -> None:
        """Begin a story.

        Raises:
            TrainingRefused: no such story, or the simulator does not answer.
        """
        story = self._stories.get(key)
        if story is None:
            raise TrainingRefused("not-found", f"there is no story {key}")
        now_s = self._clock()
        self._say(story.tasks[0].say)
        with self._lock:
            self._runs[badge] = Run(key, badge, now_s, now_s, custody_before=seen.custody)

    def look(self, badge: str, seen: Seen) -> None:
        """Move the run on by what is seen; make the next fault happen; keep the result at the end."""
        with self._lock:
            run = self._runs.get(badge)
            if run is None or run.finished:
                return
            story = self._stories[run.story]
            moved = advance(run, story, seen, self._clock())
            self._runs[badge] = moved
        if moved.finished:
            self._keep(moved, story)
        elif len(moved.results) > len(run.results):
            self._say(story.tasks[moved.task].say)

    def wrong_scan(self, badge: str) -> None:
        with self._lock:
            run = self._runs.get(badge)
            if run is not None and not run.finished:
                self._runs[badge] = replace(run, wrong_scans=run.wrong_scans + 1)

    def stop(self, badge: str) -> None:
        with self._lock:
            self._runs.pop(badge, None)

    def results(self) -> Sequence[Mapping[str, Any]]:
        with self._store.begin() as db:
            return [{**row, "result": json.loads(row["result"])} for row in rows.list_training_results(db)]

    def now_s(self) -> float:
        return self._clock()

    def _keep(self, run: Run, story: Story) -> None:
        told = {
            "score": score(run, story),
            "wrong_scans": run.wrong_scans,
            "tasks": [asdict(one) for one in run.results],
        }
        row = {"badge": run.badge, "story": run.story, "at_s": int(self._clock()), "result": json.dumps(told)}
        with self._store.begin() as db:
            rows.add_training_result(db, row)

    def _say(self, words: str) -> None:
        if words:
            self._inject(words)


def simulator_console(out: Path) -> Inject:
    """Return a way to speak to the fault console of the simulated line that runs in ``out``."""

    def inject(words: str) -> None:
        file = out / "sim" / "line.toml"
        try:
            console = str(tomllib.loads(file.read_text("utf-8")).get("console", ""))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            console = ""
        if not console.startswith("http://127.0.0.1:"):
            raise TrainingRefused("no-simulator", f"no simulated line runs in {out}")
        call = urllib.request.Request(console.rstrip("/") + "/say", data=words.encode(), method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(call, timeout=CONSOLE_TIMEOUT_S) as answer:
                answer.read(2000)
        except (OSError, ValueError) as error:
            raise TrainingRefused("no-simulator", f"the simulator does not answer: {error}") from error

    return inject
