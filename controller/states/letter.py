"""The life of a letter: the document for one addressee."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from controller.states.table import StateTable, Transition, rows_from, table


class LetterState(StrEnum):
    OPEN = "OPEN"
    HELD = "HELD"
    MAILED = "MAILED"
    CANCELLED = "CANCELLED"
    DELIVERED = "DELIVERED"
    RETURNED = "RETURNED"


class LetterEvent(StrEnum):
    """What may happen to a letter; the word after ``letter.`` in the ledger."""

    OPENED = "opened"
    HELD = "held"
    FREED = "freed"
    CANCELLED = "cancelled"
    MAILED = "mailed"
    DELIVERED = "delivered"
    RETURNED = "returned"


_S = LetterState
_E = LetterEvent

LETTER: Final[StateTable] = table(
    "letter",
    "信函",
    (
        Transition("L1", None, _E.OPENED, _S.OPEN, "case_accepted"),
        *rows_from("L2", (None, _S.OPEN), _E.HELD, _S.HELD, "doubt"),
        Transition("L3", _S.HELD, _E.FREED, _S.OPEN, "two_persons"),
        *rows_from("L4", (_S.OPEN, _S.HELD), _E.CANCELLED, _S.CANCELLED, "before_any_grant"),
        Transition("L5", _S.OPEN, _E.MAILED, _S.MAILED, "tray_closed"),
        Transition("L6", _S.MAILED, _E.DELIVERED, _S.DELIVERED),
        Transition("L7", _S.MAILED, _E.RETURNED, _S.RETURNED),
    ),
    ends=frozenset({_S.CANCELLED, _S.DELIVERED, _S.RETURNED}),
)

GUARDS: Final = {
    "case_accepted": "its case passed intake and was not seen before",
    "doubt": "its case may have been posted already, a glyph is missing, or a person put it on hold",
    "two_persons": "two different persons with their badges",
    "before_any_grant": "no attempt was granted the gate, or every granted attempt is void with the piece in hand",
    "tray_closed": "the tray with its one piece was closed in the same transaction",
}
