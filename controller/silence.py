"""Silence is an alarm: a letter that rests too long in any state, a tray that was closed or handed over and never confirmed.

Decides what is too long and says it; never changes anything. Nothing on a line notices that nothing happens, so whoever runs
a line, or a site without a running line, calls `overdue` at least once a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from controller.ledger.resting import Resting
from controller.line.actions import Alarm, AlarmCode
from controller.model import letter_name
from controller.states import LetterState, TrayState

HOUR_NS: Final = 3_600 * 10**9


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each thing may rest, in hours of the calendar."""

    open_letter_h: float = 24
    held_letter_h: float = 48
    closed_tray_h: float = 24
    """A closed or handed-over tray without the post's acceptance: trays have stood in a yard for months unnoticed."""


Ask = Callable[[tuple[str, ...], int], list[Resting]]
"""``ask(states, before_unix_ns)``: `controller.ledger.resting.letters_at_rest` or `trays_at_rest`, bound to a ledger."""


def overdue(letters: Ask, trays: Ask, now_unix_ns: int, patience: Patience | None = None) -> list[Alarm]:
    """Return one alarm for each thing that has rested longer than it may, longest first within its kind."""
    may = patience or Patience()
    found: list[Alarm] = []
    for state, hours in ((LetterState.OPEN, may.open_letter_h), (LetterState.HELD, may.held_letter_h)):
        still = letters((str(state),), now_unix_ns - int(hours * HOUR_NS))
        found += [Alarm(AlarmCode.LETTER_AT_REST, letter_name(rest.key), _since(rest, now_unix_ns)) for rest in still]
    waiting = trays((str(TrayState.CLOSED), str(TrayState.HANDED_OVER)), now_unix_ns - int(may.closed_tray_h * HOUR_NS))
    return found + [Alarm(AlarmCode.TRAY_NOT_ACCEPTED, str(rest.key), _since(rest, now_unix_ns)) for rest in waiting]


def _since(rest: Resting, now_unix_ns: int) -> str:
    return f"{rest.state}, {(now_unix_ns - rest.since_unix_ns) / HOUR_NS:.1f} h"
