"""Restart with a large batch open: how long from opening the ledger until the line core may talk to the machine again."""

from __future__ import annotations

import gc
import tempfile
import time
from pathlib import Path

from benchmarks.report import Report
from controller.ledger.opening import OpenLedger, open_ledger
from controller.line import events as ev
from controller.line.core import LineCore
from controller.line.state import LineConfig
from controller.model import BatchId, Letter, letter_id, s10_item_id
from controller.planning import first_attempts, print_jobs
from controller.runner.session import restored_core

LETTERS, LETTERS_QUICK = 1_000_000, 20_000
AT_ONCE = 5_000
"""Letters a transaction while the batch is made."""
JOB_SHEETS = 500
RESTART_S_MAX = 5.0
NOW_NS = 1_700_000_000_000_000_000
KEY = b"a key for benchmarks only, 32 by"


def run(quick: bool, report: Report) -> None:
    """Make a batch of letters, all of them sent to print, on SQLite; then open it as a restarted controller does."""
    letters = LETTERS_QUICK if quick else LETTERS
    with tempfile.TemporaryDirectory(prefix="letterline-restart-") as text:
        path = Path(text) / "ledger.db"
        _make(path, letters)
        gc.collect()
        began = time.perf_counter()
        with open_ledger(path, disk_reserve_bytes=0) as opened:
            verified = time.perf_counter()
            core = restored_core(opened, LineConfig(KEY))
            restored = time.perf_counter()
            opened.ledger.append(core.step(ev.Restarted()).records, NOW_NS)
            idle = time.perf_counter()
            report.add("letters in the open batch", len(core.book.letters), "letters")
            report.add("events in the ledger", opened.ledger.seq, "events")
        report.add("open and check the newest events", verified - began, "s")
        report.add("restore the line core", restored - verified, "s")
        report.add("restart until the line may connect", idle - began, "s", at_most=RESTART_S_MAX)


def _make(path: Path, count: int) -> None:
    with open_ledger(path, disk_reserve_bytes=0) as opened:
        core = LineCore(LineConfig(KEY))
        letters = [Letter(letter_id(1, number), f"c{number}", 1) for number in range(1, count + 1)]  # type: ignore[arg-type]
        for start in range(0, count, AT_ONCE):
            ids = tuple(letter.letter for letter in letters[start : start + AT_ONCE])
            _take(opened, core, [ev.BatchOpened(1, ids, {})])
        pieces = first_attempts(letters, lambda uid: s10_item_id("XA", uid // 100 % 100_000_000))
        jobs = print_jobs(BatchId(1), pieces, 1, JOB_SHEETS)
        for start in range(0, len(jobs), AT_ONCE // JOB_SHEETS):
            _take(opened, core, [ev.JobPlanned(job) for job in jobs[start : start + AT_ONCE // JOB_SHEETS]])


def _take(opened: OpenLedger, core: LineCore, events: list[ev.LineEvent]) -> None:
    records = [record for event in events for record in core.step(event).records]
    opened.ledger.append(records, NOW_NS)
