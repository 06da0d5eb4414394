"""Many shifts over many seeds, on any `concurrent.futures.Executor`; each is audited where it ran, and only counts come back."""

from __future__ import annotations

import gc
import hashlib
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path

from simulator.auditor import Auditor
from simulator.campaign.faults import Profile
from simulator.campaign.franking import POSTAGE
from simulator.campaign.shift import Shift, ShiftPlan, ShiftResult
from simulator.campaign.tee import DurableStore

SHIFT_LETTERS = 500
SHIFTS_A_TASK = 4


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What a campaign is; the same plan and the same code give the same ledgers, byte for byte."""

    letters: int
    seed: int
    profile: Profile
    durable: bool = False
    shift_letters: int = SHIFT_LETTERS

    def shifts(self) -> Iterator[tuple[int, ShiftPlan]]:
        """Yield (index, plan) of every shift."""
        index, left = 0, self.letters
        while left > 0:
            count = min(left, self.shift_letters)
            postage = POSTAGE if index % 3 == 2 else 0
            yield (
                index,
                ShiftPlan(self.seed * 1_000_003 + index, count, self.profile, hasty=index % 2 == 1, postage=postage),
            )
            index, left = index + 1, left - count


@dataclass(slots=True)
class Tally:
    """Counts over shifts. ``violations``: what the harness itself or the auditor saw, with the shift it was in."""

    shifts: int = 0
    letters: int = 0
    mailed: int = 0
    attempts: int = 0
    events: int = 0
    rounds_max: int = 0
    deaths: int = 0
    challenges: int = 0
    unknown_at_restart_max: int = 0
    simulated_s: float = 0.0
    beyond_limits: int = 0
    hits: Counter[int] = field(default_factory=Counter)
    coverage: Counter[tuple[int, str]] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)
    findings: list[tuple[int, str]] = field(default_factory=list)
    unfinished: list[tuple[int, str]] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add the counts of ``other``."""
        for name in (
            "shifts",
            "letters",
            "mailed",
            "attempts",
            "events",
            "deaths",
            "challenges",
            "simulated_s",
            "beyond_limits",
        ):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rounds_max = max(self.rounds_max, other.rounds_max)
        self.unknown_at_restart_max = max(self.unknown_at_restart_max, other.unknown_at_restart_max)
        self.hits.update(other.hits)
        self.coverage.update(other.coverage)
        self.violations += other.violations
        self.findings += other.findings
        self.unfinished += other.unfinished
        self.digests.update(other.digests)

    @property
    def faults(self) -> int:
        return self.hits.total()

    def digest(self) -> str:
        """Return one hash over the last hash of every shift's ledger."""
        whole = hashlib.sha256()
        for index in sorted(self.digests):
            whole.update(f"{index} {self.digests[index]}\n".encode())
        return whole.hexdigest()


def audited(index: int, result: ShiftResult) -> Tally:
    """Audit one shift and count it."""
    store = result.store
    auditor = Auditor(store.ledger_id)
    auditor.read(store.events)
    auditor.compare(result.log, ended=result.closed)
    rows = store.all_states()
    auditor.check_states(
        {uid: str(row[-2]) for uid, row in rows["piece"].items() if isinstance(uid, int)},
        {letter: str(row[-2]) for letter, row in rows["letter"].items() if isinstance(letter, int)},
    )
    tally = Tally(
        1,
        result.plan.letters,
        sum(row[-2] == "MAILED" for row in rows["letter"].values()),
        result.attempts,
        len(store.events),
        result.rounds,
        result.deaths,
        sum(event.kind == "line.challenge" for event in store.events),
        result.unknown_at_restart_max,
        result.seconds_simulated,
        result.beyond_limits,
        result.hits,
        result.coverage,
    )
    if result.breach.startswith("liveness"):
        tally.unfinished.append((index, result.breach))
    elif result.breach:
        tally.violations.append((index, result.breach))
    tally.violations += [(index, f"onlooker: {text}") for text in result.oversights[:20]]
    tally.findings = [(index, str(finding)) for finding in auditor.findings[:20]]
    tally.digests[index] = store.events[-1].hash.hex() if store.events else ""
    return tally


def run_shifts(plans: list[tuple[int, ShiftPlan]], durable: bool) -> Tally:
    """Run and audit some shifts one after another; called in a worker process."""
    total = Tally()
    if gc.isenabled():
        gc.freeze()  # what was imported stays; looking at it again after each shift would cost a tenth of the run
        gc.disable()  # a shift's objects live as long as the shift; they are collected between shifts
    for index, plan in plans:
        total.add(_run_durable(index, plan) if durable else audited(index, Shift(plan).run()))
        gc.collect()
    return total


def _run_durable(index: int, plan: ShiftPlan) -> Tally:
    with tempfile.TemporaryDirectory(prefix="letterline-campaign-") as directory:
        store = DurableStore(f"campaign-{plan.seed}", Path(directory) / "ledger.db")
        tally = audited(index, Shift(plan, store=store).run())
        store.check_and_close()
        return tally


def run_campaign(
    plan: CampaignPlan,
    executor: Executor,
    progress: Callable[[Tally, float], None] | None = None,
    *,
    minutes: float | None = None,
    ahead: int = 8,
) -> tuple[Tally, float]:
    """Run the shifts of ``plan`` in their order; return the counts and the seconds it took.

    After ``minutes`` no further shift is begun: the counts then say how many were run. ``ahead`` tasks are handed to the executor
    before the first has ended. ``progress`` takes the counts so far and the seconds they took.
    """
    started = time.monotonic()
    last_start = started + minutes * 60 if minutes is not None else None
    shifts = list(plan.shifts())
    tasks = deque(shifts[start : start + SHIFTS_A_TASK] for start in range(0, len(shifts), SHIFTS_A_TASK))
    running: deque[Future[Tally]] = deque()
    total = Tally()
    while tasks or running:
        if last_start is not None and time.monotonic() > last_start:
            tasks.clear()
        while tasks and len(running) < ahead:
            running.append(executor.submit(run_shifts, tasks.popleft(), plan.durable))
        if running:
            total.add(running.popleft().result())
            if progress is not None:
                progress(total, time.monotonic() - started)
    return total, time.monotonic() - started
