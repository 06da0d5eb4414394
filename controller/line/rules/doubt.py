"""Doubt: a piece without a grant becomes SUSPECT, a granted one EXIT_UNKNOWN with its tray on HOLD. Nothing is ever un-doubted here."""

from __future__ import annotations

from typing import Final

from controller.line.actions import AlarmCode
from controller.line.book import PieceEntry, TrayEntry
from controller.line.state import LinePiece, LineState
from controller.model import Divert, piece_name
from controller.states import PieceEvent, PieceState

SUSPECTABLE: Final = frozenset(
    {PieceState.SUBMITTED, PieceState.PRINTED, PieceState.IN_FEED, PieceState.COLLATED, PieceState.VERIFIED}
)
"""States that doubt may end before a grant; doubt after the grant is `exit_unknown`."""


def suspect(line: LineState, piece: PieceEntry, reason: Divert) -> None:
    """Doubt a piece that has no grant. One that is doubted already, is beyond the gate, or void stays what it is."""
    if piece.state in SUSPECTABLE:
        piece.reason = reason
        line.book.move(piece, PieceEvent.SUSPECTED, {"reason": reason})


def refuse(line: LineState, envelope: LinePiece, reason: Divert) -> None:
    """Give an envelope no grant, ever, and doubt every piece that has a sheet in it."""
    envelope.judged = True
    envelope.refused = envelope.refused or reason
    pieces = line.book.pieces
    for uid in envelope.uids:
        piece = pieces.get(uid)
        if piece is not None:
            suspect(line, piece, reason)


def unknown_hold(uid: int) -> str:
    """Return the reason for HOLD that one piece of unknown exit gives its tray."""
    return f"exit-unknown:{piece_name(uid)}"


def exit_unknown(line: LineState, envelope: LinePiece | None, piece: PieceEntry, why: str) -> None:
    """Nobody knows where a granted piece is: it may not be printed again, and its tray may not leave, until somebody looks."""
    if piece.state != PieceState.PASS_GRANTED:
        if piece.state == PieceState.EXIT_UNKNOWN and envelope is not None:
            envelope.hands = True
        return
    granted_for = line.book.trays.get(piece.tray)
    if granted_for is not None:
        granted_for.under_way.discard(piece.uid)
    if envelope is not None and envelope.tray_seen:
        piece.tray = envelope.tray
    line.book.move(piece, PieceEvent.EXIT_UNKNOWN, {"why": why})
    for number in _where_it_may_lie(line, envelope, piece):
        tray = line.book.trays.get(number)
        if tray is not None:
            hold_for_unknown(line, tray, piece)


def hold_for_unknown(line: LineState, tray: TrayEntry, piece: PieceEntry) -> None:
    """A piece of unknown exit may lie in this tray: it goes on HOLD until somebody looks."""
    if line.book.place_hold(tray, unknown_hold(piece.uid)):
        line.alarm(AlarmCode.TRAY_HOLD, str(tray.number), piece_name(piece.uid))


def _where_it_may_lie(line: LineState, envelope: LinePiece | None, piece: PieceEntry) -> tuple[int, ...]:
    """Return the trays a piece of unknown exit may lie in: where the tray eye saw it, else both where trays were changed meanwhile."""
    if (envelope is not None and envelope.tray_seen) or line.tray is None or line.tray.number == piece.tray:
        return (piece.tray,)
    return (piece.tray, line.tray.number)


def lift_unknown(line: LineState, piece: PieceEntry) -> None:
    """It is known where the piece is: it holds no tray any more."""
    reason = unknown_hold(piece.uid)
    for tray in line.book.trays.values():
        line.book.lift_hold(tray, reason)
