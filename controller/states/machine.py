"""The states of a machine: PackML (ISA-TR88.00.02, OPC 30050), numbers as PackTags v3."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from controller.states.table import StateTable, Transition, rows_from, table


class PackState(IntEnum):
    """The 17 published states with their published numbers."""

    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETE = 17


class PackMode(IntEnum):
    PRODUCTION = 1
    MAINTENANCE = 2
    MANUAL = 3


class PackVerb(IntEnum):
    """Commands of the state model, numbered as docs/protocols/inserter.md numbers them."""

    RESET = 1
    START = 2
    STOP = 3
    HOLD = 4
    UNHOLD = 5
    SUSPEND = 6
    UNSUSPEND = 7
    ABORT = 8
    CLEAR = 9
    COMPLETE = 10


DONE: Final = "done"
"""The state change that ends an acting state (its work is done)."""

_P = PackState
_ABORTABLE: Final = tuple(s.name for s in _P if s not in (_P.ABORTING, _P.ABORTED))
_STOPPABLE: Final = tuple(
    s.name for s in _P if s not in (_P.ABORTING, _P.ABORTED, _P.CLEARING, _P.STOPPING, _P.STOPPED)
)


def _act(source: PackState, verb: str, target: PackState, guard: str = "") -> Transition:
    return Transition("", source.name, verb, target.name, guard, durable=False)


MACHINE: Final[StateTable] = table(
    "machine",
    "设备",
    (
        Transition("boot", None, "boot", _P.ABORTED.name, "epoch_counted_up", durable=False),
        _act(_P.ABORTED, "clear", _P.CLEARING),
        _act(_P.CLEARING, DONE, _P.STOPPED, "everything_inside_left_to_reject"),
        _act(_P.STOPPED, "reset", _P.RESETTING),
        _act(_P.RESETTING, DONE, _P.IDLE),
        _act(_P.IDLE, "start", _P.STARTING),
        _act(_P.STARTING, DONE, _P.EXECUTE),
        _act(_P.EXECUTE, "hold", _P.HOLDING),
        _act(_P.HOLDING, DONE, _P.HELD),
        _act(_P.HELD, "unhold", _P.UNHOLDING),
        _act(_P.UNHOLDING, DONE, _P.EXECUTE, "everything_inside_left_to_reject"),
        _act(_P.SUSPENDED, "hold", _P.HOLDING),
        _act(_P.EXECUTE, "suspend", _P.SUSPENDING),
        _act(_P.SUSPENDING, DONE, _P.SUSPENDED),
        _act(_P.SUSPENDED, "unsuspend", _P.UNSUSPENDING),
        _act(_P.UNSUSPENDING, DONE, _P.EXECUTE),
        _act(_P.EXECUTE, "complete", _P.COMPLETING),
        _act(_P.COMPLETING, DONE, _P.COMPLETE),
        _act(_P.COMPLETE, "reset", _P.RESETTING),
        *rows_from("", _STOPPABLE, "stop", _P.STOPPING.name, durable=False),
        _act(_P.STOPPING, DONE, _P.STOPPED),
        *rows_from("", _ABORTABLE, "abort", _P.ABORTING.name, durable=False),
        _act(_P.ABORTING, DONE, _P.ABORTED),
    ),
    ends=frozenset(),
)

GUARDS: Final = {
    "epoch_counted_up": "the boot counter in non-volatile memory was counted up",
    "everything_inside_left_to_reject": "the belt ran with the gate in reject until it was empty",
}
