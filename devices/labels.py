"""Tray labels on a ZPL II printer (port 9100), with its ``~HS`` host status. Codec pure.

``~HS`` is answered by three strings STX … ETX CR LF. Some printers answer nothing at all when media is out or the head is open, so silence is a
finding ("does not answer: look at the printer"), never taken for ready.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

from devices.errors import LinkError, LinkTimeout, ProtocolError

PORT = 9100
_DOTS_PER_MM = 8
_FORBIDDEN = str.maketrans({"^": " ", "~": " ", "\\": " "})


@dataclass(frozen=True, slots=True)
class LabelPrinterStatus:
    """The fields of ``~HS`` an operator can do something about."""

    paper_out: bool
    paused: bool
    buffer_full: bool
    head_open: bool
    ribbon_out: bool
    formats_waiting: int
    labels_remaining: int

    @property
    def ready(self) -> bool:
        return not (self.paper_out or self.paused or self.buffer_full or self.head_open or self.ribbon_out)


def parse_host_status(data: bytes) -> LabelPrinterStatus | None:
    """The status in the three strings of ``~HS`` (ZPL II Programming Guide, ~HS); None when they are not complete or not well formed."""
    strings = []
    for part in data.split(b"\x02")[1:]:
        body, etx, _ = part.partition(b"\x03")
        if not etx:
            return None
        strings.append(body.decode("ascii", "replace").split(","))
    if len(strings) < 3 or len(strings[0]) < 12 or len(strings[1]) < 11:
        return None
    first, second = strings[0], strings[1]
    flags = (first[1], first[2], first[5], second[2], second[3])
    numbers = (first[4], second[8])
    if any(flag not in ("0", "1") for flag in flags) or not all(
        number.isascii() and number.isdigit() for number in numbers
    ):
        return None
    paper_out, paused, buffer_full, head_open, ribbon_out = (flag == "1" for flag in flags)
    return LabelPrinterStatus(paper_out, paused, buffer_full, head_open, ribbon_out, int(numbers[0]), int(numbers[1]))


def tray_label(tray: str, lines: tuple[str, ...], width_mm: int = 100, height_mm: int = 60) -> bytes:
    """A label with the tray number as Code 128 and in large type, and up to four lines of text. Text is UTF-8 (``^CI28``); control letters are blanked."""
    if not tray.isascii() or not tray.isalnum():
        raise ValueError(f"tray number {tray!r} must be letters and digits")
    zpl = [f"^XA^CI28^PW{width_mm * _DOTS_PER_MM}^LL{height_mm * _DOTS_PER_MM}"]
    zpl.append(f"^FO40,40^BY3^BCN,140,N,N,N^FD{tray}^FS^FO40,200^A0N,70,70^FD{tray}^FS")
    for index, line in enumerate(lines[:4]):
        text = "".join(letter for letter in line.translate(_FORBIDDEN) if letter.isprintable())
        zpl.append(f"^FO40,{285 + 42 * index}^A0N,36,36^FD{text[:60]}^FS")
    zpl.append("^XZ")
    return "".join(zpl).encode()


class LabelPrinter:
    """One ZPL printer."""

    def __init__(self, host: str, port: int = PORT, timeout_s: float = 2.0) -> None:
        self._address = (host, port)
        self._timeout_s = timeout_s

    def status(self) -> LabelPrinterStatus:
        """Ask ``~HS``.

        Raises:
            LinkError: not reachable. LinkTimeout: it takes the question but says nothing: media out or head open on some models.
        """
        deadline = time.monotonic() + self._timeout_s
        data = b""
        try:
            with socket.create_connection(self._address, timeout=self._timeout_s) as connection:
                connection.sendall(b"~HS\r\n")
                while len(data) < 1024 and (left := deadline - time.monotonic()) > 0:
                    connection.settimeout(left)
                    more = connection.recv(1024)
                    if not more:
                        break
                    data += more
                    status = parse_host_status(data)
                    if status is not None:
                        return status
        except TimeoutError:
            pass
        except OSError as problem:
            raise LinkError(
                f"label printer {self._address[0]}:{self._address[1]} is not reachable ({problem})"
            ) from problem
        if not data:
            raise LinkTimeout(f"label printer {self._address[0]} says nothing: is the head open or the roll empty?")
        raise ProtocolError(f"label printer {self._address[0]} answers {data[:60]!r}, which is no host status")

    def print_label(self, label: bytes) -> LabelPrinterStatus:
        """Print when the printer is ready, and return its status after. A label sent is not a label printed: scan it.

        Raises:
            ProtocolError: not ready; nothing was sent.
        """
        before = self.status()
        if not before.ready:
            raise ProtocolError(f"label printer {self._address[0]} is not ready ({before}); nothing was sent")
        try:
            with socket.create_connection(self._address, timeout=self._timeout_s) as connection:
                connection.sendall(label)
        except OSError as problem:
            raise LinkTimeout(
                f"label printer {self._address[0]} broke off ({problem}); the label may have been printed"
            ) from problem
        return self.status()
