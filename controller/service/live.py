"""The live picture of a line: what the controller publishes about ten times a second for the screens.

Overwritten in place, never chained, never evidence: the ledger is the truth, this is the glass in front of it.
It holds no personal data: pieces are their uid, people are absent. The line fills it (`LiveSnapshot.to_json`),
the screens read it (`LiveSnapshot.from_json`). Unknown keys are ignored, so that an old screen outlives a new line.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

SHAPE_VERSION: Final = 1
TREND_POINTS_MAX: Final = 60

_T = TypeVar("_T")


class Severity(StrEnum):
    """How loud an alarm is. STOP means the line does not feed until somebody acts."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


class Press(StrEnum):
    """The one thing to press that an alarm offers."""

    NONE = ""
    RESUME = "resume"
    START = "start"
    SCAN_ZONE = "scan-zone"
    SCAN_BIN = "scan-bin"
    TRAY = "tray"
    AUDIT_TRAY = "audit-tray"


class TaskKind(StrEnum):
    """What hands have to do at a line, besides minding the machine itself; in the order in which a shift does it."""

    PUT_TRAY = "put-tray"
    CHANGE_TRAY = "change-tray"
    AUDIT_TRAY = "audit-tray"
    SCAN_BIN = "scan-bin"
    DECIDE = "decide"
    DESTROY = "destroy"
    SEARCH = "search"
    CLOSE_TRAY = "close-tray"
    CLOSE_BATCH = "close-batch"
    HAND_OVER = "hand-over"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: how many pieces it concerns, and the number of the tray or batch it is about (0: none)."""

    kind: TaskKind
    count: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """One short text for people, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine of the line. ``state`` is the PackML number (1–17); ``reason`` the keyword of its interface, "" if none."""

    name: str
    state: int
    reason: str = ""
    kind: str = "inserter"
    linked: bool = True


@dataclass(frozen=True, slots=True)
class BeltPiece:
    """A piece inside the machine. ``zone`` as in docs/protocols/inserter.md §2; ``verdict`` is "", "PASS" or "DIVERT"."""

    uid: int
    zone: int
    verdict: str = ""
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera: share of frames read (0–1) over the last 500, last grade A–F, and both as a trend, oldest first."""

    name: str
    read_rate: float
    grade: str = ""
    trend: tuple[float, ...] = ()
    linked: bool = True


@dataclass(frozen=True, slots=True)
class Alarm:
    """What happened, where, what to do; ``press`` names the one button that belongs to it."""

    code: str
    what: Words
    where: Words
    do: Words
    severity: Severity = Severity.STOP
    press: Press = Press.NONE
    since_unix_ns: int = 0


@dataclass(frozen=True, slots=True)
class RecentVerdict:
    """One decision at the exit, newest first in the snapshot. ``reason`` is the keyword of the divert, "" on PASS."""

    uid: int
    verdict: str
    reason: str
    at_unix_ns: int


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """One print job waiting, printing or done. ``state`` is the IPP keyword, such as ``processing``."""

    job: str
    printer: str
    state: str
    sheets_done: int
    sheets: int


