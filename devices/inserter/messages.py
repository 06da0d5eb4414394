"""Payloads of the inserter's commands and events (inserter.md §3–4): one table for both, shared by both transports. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from devices.kinds import (
    GatePosition,
    GateSet,
    GateWhy,
    InserterEvent,
    MachineFault,
    MachineMode,
    MachineState,
    PieceAtExit,
    PieceExited,
    PieceFormed,
    PieceFranked,
    PostageOutcome,
    Reason,
    RejectEye,
    Removed,
    ResultCode,
    SheetFed,
    StackChange,
    StackChanged,
    StateChanged,
    TrayEye,
    TrayPresence,
    Zone,
)


class CommandCode(IntEnum):
    PACKML = 1
    END_SET = 2
    GRANT = 3
    REVOKE = 4
    MODE = 5
    FEED_LIMIT = 6
    SET_TRAY = 7


COMMAND_FIELDS: dict[CommandCode, struct.Struct] = {
    CommandCode.PACKML: struct.Struct("<B"),
    CommandCode.END_SET: struct.Struct("<HIB"),
    CommandCode.GRANT: struct.Struct("<HIQQ"),
    CommandCode.REVOKE: struct.Struct("<HI"),
    CommandCode.MODE: struct.Struct("<B"),
    CommandCode.FEED_LIMIT: struct.Struct("<HI"),
    CommandCode.SET_TRAY: struct.Struct("<I"),
}
"""Fields after ``code u8, command_id u64``."""

_COMMAND_HEAD = struct.Struct("<BQ")
_EVENT_HEAD = struct.Struct("<BIQ")
_RESULT = struct.Struct("<QB")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: ``values`` are the fields of ``COMMAND_FIELDS`` in order."""

    code: CommandCode
    command_id: int
    values: tuple[int, ...]

    def to_bytes(self) -> bytes:
        return _COMMAND_HEAD.pack(self.code, self.command_id) + COMMAND_FIELDS[self.code].pack(*self.values)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Command | None:
        """The command in a payload, or None when it is none. The host never receives one; tests and recordings do."""
        if len(payload) < _COMMAND_HEAD.size:
            return None
        code, command_id = _COMMAND_HEAD.unpack_from(payload)
        if code not in CommandCode.__members__.values():
            return None
        fields = COMMAND_FIELDS[CommandCode(code)]
        if len(payload) != _COMMAND_HEAD.size + fields.size:
            return None
        return cls(CommandCode(code), command_id, fields.unpack_from(payload, _COMMAND_HEAD.size))


def _flag(bit: int) -> Callable[[int], bool]:
    return lambda value: bool(value & bit)


_EVENTS: dict[int, tuple[struct.Struct, type[InserterEvent], tuple[Callable[[Any], Any], ...]]] = {
    1: (struct.Struct("<BBH"), StateChanged, (MachineState, MachineMode, Reason)),
    2: (struct.Struct("<IHIHB"), SheetFed, (int, int, int, int, _flag(1))),
    3: (struct.Struct("<HB"), StackChanged, (int, StackChange)),
    4: (struct.Struct("<IIIB"), PieceFormed, (int, int, int, _flag(1))),
    5: (struct.Struct("<IIQI"), PieceAtExit, (int, int, int, int)),
    6: (struct.Struct("<IBB"), GateSet, (int, GatePosition, GateWhy)),
    7: (struct.Struct("<III"), TrayEye, (int, int, int)),
    8: (struct.Struct("<II"), RejectEye, (int, int)),
    9: (struct.Struct("<IBB"), PieceExited, (int, bool, bool)),
    10: (struct.Struct("<HBB"), MachineFault, (Reason, Zone, bool)),
    11: (struct.Struct("<IB"), TrayPresence, (int, bool)),
    12: (struct.Struct("<BB"), Removed, (Zone, int)),
    13: (struct.Struct("<IIB"), PieceFranked, (int, int, PostageOutcome)),
}
"""Event code: fields after ``code u8, event_seq u32, time_us u64``, what they become, and how each is read."""

EVENT_CODES: dict[type[InserterEvent], int] = {kind: code for code, (_, kind, _) in _EVENTS.items()}


def event_layout(code: int) -> struct.Struct | None:
    """The fields of an event after its number and time, or None for a code the document does not know."""
    entry = _EVENTS.get(code)
    return None if entry is None else entry[0]


def event_from_bytes(payload: bytes, epoch: int) -> InserterEvent | None:
    """The event in the payload of an EVENT frame; None when code, length or a value is not one of the document's."""
    if len(payload) < _EVENT_HEAD.size:
        return None
    code, event_seq, device_us = _EVENT_HEAD.unpack_from(payload)
    entry = _EVENTS.get(code)
    if entry is None or len(payload) != _EVENT_HEAD.size + entry[0].size:
        return None
    fields, kind, readers = entry
    try:
        values = [read(raw) for read, raw in zip(readers, fields.unpack_from(payload, _EVENT_HEAD.size), strict=True)]
    except ValueError:
        return None
    return kind(epoch, event_seq, device_us, *values)


def event_to_bytes(event: InserterEvent) -> bytes:
    """The payload of an event; the host never sends one, the Modbus transport and tests compare with it."""
    code = EVENT_CODES[type(event)]
    fields = _EVENTS[code][0]
    names = list(type(event).__dataclass_fields__)[3:]
    return _EVENT_HEAD.pack(code, event.event_seq, event.device_us) + fields.pack(
        *(int(getattr(event, name)) for name in names)
    )


def result_from_bytes(payload: bytes) -> tuple[int, ResultCode] | None:
    """(command id, code) of a RESULT payload, or None when it is none."""
    if len(payload) != _RESULT.size:
        return None
    command_id, code = _RESULT.unpack(payload)
    return (command_id, ResultCode(code)) if code in ResultCode.__members__.values() else None
