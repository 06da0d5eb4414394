"""State tables: letter, piece, tray, batch, print job and machine. Decides which event is legal where; never acts, never stores."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from controller.states.batch import BATCH, JOB, BatchEvent, BatchState, JobEvent, JobState
from controller.states.letter import LETTER, LetterEvent, LetterState
from controller.states.machine import MACHINE, PackMode, PackState, PackVerb
from controller.states.piece import LIVE, PIECE, PieceEvent, PieceState
from controller.states.table import RefusedEvent, StateTable, Transition
from controller.states.tray import TRAY, TrayEvent, TrayState

__all__ = [
    "BATCH",
    "JOB",
    "LETTER",
    "LIVE",
    "MACHINE",
    "PIECE",
    "TABLES",
    "TRAY",
    "BatchEvent",
    "BatchState",
    "JobEvent",
    "JobState",
    "LetterEvent",
    "LetterState",
    "PackMode",
    "PackState",
    "PackVerb",
    "PieceEvent",
    "PieceState",
    "RefusedEvent",
    "StateTable",
    "Transition",
    "TrayEvent",
    "TrayState",
    "advance",
]

TABLES: Final = MappingProxyType({t.noun: t for t in (LETTER, PIECE, TRAY, BATCH, JOB, MACHINE)})

_STEPS: Final = {noun: dict(t.steps) for noun, t in TABLES.items()}


def advance(noun: str, state: str | None, event: str) -> str:
    """Return the state of a ``noun`` after ``event``; ``state`` None: it does not exist yet.

    Raises:
        RefusedEvent: no rule lets the noun see that event where it is.
    """
    try:
        return _STEPS[noun][state, event]
    except KeyError:
        raise RefusedEvent(noun, state, event) from None
