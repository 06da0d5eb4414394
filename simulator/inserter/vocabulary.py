"""Words of the reference inserter interface: states, modes, reasons, zones, verbs, codes and the packed events.

Pure data and struct layouts. Source: docs/protocols/inserter.md, sections 2, 3 and 4.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum


class State(IntEnum):
    """PackML states, numbers of PackTags v3."""

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


class Mode(IntEnum):
    """Unit modes."""

    PRODUCTION = 1
    MAINTENANCE = 2
    MANUAL = 3


class Reason(IntEnum):
    """Why the machine is in its state; also the kinds of fault."""

    NONE = 0
    BOOT = 1
    WATCHDOG = 2
    COVER_OPEN = 3
    JAM = 4
    NO_SHEETS = 5
    TRAY_MISSING = 6
    BIN_FULL = 7
    HOST = 8
    ESTOP = 9
    RING_FULL = 10
    FEED_LIMIT = 11


class Zone(IntEnum):
    """Places along the belt."""

    FEEDER = 1
    C1 = 2
    ACCUMULATOR = 3
    FOLD = 4
    ENVELOPE = 5
    C2 = 6
    GATE = 7
    TRAY = 8
    REJECT = 9


class Verb(IntEnum):
    """PackML verbs of the PACKML command."""

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


class Code(IntEnum):
    """Command codes."""

    PACKML = 1
    END_SET = 2
    GRANT = 3
    REVOKE = 4
    MODE = 5
    FEED_LIMIT = 6
    SET_TRAY = 7


class Result(IntEnum):
    """Answers to a command."""

    OK = 0
    REFUSED_STATE = 1
    REFUSED_EPOCH = 2
    TOO_LATE = 3
    UNKNOWN_PIECE = 4
    CONFLICT = 5
    BAD_VALUE = 6


class EventCode(IntEnum):
    """Event codes."""

    STATE = 1
    SHEET = 2
    STACK = 3
    PIECE = 4
    EXIT_SHOT = 5
    GATE = 6
    TRAY_EYE = 7
    REJECT_EYE = 8
    EXIT = 9
    FAULT = 10
    TRAY = 11
    REMOVED = 12
    POSTAGE = 13


class Postage(IntEnum):
    """What came of an envelope at the franking head."""

    REFUSED = 0
    PRINTED = 1
    UNCONFIRMED = 2


class GateWhy(IntEnum):
    """Why the gate took its position."""

    TOKEN = 0
    NO_TOKEN = 1
    EXPIRED = 2
    NOT_EXECUTE = 3
    PURGE = 4


NO_LIMIT = 0xFFFFFFFF
PIECE_UNDECIDED = 1
SHEET_DOUBLE = 1

COMMAND_LAYOUT: dict[int, struct.Struct] = {
    Code.PACKML: struct.Struct("<QB"),
    Code.END_SET: struct.Struct("<QHIB"),
    Code.GRANT: struct.Struct("<QHIQQ"),
    Code.REVOKE: struct.Struct("<QHI"),
    Code.MODE: struct.Struct("<QB"),
    Code.FEED_LIMIT: struct.Struct("<QHI"),
    Code.SET_TRAY: struct.Struct("<QI"),
}

EVENT_LAYOUT: dict[int, struct.Struct] = {
    EventCode.STATE: struct.Struct("<BBH"),
    EventCode.SHEET: struct.Struct("<IHIHB"),
    EventCode.STACK: struct.Struct("<HB"),
    EventCode.PIECE: struct.Struct("<IIIB"),
    EventCode.EXIT_SHOT: struct.Struct("<IIQI"),
    EventCode.GATE: struct.Struct("<IBB"),
    EventCode.TRAY_EYE: struct.Struct("<III"),
    EventCode.REJECT_EYE: struct.Struct("<II"),
    EventCode.EXIT: struct.Struct("<IBB"),
    EventCode.FAULT: struct.Struct("<HBB"),
    EventCode.TRAY: struct.Struct("<IB"),
    EventCode.REMOVED: struct.Struct("<BB"),
    EventCode.POSTAGE: struct.Struct("<IIB"),
}
_EVENT_HEAD = struct.Struct("<BIQ")
RESULT_LAYOUT = struct.Struct("<QB")
HELLO_LAYOUT = struct.Struct("<BQIH")
BEAT_LAYOUT = struct.Struct("<QQ")
NAK_LAYOUT = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the host: ``values`` are the fields of section 3 after the command id."""

    code: int
    command_id: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One event: ``values`` are the fields of section 4 after sequence and time (device clock, µs)."""

    code: int
    seq: int
    time_us: int
    values: tuple[int, ...]


def parse_command(payload: bytes) -> Command | None:
    """Return the command in a COMMAND payload, or None when code or length are not those of section 3."""
    layout = COMMAND_LAYOUT.get(payload[0]) if payload else None
    if layout is None or len(payload) != layout.size + 1:
        return None
    command_id, *values = layout.unpack_from(payload, 1)
    return Command(payload[0], command_id, tuple(values))


def pack_event(event: Event) -> bytes:
    """Return the EVENT payload of ``event``."""
    return _EVENT_HEAD.pack(event.code, event.seq, event.time_us) + EVENT_LAYOUT[event.code].pack(*event.values)
