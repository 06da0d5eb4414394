"""The mail cage: which envelope really lies in which tray, by the postal number in its window. ``DIR/mail.jsonl``, one fact a line.

The number is read from the picture, as the post's own machine would; what cannot be read stays unread. The file outlives the simulated
line: the van comes when the belt has long stopped.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zxingcpp

from simulator.cameras.picture import envelope_scene
from simulator.paper import Envelope

FILE = "mail.jsonl"
UNREAD = ""
_FORMATS = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.Code128,))


@dataclass(frozen=True, slots=True)
class Mailed:
    """One envelope in a tray. ``item`` is what its window says, "" when it could not be read."""

    tray: int
    serial: int
    item: str


def read_item(envelope: Envelope) -> str:
    """Return the postal number in the window, "" when there is none that can be read."""
    for found in zxingcpp.read_barcodes(envelope_scene(envelope), formats=_FORMATS):
        if found.text:
            return str(found.text)
    return UNREAD


class MailCage:
    """Keeps ``folder/mail.jsonl``. `landed` and `taken_out` may be called from any thread and only enqueue."""

    def __init__(self, folder: Path, read: Callable[[Envelope], str] = read_item) -> None:
        self._file = (folder / FILE).open("a", encoding="utf-8", buffering=1)
        self._read = read
        self._coming: queue.SimpleQueue[tuple[str, int, Envelope] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sim-mail-cage", daemon=True)
        self._serials: dict[int, int] = {}
        self._last = len(read_cage(folder, taken_too=True))

    def landed(self, tray: int, envelope: Envelope) -> None:
        """An envelope fell into ``tray``."""
        self._coming.put(("in", tray, envelope))

    def taken_out(self, tray: int, envelope: Envelope) -> None:
        """A person took that envelope out again."""
        self._coming.put(("out", tray, envelope))

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write down what has landed, then close."""
        self._coming.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._file.close()

    def _run(self) -> None:
        while (fact := self._coming.get()) is not None:
            what, tray, envelope = fact
            if what == "in":
                self._last += 1
                self._serials[id(envelope)] = self._last
                self._write({"in": tray, "serial": self._last, "item": self._read(envelope)})
            else:
                self._write({"out": tray, "serial": self._serials.pop(id(envelope), 0)})

    def _write(self, fact: dict[str, object]) -> None:
        self._file.write(json.dumps(fact) + "\n")


def read_cage(folder: Path, *, taken_too: bool = False) -> list[Mailed]:
    """Return what lies in the trays of the simulated line in ``folder``, in the order it fell. A torn last line is not there yet."""
    path = folder / FILE
    lying: dict[int, Mailed] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            fact = json.loads(line)
        except ValueError:
            continue
        if "in" in fact:
            lying[fact["serial"]] = Mailed(fact["in"], fact["serial"], fact["item"])
        elif not taken_too:
            lying.pop(fact["serial"], None)
    return list(lying.values())
