"""IPP messages: encoding and decoding. Pure; knows no printer. Source: RFC 8010 (encoding) and RFC 8011 (model)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum


class Tag(IntEnum):
    """Delimiter and value tags of RFC 8010, section 3.5."""

    OPERATION = 0x01
    JOB = 0x02
    END = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05
    NO_VALUE = 0x13
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTETS = 0x30
    DATE = 0x31
    RESOLUTION = 0x32
    RANGE = 0x33
    COLLECTION = 0x34
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    LANGUAGE = 0x48
    MIME = 0x49
    MEMBER = 0x4A


class Operation(IntEnum):
    """Operations of RFC 8011, section 4.4.15."""

    PRINT_JOB = 0x02
    VALIDATE_JOB = 0x04
    CREATE_JOB = 0x05
    SEND_DOCUMENT = 0x06
    CANCEL_JOB = 0x08
    GET_JOB_ATTRIBUTES = 0x09
    GET_JOBS = 0x0A
    GET_PRINTER_ATTRIBUTES = 0x0B


class Status(IntEnum):
    """Status codes of RFC 8011, appendix B."""

    OK = 0x0000
    OK_IGNORED = 0x0001
    BAD_REQUEST = 0x0400
    NOT_POSSIBLE = 0x0404
    NOT_FOUND = 0x0406
    TOO_LARGE = 0x0408
    FORMAT_NOT_SUPPORTED = 0x040A
    ATTRIBUTES_NOT_SUPPORTED = 0x040B
    CHARSET_NOT_SUPPORTED = 0x040D
    OPERATION_NOT_SUPPORTED = 0x0501
    VERSION_NOT_SUPPORTED = 0x0503
    NOT_ACCEPTING = 0x0506


Scalar = int | bool | str | bytes | tuple[int, ...]
Value = Scalar | dict[str, "Attribute"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: the tag of its values and the values themselves."""

    tag: int
    values: tuple[Value, ...]

    @property
    def first(self) -> Value:
        return self.values[0]


Attributes = dict[str, Attribute]


@dataclass(slots=True)
class Message:
    """A request (``code`` is the operation) or a response (``code`` is the status)."""

    version: tuple[int, int]
    code: int
    request_id: int
    groups: list[tuple[int, Attributes]] = field(default_factory=list)

    def group(self, tag: int) -> Attributes:
        """Return the first group of this kind, empty when there is none."""
        return next((attributes for kind, attributes in self.groups if kind == tag), {})

    def text(self, name: str, tag: int = Tag.OPERATION) -> str | None:
        """Return the first value of a textual attribute, or None."""
        attribute = self.group(tag).get(name)
        return attribute.first if attribute is not None and isinstance(attribute.first, str) else None

    def integer(self, name: str, tag: int = Tag.OPERATION) -> int | None:
        """Return the first value of an integer attribute, or None."""
        attribute = self.group(tag).get(name)
        return attribute.first if attribute is not None and isinstance(attribute.first, int) else None


class MalformedMessage(ValueError):
    """The bytes are not an IPP message."""


def _scalar(tag: int, raw: bytes) -> Scalar:
    if tag in (Tag.INTEGER, Tag.ENUM) and len(raw) == 4:
        return int.from_bytes(raw, "big", signed=True)
    if tag == Tag.BOOLEAN and len(raw) == 1:
        return raw[0] != 0
    if tag == Tag.RANGE and len(raw) == 8:
        return struct.unpack(">ii", raw)
    if tag == Tag.RESOLUTION and len(raw) == 9:
        return struct.unpack(">iib", raw)
    if 0x41 <= tag <= 0x49:
        return raw.decode("utf-8", "replace")
    return raw


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 8

    def field(self) -> bytes:
        (size,) = struct.unpack_from(">H", self.data, self.at)
        start = self.at + 2
        if start + size > len(self.data):
            raise MalformedMessage("a field runs past the end of the message")
        self.at = start + size
        return self.data[start : self.at]

    def collection(self, depth: int = 0) -> dict[str, Attribute]:
        if depth > 8:
            raise MalformedMessage("collections nested deeper than eight")
        members: dict[str, Attribute] = {}
        name = ""
        while True:
            tag = self.data[self.at]
            self.at += 1
            self.field()
            raw = self.field()
            if tag == Tag.END_COLLECTION:
                return members
            if tag == Tag.MEMBER:
                name = raw.decode("utf-8", "replace")
                continue
            value: Value = self.collection(depth + 1) if tag == Tag.COLLECTION else _scalar(tag, raw)
            known = members.get(name)
            members[name] = Attribute(tag, (*known.values, value) if known else (value,))


def decode(data: bytes) -> tuple[Message, int]:
    """Return the message at the head of ``data`` and where its document begins.

    Raises:
        MalformedMessage: the bytes do not follow RFC 8010.
    """
    try:
        major, minor, code, request_id = struct.unpack_from(">BBHI", data)
        message = Message((major, minor), code, request_id)
        reader = _Reader(data)
        attributes: Attributes = {}
        name = ""
        while True:
            tag = data[reader.at]
            reader.at += 1
            if tag == Tag.END:
                return message, reader.at
            if tag < 0x10:
                attributes = {}
                message.groups.append((tag, attributes))
                continue
            key, raw = reader.field(), reader.field()
            value: Value = reader.collection() if tag == Tag.COLLECTION else _scalar(tag, raw)
            if key:
                name = key.decode("utf-8", "replace")
                attributes[name] = Attribute(tag, (value,))
            elif name in attributes:
                attributes[name] = Attribute(attributes[name].tag, (*attributes[name].values, value))
            else:
                raise MalformedMessage("a value without a name")
    except (struct.error, IndexError) as problem:
        raise MalformedMessage("the message ends too early") from problem


def _pack_scalar(tag: int, value: Value) -> bytes:
    if isinstance(value, bool):
        return bytes([value])
    if isinstance(value, int):
        return struct.pack(">i", value)
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, tuple):
        return struct.pack(">iib" if tag == Tag.RESOLUTION else ">ii", *value)
    assert isinstance(value, bytes)
    return value


def _entry(tag: int, name: bytes, raw: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(raw)) + raw


def _pack_value(tag: int, name: bytes, value: Value) -> bytes:
    if not isinstance(value, dict):
        return _entry(tag, name, _pack_scalar(tag, value))
    out = [_entry(Tag.COLLECTION, name, b"")]
    for member, attribute in value.items():
        out.append(_entry(Tag.MEMBER, b"", member.encode()))
        out += [_pack_value(attribute.tag, b"", one) for one in attribute.values]
    return b"".join([*out, _entry(Tag.END_COLLECTION, b"", b"")])


def encode(message: Message) -> bytes:
    """Return the bytes of ``message``."""
    out = [struct.pack(">BBHI", *message.version, message.code, message.request_id)]
    for tag, attributes in message.groups:
        out.append(bytes([tag]))
        for name, attribute in attributes.items():
            for place, value in enumerate(attribute.values):
                out.append(_pack_value(attribute.tag, b"" if place else name.encode(), value))
    return b"".join([*out, bytes([Tag.END])])