@dataclass(frozen=True, slots=True)
class Bypass:
    """A camera switched out by two people. Shown on every screen; it ends by itself at ``until_unix_ns``."""

    camera: str
    badges: tuple[str, str]
    until_unix_ns: int


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """Everything the line screen needs, at one moment."""

    line: str
    at_unix_ns: int
    simulated: bool
    machines: tuple[Machine, ...] = ()
    belt: tuple[BeltPiece, ...] = ()
    rate_now: float = 0.0
    """Envelopes an hour over the last minute."""
    rate_shift: float = 0.0
    rate_target: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    """Pieces of the running batch per piece state (keys are the state names of design §5)."""
    batch: str = ""
    letters: int = 0
    queue: tuple[QueuedJob, ...] = ()
    cameras: tuple[Camera, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    verdicts: tuple[RecentVerdict, ...] = ()
    zone_to_scan: tuple[int, ...] = ()
    """After a jam: uids that must be scanned into custody before Resume is offered."""
    zone_left: int = 0
    """How many of `zone_to_scan` must be scanned, when the machine counted fewer than those that were inside; 0: all of them."""
    tasks: tuple[Task, ...] = ()
    """What hands have to do now, first things first."""
    tray: int = 0
    tray_count: int = 0
    bypass: Bypass | None = None
    finished: bool = False
    news_unix_ns: int = 0
    """When the first event happened that this picture shows and the one before it did not; 0: nothing happened."""

    def plain(self) -> dict[str, object]:
        """Return the picture as plain values, as `Inbox.show` takes it."""
        return {"shape": SHAPE_VERSION, **{name: _plain(getattr(self, name)) for name in self.__slots__}}

    def to_json(self) -> str:
        """Return one line of JSON, keys sorted, Chinese kept readable."""
        return json.dumps(self.plain(), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> LiveSnapshot:
        """Parse what `to_json` wrote.

        Raises:
            ValueError: not JSON, or a field is missing or of the wrong kind.
        """
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("a live snapshot is a JSON object")
        try:
            return _snapshot(raw)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"live snapshot: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if dataclasses.is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return dict(value) if isinstance(value, Mapping) else value


def _snapshot(raw: Mapping[str, Any]) -> LiveSnapshot:
    bypass = raw.get("bypass")
    return LiveSnapshot(
        line=str(raw["line"]),
        at_unix_ns=int(raw["at_unix_ns"]),
        simulated=bool(raw["simulated"]),
        machines=tuple(_known(Machine, one) for one in _rows(raw, "machines")),
        belt=tuple(_known(BeltPiece, one) for one in _rows(raw, "belt")),
        rate_now=float(raw.get("rate_now", 0)),
        rate_shift=float(raw.get("rate_shift", 0)),
        rate_target=float(raw.get("rate_target", 0)),
        counts={str(state): int(count) for state, count in dict(raw.get("counts", {})).items()},
        batch=str(raw.get("batch", "")),
        letters=int(raw.get("letters", 0)),
        queue=tuple(_known(QueuedJob, one) for one in _rows(raw, "queue")),
        cameras=tuple(_camera(one) for one in _rows(raw, "cameras")),
        alarms=tuple(_alarm(one) for one in _rows(raw, "alarms")),
        verdicts=tuple(_known(RecentVerdict, one) for one in _rows(raw, "verdicts")),
        zone_to_scan=tuple(int(uid) for uid in raw.get("zone_to_scan", ())),
        zone_left=int(raw.get("zone_left", 0)),
        tasks=tuple(_task(one) for one in _rows(raw, "tasks") if one.get("kind") in set(TaskKind)),
        tray=int(raw.get("tray", 0)),
        tray_count=int(raw.get("tray_count", 0)),
        bypass=_bypass(bypass) if bypass else None,
        finished=bool(raw.get("finished", False)),
        news_unix_ns=int(raw.get("news_unix_ns", 0)),
    )


def _rows(raw: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    rows = raw.get(key, ())
    if not isinstance(rows, list | tuple):
        raise TypeError(f"{key} must be a list")
    return rows


def _known(kind: type[_T], raw: Mapping[str, Any]) -> _T:
    """Build ``kind`` from the keys it knows; the rest are of a newer line and of no use here."""
    names = {one.name for one in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in raw.items() if name in names})


def _camera(raw: Mapping[str, Any]) -> Camera:
    trend = tuple(float(point) for point in raw.get("trend", ()))[-TREND_POINTS_MAX:]
    return dataclasses.replace(_known(Camera, raw), trend=trend)


def _alarm(raw: Mapping[str, Any]) -> Alarm:
    return Alarm(
        code=str(raw["code"]),
        what=_known(Words, raw["what"]),
        where=_known(Words, raw["where"]),
        do=_known(Words, raw["do"]),
        severity=Severity(raw.get("severity", "stop")),
        press=Press(raw.get("press", "")),
        since_unix_ns=int(raw.get("since_unix_ns", 0)),
    )


def _task(raw: Mapping[str, Any]) -> Task:
    return Task(TaskKind(raw["kind"]), int(raw.get("count", 0)), int(raw.get("number", 0)))


def _bypass(raw: Mapping[str, Any]) -> Bypass:
    first, second = raw["badges"]
    return Bypass(camera=str(raw["camera"]), badges=(str(first), str(second)), until_unix_ns=int(raw["until_unix_ns"]))
