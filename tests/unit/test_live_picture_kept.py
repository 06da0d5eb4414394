"""The live picture is no record: writing it does not wait for the disk, and what the ledger writes next still does."""

from __future__ import annotations

from pathlib import Path

from controller.ledger.opening import open_ledger
from controller.ledger.records import Record
from controller.service.live import Alarm, BeltPiece, Bypass, Camera, LiveSnapshot, Machine, Task, TaskKind, Words


def test_a_picture_is_written_unsynced_and_the_next_record_synced(tmp_path: Path) -> None:
    told: list[str] = []
    with open_ledger(tmp_path / "ledger.db") as books:
        raw = books.engine.raw_connection()
        raw.driver_connection.set_trace_callback(told.append)  # type: ignore[union-attr]
        raw.close()  # back into the pool, from which the next one is taken
        books.inbox.show("line-1", {"line": "line-1"}, 1)
        assert books.inbox.picture("line-1") == (1, {"line": "line-1"})
        books.inbox.ask("line-1", "hold", "B1", {}, 2)
        books.ledger.append([Record("line.start")], 3)
    synced = [said.rpartition("=")[2] for said in told if said.startswith("PRAGMA synchronous")]
    assert synced[:2] == ["NORMAL", "FULL"]


def test_a_picture_comes_back_as_it_was() -> None:
    picture = LiveSnapshot(
        line="line-1",
        at_unix_ns=5,
        simulated=True,
        machines=(Machine("inserter", 11, "JAM"),),
        belt=(BeltPiece(7_000_000_101, 5),),
        counts={"IN_TRAY": 3},
        cameras=(Camera("C1", 0.99, "B", (0.9, 1.0)),),
        alarms=(Alarm("jam", Words("卡纸", "Paper jam"), Words("装封", "inserter"), Words("开盖", "Open")),),
        zone_to_scan=(1, 2),
        zone_left=1,
        tasks=(Task(TaskKind.AUDIT_TRAY, 3, 12), Task(TaskKind.CLOSE_BATCH, 0, 7)),
        bypass=Bypass("C2", ("A", "B"), 9),
        news_unix_ns=4,
    )
    assert LiveSnapshot.from_json(picture.to_json()) == picture
