"""Lines at wire level in real time for ten minutes: envelopes an hour, exit shot to token, camera result to grant, deadlines missed.

Runs `letterline run` on the scenario ``full-speed`` (nothing goes wrong; the machine can do 36,730 an hour), first one line, then two at once. Spans:

* exit shot to token: from the pulse that fires the exit camera to the token in the machine's hands. In it: exposure, JPEG, transfer, two decoders,
  the window compared with its reference, judgement, durable commit and the serial wire at 115,200 baud. The gate is 304 ms behind the camera;
* camera result to grant: from the reading reaching the line to the grant in the driver's hands. In it: judgement and durable commit.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.line_runs import Ran, percentile, run_lines

if TYPE_CHECKING:
    from benchmarks.report import Report

NOMINAL_PER_HOUR = 36_000
LETTERS, QUICK_LETTERS = 6_900, 500
"""The middle nine tenths of 6,900 are more than ten minutes at 36,000 an hour."""
GATE_MS = 304.0


def run(quick: bool, report: Report) -> None:
    """One line, then two at once."""
    letters = QUICK_LETTERS if quick else LETTERS
    for lines in (1, 2):
        with tempfile.TemporaryDirectory(prefix="letterline-bench-", dir="/tmp") as folder:
            ran, wall_s = run_lines(Path(folder), letters, lines, "full-speed", 1.0)
        _tell(report, f"{lines} line{'s' if lines > 1 else ''}", ran, wall_s)
    report.add("processors", float(os.cpu_count() or 0), "cores")
    report.add("load of the machine, 1 min", os.getloadavg()[0], "processes")


def _tell(report: Report, name: str, ran: list[Ran], wall_s: float) -> None:
    passages = [one.passage for one in ran]
    slowest = min(passage.per_hour() for passage in passages)
    nominal = {"nominal": float(NOMINAL_PER_HOUR)}
    report.add(f"{name}: envelopes an hour at each gate", slowest, "envelopes/h", nominal, at_least=NOMINAL_PER_HOUR)
    report.add(f"{name}: for so long", min(passage.middle_s() for passage in passages), "s")
    latencies = sorted(ms for passage in passages for ms in passage.latencies_ms)
    for label, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1.0)):
        report.add(f"{name}: exit shot to token, {label}", percentile(latencies, share), "ms", {"gate": GATE_MS})
    for label, key in (("p50", "p50"), ("p99", "p99"), ("p99.9", "p99.9"), ("longest", "max")):
        report.add(f"{name}: camera result to grant, {label}", max(one.grant_ms(key) for one in ran), "ms")
    gates = sum((passage.gates for passage in passages), Counter[str]())
    challenges = sum(_challenges(one) for one in ran)
    report.add(f"{name}: envelopes at the gate", sum(gates.values()), "envelopes")
    report.add(f"{name}: good pieces refused on purpose, to prove the gate", challenges, "envelopes")
    missed = gates["reject NO_TOKEN"] + gates["reject EXPIRED"] - challenges
    report.add(f"{name}: deadlines missed, and diverted", missed, "envelopes")
    untimely = sum(passage.passed_without_token for passage in passages)
    report.add(f"{name}: deadlines missed and not diverted", untimely, "envelopes", at_most=0)
    report.add(f"{name}: tokens that came after their gate", sum(p.late_tokens for p in passages), "tokens")
    unreleased = sum(one.number("accepted") - one.number("released") for one in ran)
    report.add(f"{name}: letters not released", unreleased, "letters", at_most=0)
    wrong = sum(one.number("violations") + abs(one.number("balance")) for one in ran)
    report.add(f"{name}: violations and imbalance", wrong, "", at_most=0)
    report.add(f"{name}: wall time from case file to manifest", wall_s, "s")
    report.add(f"{name}: processor time a letter, simulator and renderer included", _cpu_ms(ran), "ms")
    report.add(f"{name}: memory of the largest process", max(one.peak_mb for one in ran), "MB")


def _challenges(ran: Ran) -> int:
    diverted = ran.summary["diverted"]
    assert isinstance(diverted, dict)
    return int(diverted.get("challenge", 0))


def _cpu_ms(ran: list[Ran]) -> float:
    return 1000 * sum(one.cpu_s for one in ran) / max(1, sum(one.number("accepted") for one in ran))
