"""The life of a piece: one physical attempt at a letter. Rule numbers are those of docs/states/piece.md."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from controller.states.table import StateTable, Transition, rows_from, table


class PieceState(StrEnum):
    """Where one attempt stands. PRINTED is only the printer's claim."""

    PLANNED = "PLANNED"
    RENDERED = "RENDERED"
    SUBMITTED = "SUBMITTED"
    PRINTED = "PRINTED"
    IN_FEED = "IN_FEED"
    COLLATED = "COLLATED"
    VERIFIED = "VERIFIED"
    PASS_GRANTED = "PASS_GRANTED"
    IN_TRAY = "IN_TRAY"
    RELEASED = "RELEASED"
    ACCEPTED = "ACCEPTED"
    SUSPECT = "SUSPECT"
    EXIT_UNKNOWN = "EXIT_UNKNOWN"
    DIVERTED = "DIVERTED"
    QUARANTINED = "QUARANTINED"
    VOID = "VOID"
    DESTROYED = "DESTROYED"
    LOST = "LOST"
    NEVER_PRINTED = "NEVER_PRINTED"


class PieceEvent(StrEnum):
    """What may happen to a piece; the word after ``piece.`` in the ledger."""

    PLANNED = "planned"
    RENDERED = "rendered"
    SUBMITTED = "submitted"
    PRINTED = "printed"
    PRINT_DOUBTED = "print-doubted"
    FED = "fed"
    COLLATED = "collated"
    SUSPECTED = "suspected"
    VERIFIED = "verified"
    GRANTED = "granted"
    IN_TRAY = "in-tray"
    DIVERTED = "diverted"
    EXIT_UNKNOWN = "exit-unknown"
    QUARANTINED = "quarantined"
    VOIDED = "voided"
    AUDIT_PRESENT = "audit-present"
    AUDIT_ABSENT = "audit-absent"
    PULLED = "pulled"
    DESTROYED = "destroyed"
    LOST = "lost"
    NEVER_PRINTED = "never-printed"
    RELEASED = "released"
    ACCEPTED = "accepted"


_S = PieceState
_E = PieceEvent

PIECE: Final[StateTable] = table(
    "piece",
    "件",
    (
        Transition("1, 23", None, _E.PLANNED, _S.PLANNED, "letter_open, no_live_attempt"),
        Transition("2", _S.PLANNED, _E.RENDERED, _S.RENDERED, "pages_as_planned"),
        Transition("3", _S.RENDERED, _E.SUBMITTED, _S.SUBMITTED, "intent_before_call"),
        Transition("4", _S.SUBMITTED, _E.PRINTED, _S.PRINTED, "impressions_as_planned"),
        *rows_from("5", (_S.SUBMITTED, _S.PRINTED), _E.PRINT_DOUBTED, _S.PRINTED, "claim_in_doubt"),
        *rows_from("6", (_S.SUBMITTED, _S.PRINTED), _E.FED, _S.IN_FEED, "sheet_read_at_c1", durable=False),
        Transition("7, 8", _S.IN_FEED, _E.COLLATED, _S.COLLATED, "all_sheets_in_order, successor_seen", durable=False),
        Transition("9", _S.IN_FEED, _E.SUSPECTED, _S.SUSPECT),
        *rows_from("9 (never seen)", (_S.SUBMITTED, _S.PRINTED), _E.SUSPECTED, _S.SUSPECT, "stack_ended"),
        Transition("10", _S.COLLATED, _E.VERIFIED, _S.VERIFIED, "expected_match", durable=False),
        Transition("11", _S.VERIFIED, _E.GRANTED, _S.PASS_GRANTED, "execute_and_production"),
        *rows_from("12", (_S.COLLATED, _S.VERIFIED), _E.SUSPECTED, _S.SUSPECT),
        Transition("13", _S.PASS_GRANTED, _E.IN_TRAY, _S.IN_TRAY, "tray_eye_only"),
        Transition("14", _S.PASS_GRANTED, _E.DIVERTED, _S.DIVERTED, "reject_eye_only"),
        Transition("15", _S.PASS_GRANTED, _E.EXIT_UNKNOWN, _S.EXIT_UNKNOWN, "tray_put_on_hold"),
        Transition("17", _S.SUSPECT, _E.DIVERTED, _S.DIVERTED, "reject_eye_only"),
        *rows_from(
            "18",
            (_S.SUBMITTED, _S.PRINTED, _S.DIVERTED, _S.SUSPECT, _S.EXIT_UNKNOWN),
            _E.QUARANTINED,
            _S.QUARANTINED,
            "piece_in_hand",
        ),
        Transition("19", _S.QUARANTINED, _E.VOIDED, _S.VOID, "person_and_reason"),
        Transition("20", _S.SUSPECT, _E.VOIDED, _S.VOID, "search_ended"),
        Transition("20 (bin emptied)", _S.DIVERTED, _E.VOIDED, _S.VOID, "two_persons"),
        Transition("21", _S.EXIT_UNKNOWN, _E.AUDIT_PRESENT, _S.IN_TRAY, "whole_tray_scanned_and_counted"),
        Transition("22", _S.EXIT_UNKNOWN, _E.AUDIT_ABSENT, _S.SUSPECT, "whole_tray_scanned_and_counted"),
        Transition("22 (tray short)", _S.IN_TRAY, _E.AUDIT_ABSENT, _S.SUSPECT, "whole_tray_scanned_and_counted"),
        Transition("30", _S.EXIT_UNKNOWN, _E.IN_TRAY, _S.IN_TRAY, "ring_replayed_tray_only, no_hands_inside"),
        Transition("30", _S.EXIT_UNKNOWN, _E.DIVERTED, _S.DIVERTED, "ring_replayed_reject_only"),
        Transition("24", _S.VOID, _E.DESTROYED, _S.DESTROYED, "two_persons_or_sealed_bin"),
        Transition("25", _S.VOID, _E.LOST, _S.LOST, "two_persons"),
        Transition("26", _S.IN_TRAY, _E.RELEASED, _S.RELEASED, "tray_counts_agree, tray_not_on_hold"),
        Transition("27", _S.IN_TRAY, _E.PULLED, _S.QUARANTINED, "piece_in_hand"),
        Transition("28", _S.RELEASED, _E.ACCEPTED, _S.ACCEPTED, "hand_over_signed"),
        *rows_from("29", (_S.PLANNED, _S.RENDERED), _E.NEVER_PRINTED, _S.NEVER_PRINTED, "never_submitted"),
        Transition(
            "29 (job never reached the queue)", _S.SUBMITTED, _E.NEVER_PRINTED, _S.NEVER_PRINTED, "job_proven_absent"
        ),
    ),
    ends=frozenset({_S.ACCEPTED, _S.DESTROYED, _S.LOST, _S.NEVER_PRINTED}),
)

