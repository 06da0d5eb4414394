"""Scales that speak MT-SICS (Mettler-Toledo Standard Interface Command Set), level 0 and 1, over any serial URL.

The protocol has no checksum and no sequence numbers, so an answer counts only if its whole line fits the grammar, answers the command just said,
and lies within the scale's range. Codec above, thin shell below.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import TracebackType
from typing import Self

from devices.errors import LinkTimeout, ProtocolError
from devices.link import LineSettings, Link
from devices.readers.splitting import LineSplitter

_MG_PER = {"mg": Decimal(1), "g": Decimal(1000), "kg": Decimal(1_000_000)}
_WEIGHT = re.compile(rb"(S|SI|T|TA) +([SD]) +([+-]? *[0-9]{1,9}(?:\.[0-9]{1,6})?) +(mg|g|kg)")
_STATE = re.compile(rb"(S|SI|Z|ZI|T|TI|TA|TAC|@|I[0-9]) ?([I+\-LAD])")
_TEXT = re.compile(rb"(I[0-9]) ([AB])(?: (.*))?")
MAX_LINE = 128


class ScaleState(StrEnum):
    """Why there is no weight."""

    BUSY = "busy"
    """Command understood but not executable now (``I``)."""
    OVERLOAD = "overload"
    UNDERLOAD = "underload"
    SYNTAX = "syntax"
    """``ES``: the scale does not know the command, or a byte was lost."""
    TRANSMISSION = "transmission"
    LOGIC = "logic"


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight in whole milligrams. Not ``stable``: the pan is still moving, good for a display only."""

    mg: int
    stable: bool


@dataclass(frozen=True, slots=True)
class NoWeight:
    why: ScaleState


@dataclass(frozen=True, slots=True)
class Done:
    """Zero or tare was carried out."""


@dataclass(frozen=True, slots=True)
class Text:
    """An identification, or the greeting after a reset."""

    text: str


Reply = Weight | NoWeight | Done | Text

_ERRORS = {b"ES": ScaleState.SYNTAX, b"ET": ScaleState.TRANSMISSION, b"EL": ScaleState.LOGIC}
_REFUSALS = {b"I": ScaleState.BUSY, b"L": ScaleState.LOGIC, b"+": ScaleState.OVERLOAD, b"-": ScaleState.UNDERLOAD}


def parse_reply(line: bytes, command: str) -> Reply | None:
    """What a line without CR LF says in answer to ``command``; None when it does not answer it or is no MT-SICS at all."""
    if line in _ERRORS:
        return NoWeight(_ERRORS[line])
    weight = _WEIGHT.fullmatch(line.rstrip())
    if weight is not None:
        return _weight(*weight.groups()) if _answers(weight[1], command) else None
    state = _STATE.fullmatch(line.rstrip())
    if state is not None and _answers(state[1], command):
        if state[2] in _REFUSALS:
            return NoWeight(_REFUSALS[state[2]])
        return Done() if state[2] in (b"A", b"D") else None
    text = _TEXT.fullmatch(line.rstrip())
    if text is not None and (_answers(text[1], command) or (command == "@" and text[1] == b"I4")):
        return Text((text[3] or b"").decode("ascii", "replace").strip('"'))
    return None


def _answers(identifier: bytes, command: str) -> bool:
    """``SI`` and ``SIR`` are answered as ``S``, ``TI`` as ``TI`` or ``T``, the rest by their own name."""
    said = identifier.decode("ascii")
    return (
        said == command
        or (said == "S" and command in ("SI", "SIR"))
        or (said in ("T", "TI") and command in ("T", "TI"))
        or (said in ("Z", "ZI") and command in ("Z", "ZI"))
    )


def _weight(identifier: bytes, status: bytes, value: bytes, unit: bytes) -> Weight | None:
    try:
        mg = Decimal(value.replace(b" ", b"").decode()) * _MG_PER[unit.decode()]
    except (InvalidOperation, KeyError):
        return None
    return Weight(int(mg.to_integral_value()), status == b"S")


class Scale:
    """One scale.

    Args:
        url: any serial URL.
        max_mg: the scale's range; a weight beyond it is not believed.
    """

    def __init__(self, url: str, max_mg: int = 5_000_000, settings: LineSettings = LineSettings(baud=9600)) -> None:  # noqa: B008
        self._link = Link(url, settings)
        self._max_mg = max_mg
        self._splitter = LineSplitter(end=b"\r\n", limit=MAX_LINE)

    def open(self) -> None:
        self._link.open()

    def close(self) -> None:
        self._link.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def weigh(self, timeout_s: float = 3.0) -> Weight | NoWeight:
        """Wait for a stable weight (command ``S``)."""
        return self._weight_of("S", timeout_s)

    def weigh_now(self, timeout_s: float = 0.5) -> Weight | NoWeight:
        """The weight at once, stable or not (command ``SI``)."""
        return self._weight_of("SI", timeout_s)

    def zero(self, timeout_s: float = 5.0) -> Done | NoWeight:
        """Zero the scale. Saying it twice changes nothing."""
        reply = self._ask("Z", timeout_s)
        return reply if isinstance(reply, NoWeight) else Done()

    def tare(self, timeout_s: float = 5.0) -> Done | NoWeight:
        """Take the present load as tare; answered with the tare weight."""
        reply = self._ask("T", timeout_s)
        return reply if isinstance(reply, NoWeight) else Done()

    def serial_number(self, timeout_s: float = 1.0) -> str:
        """The scale's serial number (``I4``), to know that it is the scale that was calibrated."""
        reply = self._ask("I4", timeout_s)
        if not isinstance(reply, Text):
            raise ProtocolError(f"scale {self._link.url} does not tell its serial number ({reply})")
        return reply.text

    def _weight_of(self, command: str, timeout_s: float) -> Weight | NoWeight:
        reply = self._ask(command, timeout_s)
        if isinstance(reply, Weight) and abs(reply.mg) > self._max_mg:
            raise ProtocolError(
                f"scale {self._link.url} says {reply.mg} mg, beyond its range of {self._max_mg} mg: check the cable"
            )
        if not isinstance(reply, Weight | NoWeight):
            raise ProtocolError(f"scale {self._link.url} answers a weighing with {reply}")
        return reply

    def _ask(self, command: str, timeout_s: float) -> Reply:
        while self._link.read(0.0):
            pass  # answers to what was asked before and came too late
        self._splitter.clear()
        self._link.write(command.encode() + b"\r\n")
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            for line in self._splitter.feed(self._link.read(min(left, 0.05))):
                reply = parse_reply(line, command)
                if reply is not None:
                    return reply
        raise LinkTimeout(
            f"scale {self._link.url} did not answer {command} within {timeout_s:.1f} s; nothing was changed unless it was Z or T"
        )
