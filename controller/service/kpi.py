"""Figures of a shift from the ledger's events: OEE with the trade's loss tree, faults, read quality, spoils, false alarms. Pure.

OEE = availability × performance × quality (ISO 22400-2). The losses are those of inserting: job change, faults (with mean cycles
between faults and mean time to clear), waiting, and skipped cycles (field.md §3). Nothing is estimated: what was not measured is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

KINDS: Final = (
    "line.state",
    "piece.planned",
    "piece.collated",
    "piece.suspected",
    "piece.in-tray",
    "piece.diverted",
    "piece.voided",
    "job.accepted",
)
FALSE_ALARM_SHARE_MAX: Final = 0.005
"""False alarms a shift may have: half a percent of its pieces. More, and people switch the camera off."""
READ_RATE_WARNING: Final = 0.995
READ_RATE_FALL: Final = 0.003
READS_TO_COMPARE: Final = 50
UNREAD: Final = frozenset({"no-read", "mac-bad"})
_EXECUTE: Final = 6


class Loss(StrEnum):
    """Where the time of a shift goes when the line does not run."""

    FAULT = "fault"
    REPAIR = "repair"
    WAITING = "waiting"
    JOB_CHANGE = "job-change"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Fact:
    """One event of the ledger: ``data`` as recorded; ``uid`` 0 when it is not about a piece, ``job`` "" when it is about no print job."""

    kind: str
    at_unix_ns: int
    uid: int
    data: Mapping[str, object]
    job: str = ""


@dataclass(frozen=True, slots=True)
class PrinterReads:
    """How well the cameras read what one printer printed, in pieces; ``falling``: its newer half reads worse than its older one."""

    printer: str
    read: int
    unread: int
    falling: bool = False

    @property
    def read_rate(self) -> float:
        return self.read / max(self.read + self.unread, 1)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the shift. ``read_rate`` None when no piece came to a decision."""

    starts_unix_ns: int
    passed: int
    rejected: int
    read_rate: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a stretch of time; shares 0–1, times in seconds."""

    since_unix_ns: int
    until_unix_ns: int
    running_s: float
    losses_s: Mapping[Loss, float]
    faults: int
    passed: int
    rejected: int
    rejected_by: Mapping[str, int]
    minted: int
    reprints: int
    false_alarms: int
    ideal_per_hour: float
    hours: tuple[Hour, ...]
    printers: tuple[PrinterReads, ...] = ()

    @property
    def planned_s(self) -> float:
        return (self.until_unix_ns - self.since_unix_ns) / 1e9

    @property
    def availability(self) -> float | None:
        return self.running_s / self.planned_s if self.planned_s > 0 else None

    @property
    def performance(self) -> float | None:
        possible = self.ideal_per_hour * self.running_s / 3600
        return min((self.passed + self.rejected) / possible, 1.0) if possible >= 1 else None

    @property
    def quality(self) -> float | None:
        return self.passed / (self.passed + self.rejected) if self.passed + self.rejected else None

    @property
    def oee(self) -> float | None:
        if self.availability is None or self.performance is None or self.quality is None:
            return None
        return self.availability * self.performance * self.quality

    @property
    def mcbf(self) -> float | None:
        """Mean cycles between faults; None without a fault."""
        return (self.passed + self.rejected) / self.faults if self.faults else None

    @property
    def mean_time_to_clear_s(self) -> float | None:
        return self.losses_s.get(Loss.FAULT, 0.0) / self.faults if self.faults else None

    @property
    def skipped_cycles(self) -> int | None:
        """Cycles the running line could have made and did not."""
        return (
            None
            if self.performance is None
            else max(round(self.ideal_per_hour * self.running_s / 3600) - self.passed - self.rejected, 0)
        )

    @property
    def reprint_rate(self) -> float | None:
        return self.reprints / self.minted if self.minted else None

    @property
    def false_alarm_budget(self) -> int:
        return int((self.passed + self.rejected) * FALSE_ALARM_SHARE_MAX)


def figures(facts: Sequence[Fact], since_unix_ns: int, until_unix_ns: int, ideal_per_hour: float) -> Figures:
    """Return the figures of [since, until]; ``facts`` oldest first, of `KINDS`, may begin earlier (the last state before counts)."""
    running_s, losses, faults = _times(facts, since_unix_ns, until_unix_ns)
    inside = [fact for fact in facts if since_unix_ns <= fact.at_unix_ns <= until_unix_ns]
    counts = Counter(fact.kind for fact in inside)
    rejected = Counter(str(fact.data.get("reason", "")) for fact in inside if fact.kind == "piece.suspected")
    return Figures(
        since_unix_ns=since_unix_ns,
        until_unix_ns=until_unix_ns,
        running_s=running_s,
        losses_s=losses,
        faults=faults,
        passed=counts["piece.in-tray"],
        rejected=sum(rejected.values()),
        rejected_by=dict(rejected.most_common()),
        minted=counts["piece.planned"],
        reprints=sum(fact.kind == "piece.planned" and fact.uid % 100 > 1 for fact in inside),
        false_alarms=sum(fact.kind == "piece.voided" and fact.data.get("reason") == "nothing-wrong" for fact in inside),
        ideal_per_hour=ideal_per_hour,
        hours=_hours(inside, since_unix_ns, until_unix_ns),
        printers=_printers(facts, since_unix_ns, until_unix_ns),
    )


def _printers(facts: Sequence[Fact], since: int, until: int) -> tuple[PrinterReads, ...]:
    """Return the reads of each printer: a worn drum or pale toner shows here before the line's own rate falls."""
    printer_of = {fact.job: str(fact.data.get("queue", "")) for fact in facts if fact.kind == "job.accepted"}
    reads: dict[str, list[bool]] = {}
    for fact in facts:
        printer = printer_of.get(fact.job, "")
        if not printer or not since <= fact.at_unix_ns <= until:
            continue
        if fact.kind == "piece.collated":
            reads.setdefault(printer, []).append(True)
        elif fact.kind == "piece.suspected" and fact.data.get("reason") in UNREAD:
            reads.setdefault(printer, []).append(False)
    return tuple(
        PrinterReads(name, sum(seen), len(seen) - sum(seen), _falls(seen)) for name, seen in sorted(reads.items())
    )


