"""A whole day of 50,000 letters at wire level, from the case file to the manifest, with the troubles of a day, and its wall time.

`letterline run` on the scenario ``working-day``: real CUPS, the serial protocol with its watchdogs, two MJPEG cameras, two decoders, a durable ledger. Belt and
printers run at one and a half times 36,000 an hour (``SPEED``), because the machine and the wire keep their real time: beats, the 300 ms watchdog, the baud
rate, picture reading and commits do not get faster, so the fastest factor is set by what two cores do in the 304 ms / SPEED between camera and gate.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.line_runs import Ran, percentile, run_lines

if TYPE_CHECKING:
    from benchmarks.report import Report

LETTERS, QUICK_LETTERS = 50_000, 2_000
SPEED = 1.5


def run(quick: bool, report: Report) -> None:
    """One line, one batch, one day."""
    letters = QUICK_LETTERS if quick else LETTERS
    with tempfile.TemporaryDirectory(prefix="letterline-day-", dir="/tmp") as folder:
        ran, wall_s = run_lines(Path(folder), letters, 1, "working-day", SPEED)
        struck = _struck(Path(folder) / "line0" / "sim" / "world.jsonl")
    _tell(report, ran[0], letters, wall_s)
    report.add("faults struck", sum(struck.values()), "faults")
    report.add("load of the machine, 1 min", os.getloadavg()[0], "processes")


def _tell(report: Report, ran: Ran, letters: int, wall_s: float) -> None:
    passage = ran.passage
    report.add("letters", ran.number("accepted"), "letters", at_least=letters)
    report.add("wall time from case file to manifest", wall_s / 60, "min")
    report.add("wall time against the day at 36,000 an hour", wall_s / (letters / 10), "times")
    report.add("letters not released", ran.number("accepted") - ran.number("released"), "letters", at_most=0)
    report.add("violations found in the world log", ran.number("violations"), "", at_most=0)
    report.add("balance", abs(ran.number("balance")), "pieces", at_most=0)
    report.add("envelopes an hour at the gate, stops included", passage.per_hour(), "envelopes/h")
    report.add(
        "envelopes diverted", sum(n for why, n in passage.gates.items() if why.startswith("reject")), "envelopes"
    )
    report.add("letters printed again", ran.number("reprinted"), "letters")
    report.add("deadlines missed and not diverted", passage.passed_without_token, "envelopes", at_most=0)
    spans = sorted(passage.latencies_ms)
    for label, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
        report.add(f"exit shot to token, {label}", percentile(spans, share), "ms", {"gate": 304.0 / SPEED})
    report.add("stops by the watchdog", passage.states["ABORTED WATCHDOG"], "times")
    report.add("processor time a letter, simulator and renderer included", 1000 * ran.cpu_s / letters, "ms")
    report.add("memory of the largest process", ran.peak_mb, "MB")


def _struck(world: Path) -> Counter[str]:
    struck: Counter[str] = Counter()
    with world.open(encoding="utf-8") as lines:
        for line in lines:
            fact = json.loads(line)
            if fact["what"] == "fault_injected":
                struck[fact["said"]] += 1
    return struck
