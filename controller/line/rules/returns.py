"""Mail that came back: the letter was mailed, and the post returned it. What the case needs next is its client's decision."""

from __future__ import annotations

from controller.line.actions import Answer
from controller.line.commands import ReturnedMail
from controller.line.state import LineState
from controller.model import letter_name, piece_name
from controller.states import LetterEvent, LetterState, PieceState

_LEFT = frozenset({PieceState.RELEASED, PieceState.ACCEPTED})


def returned_mail(line: LineState, event: ReturnedMail) -> None:
    """A person holds an envelope that the post brought back. Only an attempt that left can come back."""
    piece = line.book.pieces.get(event.uid)
    if piece is None or not event.reason:
        line.reply(event.command, Answer.REFUSED, "unknown-piece", (piece_name(event.uid),))
        return
    letter = piece.letter
    if letter.state == LetterState.RETURNED:
        line.reply(event.command, Answer.REFUSED, "already-returned", (letter_name(letter.letter),))
        return
    if letter.state != LetterState.MAILED or piece.state not in _LEFT:
        line.reply(event.command, Answer.REFUSED, "letter-not-mailed", (piece_name(piece.uid), str(piece.state)))
        return
    line.book.move_letter(
        letter,
        LetterEvent.RETURNED,
        {"badge": event.badge, "uid": piece.uid, "reason": event.reason, "photo_sha256": event.photo_sha256},
    )
    line.reply(event.command, Answer.DONE)
