"""Whatever is changed behind the ledger's back is found, and the finder says where."""

from __future__ import annotations

import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from ledger_stores import NOW, opened, path_to_tray, uid

from controller.ledger import chain
from controller.ledger.cases import StoredCase
from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.opening import open_ledger
from controller.ledger.records import Record

COLUMNS = ("at_unix_ns", "kind", "batch", "letter", "piece", "tray", "job", "data", "hash")


def ledger_with(path: Path, pieces: int = 3) -> int:
    with opened(path) as books:
        for number in range(1, pieces + 1):
            books.ledger.append(path_to_tray(uid(number)), NOW)
        return books.ledger.seq


def tamper(path: Path, *statements: str) -> None:
    """Do what someone with the file in hand can do."""
    with sqlite3.connect(path) as raw:
        for trigger in ("events_no_update", "events_no_delete"):
            raw.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in statements:
            raw.execute(statement)
    raw.close()


def fault_at_opening(path: Path) -> LedgerFault:
    with pytest.raises(LedgerFault) as caught:
        opened(path)
    return caught.value


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("seq", [1, 15, 30])
def test_one_altered_field_of_an_event_refuses_the_start_and_names_the_event(tmp_path, column, seq):
    path = tmp_path / "ledger.db"
    ledger_with(path)
    changed = {
        "hash": "zeroblob(32)",
        "data": "replace(data, '}', ' }')",
        "kind": "kind || 'x'",
        "job": "job || 'x'",
    }.get(column, f"{column} + 1")
    tamper(path, f"UPDATE events SET {column} = {changed} WHERE seq = {seq}")
    fault = fault_at_opening(path)
    assert fault.code is FaultCode.CHAIN
    assert fault.seq in (seq, seq + 1)
    assert f"event {fault.seq}" in str(fault)


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        (["DELETE FROM events WHERE seq = 7"], 7),
        (["DELETE FROM events WHERE seq = 1"], 1),
        (["DELETE FROM events WHERE seq > 28"], 29),
        (["DELETE FROM events WHERE seq = 7", "UPDATE events SET seq = seq - 1 WHERE seq > 7"], 7),
        (
            [
                "UPDATE events SET seq = 1000 WHERE seq = 5",
                "UPDATE events SET seq = 5 WHERE seq = 6",
                "UPDATE events SET seq = 6 WHERE seq = 1000",
            ],
            5,
        ),
        (
            [
                "INSERT INTO events SELECT 31, at_unix_ns, kind, batch, letter, piece, tray, job, data, hash FROM events WHERE seq = 30",
                "UPDATE chain_head SET seq = 31",
            ],
            31,
        ),
        (["UPDATE chain_head SET ledger_id = 'another'"], 1),
    ],
)
def test_removed_inserted_and_reordered_events_are_found(tmp_path, statements, seq):
    path = tmp_path / "ledger.db"
    ledger_with(path)
    path.with_suffix(".witness").unlink()  # the chain alone must find it
    tamper(path, *statements)
    assert fault_at_opening(path).seq == seq


def test_a_restored_backup_is_refused_though_it_is_consistent_in_itself(tmp_path):
    path, backup = tmp_path / "ledger.db", tmp_path / "backup.db"
    ledger_with(path)
    shutil.copy(path, backup)
    with opened(path) as books:
        books.ledger.append([Record("piece.released", piece=uid(1))], NOW)
    for leftover in tmp_path.glob("ledger.db*"):
        leftover.unlink()
    shutil.copy(backup, path)
    fault = fault_at_opening(path)
    assert fault.code is FaultCode.ROLLBACK
    assert "ends at event 30" in str(fault)
    assert "event 31" in str(fault)


def test_a_history_rewritten_with_fresh_hashes_contradicts_the_witness(tmp_path):
    path = tmp_path / "ledger.db"
    ledger_with(path)
    with opened(path) as books:
        ledger_id = books.ledger.store.ledger_id
        forged = [Record(e.kind, e.batch, e.letter, e.piece, e.tray, e.job, {"n": 9}) for e in books.ledger.read()]
    events = chain.extend(chain.genesis(ledger_id), 1, NOW, forged)
    tamper(path, "DELETE FROM events")
    with sqlite3.connect(path) as raw:
        raw.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)", events)
        raw.execute("UPDATE chain_head SET hash = ?", (events[-1].hash,))
    raw.close()
    fault = fault_at_opening(path)
    assert fault.code is FaultCode.ROLLBACK
    assert "rewritten" in str(fault)


def test_another_ledger_under_the_same_witness_is_refused(tmp_path):
    path, other = tmp_path / "ledger.db", tmp_path / "other.db"
    ledger_with(path)
    ledger_with(other, pieces=9)
    shutil.copy(other, path)
    assert fault_at_opening(path).code is FaultCode.ROLLBACK


def test_an_unreadable_witness_is_not_taken_for_none(tmp_path):
    path = tmp_path / "ledger.db"
    ledger_with(path)
    path.with_suffix(".witness").write_text('{"seq": 3')
    assert fault_at_opening(path).code is FaultCode.ROLLBACK


def test_damage_found_in_the_background_stops_the_writer(tmp_path):
    path = tmp_path / "ledger.db"
    ledger_with(path)
    with opened(path) as books:
        tamper(path, "UPDATE events SET tray = 9 WHERE seq = 4")
        books.ledger.append(path_to_tray(uid(9)), NOW)
        with pytest.raises(LedgerFault, match="event 4"):
            books.ledger.verify()
        with pytest.raises(LedgerFault, match="event 4"):
            books.ledger.append(path_to_tray(uid(10)), NOW)


def test_a_ledger_written_by_a_newer_program_is_left_alone(tmp_path):
    path = tmp_path / "ledger.db"
    ledger_with(path)
    tamper(path, "UPDATE alembic_version SET version_num = '9999'")
    fault = fault_at_opening(path)
    assert fault.code is FaultCode.SCHEMA
    assert "9999" in str(fault)


def test_the_disk_reserve_stops_the_ledger_while_there_is_still_room(tmp_path):
    from controller.ledger.opening import open_ledger

    with pytest.raises(LedgerFault, match="reserve"):
        open_ledger(tmp_path / "ledger.db", disk_reserve_bytes=2**60)


def test_erased_case_data_is_in_no_file_of_the_ledger(tmp_path):
    canary = "甲乙丙丁-canary-13800000000"
    path = tmp_path / "ledger.db"
    with opened(path) as books:
        books.cases.add(StoredCase(10_000_000 + n, 1, f"k{n}", f"h{n}", canary * 20) for n in range(1, 200))
        assert any(canary.encode() in file.read_bytes() for file in tmp_path.iterdir())
        assert books.cases.erase(1) == 199
        assert not any(canary.encode() in file.read_bytes() for file in tmp_path.iterdir())
    assert not any(canary.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_damage_in_events_too_old_to_be_checked_at_opening_stops_the_writer_soon(tmp_path, monkeypatch):
    monkeypatch.setattr("controller.ledger.ledger.OLDER_AFTER_S", 0.0)
    path = tmp_path / "ledger.db"
    with open_ledger(path, disk_reserve_bytes=0) as books:
        for number in range(1, 41):
            books.ledger.append([Record("letter.opened", letter=10_000_000 + number)], 1)
    tamper(path, "UPDATE events SET data = '{\"x\":1}' WHERE seq = 3")
    books = open_ledger(path, disk_reserve_bytes=0, verify_events=10)
    deadline = time.monotonic() + 20
    while books.ledger.fault is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(LedgerFault) as caught:
        books.ledger.append([Record("line.note")], 2)
    assert caught.value.seq == 3
    books.close()
