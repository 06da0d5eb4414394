"""What hands took out of the machine during a stop, and whether all of it has been scanned (integrity.md §3.4, custody after a jam).

The machine counts what it no longer finds when its cover is closed; the line's book knows what was inside. Together they say how many
pieces must be in custody before anybody may resume, and which they can be. Nothing here decides about a piece: all of them are SUSPECT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.ledger.records import Record
from controller.line import events
from controller.line.core import LineCore
from controller.states import PackState, PieceState

COVER_OPEN, JAM, EMERGENCY_STOP = 3, 4, 9
"""Fault numbers of docs/protocols/inserter.md §2 after which hands are inside."""
LAST_SHEET_ZONE: Final = 3
"""Up to the collator the machine counts sheets, beyond it envelopes."""
IN_HAND: Final = frozenset({PieceState.QUARANTINED, PieceState.VOID, PieceState.DESTROYED, PieceState.LOST})


class ZoneScan:
    """Listens to every commit of a line. Forgets a stop when the machine executes again, restarts, or the floor was searched."""

    def __init__(self, core: LineCore) -> None:
        self._core = core
        self._inside: dict[int, None] = {}
        self._active: set[int] = set()
        self._pieces_out = 0
        self._sheets_out = 0

    def committed(self, records: Sequence[Record], told: Sequence[events.LineEvent]) -> None:
        for event in told:
            match event:
                case events.Fault(reason=reason, active=active) if reason in (COVER_OPEN, JAM, EMERGENCY_STOP):
                    if active:
                        self._active.add(reason)
                        self._look_inside()
                    else:
                        self._active.discard(reason)
                case events.Removed(zone=zone, count=count):
                    self._look_inside()
                    if zone > LAST_SHEET_ZONE:
                        self._pieces_out += count
                    else:
                        self._sheets_out += count
                case events.MachineState(state=PackState.EXECUTE) | events.LinkUp() | events.SearchEnded():
                    self._forget()

    @property
    def to_scan(self) -> tuple[int, ...]:
        """Return the pieces that may be among those still to be scanned, in the order of the belt; empty when nothing is missing."""
        return tuple(self._outside()) if self._active or self.left else ()

    @property
    def left(self) -> int:
        """Return how many scans are missing at least. Loose sheets are at least one piece, whatever their number."""
        if self._active:
            return 0  # the machine counts when the cover is closed
        needed = min(self._pieces_out + bool(self._sheets_out), len(self._inside))
        return max(needed - (len(self._inside) - len(self._outside())), 0)

    def _outside(self) -> list[int]:
        pieces = self._core.book.pieces
        return [uid for uid in self._inside if pieces[uid].state not in IN_HAND]

    def _look_inside(self) -> None:
        line, pieces = self._core.line, self._core.book.pieces
        found = [uid for envelope in line.inside.values() for uid in envelope.uids]
        loose = (sheet.fact for number, sheet in line.feed.sheets.items() if number > line.last_sheet_taken)
        found += [fact.uid for fact in loose if fact is not None]
        self._inside |= {uid: None for uid in found if uid in pieces and pieces[uid].state not in IN_HAND}

    def _forget(self) -> None:
        self._inside.clear()
        self._active.clear()
        self._pieces_out = self._sheets_out = 0
