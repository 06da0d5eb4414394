"""Challenge pieces: prove, at known intervals, that a piece without a grant really is rejected and seen to be.

A sensor that fails silently would be found only by the first wrong letter. Any piece that was refused and that only the
reject eye saw is such a proof; when none happened for long, one good piece is refused on purpose (and printed again).
"""

from __future__ import annotations

from controller.line.actions import AlarmCode
from controller.line.state import LinePiece, LineState
from controller.states import TrayState

LATENT = "gate-or-eye-doubtful"
"""Reason for HOLD of every tray filled since the last proof."""


def is_due(line: LineState) -> bool:
    """Return whether the next good piece must be refused to prove gate and eyes."""
    every = line.config.challenge_every
    if not every:
        return False
    if not line.challenge_due and line.passed_since_reject < every:
        return False
    return not any(envelope.challenge for envelope in line.inside.values())


def begin(line: LineState, envelope: LinePiece) -> None:
    """Refuse this good piece on purpose."""
    envelope.challenge = True
    line.book.note("line.challenge", {"no": envelope.piece_no})


def proven(line: LineState) -> None:
    """A piece without a grant was seen by the reject eye alone."""
    line.challenge_due = False
    line.passed_since_reject = 0
    line.trays_since_challenge.clear()


def passed(line: LineState, tray: int) -> None:
    """A granted piece reached its tray: one more since the last proof."""
    line.passed_since_reject += 1
    line.trays_since_challenge.add(tray)


def failed(line: LineState) -> None:
    """A piece without a grant got past the gate: nothing filled since the last proof is good without an audit."""
    for number in sorted(line.trays_since_challenge):
        tray = line.book.trays.get(number)
        if tray is not None and tray.state not in (TrayState.HANDED_OVER, TrayState.ACCEPTED):
            line.book.place_hold(tray, LATENT)
    line.challenge_due = line.config.challenge_every > 0
    line.alarm(AlarmCode.CHALLENGE_FAILED, "gate")
