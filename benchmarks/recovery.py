"""Kills the controller of a whole run at random moments (kill -9), starts it again, and counts how every letter left.

Real cupsd, real pty, real frames; SIMULATED machines that outlive the controller, as real ones would.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Report

ROOT = Path(__file__).parents[1]
SEED = 20261122
CASES = 30
RUNS, RUNS_QUICK = 20, 2
RESUME_S_MAX = 240


def run(quick: bool, report: Report) -> None:
    """Kill and resume runs of `CASES` letters; each must end balanced with every letter released exactly once."""
    rng = random.Random(SEED)
    whole = kills = 0
    runs = RUNS_QUICK if quick else RUNS
    with tempfile.TemporaryDirectory(prefix="letterline-recovery-") as folder:
        cases = Path(folder) / "cases.csv"
        subprocess.run([sys.executable, str(ROOT / "examples/make_cases.py"), str(CASES), str(cases)], check=True)
        for number in range(runs):
            out = Path(folder) / f"out-{number}"
            for _ in range(rng.choice((1, 1, 2))):
                kills += _run_and_kill(cases, out, rng.uniform(1.0, 18.0))
            whole += _resumes_whole(cases, out)
            _end_world(out)
    report.add("controller kills", kills, "kills")
    report.add("runs that ended balanced, every letter released once", whole, f"of {runs} runs", at_least=runs)


def _command(cases: Path, out: Path) -> list[str]:
    return [str(Path(sys.executable).parent / "letterline"), "run", str(cases), "--out", str(out)]


def _run_and_kill(cases: Path, out: Path, after_s: float) -> int:
    """Return 1 when the run was still going on after ``after_s`` and was killed."""
    process = subprocess.Popen(_command(cases, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return 1
    return 0


def _resumes_whole(cases: Path, out: Path) -> bool:
    began = time.monotonic()
    try:
        done = subprocess.run(_command(cases, out), capture_output=True, text=True, timeout=RESUME_S_MAX, check=False)
        facts = json.loads((out / "summary.json").read_text())
    except (subprocess.TimeoutExpired, OSError) as problem:
        print(f"  {out.name}: {problem}")
        return False
    good = (
        done.returncode == 0
        and facts["released"] == CASES
        and facts["balance"] == facts["open"] == facts["violations"] == 0
    )
    print(
        f"  {out.name}: {'whole' if good else 'NOT WHOLE'} after {time.monotonic() - began:.0f} s, reprinted {facts['reprinted']}"
    )
    return good


def _end_world(out: Path) -> None:
    """End the world and the print server of a run that did not end them itself."""
    for pid_file in (out / "sim" / "sim.pid", out / "cups" / "session"):
        try:
            os.kill(int(pid_file.read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            continue
