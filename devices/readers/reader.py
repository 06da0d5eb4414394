"""A barcode reader on a serial line or socket: one thread that listens, opens the port again when it is lost, and tells what was read."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from devices.errors import LinkError, LinkTimeout, ProtocolError
from devices.link import DEFAULT_SETTINGS, LineSettings, Link
from devices.readers import dmcc, keyence
from devices.readers.splitting import AnyEndSplitter, LineSplitter


class Dialect(StrEnum):
    DMCC = "dmcc"
    KEYENCE = "keyence"
    STX_ETX = "stx-etx"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class CodeRead:
    device: str
    text: str
    received_ns: int


@dataclass(frozen=True, slots=True)
class NoRead:
    """The reader looked and found no code."""

    device: str
    received_ns: int


@dataclass(frozen=True, slots=True)
class ReaderLost:
    device: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReaderUp:
    device: str


ReaderNotice = CodeRead | NoRead | ReaderLost | ReaderUp


class _Splitter(Protocol):
    def feed(self, data: bytes) -> list[bytes]: ...
    def clear(self) -> None: ...


def splitter_for(dialect: Dialect) -> LineSplitter | AnyEndSplitter:
    match dialect:
        case Dialect.DMCC:
            return LineSplitter(b"\r\n")
        case Dialect.KEYENCE:
            return LineSplitter(b"\r")
        case Dialect.STX_ETX:
            return LineSplitter(b"\x03", b"\x02")
        case Dialect.LINES:
            return AnyEndSplitter()


class BarcodeReader:
    """One reader. ``sink`` is called on the reader's thread.

    ``trigger`` starts a read, ``release`` ends it (DMCC and Keyence); both are idempotent: on is on.
    """

    def __init__(
        self,
        url: str,
        dialect: Dialect,
        sink: Callable[[ReaderNotice], None],
        name: str = "reader",
        settings: LineSettings = DEFAULT_SETTINGS,
    ) -> None:
        self.name = name
        self._link = Link(url, settings)
        self._dialect = dialect
        self._sink = sink
        self._splitter: _Splitter = splitter_for(dialect)
        self._ids = itertools.count(1)
        self._answers: dict[str, dmcc.DmccReply | keyence.KeyenceReply] = {}
        self._answered = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"{name}-reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        self._link.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def trigger(self, timeout_s: float = 0.5) -> None:
        """Start reading.

        Raises:
            ProtocolError: the reader refuses, or its dialect has no triggers.
            LinkTimeout: no answer; it may be reading.
        """
        self._command("TRIGGER ON", "LON", timeout_s)

    def release(self, timeout_s: float = 0.5) -> None:
        self._command("TRIGGER OFF", "LOFF", timeout_s)

    def _command(self, for_dmcc: str, for_keyence: str, timeout_s: float) -> None:
        if self._dialect is Dialect.DMCC:
            command_id = next(self._ids)
            key, wire = str(command_id), dmcc.encode_command(for_dmcc, command_id)
        elif self._dialect is Dialect.KEYENCE:
            key, wire = for_keyence, keyence.encode_command(for_keyence)
        else:
            raise ProtocolError(f"reader {self.name} cannot be triggered by command; wire its trigger to the photo-eye")
        with self._answered:
            self._answers.pop(key, None)
            self._link.write(wire)
            if not self._answered.wait_for(lambda: key in self._answers, timeout_s):
                raise LinkTimeout(f"reader {self.name} did not answer within {timeout_s:.1f} s; it may be reading")
            reply = self._answers.pop(key)
        code = reply.status if isinstance(reply, dmcc.DmccReply) else reply.error
        if code not in (0, 1):
            raise ProtocolError(f"reader {self.name} refuses {wire!r} with {code}")

    def _listen(self) -> None:
        lost_told = False
        while not self._stop.is_set():
            try:
                self._link.open()
                self._splitter.clear()
                self._sink(ReaderUp(self.name))
                lost_told = False
                while not self._stop.is_set():
                    for message in self._splitter.feed(self._link.read(0.05)):
                        self._take(message)
            except LinkError as problem:
                self._link.close()
                if not lost_told:
                    lost_told = True
                    self._sink(ReaderLost(self.name, str(problem)))
                self._stop.wait(0.2)

    def _take(self, message: bytes) -> None:
        now_ns = time.monotonic_ns()
        reply: dmcc.DmccReply | keyence.KeyenceReply | None = None
        key = ""
        if self._dialect is Dialect.DMCC and message.startswith(b"||"):
            reply = dmcc.parse_reply(message)
            key = str(reply.command_id) if reply is not None else ""
        elif self._dialect is Dialect.KEYENCE:
            reply = keyence.parse_reply(message)
            key = reply.command if reply is not None else ""
        if key and reply is not None:
            with self._answered:
                self._answers[key] = reply
                self._answered.notify_all()
            if not (isinstance(reply, dmcc.DmccReply) and reply.status is dmcc.DmccStatus.READ_STRING and reply.data):
                return
            message = reply.data.encode()
        text = message.decode("utf-8", "replace").strip()
        if self._dialect is Dialect.KEYENCE and text == keyence.NO_READ:
            self._sink(NoRead(self.name, now_ns))
        elif text:
            self._sink(CodeRead(self.name, text, now_ns))
