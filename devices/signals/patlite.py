"""Patlite signal towers over TCP (port 10000): the PNS and PHN commands. Codec pure.

PNS "operation control": ``58 58 53 00 00 06`` then red, amber, green, blue, white (0 off, 1 on, 2.. blinking patterns) and the buzzer; answered 06 or 15.
PHN: ``W`` and one byte of bits; answered ``ACK`` or ``NAK``.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from enum import IntEnum

from devices.errors import LinkError, LinkTimeout, ProtocolError

PORT = 10000
_PNS_CONTROL = bytes.fromhex("585853000006")
_ACK, _NAK = 0x06, 0x15


class Light(IntEnum):
    OFF = 0
    ON = 1
    BLINK = 2


@dataclass(frozen=True, slots=True)
class Tower:
    """What a tower shows. ``buzzer``: 0 quiet, else the pattern number."""

    red: Light = Light.OFF
    amber: Light = Light.OFF
    green: Light = Light.OFF
    blue: Light = Light.OFF
    white: Light = Light.OFF
    buzzer: int = 0


def encode_pns(tower: Tower) -> bytes:
    if not 0 <= tower.buzzer <= 255:
        raise ValueError(f"buzzer pattern {tower.buzzer}")
    return _PNS_CONTROL + bytes([tower.red, tower.amber, tower.green, tower.blue, tower.white, tower.buzzer])


def encode_phn(red: bool, amber: bool, green: bool, short_buzzer: bool = False, long_buzzer: bool = False) -> bytes:
    """PHN bits: 0 red, 1 amber, 2 green, 3 buzzer short, 4 buzzer long."""
    bits = (red, amber, green, short_buzzer, long_buzzer)
    return b"W" + bytes([sum(1 << place for place, on in enumerate(bits) if on)])


def parse_answer(data: bytes) -> bool | None:
    """True taken, False refused, None: not an answer."""
    if data[:1] == bytes([_ACK]) or data.startswith(b"ACK"):
        return True
    if data[:1] == bytes([_NAK]) or data.startswith(b"NAK"):
        return False
    return None


class PatliteTower:
    """One tower; a connection for each command, so a tower that was switched off and on needs no care."""

    def __init__(self, host: str, port: int = PORT, timeout_s: float = 1.0) -> None:
        self._address = (host, port)
        self._timeout_s = timeout_s

    def show(self, tower: Tower) -> None:
        """Show exactly this. Saying it again changes nothing.

        Raises:
            LinkError: not reachable. LinkTimeout: no answer; it may show it. ProtocolError: refused.
        """
        try:
            with socket.create_connection(self._address, timeout=self._timeout_s) as connection:
                connection.sendall(encode_pns(tower))
                answer = connection.recv(16)
        except TimeoutError as problem:
            raise LinkTimeout(f"signal tower {self._address[0]} did not answer") from problem
        except OSError as problem:
            raise LinkError(
                f"signal tower {self._address[0]}:{self._address[1]} is not reachable ({problem})"
            ) from problem
        if parse_answer(answer) is not True:
            raise ProtocolError(f"signal tower {self._address[0]} answered {answer.hex() or 'nothing'}")
