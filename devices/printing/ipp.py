"""A small IPP client (RFC 8010 encoding, RFC 8011 operations), for asking a printer itself what it has.

CUPS shows the printer's state up to 8 s late and forgets jobs with its own crash; pycups can only talk to a CUPS server. Encoding and decoding
are pure; ``Printer`` is the thin HTTP shell.
"""

from __future__ import annotations

import http.client
import itertools
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import urlsplit

from devices.errors import LinkError, ProtocolError
from devices.printing.notices import JobState

Value = int | bool | str | bytes | tuple[int, int]
Attributes = dict[str, list[Value]]

_DELIMITERS = range(0x10)
_JOB_GROUP, _END, _PRINTER_GROUP, _OPERATION_GROUP = 0x02, 0x03, 0x04, 0x01
_INTEGERS = {0x21, 0x23}
_BOOLEAN = 0x22
_RANGE = 0x33
_COLLECTION_BEGIN, _COLLECTION_END, _MEMBER_NAME = 0x34, 0x37, 0x4A
_TEXT_TAGS = {0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49}
_LANGUAGE_TAGS = {0x35, 0x36}


class Operation(IntEnum):
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B
    CANCEL_JOB = 0x0008


@dataclass(frozen=True, slots=True)
class Response:
    """``groups``: (group tag, attributes) in order; several job groups in an answer to Get-Jobs."""

    status: int
    request_id: int
    groups: list[tuple[int, Attributes]] = field(default_factory=list)

    def all_of(self, group: int) -> list[Attributes]:
        return [attributes for tag, attributes in self.groups if tag == group]


def encode_request(
    operation: Operation, request_id: int, printer_uri: str, attributes: list[tuple[int, str, Value | list[str]]]
) -> bytes:
    """An IPP/1.1 request with the operation attributes RFC 8011 §4.1.4–5 demands first, then ``attributes`` as (tag, name, value)."""
    out = bytearray(struct.pack(">BBHI", 1, 1, operation, request_id))
    out.append(_OPERATION_GROUP)
    leading: list[tuple[int, str, Value | list[str]]] = [
        (0x47, "attributes-charset", "utf-8"),
        (0x48, "attributes-natural-language", "en"),
        (0x45, "printer-uri", printer_uri),
    ]
    for tag, name, value in leading + attributes:
        values = value if isinstance(value, list) else [value]
        for index, single in enumerate(values):
            raw_name = name.encode() if index == 0 else b""
            raw = struct.pack(">i", single) if isinstance(single, int) else str(single).encode()
            out += struct.pack(">BH", tag, len(raw_name)) + raw_name + struct.pack(">H", len(raw)) + raw
    out.append(_END)
    return bytes(out)


def decode_response(data: bytes) -> Response:
    """Read an IPP response.

    Raises:
        ProtocolError: the bytes are not one; nothing beyond their end is ever read.
    """
    try:
        _major, _minor, status, request_id = struct.unpack_from(">BBHI", data)
        return Response(status, request_id, _groups(data, 8))
    except (struct.error, IndexError, UnicodeDecodeError) as problem:
        raise ProtocolError(f"the printer's answer is not IPP ({problem})") from problem


def _groups(data: bytes, at: int) -> list[tuple[int, Attributes]]:
    groups: list[tuple[int, Attributes]] = []
    name, depth = "", 0
    while data[at] != _END:
        tag = data[at]
        at += 1
        if tag in _DELIMITERS:
            groups.append((tag, {}))
            continue
        if not groups:
            raise ProtocolError("the printer's answer has an attribute before any group")
        raw_name, at = _chunk(data, at)
        raw, at = _chunk(data, at)
        if tag == _COLLECTION_BEGIN:
            depth += 1
        elif tag == _COLLECTION_END:
            depth -= 1
        elif depth == 0:
            name = raw_name.decode() or name
            groups[-1][1].setdefault(name, []).append(_value(tag, raw))
    return groups


