"""Whole runs of `letterline run` on simulated lines, and what the simulator's own log of physical facts says of them.

Nothing here asks the controller how fast it was, except for the span only it can see (camera result to grant); all else is read from
``world.jsonl``, which the simulated machine writes and the controller never sees.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EDGE = 0.05
"""Share of pieces at either end left out of the rate: the feeder starts empty and stacks run out at the end."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(slots=True)
class Passage:
    """What the world log of one run tells; times in seconds of that log."""

    shot_s: dict[int, float] = field(default_factory=dict)
    token_s: dict[int, float] = field(default_factory=dict)
    gate_s: list[float] = field(default_factory=list)
    gates: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    passed_without_token: int = 0
    late_tokens: int = 0

    def per_hour(self) -> float:
        """The rate at the gate over the middle of the run."""
        cut = int(len(self.gate_s) * EDGE)
        middle = self.gate_s[cut : len(self.gate_s) - cut]
        if len(middle) < 2 or middle[-1] <= middle[0]:
            return 0.0
        return 3600 * (len(middle) - 1) / (middle[-1] - middle[0])

    def middle_s(self) -> float:
        """How long the part was that the rate was taken from."""
        cut = int(len(self.gate_s) * EDGE)
        return self.gate_s[-1 - cut] - self.gate_s[cut] if len(self.gate_s) > 1 else 0.0

    def fact(self, fact: dict[str, object]) -> None:
        """Take the next fact of the log."""
        what, now = fact["what"], float(str(fact["t"]))
        if what == "state":
            self.states[f"{fact['state']} {fact['reason']}"] += 1
            if fact["state"] == "ABORTED" and fact["reason"] == "BOOT":
                self.shot_s.clear()
                self.token_s.clear()
            return
        if what not in ("exit_shot", "token", "gate"):
            return
        piece = int(str(fact["piece_no"]))
        if what == "exit_shot":
            self.shot_s[piece] = now
        elif what == "token":
            self.token_s.setdefault(piece, now)
        else:
            self._gate(piece, now, str(fact["moved_to"]), str(fact["why"]))

    def _gate(self, piece: int, now: float, moved_to: str, why: str) -> None:
        self.gate_s.append(now)
        self.gates[f"{moved_to} {why}"] += 1
        shot, token = self.shot_s.pop(piece, math.nan), self.token_s.pop(piece, math.nan)
        if moved_to == "pass" and not token <= now:
            self.passed_without_token += 1
        if not math.isnan(token - shot):
            self.latencies_ms.append(1000 * (token - shot))
            self.late_tokens += token > now


def read_world(path: Path) -> Passage:
    """Read a simulator's world.jsonl."""
    passage = Passage()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            passage.fact(json.loads(line))
    return passage


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie; NaN of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


@dataclass(slots=True)
class Ran:
    """What came of one line's run. ``cpu_s``: controller, renderer, spooler and simulator; ``peak_mb``: of its largest process."""

    passage: Passage
    summary: dict[str, object]
    exit_code: int
    cpu_s: float
    peak_mb: float

    def number(self, key: str) -> int:
        """A count of the run's summary."""
        return int(str(self.summary[key]))

    def grant_ms(self, name: str) -> float:
        """Camera result to grant handed to the driver, as the controller timed it: ``p50``, ``p99``, ``p99.9``, ``max``."""
        spans = self.summary["grant_us"]
        assert isinstance(spans, dict)
        return float(spans[name]) / 1000


class _Meter:
    """Reads the processor time and memory of every process of some folders once a second: the simulator is nobody's child."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = [str(folder) for folder in folders]
        self._cpu: list[dict[int, float]] = [{} for _ in self._folders]
        self.peak_mb = [0.0 for _ in self._folders]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def _look_on(self) -> None:
        while not self._over.wait(1.0):
            self.look()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def cpu_s(self, place: int) -> float:
        return sum(self._cpu[place].values())

    def look(self) -> None:
        owners: dict[int, int] = {}
        for entry in sorted((e for e in Path("/proc").iterdir() if e.name.isdigit()), key=lambda e: int(e.name)):
            try:
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace")
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            mine = next((place for place, folder in enumerate(self._folders) if folder in words), None)
            mine = owners.get(int(stat[1])) if mine is None else mine
            if mine is None:
                continue
            owners[int(entry.name)] = mine
            self._cpu[mine][int(entry.name)] = (int(stat[11]) + int(stat[12])) * _TICK_S
            self.peak_mb[mine] = max(self.peak_mb[mine], int(stat[21]) * _PAGE_MB)


def run_lines(folder: Path, letters: int, lines: int, scenario: str, speed: float) -> tuple[list[Ran], float]:
    """Run so many lines at once, each of them ``letterline run`` with a simulator of its own; returns what came of each, and the wall time in s."""
    folder.chmod(0o755)  # printers and spooler read below it as other users
    outs = [folder / f"line{number}" for number in range(lines)]
    for number, out in enumerate(outs):
        make = [sys.executable, str(ROOT / "examples/make_cases.py"), str(letters), f"{out}.csv", "--seed", str(100 + number)]  # fmt: skip
        subprocess.run(make, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    meter = _Meter(outs)
    began = time.monotonic()
    program = str(Path(sys.executable).with_name("letterline"))
    processes = []
    for out in outs:
        command = [program, "run", f"{out}.csv", "--out", str(out), "--scenario", scenario, "--speed", str(speed)]
        with (folder / f"{out.name}.txt").open("w") as told:
            processes.append(subprocess.Popen(command, cwd=ROOT, stdout=told, stderr=told))
    codes = [process.wait() for process in processes]
    wall_s = time.monotonic() - began
    meter.close()
    ran = []
    for place, (out, code) in enumerate(zip(outs, codes, strict=True)):
        summary = out / "summary.json"
        if not summary.exists():
            raise RuntimeError(
                f"{out.name} did not end (code {code}):\n{(folder / f'{out.name}.txt').read_text()[-2000:]}"
            )
        passage = read_world(out / "sim" / "world.jsonl")
        ran.append(Ran(passage, json.loads(summary.read_text()), code, meter.cpu_s(place), meter.peak_mb[place]))
    return ran, wall_s
