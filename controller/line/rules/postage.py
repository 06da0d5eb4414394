"""Where the line has a franking head: what it says of each envelope, and what several refusals in a row mean.

Row 39 of the fault matrix: no confirmation of exactly the amount due, no grant (`integrity.EXIT_RULES`). Postage that was printed on
an envelope which does not leave stands in the ledger (``postage`` of its piece.verified or piece.diverted), so that it can be
claimed back.
"""

from __future__ import annotations

from typing import Final

from controller.line.actions import AlarmCode, MachineCommand
from controller.line.events import Franked
from controller.line.state import LinePiece, LineState
from controller.model import Divert
from controller.states import PackVerb

PRINTED: Final = 1
REFUSED: Final = 0


def franked(line: LineState, event: Franked) -> None:
    """The head had an envelope. Only one word per envelope can be a proof: printed twice is paid twice."""
    envelope = line.inside.get(event.piece_no)
    if envelope is None:
        return
    envelope.franked += 1
    if event.outcome != REFUSED:
        envelope.imprints += event.amount
    envelope.postage = event.amount if event.outcome == PRINTED and envelope.franked == 1 else 0


def on_books(envelope: LinePiece) -> dict[str, object]:
    """Return what a record of this envelope says of its postage; nothing where none was printed."""
    return {"postage": envelope.imprints} if envelope.imprints else {}


def count(line: LineState, reason: Divert | None) -> None:
    """Hold the line when the head fails for one envelope after the other: its credit may be used up, or its amount set wrongly."""
    if reason is not Divert.NO_POSTAGE:
        if reason is None:
            line.postage_bad_in_row = 0
        return
    line.postage_bad_in_row += 1
    if line.postage_bad_in_row >= line.config.consecutive_max:
        line.postage_bad_in_row = 0
        line.actions.append(MachineCommand(PackVerb.HOLD))
        line.alarm(AlarmCode.POSTAGE_REFUSED, "franking")
