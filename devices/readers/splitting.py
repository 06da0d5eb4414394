"""Cuts a byte stream into messages by their ends. Pure, bounded."""

from __future__ import annotations


class LineSplitter:
    """Messages between ``start`` (if any) and ``end``. What is longer than ``limit`` is thrown away up to the next end."""

    def __init__(self, end: bytes = b"\r\n", start: bytes = b"", limit: int = 512) -> None:
        self._end = end
        self._start = start
        self._limit = limit
        self._held = bytearray()
        self._too_long = False
        self.dropped = 0

    def clear(self) -> None:
        self._held.clear()
        self._too_long = False

    def feed(self, data: bytes) -> list[bytes]:
        found = []
        self._held += data
        while (at := self._held.find(self._end)) >= 0:
            message = bytes(self._held[:at])
            del self._held[: at + len(self._end)]
            whole = self._whole(message)
            if whole is None:
                self.dropped += 1
            else:
                found.append(whole)
        if len(self._held) > self._limit:
            keep = self._held[-(len(self._end) - 1) :] if len(self._end) > 1 else b""
            self._held = bytearray(keep)
            self._too_long = True
        return found

    def _whole(self, message: bytes) -> bytes | None:
        too_long, self._too_long = self._too_long, False
        if too_long or len(message) > self._limit:
            return None
        if self._start:
            at = message.rfind(self._start)
            return None if at < 0 else message[at + len(self._start) :]
        return message


class AnyEndSplitter:
    """Messages that end with CR, LF or both; empty ones are no messages. For scanners whose suffix nobody has written down."""

    def __init__(self, limit: int = 512) -> None:
        self._splitter = LineSplitter(b"\n", limit=limit)

    @property
    def dropped(self) -> int:
        return self._splitter.dropped

    def clear(self) -> None:
        self._splitter.clear()

    def feed(self, data: bytes) -> list[bytes]:
        return [message for message in self._splitter.feed(data.replace(b"\r", b"\n")) if message]
