"""``letterline sim --matrix``: every row of the fault matrix against the production controller, on real wires.

A row that lives on the wire is a scenario: ``letterline run`` prints and inserts a small batch on the simulated line while the row's faults
strike, and must end as the scenario expects. A row that lives above the wire names the tests that prove it, and those are run.
What the world asks of the host (kill or stop the controller) is done here. Production is only ever started as a program.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.host_deeds import HostDeeds
from simulator.scenario import SCENARIOS, Scenario, load

RUN_S_MAX = 240.0
RESTARTS_MAX = 5


@dataclass(frozen=True, slots=True)
class RowResult:
    """How one row ended; ``problems`` is empty when it ended as expected."""

    row: int
    name: str
    how: str
    seconds: float
    problems: tuple[str, ...]
    rejects: int = 0
    reprints: int = 0


def rows(wanted: Iterable[int] = ()) -> list[Scenario]:
    """Return the matrix scenarios, all or those of the ``wanted`` rows, in order."""
    chosen = set(wanted)
    found = [load(str(file)) for file in sorted(SCENARIOS.glob("[0-9][0-9]-*.toml"))]
    return [scenario for scenario in found if not chosen or scenario.row in chosen]


def facts(world_log: Path) -> Iterator[dict[str, object]]:
    """Return the facts of a world log; the line being written when a process died is left out."""
    if not world_log.is_file():
        return
    with world_log.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def run_line(scenario: Scenario, file: Path, cases: Path, out: Path, speed: float) -> tuple[int, str]:
    """Run the whole line under ``scenario`` and return exit code and the end of its output; a killed controller is started again."""
    program = Path(sys.executable).parent / "letterline"
    command = [str(program), "run", str(cases), "--out", str(out), "--scenario", str(file)]
    command += ["--seed", str(scenario.seed), "--speed", str(speed)]
    deeds = HostDeeds(out)
    command += ["--witness", str(deeds.witness)]
    steps = any(fault.do.startswith("host clock") for fault in scenario.faults)
    deadline = time.monotonic() + RUN_S_MAX
    with (out / "run.log").open("ab") as log:
        for _ in range(RESTARTS_MAX):
            killed = deeds.killed
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=deeds.stepped_clock() if steps else None
            )
            while process.poll() is None and time.monotonic() < deadline:
                deeds.serve(process)
                time.sleep(0.02)
            if process.poll() is None:
                _end(process)
                return 124, f"not ready after {RUN_S_MAX:.0f} s"
            if deeds.killed == killed:
                break
    return process.returncode, "\n".join((out / "run.log").read_text(errors="replace").splitlines()[-3:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def judge(scenario: Scenario, out: Path, code: int, said: str) -> tuple[list[str], int, int]:
    """Return what is not as expected, and the rejects and reprints counted."""
    log = list(facts(out / "sim" / "world.jsonl"))
    rejects = sum(1 for fact in log if fact["what"] == "exit" and fact["where"] == "reject")
    struck = sum(1 for fact in log if fact["what"] == "fault_injected")
    problems = [f"not understood: {fact['said']}" for fact in log if fact["what"] == "fault_not_understood"]
    summary_file = out / "summary.json"
    if not summary_file.is_file():
        return [*problems, f"exit code {code} and no summary: {said}"], rejects, 0
    summary = json.loads(summary_file.read_text(encoding="utf-8"))
    if struck < len(scenario.faults):
        problems.append(f"only {struck} of {len(scenario.faults)} faults struck")
    if summary["violations"]:
        problems.append(f"{summary['violations']} violations")
    if scenario.expect.closes:
        if code != 0 or summary["balance"] or summary["open"]:
            problems.append(f"exit {code}, balance {summary['balance']}, open {summary['open']}: {said}")
        if summary["released"] != summary["accepted"]:
            problems.append(f"{summary['released']} of {summary['accepted']} letters released")
    elif code == 0:
        problems.append("the batch closed although it must not")
    if rejects < scenario.expect.rejects:
        problems.append(f"{rejects} envelopes rejected, at least {scenario.expect.rejects} expected")
    if summary["reprinted"] < scenario.expect.reprints:
        problems.append(f"{summary['reprinted']} reprinted, at least {scenario.expect.reprints} expected")
    return problems, rejects, int(summary["reprinted"])


def small_batch(cases: Path, out: Path, letters: int) -> Path:
    """Write the first ``letters`` rows of ``cases`` to a file of their own and return it."""
    lines = cases.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    out.mkdir(parents=True, exist_ok=True)
    small = out / "cases.csv"
    small.write_text("".join(lines[: letters + 1]), encoding="utf-8")
    return small


def run_row(scenario: Scenario, cases: Path, folder: Path, speed: float) -> RowResult:
    """Run one row and say how it ended."""
    start = time.monotonic()
    file = next(SCENARIOS.glob(f"{scenario.name}.toml"))
    problems: list[str] = []
    rejects = reprints = 0
    how = ""
    if scenario.proof:
        how = "tests"
        checked = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *scenario.proof],
            cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if checked.returncode:
            problems.append(checked.stdout.strip().splitlines()[-1] if checked.stdout.strip() else "tests failed")
    if scenario.faults or scenario.machine.ring != 1024:
        how = "wire"
        out = folder / scenario.name
        code, said = run_line(scenario, file, cases, out, speed)
        found, rejects, reprints = judge(scenario, out, code, said)
        problems += found
        _end_world(out)
    seconds = time.monotonic() - start
    return RowResult(scenario.row, scenario.name, how, round(seconds, 1), tuple(problems), rejects, reprints)


def _end_world(out: Path) -> None:
    """End the simulator this row's run left behind when its controller did not end in order."""
    try:
        pid = int((out / "sim" / "sim.pid").read_text())
        if str(out).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return
