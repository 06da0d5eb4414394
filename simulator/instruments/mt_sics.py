"""A scale that speaks MT-SICS levels 0 and 1. Pure: bytes in, bytes out; what lies on it is told to it.

Source: MT-SICS reference manual (Mettler-Toledo): commands end in CR LF, answers ``S S     11.00 g``; ``ES`` syntax, ``EL`` logic.
"""

from __future__ import annotations

LINE_BYTES_MAX = 128
CAPACITY_MG = 5_100_000
SERIAL_NUMBER = "SIMULATED-1"


class Scale:
    """What lies on the pan in mg, and whether it has settled."""

    def __init__(self) -> None:
        self.load_mg = 0
        self.stable = True
        self.ready = True
        self._zero_mg = 0
        self._tare_mg = 0
        self._text = bytearray()

    def put(self, load_mg: int, *, stable: bool = True) -> None:
        """Something is laid on the pan, or taken off."""
        self.load_mg = load_mg
        self.stable = stable

    def receive(self, data: bytes) -> bytes:
        """Take bytes, split anywhere, and return the answers of the commands completed by them."""
        self._text += data
        *lines, rest = bytes(self._text).split(b"\n")
        self._text = bytearray(rest[-LINE_BYTES_MAX:])
        return b"".join(self._answer(line.rstrip(b"\r")) + b"\r\n" for line in lines if line.strip())

    def _answer(self, line: bytes) -> bytes:
        match line:
            case b"S":
                return self._weight(b"S", b"S") if self.stable else b"S I"
            case b"SI":
                return self._weight(b"S", b"S" if self.stable else b"D")
            case b"Z":
                if not self.stable:
                    return b"Z I"
                self._zero_mg, self._tare_mg = self.load_mg, 0
                return b"Z A"
            case b"T":
                if not self.stable:
                    return b"T I"
                self._tare_mg = self.load_mg - self._zero_mg
                return self._weight(b"T", b"S")
            case b"@" | b"I4":
                return f'I4 A "{SERIAL_NUMBER}"'.encode()
            case b"I0":
                return b'I0 B 0 "I0"\r\nI0 B 0 "I4"\r\nI0 B 0 "S"\r\nI0 B 0 "SI"\r\nI0 B 0 "Z"\r\nI0 A 0 "@"'
        return b"ES"

    def _weight(self, identifier: bytes, status: bytes) -> bytes:
        if not self.ready:
            return identifier + b" I"
        net_mg = self.load_mg - self._zero_mg - (0 if identifier == b"T" else self._tare_mg)
        if net_mg > CAPACITY_MG:
            return identifier + b" +"
        if net_mg < -CAPACITY_MG:
            return identifier + b" -"
        return identifier + b" " + status + f" {net_mg / 1000:10.3f} g".encode()
