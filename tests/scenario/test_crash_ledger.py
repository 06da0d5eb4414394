"""The ledger on a disk that fails or a process that dies at every single write and sync, exhaustively; and on torn files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from controller.ledger.errors import LedgerFault
from controller.ledger.opening import open_ledger
from controller.ledger.records import Record

HERE = Path(__file__).parent
NOW = 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    directory = tmp_path_factory.mktemp("failing-disk")
    library = directory / "failing_disk.so"
    subprocess.run(
        ["gcc", "-O1", "-shared", "-fPIC", "-o", library, HERE / "failing_disk.c", "-ldl"], check=True, timeout=60
    )
    run = subprocess.run(
        [sys.executable, HERE / "ledger_under_failing_disk.py", directory],
        env={**os.environ, "LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return directory, [json.loads(line) for line in run.stdout.splitlines()]


def test_every_disk_call_was_made_to_fail_in_every_way(trials):
    _, results = trials
    calls = Counter(str(result["mode"]) for result in results)
    assert set(calls) == {"eio", "kill", "torn"}
    assert min(calls.values()) > 20
    ends = {mode: {result["ended"] for result in results if result["mode"] == mode} for mode in calls}
    # 0: the last trial, where the chosen call no longer exists; 3: LedgerFault; -9: killed; never 4, another error.
    assert ends["kill"] == ends["torn"] == {0, -9}
    assert ends["eio"] <= {0, 3, 5}
    # 5, no error shown: only while SQLite tidies up its log at closing, when every promise had been kept in that log already.
    everything = max(int(str(result["promised"])) for result in results)
    assert all(result["promised"] == everything for result in results if result["ended"] == 5)


def test_after_every_failure_all_that_was_promised_is_there_and_nothing_is_half_there(trials):
    directory, results = trials
    for result in results:
        with open_ledger(directory / str(result["file"]), disk_reserve_bytes=0) as books:
            assert books.ledger.seq >= int(str(result["promised"])), result
            assert (books.ledger.seq - 1) % 5 == 0, result  # whole transactions of five events only
            books.ledger.verify()
            books.ledger.check_states()
            books.ledger.append([Record("line.note")], NOW)


def test_a_torn_write_ahead_log_is_cut_at_the_last_whole_commit(tmp_path):
    path = tmp_path / "ledger.db"
    books = open_ledger(path, disk_reserve_bytes=0)
    ends = []
    for number in range(1, 6):
        books.ledger.append([Record("line.note", data={"n": number, "text": "x" * 3000})] * 3, NOW)
        ends.append((path.parent / "ledger.db-wal").stat().st_size)
    copies = {name: (tmp_path / name).read_bytes() for name in ("ledger.db", "ledger.db-wal")}
    books.close()
    log = copies["ledger.db-wal"]
    reached = set()
    for cut in range(ends[0], len(log), 997):
        for filling in (b"", b"\x5a" * 700):
            directory = tmp_path / f"cut-{cut}-{len(filling)}"
            directory.mkdir()
            (directory / "ledger.db").write_bytes(copies["ledger.db"])
            (directory / "ledger.db-wal").write_bytes(log[:cut] + filling)
            with open_ledger(directory / "ledger.db", disk_reserve_bytes=0) as again:
                assert again.ledger.seq % 3 == 0
                assert again.ledger.seq >= 3
                again.ledger.verify()
                reached.add(again.ledger.seq)
            shutil.rmtree(directory)
    assert {3, 6, 9, 12} <= reached


def test_a_database_page_overwritten_with_noise_refuses_the_start(tmp_path):
    path = tmp_path / "ledger.db"
    with open_ledger(path, disk_reserve_bytes=0) as books:
        for number in range(200):
            books.ledger.append([Record("line.note", data={"n": number, "text": "x" * 300})], NOW)
    whole = path.read_bytes()
    refused = 0
    for page in range(len(whole) // 4096):
        damaged = bytearray(whole)
        damaged[page * 4096 + 2000 : page * 4096 + 2040] = bytes(range(100, 140))
        path.write_bytes(damaged)
        try:
            open_ledger(path, disk_reserve_bytes=0).close()
        except LedgerFault:
            refused += 1
    # The pages of events; a page of an empty table or index holds nothing that could be believed.
    assert refused >= 15
