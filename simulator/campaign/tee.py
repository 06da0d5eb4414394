"""A campaign's ledger kept durably too: every transaction goes to an SQLite file (WAL, FULL) before it counts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from controller.ledger import projection
from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.ledger import Ledger
from controller.ledger.records import Event
from controller.ledger.sql_store import SqlStore
from controller.ledger.store import Finished, MemoryStore
from controller.states import advance


class DurableStore(MemoryStore):
    """A `MemoryStore` whose every transaction is committed to ``path`` first."""

    def __init__(self, ledger_id: str, path: Path) -> None:
        super().__init__(ledger_id)
        self._disk = SqlStore(path, new_id=ledger_id)

    def put(self, events: Sequence[Event], states: projection.States, finished: Sequence[Finished]) -> None:
        with self._disk.writing() as writing:
            writing.put(events, states, finished)
        super().put(events, states, finished)

    def check_and_close(self) -> None:
        """Verify the chain and the states on disk, and that disk and memory say the same.

        Raises:
            LedgerFault: they do not.
        """
        ledger = Ledger(self._disk, advance, verify_events=None, disk_reserve_bytes=0)
        ledger.check_states()
        if ledger.hash != (self.events[-1].hash if self.events else ledger.hash) or ledger.seq != len(self.events):
            raise LedgerFault(FaultCode.STORAGE, "the ledger on disk is not the one in memory")
        ledger.close()
