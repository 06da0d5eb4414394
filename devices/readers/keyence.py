"""Keyence SR series: ``LON CR`` starts reading, ``LOFF CR`` ends it; answers ``OK,LON`` / ``ER,LON,ee``; then the code, or ``ERROR``. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

NO_READ = "ERROR"
_OK = re.compile(rb"OK,([A-Z0-9]{1,16})(?:,(.*))?")
_ERROR = re.compile(rb"ER,([A-Z0-9]{1,16}),([0-9]{2})")


@dataclass(frozen=True, slots=True)
class KeyenceReply:
    """``error`` 0: done."""

    command: str
    error: int
    data: str = ""


def encode_command(command: str) -> bytes:
    """A command with CR.

    Raises:
        ValueError: it is not printable ASCII.
    """
    if not command.isascii() or not command.isprintable():
        raise ValueError(f"not a reader command: {command!r}")
    return command.encode() + b"\r"


def parse_reply(line: bytes) -> KeyenceReply | None:
    """The reply in a line without CR; None when it is a code (or ``ERROR``)."""
    if found := _OK.fullmatch(line):
        return KeyenceReply(found[1].decode(), 0, (found[2] or b"").decode("utf-8", "replace"))
    if found := _ERROR.fullmatch(line):
        return KeyenceReply(found[1].decode(), int(found[2]))
    return None