def _falls(seen: Sequence[bool]) -> bool:
    half = len(seen) // 2
    old, new = seen[:half], seen[half:]
    if half < READS_TO_COMPARE:
        return False
    worse = (len(new) - sum(new)) / len(new) - (len(old) - sum(old)) / len(old)
    return worse > READ_RATE_FALL


def _times(facts: Sequence[Fact], since: int, until: int) -> tuple[float, dict[Loss, float], int]:
    losses: dict[Loss, float] = {}
    running, faults = 0.0, 0
    state, reason, at = 2, 0, since
    for fact in [
        *(fact for fact in facts if fact.kind == "line.state"),
        Fact("line.state", until, 0, {"state": 0, "reason": 0}),
    ]:
        new_state, new_reason = _whole(fact.data.get("state")), _whole(fact.data.get("reason"))
        if fact.at_unix_ns > since:
            seconds = max(min(fact.at_unix_ns, until) - at, 0) / 1e9
            if state == _EXECUTE:
                running += seconds
            else:
                loss = _loss(state, reason)
                losses[loss] = losses.get(loss, 0.0) + seconds
            at = max(at, min(fact.at_unix_ns, until))
            faults += (
                fact.at_unix_ns < until
                and _loss(new_state, new_reason) is Loss.FAULT
                and _loss(state, reason) is not Loss.FAULT
            )
        state, reason = new_state, new_reason
    return running, losses, faults


def _loss(state: int, reason: int) -> Loss:
    """Sort a PackML state and the machine's reason (docs/protocols/inserter.md §2) into the loss tree."""
    if state in (10, 11) and reason != 8:
        return Loss.FAULT
    if state in (8, 9, 1):
        return Loss.REPAIR
    if state in (5, 13, 14):
        return Loss.WAITING
    if state in (3, 4, 15, 16, 17):
        return Loss.JOB_CHANGE
    return Loss.STOPPED


def _hours(facts: Sequence[Fact], since: int, until: int) -> tuple[Hour, ...]:
    hour_ns = 3600 * 10**9
    rows = []
    for start in range(since, until, hour_ns):
        inside = [fact for fact in facts if start <= fact.at_unix_ns < start + hour_ns]
        passed = sum(fact.kind == "piece.in-tray" for fact in inside)
        rejected = sum(fact.kind == "piece.suspected" for fact in inside)
        unread = sum(fact.kind == "piece.suspected" and fact.data.get("reason") == "no-read" for fact in inside)
        rows.append(Hour(start, passed, rejected, 1 - unread / (passed + rejected) if passed + rejected else None))
    return tuple(rows)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
