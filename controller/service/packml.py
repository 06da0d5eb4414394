"""PackML states for people: number → keyword and how it looks. Numbers as PackTags v3 (ISA-TR88.00.02)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Look(StrEnum):
    """How a state is drawn; each look has its own colour, icon and word, colour never alone."""

    RUN = "run"
    READY = "ready"
    WAIT = "wait"
    MOVE = "move"
    STOP = "stop"


PACKML: Final[Mapping[int, tuple[str, Look]]] = MappingProxyType(
    {
        0: ("UNKNOWN", Look.STOP),
        1: ("CLEARING", Look.MOVE),
        2: ("STOPPED", Look.STOP),
        3: ("STARTING", Look.MOVE),
        4: ("IDLE", Look.READY),
        5: ("SUSPENDED", Look.WAIT),
        6: ("EXECUTE", Look.RUN),
        7: ("STOPPING", Look.MOVE),
        8: ("ABORTING", Look.STOP),
        9: ("ABORTED", Look.STOP),
        10: ("HOLDING", Look.STOP),
        11: ("HELD", Look.STOP),
        12: ("UNHOLDING", Look.MOVE),
        13: ("SUSPENDING", Look.MOVE),
        14: ("UNSUSPENDING", Look.MOVE),
        15: ("RESETTING", Look.MOVE),
        16: ("COMPLETING", Look.MOVE),
        17: ("COMPLETE", Look.READY),
    }
)

EXECUTE: Final = 6
COMPLETE: Final = 17
_WORST_FIRST: Final = (9, 8, 0, 11, 10, 2, 7, 1, 5, 13, 12, 14, 15, 3, 16, 17, 4, 6)


def worst(states: tuple[int, ...]) -> int:
    """Return the state of a line: the worst of its machines (integrity.md §3.3); 0, unknown, when it has none."""
    return min((state if state in PACKML else 0 for state in states), key=_WORST_FIRST.index, default=0)