GUARDS: Final = {
    "letter_open": "the letter is OPEN",
    "no_live_attempt": "every older attempt of the letter is void, destroyed, lost or was never printed",
    "pages_as_planned": "the PDF has the planned pages and its hash is recorded",
    "intent_before_call": "the intent is durable before the queue is called; the job name is the idempotency key",
    "impressions_as_planned": "the queue claims completion with the planned number of impressions",
    "claim_in_doubt": "the server restarted, the job vanished, repeated, or printed another number of impressions",
    "sheet_read_at_c1": "a sheet of this piece with a good MAC was read at the sheet camera",
    "all_sheets_in_order": "the machine formed the piece of exactly its sheets 1..N, all read, in order, single, none doubtful",
    "successor_seen": "the next sheet was read as sheet 1 of the next expected piece, or the stack ended exactly here",
    "stack_ended": "the stack that should hold the piece has ended without showing it",
    "expected_match": "the exit reading names this piece at this place; letter open; not void, recalled, duplicate; no zone flag",
    "execute_and_production": "machine in Execute, mode Production, a tray in place, token bound to epoch, piece, uid, deadline",
    "tray_eye_only": "the tray eye saw the piece and the reject eye did not",
    "reject_eye_only": "the reject eye saw the piece and the tray eye did not",
    "tray_put_on_hold": "the tray it may lie in is put on HOLD in the same transaction",
    "piece_in_hand": "a person with a badge scanned or read the physical piece",
    "person_and_reason": "a person with a badge gave the reason",
    "search_ended": "never in a tray by any evidence; the search at the end of the batch did not find it",
    "two_persons": "two different persons with their badges",
    "whole_tray_scanned_and_counted": "every envelope in the tray was scanned and a separate count agrees",
    "ring_replayed_tray_only": "the same device epoch replayed a conclusive exit into the tray",
    "ring_replayed_reject_only": "the same device epoch replayed a conclusive exit into the reject bin",
    "no_hands_inside": "no cover was opened since the grant",
    "two_persons_or_sealed_bin": "two different persons saw the shredding, or a sealed bin was counted",
    "tray_counts_agree": "eye count = ledger count = weight where there is a scale",
    "tray_not_on_hold": "no reason for HOLD is open",
    "hand_over_signed": "the carrier signed, or its acceptance scan came in",
    "never_submitted": "no queue was ever called for it",
    "job_proven_absent": "the queue answered that it has never had the job",
}

LIVE: Final = frozenset(PieceState) - {_S.VOID, _S.DESTROYED, _S.LOST, _S.NEVER_PRINTED}
"""States of an attempt that still may leave: while one is here, no further attempt may be planned (I4)."""
