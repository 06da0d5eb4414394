"""The life of a tray. HOLD is a flag with reasons beside the state (ledger kinds ``hold.placed`` and ``hold.lifted``)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from controller.states.table import StateTable, Transition, rows_from, table


class TrayState(StrEnum):
    OPEN = "OPEN"
    CLOSING = "CLOSING"
    AUDIT = "AUDIT"
    CLOSED = "CLOSED"
    HANDED_OVER = "HANDED_OVER"
    ACCEPTED = "ACCEPTED"


class TrayEvent(StrEnum):
    """What may happen to a tray; the word after ``tray.`` in the ledger."""

    OPENED = "opened"
    CLOSING = "closing"
    AUDIT_BEGUN = "audit-begun"
    AUDIT_CLEAN = "audit-clean"
    CLOSED = "closed"
    HANDED_OVER = "handed-over"
    ACCEPTED = "accepted"


_S = TrayState
_E = TrayEvent

TRAY: Final[StateTable] = table(
    "tray",
    "邮筐",
    (
        Transition("T1", None, _E.OPENED, _S.OPEN, "tray_number_unused"),
        Transition("T2", _S.OPEN, _E.CLOSING, _S.CLOSING, "no_longer_in_place"),
        *rows_from("T3", (_S.OPEN, _S.CLOSING), _E.AUDIT_BEGUN, _S.AUDIT, "person"),
        *rows_from("T3 (again)", (_S.AUDIT,), _E.AUDIT_BEGUN, _S.AUDIT, "person"),
        Transition("T4", _S.AUDIT, _E.AUDIT_CLEAN, _S.OPEN, "scans_equal_list_equal_count"),
        Transition("T5", _S.CLOSING, _E.CLOSED, _S.CLOSED, "counts_agree, no_hold, nothing_under_way"),
        Transition("T6", _S.CLOSED, _E.HANDED_OVER, _S.HANDED_OVER, "no_hold, carrier_signed"),
        *rows_from("T7", (_S.CLOSED, _S.HANDED_OVER), _E.ACCEPTED, _S.ACCEPTED, "acceptance_scan"),
    ),
    ends=frozenset({_S.ACCEPTED}),
)

GUARDS: Final = {
    "tray_number_unused": "no tray had this number before",
    "no_longer_in_place": "another tray, or none, is at the exit",
    "person": "a person with a badge scans every envelope",
    "scans_equal_list_equal_count": "scans = ledger list = separate count, each piece once, nothing left to pull",
    "counts_agree": "eye count = ledger count = weight where there is a scale",
    "no_hold": "no reason for HOLD is open",
    "nothing_under_way": "no granted piece can still fall into it",
    "carrier_signed": "the carrier signed for the tray",
    "acceptance_scan": "the post says it has the tray",
}
