"""Paper: sheets, the stacks they lie in, the envelopes they end in, and the trays and bins those lie in. Plain facts, no behaviour."""

from __future__ import annotations

from collections import deque


class Sheet:
    """One physical sheet: sheet ``k`` of ``n`` of attempt ``uid``.

    ``payload`` is what its mark says; "" can be read by nobody. ``turned``: it lies with its back up, no camera sees the mark.
    """

    __slots__ = ("item", "k", "n", "payload", "place", "turned", "uid")

    def __init__(self, uid: int, k: int, n: int, payload: str, item: str, place: int) -> None:
        self.uid = uid
        self.k = k
        self.n = n
        self.payload = payload
        self.item = item
        self.place = place
        """Its place in everything that was ever sent to print: the next sheet of its job has the next place."""
        self.turned = False

    @property
    def seen(self) -> tuple[str, ...]:
        """What a camera above reads."""
        return (self.payload,) if self.payload and not self.turned else ()

    def copy(self) -> Sheet:
        """Return the same page printed once more."""
        return Sheet(self.uid, self.k, self.n, self.payload, self.item, self.place)


class Stack:
    """What was put into the feeder at once, first sheet first."""

    __slots__ = ("last_two_stick", "number", "sheets")

    def __init__(self, sheets: list[Sheet]) -> None:
        self.number = 0
        self.sheets: deque[Sheet] = deque(sheets)
        self.last_two_stick = False


class Envelope:
    """One envelope and what is really in it. ``piece_no`` is what the machine calls it; 0 after it forgot."""

    __slots__ = (
        "eye_fault",
        "first_no",
        "gate_at_us",
        "last_no",
        "number",
        "passes",
        "piece_no",
        "postage",
        "sheets",
        "undecided",
        "weight_off_mg",
        "zone",
    )

    def __init__(self, number: int, piece_no: int, sheets: list[Sheet]) -> None:
        self.number = number
        self.piece_no = piece_no
        self.sheets = sheets
        self.first_no = 0
        self.last_no = 0
        self.undecided = False
        self.weight_off_mg = 0
        self.postage = 0
        """What is really printed on it, in 1/100 of the currency unit."""
        self.eye_fault = -1
        """0 tray eye blind, 1 reject eye blind, 2 tray eye sees a ghost, 3 reject eye sees a ghost; -1 neither."""
        self.gate_at_us = 0
        self.zone = 4
        self.passes: bool | None = None
        """Which way the gate really sent it; None while it is before the gate."""

    @property
    def shown(self) -> Sheet | None:
        """The sheet whose address field lies in the window; None when nothing readable does."""
        return self.sheets[0] if self.sheets and self.sheets[0].k == 1 and not self.sheets[0].turned else None

    def contents(self) -> list[list[int]]:
        """Return [uid, k, n] of every sheet, front first."""
        return [[sheet.uid, sheet.k, sheet.n] for sheet in self.sheets]


class FedSheet:
    """What left the feeder as one: usually one sheet of paper. ``ends`` None: the host has not said yet."""

    __slots__ = ("arrived", "ends", "fed_us", "number", "papers", "undecided")

    def __init__(self, number: int, papers: list[Sheet], fed_us: int) -> None:
        self.number = number
        self.papers = papers
        self.fed_us = fed_us
        self.ends: bool | None = None
        self.undecided = False
        self.arrived = False
