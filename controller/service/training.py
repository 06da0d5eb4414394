"""A shift in training: a story of faults, what the learner must do about each, hints, and a score. Pure.

The faults happen on the simulated line; the learner works with the real screens. A run is a value: `advance` moves it on by what is
seen of the line, and the caller makes the next fault happen when `Run.task` has changed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from controller.service.live import Words

WRONG_SCAN_POINTS: Final = 5
LATE_POINTS_EACH_10_S: Final = 1
MISSED_TASK_POINTS: Final = 20
GIVE_UP_FACTOR: Final = 4
"""A task that takes four times its time is missed, and the story goes on."""
HINT_EVERY_S: Final = 20


class Goal(StrEnum):
    """When a task is done."""

    HELD = "held"
    RUNNING = "running"
    CUSTODY = "custody"
    ZONE_EMPTY = "zone-empty"


class StoryFault(ValueError):
    """A story file that cannot be used; the text says where."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that happens. ``say``: the words for the simulator's fault console, "" for none. Times in seconds."""

    what: Words
    hints: tuple[Words, ...]
    say: str
    goal: Goal
    within_s: int


@dataclass(frozen=True, slots=True)
class Story:
    key: str
    title: Words
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the line shows: ``custody`` counts the pieces this learner has taken into custody since the run began."""

    running: bool
    held: bool
    zone: int
    custody: int


@dataclass(frozen=True, slots=True)
class TaskResult:
    """``seconds`` to clear; ``missed`` when it was given up."""

    seconds: float
    missed: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A learner in a story. ``stopped`` remembers that the fault of this task was seen; a goal counts only after that."""

    story: str
    badge: str
    began_s: float
    task_began_s: float
    task: int = 0
    results: tuple[TaskResult, ...] = ()
    wrong_scans: int = 0
    custody_before: int = 0
    stopped: bool = False
    finished: bool = False


def read_story(key: str, text: str) -> Story:
    """Read a story file.

    Raises:
        StoryFault: it is not TOML, or a task lacks something.
    """
    try:
        raw = tomllib.loads(text)
        tasks = tuple(_task(one) for one in raw["task"])
        if not tasks:
            raise StoryFault(f"{key}: a story has at least one [[task]]")
        return Story(key, _words(raw["title"]), tasks)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise StoryFault(f"{key}: {error}") from error


def advance(run: Run, story: Story, seen: Seen, now_s: float) -> Run:
    """Return the run after one look at the line."""
    if run.finished:
        return run
    task = story.tasks[run.task]
    run = replace(run, stopped=run.stopped or not seen.running or seen.zone > 0)
    spent = now_s - run.task_began_s
    if _reached(task.goal, run, seen):
        return _next(run, story, TaskResult(round(spent, 1), False), seen, now_s)
    if spent > task.within_s * GIVE_UP_FACTOR:
        return _next(run, story, TaskResult(round(spent, 1), True), seen, now_s)
    return run


def hints_due(run: Run, story: Story, now_s: float) -> tuple[Words, ...]:
    """Return the hints shown by now: one more every twenty seconds."""
    if run.finished:
        return ()
    return story.tasks[run.task].hints[: int((now_s - run.task_began_s) // HINT_EVERY_S)]


def score(run: Run, story: Story) -> int:
    """Return 0–100: wrong scans, time over the limit and missed tasks cost points."""
    late = sum(
        max(one.seconds - task.within_s, 0)
        for one, task in zip(run.results, story.tasks, strict=False)
        if not one.missed
    )
    missed = sum(one.missed for one in run.results) + (0 if run.finished else len(story.tasks) - len(run.results))
    lost = run.wrong_scans * WRONG_SCAN_POINTS + int(late // 10) * LATE_POINTS_EACH_10_S + missed * MISSED_TASK_POINTS
    return max(0, 100 - lost)


def _reached(goal: Goal, run: Run, seen: Seen) -> bool:
    if goal is Goal.HELD:
        return seen.held
    if goal is Goal.RUNNING:
        return run.stopped and seen.running
    if goal is Goal.CUSTODY:
        return seen.custody > run.custody_before
    return run.stopped and seen.zone == 0


def _next(run: Run, story: Story, result: TaskResult, seen: Seen, now_s: float) -> Run:
    return replace(
        run,
        results=(*run.results, result),
        task=min(run.task + 1, len(story.tasks) - 1),
        task_began_s=now_s,
        custody_before=seen.custody,
        stopped=False,
        finished=run.task + 1 >= len(story.tasks),
    )


def _task(raw: Mapping[str, Any]) -> Task:
    return Task(
        what=_words(raw["what"]),
        hints=tuple(_words(one) for one in raw.get("hints", ())),
        say=str(raw.get("say", "")),
        goal=Goal(raw["goal"]),
        within_s=int(raw["within_s"]),
    )


def _words(raw: Mapping[str, Any]) -> Words:
    return Words(str(raw["zh"]), str(raw["en"]))
