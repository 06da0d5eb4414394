"""Behind the gate: what tray eye and reject eye say, and what is believed of it.

Exactly one eye must see each piece, and it must be the right one. Everything else is a tray on HOLD.
"""

from __future__ import annotations

from controller.line.actions import AlarmCode, MachineCommand
from controller.line.book import PieceEntry, TrayEntry
from controller.line.events import GateSet, PieceExited, RejectEye, TrayEye
from controller.line.rules import challenge, pieces, postage, trays
from controller.line.rules.doubt import exit_unknown, hold_for_unknown, lift_unknown
from controller.line.state import LinePiece, LineState
from controller.model import Divert
from controller.states import PackVerb, PieceEvent, PieceState

FOREIGN = "foreign-piece"
UNSEEN = "rejected-piece-unseen"


def gate_set(line: LineState, event: GateSet) -> None:
    """The gate moved. A gate that opens for a piece without a grant is a broken gate."""
    envelope = line.inside.get(event.piece_no)
    if event.passing and (envelope is None or not envelope.granted):
        foreign(line, event.piece_no)


def tray_eye(line: LineState, event: TrayEye) -> None:
    """An envelope fell into the tray."""
    tray = line.book.trays.get(event.tray) or line.tray
    if tray is not None:
        tray.edges += 1
        if tray.eye_count is not None and event.count != tray.eye_count + 1:
            line.book.place_hold(tray, "eye-count-jumped")
        tray.eye_count = event.count
    envelope = line.inside.get(event.piece_no)
    if envelope is None or not envelope.granted:
        foreign(line, event.piece_no, tray)
        return
    if tray is not None:
        if envelope.owner is not None and envelope.tray != tray.number:
            # Trays were changed while it was under way: a restarted controller must not count it where it was granted for.
            line.book.note("line.other-tray", {"no": envelope.piece_no}, piece=envelope.owner, tray=tray.number)
        envelope.tray = tray.number
    envelope.tray_seen = True
    _doubt_fallen(line, envelope, tray)


def _doubt_fallen(line: LineState, envelope: LinePiece, tray: TrayEntry | None) -> None:
    """A piece fell whose grant counts no more: nobody may take this tray away before somebody has looked into it."""
    piece = envelope.owner
    if piece is None or piece.state == PieceState.PASS_GRANTED:
        return
    if piece.state == PieceState.EXIT_UNKNOWN:
        if tray is not None:
            hold_for_unknown(line, tray, piece)
        return
    # It was found elsewhere, declared absent, or is void: what fell is not what the books know.
    foreign(line, envelope.piece_no, tray)


def reject_eye(line: LineState, event: RejectEye) -> None:
    """An envelope fell into the reject bin; `piece_exited` says what that means."""


def piece_exited(line: LineState, event: PieceExited) -> None:
    """Both eyes had their time: conclude where the envelope is, or that nobody knows."""
    envelope = line.inside.pop(event.piece_no, None)
    if envelope is None:
        if event.tray:
            foreign(line, event.piece_no)
        elif not event.reject:
            _unseen(line, event.piece_no)
        return
    if envelope.at_exit is not None:
        line.exit_shots.pop(envelope.at_exit.trigger - line.eyes[2].offset, None)
    if envelope.granted and envelope.owner is not None:
        _conclude_granted(line, envelope, envelope.owner, event)
    else:
        _conclude_refused(line, envelope, event)
    _forget_sheets(line, envelope)
    trays.settle_closing(line)


def _conclude_granted(line: LineState, envelope: LinePiece, piece: PieceEntry, event: PieceExited) -> None:
    known = piece.state == PieceState.PASS_GRANTED or (piece.state == PieceState.EXIT_UNKNOWN and not envelope.hands)
    if not known:
        _conclude_doubted(line, envelope, piece, event)
        return
    if event.tray and not event.reject:
        in_tray(line, envelope, piece, event.seq)
    elif event.reject and not event.tray:
        _left_by_reject(line, piece, event.seq)
    else:
        exit_unknown(line, envelope, piece, "both eyes" if event.tray else "no eye")


