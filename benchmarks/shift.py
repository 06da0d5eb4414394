"""A shift of the station screens on a real run: 200 clients for LETTERLINE_SHIFT_MIN minutes (10; --quick 1), while batch after batch runs.

Checked to the end: memory of the station flat, no screen silent for three seconds, no stream lost, every command from a screen answered
exactly once and in the ledger, and at the end every screen shows the newest picture. Times of pictures are not judged here (see `screens`).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.line_runs import ROOT
from benchmarks.screen_clients import BADGE, Hand, Screens, rss_mb, served
from controller.ledger.opening import open_desk

if TYPE_CHECKING:
    from benchmarks.report import Report

CLIENTS = 200
LETTERS = 300
MINUTES = 10.0
COMMAND_EVERY_S = 20.0
GROWTH_MB_MAX = 25.0
WARM_S = 30.0
"""Caches fill and the first pages compile in the first half minute; growth is counted from then on."""


def run(quick: bool, report: Report) -> None:
    minutes = 1.0 if quick else float(os.environ.get("LETTERLINE_SHIFT_MIN", MINUTES))
    with tempfile.TemporaryDirectory(prefix="letterline-shift-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # printers and spooler read below it as other users
        _shift(folder, minutes * 60, report)


def _shift(folder: Path, seconds: float, report: Report) -> None:
    out, batches = folder / "out", 0
    line = _start(folder, out, batches)
    while not (out / "ledger.db").exists():
        time.sleep(0.3)
    hand = Hand(out)
    asked: list[int] = []
    with contextlib.closing(hand), served(out) as (pid, port):
        screens = Screens(port, hand.cookie, CLIENTS)
        screens.listen_always()
        began, memory, commanded = time.monotonic(), 0.0, 0.0
        try:
            while (passed := time.monotonic() - began) < seconds:
                time.sleep(1.0)
                hand.touch()
                memory = memory or (rss_mb(pid) if passed > min(WARM_S, seconds / 3) else 0.0)
                if line.poll() is not None:
                    batches += 1
                    _say(report, f"batch {batches} ended with code", line.returncode, at_most=0.0)
                    line = _start(folder, out, batches)
                elif passed - commanded > COMMAND_EVERY_S:
                    commanded = passed
                    asked += _hold_and_resume(out)
            grown = rss_mb(pid) - memory
        finally:
            _until_ended(line, hand)
        time.sleep(4.0)
        _say(report, "screens that heard to the end", float(CLIENTS - screens.lost), at_least=float(CLIENTS))
        _say(report, "screens that do not show the newest picture at the end", float(screens.behind()), at_most=0.0)
        silence = "longest silence of any screen, between two batches too"
        _say(report, silence, screens.silence_s * 1000, unit="ms", at_most=3000.0)
        _say(
            report, "longest from opening a screen to its first word, 200 at once", screens.opening_s * 1000, unit="ms"
        )
        _say(report, "of which the listener itself was not listening, at most", screens.deaf_s * 1000, unit="ms")
        _say(report, "memory of the station", rss_mb(pid), unit="MB")
        _say(report, "memory grown since it was warm", grown, unit="MB", at_most=GROWTH_MB_MAX)
        _say(report, "pictures heard by all screens together", float(len(screens.heard.picture_ms)))
        screens.close()
    _say(report, "time of the shift", seconds / 60, unit="min")
    answered, recorded = _answers(out, asked)
    _say(report, "commands from the screens", float(len(asked)))
    _say(report, "commands without exactly one answer", float(len(asked) - answered), at_most=0.0)
    _say(
        report, "acts in the ledger that no screen asked for, or the other way round", float(abs(recorded)), at_most=0.0
    )


def _until_ended(line: subprocess.Popen[bytes], hand: Hand) -> None:
    """Let the last batch end, with a hand on the screens: a screen that locks is told so and begins again."""
    deadline = time.monotonic() + 300
    while line.poll() is None:
        hand.touch()
        if time.monotonic() > deadline:
            raise RuntimeError("the last batch did not end within five minutes; see run-*.txt in its folder")
        time.sleep(1.0)


def _say(report: Report, what: str, value: float, *, unit: str = "", at_most: float | None = None, at_least: float | None = None) -> None:  # fmt: skip
    report.add(what, float(value), unit, at_most=at_most, at_least=at_least)


def _start(folder: Path, out: Path, number: int) -> subprocess.Popen[bytes]:
    """Start the next batch in the same run directory: other cases, the same ledger."""
    cases = folder / f"cases-{number}.csv"
    make = [sys.executable, str(ROOT / "examples/make_cases.py"), str(LETTERS), str(cases), "--seed", str(500 + number)]
    subprocess.run(make, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    # Cases with the numbers of an earlier list would, rightly, be held for two persons.
    text = (
        cases.read_text(encoding="utf-8-sig")
        .replace("XH2026-", f"XH2026-{number:03d}-")
        .replace("函字第", f"函字第{number:03d}")
    )
    cases.write_text(text, encoding="utf-8")
    program = str(Path(sys.executable).with_name("letterline"))
    with (folder / f"run-{number}.txt").open("w") as told:
        return subprocess.Popen([program, "run", str(cases), "--out", str(out)], cwd=ROOT, stdout=told, stderr=told)


def _hold_and_resume(out: Path) -> list[int]:
    """Hold the line as a screen does. The SIMULATED people resume it: they press Resume whenever the line waits."""
    with open_desk(out / "ledger.db") as desk:
        return [desk.inbox.ask(line, "hold", BADGE, {}, time.time_ns()) for line in desk.inbox.lines()]


def _answers(out: Path, asked: list[int]) -> tuple[int, int]:
    """Return how many of ``asked`` have an answer, and holds in the ledger minus holds that were answered as done."""
    with open_desk(out / "ledger.db") as desk:
        told = [desk.inbox.command(number) for number in asked]
        with desk.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT data FROM events WHERE kind = 'line.hold'").scalars().all()
    held = sum(json.loads(data).get("badge") == BADGE for data in found)
    done = [one for one in told if one is not None and one.outcome is not None]
    return len(done), held - sum((one.outcome or {}).get("answer") == "done" for one in done)
