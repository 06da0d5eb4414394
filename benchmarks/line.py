"""The line at wire level in real time: envelopes an hour, exit shot to token at the gate, deadlines missed.

Runs `letterline run` on the simulated line with nothing going wrong, 36,000 envelopes an hour nominal, and reads the times from the simulator's own log of
what physically happened (world.jsonl): from the moment the exit camera was fired to the moment the machine held the token. That span has in it exposure,
JPEG, transfer, decoding by two engines, judgement, durable commit and the serial wire; the gate is 304 ms behind the camera.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.report import Report

NOMINAL_PER_HOUR = 36_000
LETTERS, QUICK_LETTERS = 6_000, 300
"""6,000 at 36,000 an hour are ten minutes."""
GATE_MS = 304.0
_EDGE = 0.05
"""Share of pieces at either end left out of the rate: the feeder starts empty and stacks run out at the end."""


@dataclass(slots=True)
class Passage:
    """What the world log of one run tells."""

    shot_s: dict[int, float] = field(default_factory=dict)
    token_s: dict[int, float] = field(default_factory=dict)
    gate_s: dict[int, float] = field(default_factory=dict)
    gates: Counter[str] = field(default_factory=Counter)

    @property
    def latencies_ms(self) -> list[float]:
        return sorted(
            1000 * (self.token_s[piece] - self.shot_s[piece]) for piece in self.token_s if piece in self.shot_s
        )

    def per_hour(self) -> float:
        """The rate at the gate over the middle of the run."""
        times = sorted(self.gate_s.values())
        cut = int(len(times) * _EDGE)
        middle = times[cut : len(times) - cut]
        return (
            3600 * (len(middle) - 1) / (middle[-1] - middle[0]) if len(middle) > 1 and middle[-1] > middle[0] else 0.0
        )


def read_world(path: Path) -> Passage:
    """Read a simulator's world.jsonl."""
    passage = Passage()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            fact = json.loads(line)
            if fact["what"] == "exit_shot":
                passage.shot_s[fact["piece_no"]] = fact["t"]
            elif fact["what"] == "token":
                passage.token_s.setdefault(fact["piece_no"], fact["t"])
            elif fact["what"] == "gate":
                passage.gate_s[fact["piece_no"]] = fact["t"]
                passage.gates[f"{fact['moved_to']} {fact['why']}"] += 1
    return passage


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def run_lines(
    folder: Path, letters: int, lines: int, speed: float
) -> tuple[list[Passage], list[dict[str, object]], float]:
    """Run so many lines at once, each its own process with its own simulator; returns what happened, their summaries and the CPU seconds used."""
    root = Path(__file__).resolve().parents[1]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    processes = []
    for number in range(lines):
        cases = folder / f"cases{number}.csv"
        subprocess.run(
            [
                sys.executable,
                str(root / "examples/make_cases.py"),
                str(letters),
                str(cases),
                "--seed",
                str(100 + number),
            ],
            check=True,
            cwd=root,
        )
        out = folder / f"out{number}"
        command = [
            str(Path(sys.executable).with_name("letterline")),
            "run",
            str(cases),
            "--out",
            str(out),
            "--scenario",
            "clean",
            "--speed",
            str(speed),
        ]
        processes.append(
            (out, subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        )
    for _, process in processes:
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    summaries = [json.loads((out / "summary.json").read_text()) for out, _ in processes]
    return [read_world(out / "sim" / "world.jsonl") for out, _ in processes], summaries, cpu


def run(quick: bool, report: Report) -> None:
    """One line, then two at once."""
    letters = QUICK_LETTERS if quick else LETTERS
    for lines in (1,) if quick else (1, 2):
        with tempfile.TemporaryDirectory(prefix="letterline-bench-", dir="/tmp") as folder:
            Path(folder).chmod(0o755)
            began = time.monotonic()
            passages, summaries, cpu = run_lines(Path(folder), letters // lines, lines, 1.0)
            wall = time.monotonic() - began
        _tell(report, f"{lines} line{'s' if lines > 1 else ''}", passages, summaries, wall, cpu)
    report.add("processors", float(os.cpu_count() or 0), "cores")
    report.add("load of the machine, 1 min", os.getloadavg()[0], "processes")


def _tell(
    report: Report, name: str, passages: list[Passage], summaries: list[dict[str, object]], wall: float, cpu: float
) -> None:
    latencies = sorted(ms for passage in passages for ms in passage.latencies_ms)
    gates = sum((passage.gates for passage in passages), Counter())
    late = sum(ms > GATE_MS for ms in latencies)
    report.add(
        f"{name}: envelopes an hour at each gate",
        min(passage.per_hour() for passage in passages),
        "envelopes/h",
        {"nominal": NOMINAL_PER_HOUR},
    )
    for label, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1.0)):
        report.add(f"{name}: exit shot to token, {label}", percentile(latencies, share), "ms", {"gate": GATE_MS})
    report.add(f"{name}: envelopes at the gate", sum(gates.values()), "envelopes")
    report.add(
        f"{name}: diverted for want of a token in time", gates["reject NO_TOKEN"] + gates["reject EXPIRED"], "envelopes"
    )
    report.add(f"{name}: tokens that came after their gate", late, "tokens")
    report.add(
        f"{name}: letters not released",
        sum(int(str(s["accepted"])) - int(str(s["released"])) for s in summaries),
        "letters",
        at_most=0,
    )
    report.add(
        f"{name}: violations and imbalance",
        sum(int(str(s["violations"])) + abs(int(str(s["balance"]))) for s in summaries),
        "",
        at_most=0,
    )
    report.add(f"{name}: wall time from case file to manifest", wall, "s")
    report.add(f"{name}: processor time, everything with the simulator", cpu, "s")
