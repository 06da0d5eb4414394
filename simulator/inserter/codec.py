"""Frames of the reference inserter interface: COBS and CRC-32C. Pure; knows no time, no link, no machine.

Source: docs/protocols/inserter.md, section 5 (frame) and sections 3 and 4 (payload layouts).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

VERSION = 1
PAYLOAD_BYTES_MAX = 480
_HEADER = struct.Struct("<BBHIIH")
_CRC = struct.Struct("<I")
# Header, payload and CRC, with one COBS code byte per 254 and the first one.
ENCODED_BYTES_MAX = _HEADER.size + PAYLOAD_BYTES_MAX + _CRC.size + 3


class FrameType(IntEnum):
    """Frame types of section 5."""

    HELLO = 1
    COMMAND = 2
    EVENT = 3
    ACK = 4
    BEAT = 5
    NAK = 6
    RESULT = 7


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; ``seq`` and ``ack`` mean what the table of section 5 says for its type."""

    type: int
    epoch: int
    seq: int = 0
    ack: int = 0
    payload: bytes = b""


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli, reflected, as in RFC 3720) of ``data``."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def cobs_encode(data: bytes) -> bytes:
    """Return ``data`` with its zero bytes stuffed away (COBS, Cheshire and Baker 1999), without the delimiter."""
    out = bytearray()
    for block in data.split(b"\0"):
        full = 0
        while len(block) >= 254:
            out.append(255)
            out += block[:254]
            block = block[254:]
            full = len(out)
        out.append(len(block) + 1)
        out += block
    if len(out) == full + 1 and full:
        del out[full]  # a last block of exactly 254 bytes needs no closing code byte
    return bytes(out)


def cobs_decode(data: bytes) -> bytes | None:
    """Return what was stuffed into ``data``, or None when it is not COBS."""
    out = bytearray()
    at = 0
    size = len(data)
    while at < size:
        code = data[at]
        if code == 0 or at + code > size:
            return None
        out += data[at + 1 : at + code]
        at += code
        if code < 255 and at < size:
            out.append(0)
    return bytes(out)


def encode_frame(frame: Frame) -> bytes:
    """Return the bytes of one frame with the closing zero.

    Raises:
        ValueError: the payload is longer than 480 bytes.
    """
    if len(frame.payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"payload of {len(frame.payload)} bytes; {PAYLOAD_BYTES_MAX} is the most a frame carries")
    head = _HEADER.pack(VERSION, frame.type, frame.epoch, frame.seq, frame.ack, len(frame.payload))
    body = head + frame.payload
    return cobs_encode(body + _CRC.pack(crc32c(body))) + b"\0"


def decode_frame(stuffed: bytes) -> Frame | None:
    """Return the frame between two zeros, or None: what fails COBS, length, version or CRC is dropped in silence."""
    if not stuffed or len(stuffed) > ENCODED_BYTES_MAX:
        return None
    data = cobs_decode(stuffed)
    if data is None or len(data) < _HEADER.size + _CRC.size:
        return None
    version, kind, epoch, seq, ack, length = _HEADER.unpack_from(data)
    if version != VERSION or length > PAYLOAD_BYTES_MAX or length != len(data) - _HEADER.size - _CRC.size:
        return None
    body, (crc,) = data[: -_CRC.size], _CRC.unpack_from(data, len(data) - _CRC.size)
    if crc32c(body) != crc:
        return None
    return Frame(kind, epoch, seq, ack, body[_HEADER.size :])


class Deframer:
    """Cuts a byte stream, split anywhere, into frames; its memory never exceeds one frame."""

    __slots__ = ("_buffer", "_overrun")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._overrun = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by ``data``."""
        frames = []
        *finished, rest = data.split(b"\0")
        for part in finished:
            whole = bytes(self._buffer) + part
            self._buffer.clear()
            frame = None if self._overrun else decode_frame(whole)
            self._overrun = False
            if frame is not None:
                frames.append(frame)
        if len(self._buffer) + len(rest) > ENCODED_BYTES_MAX:
            self._overrun = True
            self._buffer.clear()
        else:
            self._buffer += rest
        return frames