def _conclude_doubted(line: LineState, envelope: LinePiece, piece: PieceEntry, event: PieceExited) -> None:
    """Hands were inside, or the books have the piece elsewhere: only a person can say where it is, and no tray it may lie in may leave."""
    if event.reject and not event.tray:
        return
    if piece.state == PieceState.EXIT_UNKNOWN:
        if line.tray is not None and not envelope.tray_seen:
            hold_for_unknown(line, line.tray, piece)
    elif not event.tray:
        _unseen(line, envelope.piece_no)
    elif not envelope.tray_seen:
        foreign(line, envelope.piece_no)


def in_tray(line: LineState, envelope: LinePiece, piece: PieceEntry, seq: int) -> None:
    """The tray eye alone saw a granted piece."""
    book = line.book
    granted_for = book.trays.get(piece.tray)
    tray = book.trays.get(envelope.tray)
    assert tray is not None
    if granted_for is not None:
        granted_for.under_way.discard(piece.uid)
    if piece.state == PieceState.EXIT_UNKNOWN:
        lift_unknown(line, piece)
    if not envelope.tray_seen:
        tray.edges += 1  # the edge was heard by the controller before this one, or is in this summary alone
    piece.tray = tray.number
    tray.pieces[piece.uid] = piece
    book.move(piece, PieceEvent.IN_TRAY, {"seq": seq})
    line.rejected_in_row = 0
    challenge.passed(line, tray.number)
    if piece.letter.recalled:
        trays.pull(line, piece)
    trays.warn_when_full(line, tray)


def _left_by_reject(line: LineState, piece: PieceEntry, seq: int) -> None:
    """The reject eye alone saw a granted piece: its token came late, or the gate does not open."""
    tray = line.book.trays.get(piece.tray)
    if tray is not None:
        tray.under_way.discard(piece.uid)
    if piece.state == PieceState.EXIT_UNKNOWN:
        lift_unknown(line, piece)
    piece.reason = Divert.GATE_REJECTED
    line.book.move(piece, PieceEvent.DIVERTED, {"reason": Divert.GATE_REJECTED, "seq": seq})
    line.rejected_in_row += 1
    if line.rejected_in_row >= line.config.consecutive_max:
        line.rejected_in_row = 0
        line.actions.append(MachineCommand(PackVerb.HOLD))
        line.alarm(AlarmCode.GATE_NOT_PASSING, "gate")


def _conclude_refused(line: LineState, envelope: LinePiece, event: PieceExited) -> None:
    pieces.close_unjudged(line, envelope)
    if event.tray:
        if not envelope.tray_seen:
            foreign(line, event.piece_no)
        return
    if not event.reject:
        _unseen(line, event.piece_no)
        return
    if not envelope.uids:
        line.book.note("line.unidentified-rejected", {"no": event.piece_no, "reason": envelope.refused})
    paid = postage.on_books(envelope)
    for uid in envelope.uids:
        piece = line.book.pieces.get(uid)
        if piece is not None and piece.state == PieceState.SUSPECT:
            line.book.move(piece, PieceEvent.DIVERTED, {"reason": envelope.refused, "seq": event.seq, **paid})
            paid = {}  # an envelope with sheets of two pieces was franked once
    if not envelope.hands:
        challenge.proven(line)


def _unseen(line: LineState, piece_no: int) -> None:
    """No eye saw a piece without a grant: if the gate let it pass and the tray eye is blind, only a scan of the tray can tell."""
    line.book.note("line.exit-unseen", {"no": piece_no})
    if line.tray is not None and line.book.place_hold(line.tray, UNSEEN):
        line.alarm(AlarmCode.TRAY_HOLD, str(line.tray.number), f"no. {piece_no}")


def foreign(line: LineState, piece_no: int, tray: TrayEntry | None = None) -> None:
    """Something without a grant is in the tray, or on its way: stop at once; the tray needs an audit."""
    envelope = line.inside.get(piece_no)
    if envelope is not None:
        envelope.tray_seen = True
    tray = tray or line.tray
    if tray is not None:
        line.book.place_hold(tray, FOREIGN)
        line.book.note("line.foreign-in-tray", {"no": piece_no}, tray=tray.number)
    line.actions.append(MachineCommand(PackVerb.ABORT))
    line.alarm(AlarmCode.FOREIGN_IN_TRAY, str(tray.number) if tray else "", f"no. {piece_no}")
    challenge.failed(line)


def _forget_sheets(line: LineState, envelope: LinePiece) -> None:
    for number in range(envelope.first, envelope.last + 1):
        line.feed.sheets.pop(number, None)