def _chunk(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", data, at)
    end = at + 2 + length
    if end > len(data):
        raise ProtocolError("the printer's answer ends in the middle of an attribute")
    return data[at + 2 : end], end


def _value(tag: int, raw: bytes) -> Value:
    if tag in _INTEGERS:
        (number,) = struct.unpack(">i", raw)
        return int(number)
    if tag == _BOOLEAN:
        return raw != b"\0"
    if tag == _RANGE:
        low, high = struct.unpack(">ii", raw)
        return (low, high)
    if tag in _TEXT_TAGS:
        return raw.decode("utf-8", "replace")
    if tag in _LANGUAGE_TAGS:
        (length,) = struct.unpack_from(">H", raw)
        return raw[4 + length :].decode("utf-8", "replace")
    return raw


@dataclass(frozen=True, slots=True)
class PrinterJob:
    """What the printer itself says of one job; ``impressions`` -1: it does not count."""

    job_id: int
    title: str
    state: JobState
    impressions: int
    incomplete: bool = False
    """Its document has not arrived whole (``job-data-insufficient``, ``job-incoming``): RFC 8011 §5.3.8."""


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """RFC 8011 §5.4.11–12: state 3 idle, 4 processing, 5 stopped."""

    state: int
    reasons: tuple[str, ...]
    message: str
    accepting: bool
    up_s: int = 0
    """Seconds since the printer started (printer-up-time), 0 if it does not say."""


class Printer:
    """One IPP printer, asked directly. Each question is one HTTP request with its own deadline; not for use by two threads at once."""

    def __init__(self, uri: str, timeout_s: float = 3.0) -> None:
        parts = urlsplit(uri)
        if parts.scheme != "ipp" or not parts.hostname:
            raise ProtocolError(f"{uri} is not an ipp:// address")
        self.uri = uri
        self._host, self._port = parts.hostname, parts.port or 631
        self._path = parts.path or "/ipp/print"
        self._timeout_s = timeout_s
        self._ids = itertools.count(1)

    def status(self) -> PrinterStatus:
        wanted = [
            "printer-state",
            "printer-state-reasons",
            "printer-state-message",
            "printer-is-accepting-jobs",
            "printer-up-time",
        ]
        response = self._ask(Operation.GET_PRINTER_ATTRIBUTES, [(0x44, "requested-attributes", list(wanted))])
        for attributes in response.all_of(_PRINTER_GROUP):
            reasons = tuple(str(reason) for reason in attributes.get("printer-state-reasons", []) if reason != "none")
            message = str(attributes.get("printer-state-message", [""])[0])
            accepting = bool(attributes.get("printer-is-accepting-jobs", [True])[0])
            return PrinterStatus(
                _integer(attributes, "printer-state", 5),
                reasons,
                message,
                accepting,
                _integer(attributes, "printer-up-time", 0),
            )
        raise ProtocolError(f"{self.uri} told nothing about itself")

    def jobs(self) -> list[PrinterJob]:
        """All jobs the printer still knows, finished ones too. Printers forget finished jobs after a while (60 s is common)."""
        found: dict[int, PrinterJob] = {}
        for which in (
            "completed",
            "not-completed",
        ):  # in this order: a job that ends between the two questions is not missed twice
            wanted = ["job-id", "job-name", "job-state", "job-state-reasons", "job-impressions-completed"]
            asked: list[tuple[int, str, Value | list[str]]] = [
                (0x42, "requesting-user-name", "letterline"),
                (0x44, "which-jobs", which),
                (0x44, "requested-attributes", list(wanted)),
            ]
            for attributes in self._ask(Operation.GET_JOBS, asked).all_of(_JOB_GROUP):
                job_id, state = _integer(attributes, "job-id", 0), _integer(attributes, "job-state", 0)
                if job_id > 0 and state in JobState.__members__.values():
                    found[job_id] = _printer_job(job_id, JobState(state), attributes)
        return list(found.values())

    def cancel(self, job_id: int) -> None:
        """Cancel a job at the printer.

        Raises:
            ProtocolError: it refuses, for one because the job is over.
        """
        self._ask(Operation.CANCEL_JOB, [(0x21, "job-id", job_id), (0x42, "requesting-user-name", "letterline")])

    def _ask(self, operation: Operation, attributes: list[tuple[int, str, Value | list[str]]]) -> Response:
        request_id = next(self._ids)
        body = encode_request(operation, request_id, self.uri, attributes)
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/ipp"})
            answer = connection.getresponse()
            data = answer.read(4_000_000)
        except (OSError, http.client.HTTPException) as problem:
            raise LinkError(
                f"printer {self.uri} does not answer ({problem}); check that it is on and on the network"
            ) from problem
        finally:
            connection.close()
        if answer.status != 200:
            raise ProtocolError(f"printer {self.uri} answers HTTP {answer.status}")
        response = decode_response(data)
        if response.request_id != request_id:
            raise ProtocolError(f"printer {self.uri} answers another question")
        if response.status >= 0x0400 and response.status != 0x0406:  # not-found: no such jobs
            raise ProtocolError(f"printer {self.uri} refuses {operation.name} with IPP status {response.status:#06x}")
        return response


def _printer_job(job_id: int, state: JobState, attributes: Attributes) -> PrinterJob:
    title = str(attributes.get("job-name", [""])[0])
    reasons = set(attributes.get("job-state-reasons", []))
    incomplete = state in (JobState.PENDING, JobState.HELD) and bool(
        reasons & {"job-data-insufficient", "job-incoming"}
    )
    return PrinterJob(job_id, title, state, _integer(attributes, "job-impressions-completed", -1), incomplete)


def _integer(attributes: Attributes, name: str, default: int) -> int:
    value = attributes.get(name, [default])[0]
    return value if isinstance(value, int) else default
