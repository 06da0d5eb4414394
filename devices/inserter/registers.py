"""Blocks of the inserter's transport B: register words in, values out (inserter-modbus.md). Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from devices.inserter.codec import crc32c
from devices.inserter.messages import COMMAND_FIELDS, Command, event_from_bytes, event_layout
from devices.kinds import InserterEvent, ResultCode

STATUS_AT, STATUS_WORDS = 0, 46
FIFO_AT, SLOT_WORDS, SLOTS = 100, 20, 16
SLOTS_PER_READ = 6
"""125 registers are the most a Modbus read may ask for."""
BEAT_AT, BEAT_WORDS = 1000, 8
COMMAND_AT, COMMAND_WORDS = 1010, 22
RESULTS = 8
MAGIC, VERSION = 0x4C4C, 1

Words = Sequence[int]


@dataclass(frozen=True, slots=True)
class Status:
    """``results``: command number to code, of the last eight commands."""

    epoch: int
    session: int
    last_event: int
    fifo_last: int
    applied: int
    device_us: int
    first_event: int
    state: int
    mode: int
    reason: int
    results: dict[int, ResultCode]


def status_from_words(words: Words) -> Status | None:
    """The status block, or None when it is not one."""
    raw = _checked(words, STATUS_WORDS)
    if raw is None:
        return None
    head = struct.unpack_from(">HHHIIIIQHHHI", raw)
    magic, version, epoch, session, last, fifo_last, applied, device_us, state, mode, reason, first_event = head
    if magic != MAGIC or version != VERSION:
        return None
    results = {}
    for at in range(40, 40 + 6 * RESULTS, 6):
        number, code = struct.unpack_from(">IH", raw, at)
        if number and code in ResultCode.__members__.values():
            results[number] = ResultCode(code)
    return Status(epoch, session, last, fifo_last, applied, device_us, first_event, state, mode, reason, results)


def beat_to_words(session: int, known_epoch: int, durable: int, beat: int) -> list[int]:
    return _sealed(struct.pack(">IHIH", session, known_epoch, durable, beat & 0xFFFF))


def command_to_words(session: int, number: int, command: Command) -> list[int]:
    head = struct.pack(">IIQH", session, number, command.command_id, command.code)
    body = head + _widened(COMMAND_FIELDS[command.code], command.values)
    return _sealed(body.ljust(2 * (COMMAND_WORDS - 2), b"\0"))


def slot_of(event_seq: int) -> int:
    return (event_seq - 1) % SLOTS


def event_from_words(words: Words, epoch: int) -> InserterEvent | None:
    """The event in one FIFO slot, or None when there is none or it makes no sense."""
    raw = _checked(words, SLOT_WORDS)
    if raw is None:
        return None
    event_seq, code, device_us = struct.unpack_from(">IHQ", raw)
    fields = event_layout(code)
    if fields is None:
        return None
    wide = struct.Struct(_wide_format(fields))
    values = wide.unpack_from(raw, 14)
    try:
        narrow = struct.pack("<BIQ", code, event_seq, device_us) + fields.pack(*values)
    except struct.error:
        return None
    return event_from_bytes(narrow, epoch)


def _wide_format(fields: struct.Struct) -> str:
    """The same fields as registers: big-endian, bytes widened to words."""
    return ">" + fields.format.lstrip("<").replace("B", "H")


def _widened(fields: struct.Struct, values: Sequence[int]) -> bytes:
    return struct.pack(_wide_format(fields), *values)


def _sealed(body: bytes) -> list[int]:
    raw = body + struct.pack(">I", crc32c(body))
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


def _checked(words: Words, count: int) -> bytes | None:
    if len(words) != count or any(not 0 <= word <= 0xFFFF for word in words):
        return None
    raw = struct.pack(f">{count}H", *words)
    body, (crc,) = raw[:-4], struct.unpack(">I", raw[-4:])
    return body if crc == crc32c(body) else None
