"""The ledger: durable events a second and commit times on SQLite and PostgreSQL, verification, and the disk's own fsync beside them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import Report
from controller.ledger.ledger import Ledger
from controller.ledger.opening import open_ledger
from controller.ledger.records import Record

PG_BIN = Path("/usr/lib/postgresql/15/bin")
NOW = 1_700_000_000_000_000_000
WORDS = ("planned", "rendered", "submitted", "printed", "fed", "collated", "verified", "granted", "in-tray")


def run(quick: bool, report: Report) -> None:
    """Measure both stores in one run; the disk is shared with whatever else runs, so its fsync is measured before and after."""
    letters = 2_000 if quick else 20_000
    with tempfile.TemporaryDirectory(prefix="letterline-bench-") as text:
        root = Path(text)
        before = fsync_ms(root)
        report.add("disk: fdatasync of 4 kB, median", before, "ms")
        _measure("SQLite (WAL, synchronous=FULL)", root / "ledger.db", letters, report)
        with postgres(root) as url:
            _measure("PostgreSQL (fsync, synchronous_commit=on)", url, letters, report)
        report.add("disk: fdatasync of 4 kB, median, afterwards", fsync_ms(root), "ms")


def fsync_ms(directory: Path, count: int = 60) -> float:
    """Return the median time of one small durable write in ``directory``."""
    times = []
    with (directory / "probe").open("wb", buffering=0) as file:
        for _ in range(count):
            file.write(b"x" * 4096)
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2] * 1000


def history(letters: int) -> list[Record]:
    """Return the events of ``letters`` letters on their straight way into a tray, interleaved as a line makes them."""
    uids = [(10_000_000 + number) * 100 + 1 for number in range(1, letters + 1)]
    records = [Record("letter.opened", letter=uid // 100) for uid in uids]
    for start in range(0, letters, 100):
        for word in WORDS:
            records += [
                Record(f"piece.{word}", piece=uid, tray=1, data={"no": uid % 100_000})
                for uid in uids[start : start + 100]
            ]
    return records


def _measure(name: str, address: str | Path, letters: int, report: Report) -> None:
    records = history(letters)
    with open_ledger(address, disk_reserve_bytes=0) as books:
        ledger = books.ledger
        place = 0
        for size, share in ((1, 0.02), (20, 0.18), (200, 0.8)):
            count = int(len(records) * share)
            times, seconds = _append(ledger, records[place : place + count], size)
            place += count
            gate = {"at_least": 10_000.0} if size >= 200 else {}
            report.add(f"{name}: {size} a commit", count / seconds, "events/s", **gate)
            report.add(f"{name}: {size} a commit, p50", _quantile(times, 0.5), "ms")
            report.add(f"{name}: {size} a commit, p99", _quantile(times, 0.99), "ms")
        started = time.perf_counter()
        checked = ledger.verify()
        report.add(f"{name}: verify", checked / (time.perf_counter() - started), "events/s", at_least=200_000)
        started = time.perf_counter()
        ledger.check_states()
        report.add(f"{name}: replay and compare states", checked / (time.perf_counter() - started), "events/s")


def _append(ledger: Ledger, records: list[Record], size: int) -> tuple[list[float], float]:
    times = []
    started = time.perf_counter()
    for start in range(0, len(records), size):
        began = time.perf_counter()
        ledger.append(records[start : start + size], NOW)
        times.append((time.perf_counter() - began) * 1000)
    return times, time.perf_counter() - started


def _quantile(times: list[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@contextmanager
def postgres(root: Path) -> Iterator[str]:
    """Start a private PostgreSQL with its durable defaults; yield the URL of an empty database."""
    home = root / "pg"
    home.mkdir()
    root.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(home, "postgres", "postgres")
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1"

    def call(program: str, *arguments: str, check: bool = True) -> None:
        command = [*as_postgres, str(PG_BIN / program), *arguments]
        subprocess.run(command, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=check, timeout=60)

    call("initdb", "-D", f"{home}/data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    call("pg_ctl", "-D", f"{home}/data", "-w", "-l", f"{home}/log", "-o", options, "start")
    try:
        call("createdb", "-h", "127.0.0.1", "-p", str(port), "bench")
        yield f"postgresql://postgres@127.0.0.1:{port}/bench"
    finally:
        call("pg_ctl", "-D", f"{home}/data", "-m", "fast", "stop", check=False)
