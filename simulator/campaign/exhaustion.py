"""The exhaustive series as a whole: every world of one kind, run on an executor in chunks, with what went wrong by name."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from simulator.campaign import exhaustive, lies
from simulator.campaign.report import commit, machine

CHUNK = 50
AHEAD = 16


@dataclass(slots=True)
class Found:
    """What came of one series. ``problems``: (world, what is wrong with it)."""

    kind: str
    worlds: int = 0
    seconds: float = 0.0
    problems: list[tuple[str, str]] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """Return the report as plain values."""
        return {
            "simulated": "SIMULATED in virtual time",
            "series": self.kind,
            "worlds": self.worlds,
            "problems": [f"{where}: {text}" for where, text in self.problems],
            "seconds": round(self.seconds, 1),
            "commit": commit(),
            "machine": machine(),
            "command": f"letterline campaign --exhaustive {self.kind}",
        }


World = tuple[str, Callable[[], list[str]]]


def _crashes() -> list[World]:
    points = exhaustive.crash_points(exhaustive.THREE_LETTERS)
    return [(f"killed at point {at}", lambda at=at: _killed(at)) for at in range(1, points + 1)]  # type: ignore[misc]


def _killed(at: int) -> list[str]:
    tally = exhaustive.run_killed(exhaustive.THREE_LETTERS, [at])
    found = exhaustive.problems(tally)
    if tally.unknown_at_restart_max > exhaustive.UNKNOWN_MAX:
        found.append(f"{tally.unknown_at_restart_max} pieces of unknown exit")
    return found


def _placed(sheets: tuple[int, ...], places: Sequence[exhaustive.Place]) -> World:
    words = " and ".join(f"row {row} at its place {n}" for row, n in places)
    return words, lambda: exhaustive.problems(exhaustive.run_placed(sheets, places))


def _singles() -> list[World]:
    return [_placed(exhaustive.THREE_LETTERS, (place,)) for place in exhaustive.places_of(exhaustive.THREE_LETTERS)]


def _pairs() -> list[World]:
    places = exhaustive.places_of(exhaustive.TWO_LETTERS)
    return [_placed(exhaustive.TWO_LETTERS, pair) for pair in exhaustive.pairs_of_places(places)]


def _lies() -> list[World]:
    return [
        (f"{lie.name}, at word {at}", lambda lie=lie, at=at: exhaustive.problems(lies.run_lie(lie, at)))  # type: ignore[misc]
        for lie, at in lies.places()
    ]


KINDS: Final[dict[str, Callable[[], list[World]]]] = {
    "crashes": cache(_crashes),
    "singles": cache(_singles),
    "pairs": cache(_pairs),
    "lies": cache(_lies),
}


def run_chunk(kind: str, first: int, count: int) -> list[tuple[str, str]]:
    """Run ``count`` worlds of a kind from number ``first``; called in a worker process."""
    found = []
    for where, run in KINDS[kind]()[first : first + count]:
        try:
            texts = run()
        except Exception as error:
            # A refused event stops the line (I9); here it must never come to that.
            texts = [f"{type(error).__name__}: {error}"]
        found += [(where, text) for text in texts[:1]]
    return found


def run_all(kind: str, executor: Executor, progress: Callable[[int], None]) -> Found:
    """Run every world of ``kind``."""
    began = time.monotonic()
    total = len(KINDS[kind]())
    starts = deque(range(0, total, CHUNK))
    running: deque[Future[list[tuple[str, str]]]] = deque()
    found = Found(kind)
    while starts or running:
        while starts and len(running) < AHEAD:
            running.append(executor.submit(run_chunk, kind, starts.popleft(), CHUNK))
        found.problems += running.popleft().result()
        done = min(CHUNK, total - found.worlds)
        found.worlds += done
        progress(done)
    found.seconds = time.monotonic() - began
    return found
