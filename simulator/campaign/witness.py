"""The witness of the ledger on another disk, in virtual time: kept in memory, and sometimes away (row 50 of the fault matrix).

Production decides (`Ledger.witness`, `Surroundings`): it goes on writing, and releasing trays, for as long as its patience lasts, says an
alarm, and writes nothing beyond. A shift is minutes long, not a day, so the patience here is twenty seconds instead of eight hours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from controller.ledger.checkpoint import Checkpoint
from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.ledger import Ledger
from controller.line.actions import AlarmCode
from controller.runner.surroundings import Surroundings

PATIENCE_NS: Final = 20 * 10**9
AWAY_US: Final = (5_000_000, 120_000_000)


class AbsentWitness:
    """Keeps the newest checkpoint; ``away``: its disk is. ``struck`` hears of each absence that somebody noticed."""

    def __init__(self, wall_ns: Callable[[], int], struck: Callable[[int, str], None]) -> None:
        self.away = False
        self.kept: Checkpoint | None = None
        self.missed_since_ns = 0
        """When this ledger first tried in vain since it last succeeded, by the clock its events carry."""
        self._wall_ns, self._struck = wall_ns, struck
        self._set_back = False
        self._told: dict[AlarmCode, Any] = {}
        self._why: Callable[[], str] = lambda: ""
        self._surroundings = Surroundings(
            lambda: self._why(), lambda alarm: self._told.update({alarm.code: alarm}), self._told
        )

    def read(self) -> Checkpoint | None:
        if self.away:
            raise LedgerFault(
                FaultCode.ROLLBACK, "the disk of the witness is away: nobody can tell whether this ledger is the newest"
            )
        self.missed_since_ns = 0
        return self.kept

    def write(self, checkpoint: Checkpoint) -> None:
        if self.away:
            if not self.missed_since_ns:
                self.missed_since_ns = self._wall_ns()
                self._struck(50, "production goes on")
            elif self._wall_ns() - self.missed_since_ns >= PATIENCE_NS:
                self._struck(50, "patience is over")
            raise LedgerFault(FaultCode.STORAGE, "the disk of the witness is away")
        self._set_back = self._set_back or (self.kept is not None and checkpoint.seq < self.kept.seq)
        self.kept, self.missed_since_ns = checkpoint, 0

    def wrong(self, ledger: Ledger, now_us: int) -> str:
        """Return what the ledger did wrong about its witness in the commit just made; "" nothing."""
        if self._set_back:
            return "the witness was set back"
        if self.missed_since_ns and self._wall_ns() - self.missed_since_ns >= PATIENCE_NS:
            return "events were written though the witness has been away for longer than its patience"
        if self.missed_since_ns or self._told:
            self._why = lambda: ledger.witness_away
            self._surroundings.look(self._wall_ns(), now_us * 1000)
            if self.missed_since_ns and AlarmCode.WITNESS_AWAY not in self._told:
                return "the witness is away and nobody was told"
            if not self.missed_since_ns and AlarmCode.WITNESS_AWAY in self._told:
                return "the witness is back and the alarm stands"
            self._told.pop(AlarmCode.CLOCK_JUMPED, None)
        return ""

    def wrong_at_the_end(self, ledger: Ledger) -> str:
        """The disk is back and the line stops: the witness must hold the newest event."""
        self.away = False
        ledger.witness()
        if self.kept != Checkpoint(ledger.store.ledger_id, ledger.seq, ledger.hash):
            return "the witness does not hold the newest event when the line stops"
        return ""
