"""The exit interface of the 420/438T inserter family: one ASCII record of 13 characters for each package, RS-232, 19200 baud, 7E2 (one variant 8N1).

``s1 s2 s3`` three octal digits of station bits, page count, stop bits, a flags digit, ``1nnnn`` group number, a rolling sequence digit, CR. No checksum; only the variant
"Tampa 1" acknowledges (``0``) and repeats a record once after 250 ms. So a missed record is found by the sequence digit alone, and ten missed in a
row are not found at all: use it to confirm what cameras saw, never to release. Codec pure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from devices.errors import LinkError
from devices.link import LineSettings, Link
from devices.readers.splitting import LineSplitter

SETTINGS = LineSettings(baud=19200, bytesize=7, parity="E", stopbits=2)
RECORD_LENGTH = 12
ACK = b"0"
_SORT_MARK, _DIVERT, _VALID = 1, 2, 4
_REPEAT_WITHIN_S = 0.6
"""Tampa 1: a record repeated within 250 ms of a missing acknowledgement, with some slack for the line."""


@dataclass(frozen=True, slots=True)
class PackageRecord:
    """One package that left. ``stations``: which stations fed, 1 to 9. ``suspect``: diverted and not valid, "may contain an error"."""

    stations: frozenset[int]
    pages: int
    stops: int
    sort_mark: bool
    diverted: bool
    valid: bool
    group: int
    sequence: int

    @property
    def suspect(self) -> bool:
        return self.diverted or not self.valid


def parse_record(line: bytes) -> PackageRecord | None:
    """The record in 12 characters without CR, or None when it is none."""
    if len(line) != RECORD_LENGTH or not line.isdigit():
        return None
    text = line.decode("ascii")
    if any(digit > "7" for digit in text[:3] + text[5]) or text[6] != "1":
        return None
    stations = frozenset(1 + 3 * place + bit for place in range(3) for bit in range(3) if int(text[place]) & (1 << bit))
    flags = int(text[5])
    return PackageRecord(
        stations,
        int(text[3]),
        int(text[4]),
        bool(flags & _SORT_MARK),
        bool(flags & _DIVERT),
        bool(flags & _VALID),
        int(text[7:11]),
        int(text[11]),
    )


def encode_record(record: PackageRecord) -> bytes:
    """The record as it goes on the wire, with CR; for tests and simulators of such machines."""
    digits = [sum(1 << bit for bit in range(3) if 1 + 3 * place + bit in record.stations) for place in range(3)]
    flags = record.sort_mark * _SORT_MARK + record.diverted * _DIVERT + record.valid * _VALID
    return f"{digits[0]}{digits[1]}{digits[2]}{record.pages}{record.stops}{flags}1{record.group:04d}{record.sequence}\r".encode()


@dataclass(frozen=True, slots=True)
class RecordsMissed:
    """At least ``count`` records did not arrive (the sequence is one digit, so it may be 10 more)."""

    count: int


@dataclass(frozen=True, slots=True)
class RecordGarbled:
    line: bytes


@dataclass(frozen=True, slots=True)
class ExitLost:
    detail: str


LegacyNotice = PackageRecord | RecordsMissed | RecordGarbled | ExitLost


class RecordStream:
    """Bytes in, notices out. Pure: the time of arrival is given.

    A garbled record counts as missed when its successor shows a gap. A record equal to the last one within the repeat time is a repetition and is told once.
    """

    def __init__(self, acknowledges: bool = False) -> None:
        self._splitter = LineSplitter(b"\r", limit=64)
        self._acknowledges = acknowledges
        self._last: PackageRecord | None = None
        self._last_s = -1e9
        self.to_send = b""

    def feed(self, data: bytes, now_s: float) -> list[LegacyNotice]:
        notices: list[LegacyNotice] = []
        for line in self._splitter.feed(data):
            record = parse_record(line.lstrip(b"\n"))
            if record is None:
                notices.append(RecordGarbled(line))
                continue
            if self._acknowledges:
                self.to_send += ACK
            if self._acknowledges and record == self._last and now_s - self._last_s < _REPEAT_WITHIN_S:
                continue
            if self._last is not None:
                missed = (record.sequence - self._last.sequence - 1) % 10
                if missed:
                    notices.append(RecordsMissed(missed))
            self._last, self._last_s = record, now_s
            notices.append(record)
        return notices


class ExitInterface:
    """Listens to one such machine; ``sink`` is called on its thread."""

    def __init__(
        self,
        url: str,
        sink: Callable[[LegacyNotice], None],
        acknowledges: bool = False,
        settings: LineSettings = SETTINGS,
    ) -> None:
        self._link = Link(url, settings)
        self._sink = sink
        self._acknowledges = acknowledges
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="exit-interface", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(2.0)
        self._link.close()

    def _listen(self) -> None:
        lost_told = False
        while not self._stop.is_set():
            try:
                self._link.open()
                lost_told = False
                stream = RecordStream(self._acknowledges)
                while not self._stop.is_set():
                    for notice in stream.feed(self._link.read(0.05), time.monotonic()):
                        self._sink(notice)
                    if stream.to_send:
                        self._link.write(stream.to_send)
                        stream.to_send = b""
            except LinkError as problem:
                self._link.close()
                if not lost_told:
                    lost_told = True
                    self._sink(ExitLost(str(problem)))
                self._stop.wait(0.2)
