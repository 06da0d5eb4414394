"""Ledgers for tests: in memory, in an SQLite file, in a PostgreSQL that is started here. Used by test_ledger*.py."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.ledger.ledger import Ledger
from controller.ledger.opening import OpenLedger, open_ledger
from controller.ledger.records import Record
from controller.ledger.store import MemoryStore
from controller.states import advance

PG_BIN = Path("/usr/lib/postgresql/15/bin")
BATCH = 1
NOW = 1_700_000_000_000_000_000


def uid(number: int, attempt: int = 1, batch: int = BATCH) -> int:
    return (batch * 10**7 + number) * 100 + attempt


def path_to_tray(piece: int, tray: int = 1) -> list[Record]:
    """A piece's straight way from plan to tray, as records."""
    words = ("planned", "rendered", "submitted", "printed", "fed", "collated", "verified", "granted")
    records = [Record("letter.opened", letter=piece // 100)]
    records += [Record(f"piece.{word}", piece=piece, data={"n": place}) for place, word in enumerate(words)]
    return [*records, Record("piece.in-tray", piece=piece, tray=tray)]


def memory_ledger() -> Ledger:
    return Ledger(MemoryStore("test"), advance)


@contextmanager
def postgres_server() -> Iterator[Callable[[], str]]:
    """Start a private PostgreSQL; yield a function that makes a new database and returns its URL."""
    root = Path(tempfile.mkdtemp(prefix="letterline-pg-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(root, "postgres", "postgres")
    data = root / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True, "cwd": root, "timeout": 60}
    options = f"-p {port} -k {root} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=40"
    made = 0
    subprocess.run(
        [*as_postgres, PG_BIN / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        **quiet,
    )
    subprocess.run(
        [*as_postgres, PG_BIN / "pg_ctl", "-D", data, "-w", "-l", root / "log", "-o", options, "start"], **quiet
    )

    def new_database() -> str:
        nonlocal made
        made += 1
        subprocess.run(
            [*as_postgres, PG_BIN / "createdb", "-h", "127.0.0.1", "-p", str(port), f"ledger{made}"], **quiet
        )
        return f"postgresql://postgres@127.0.0.1:{port}/ledger{made}"

    try:
        yield new_database
    finally:
        subprocess.run(
            [*as_postgres, PG_BIN / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **{**quiet, "check": False}
        )
        shutil.rmtree(root, ignore_errors=True)


def opened(address: str | Path) -> OpenLedger:
    return open_ledger(address, disk_reserve_bytes=0)
