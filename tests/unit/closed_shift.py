"""A run directory whose batch is closed and whose line has stopped: the records of a whole virtual shift without faults, in a real ledger."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from controller.ledger.opening import open_ledger
from controller.ledger.records import Record
from simulator.campaign.faults import Profile
from simulator.campaign.shift import Shift, ShiftPlan

LINE = "SIMULATED at rest"
LETTERS = 12
AFTERWARDS = ("tray.handed-over", "tray.accepted", "piece.accepted")


@cache
def history() -> tuple[Record, ...]:
    """Return the records up to the closed batch; nothing was handed over yet."""
    result = Shift(ShiftPlan(3, LETTERS, Profile(rate=0.0))).run()
    assert result.closed
    return tuple(
        Record(event.kind, event.batch, event.letter, event.piece, event.tray, event.job, json.loads(event.data))
        for event in result.store.events
        if event.kind not in AFTERWARDS
    )


def write_run(folder: Path, *, without: str = "") -> None:
    """Write the ledger of that shift into ``folder``, leaving out the events of one kind."""
    with open_ledger(folder / "ledger.db", disk_reserve_bytes=0) as opened:
        opened.ledger.append([record for record in history() if record.kind != without], 1)
        opened.inbox.show(LINE, {}, 1)
