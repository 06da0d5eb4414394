"""The fault matrix in virtual time: which fault can strike where, how often, and what it is here when it lives on the wire elsewhere.

Row numbers are those of simulator/scenarios/, one file per row. A fault strikes at a *site*: the n-th sheet fed, frame shot, envelope formed,
commit … The plan draws how many opportunities pass until the next fault of a site, so that calm stretches cost nothing.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Site(StrEnum):
    """Where a fault can strike; one opportunity each time this happens."""

    JOB = "print job"
    SHEET = "sheet fed"
    SHEET_SHOT = "sheet photographed"
    ENVELOPE = "envelope formed"
    FRANKING = "envelope franked"
    EXIT_SHOT = "envelope photographed"
    GATE = "envelope at the gate"
    BELT = "envelope on the belt"
    COMMIT = "transaction"
    PRINT_CALL = "call of the print queue"
    DESK = "command of a person"
    LETTER = "letter"
    CASE_FILE = "case file"
    WITNESS = "batch with a witness"


OPPORTUNITIES: Final = {
    Site.JOB: 0.05,
    Site.SHEET: 2.0,
    Site.SHEET_SHOT: 2.0,
    Site.ENVELOPE: 1.25,
    Site.FRANKING: 1.2,
    Site.EXIT_SHOT: 1.2,
    Site.GATE: 1.2,
    Site.BELT: 1.25,
    Site.COMMIT: 6.0,
    Site.PRINT_CALL: 0.05,
    Site.DESK: 0.2,
    Site.LETTER: 1.0,
    Site.CASE_FILE: 0.002,
    Site.WITNESS: 0.002,
}
"""How often each site comes up per letter, roughly: turns a rate per letter into one per opportunity."""


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault of the matrix. ``stress``: its weight in a stress run; ``real``: how often per letter on a real floor."""

    row: int
    site: Site
    name: str
    stress: float
    real: float
    note: str = ""
    """How the fault is mapped to virtual time, when the matrix means something on the wire."""


_S = Site
ROWS: Final = (
    FaultRow(1, _S.COMMIT, "controller killed before, after or amid a commit and its actions", 3, 1e-6),
    FaultRow(2, _S.PRINT_CALL, "power cut between print intent and call", 1, 1e-7),
    FaultRow(3, _S.PRINT_CALL, "power cut between the queue's acceptance and the note of it", 1, 1e-7),
    FaultRow(4, _S.JOB, "print server killed early: job gone, part of it printed", 1, 1e-6),
    FaultRow(5, _S.JOB, "print server killed late: job printed again from page 1", 1, 1e-6),
    FaultRow(6, _S.JOB, "printer jam: a sheet eaten, or printed twice", 2, 2e-5),
    FaultRow(7, _S.JOB, "printer offline or out of paper", 1, 1e-4),
    FaultRow(8, _S.SHEET, "blank or unreadable sheets", 6, 2e-4),
    FaultRow(9, _S.JOB, "stack reversed, upside down, or of another batch", 0.6, 1e-6),
    FaultRow(10, _S.JOB, "stack dropped and shuffled", 0.6, 1e-6),
    FaultRow(11, _S.JOB, "a sheet of an earlier, void attempt in the stack", 1, 1e-6),
    FaultRow(12, _S.JOB, "two stacks mixed", 0.6, 1e-6),
    FaultRow(13, _S.SHEET, "double feed, sensor sees it", 8, 5e-5),
    FaultRow(14, _S.SHEET, "double feed, sensor blind", 8, 1e-6),
    FaultRow(
        15,
        _S.SHEET,
        "double feed of the last two sheets of a stack, sensor blind",
        1,
        1e-7,
        "struck at the end of the running stack",
    ),
    FaultRow(16, _S.ENVELOPE, "envelope not opened: empty", 6, 2e-5),
    FaultRow(17, _S.ENVELOPE, "weight of an insert or a sheet more or less", 4, 1e-5, "only in shifts with a scale"),
    FaultRow(18, _S.BELT, "jam, cover opened, paper taken out", 1.5, 3e-5),
    FaultRow(19, _S.BELT, "as 18; a taken envelope is laid into the tray or the bin by hand", 1.5, 1e-6),
    FaultRow(20, _S.DESK, "reject bin partly emptied without scanning", 1, 1e-6),
    FaultRow(21, _S.EXIT_SHOT, "exit frame unreadable", 8, 2e-3),
    FaultRow(22, _S.EXIT_SHOT, "exit frame misread as another valid piece", 6, 1e-8),
    FaultRow(23, _S.SHEET_SHOT, "camera misses a trigger or sees one too many", 1, 1e-6),
    FaultRow(24, _S.EXIT_SHOT, "frozen picture", 1, 1e-7),
    FaultRow(25, _S.EXIT_SHOT, "camera dead for seconds", 1, 1e-6),
    FaultRow(26, _S.EXIT_SHOT, "result later than the gate", 6, 1e-5),
    FaultRow(27, _S.BELT, "line noise", 4, 1e-5, "frames lost and resent: a command arrives late, or twice"),
    FaultRow(28, _S.BELT, "serial cable out for a while", 1.5, 1e-6),
    FaultRow(
        29, _S.COMMIT, "a second controller takes the line", 0.5, 1e-8, "a second lease; the first must be fenced out"
    ),
    FaultRow(30, _S.BELT, "machine reboots", 1.5, 1e-6),
    FaultRow(31, _S.BELT, "events lost by the machine", 0.7, 1e-8, "event numbers jump"),
    FaultRow(32, _S.BELT, "machine babbles", 1, 1e-7, "400 state events at once"),
    FaultRow(33, _S.GATE, "gate stuck in pass", 1.5, 1e-7),
    FaultRow(34, _S.GATE, "gate stuck in reject", 1.5, 1e-7),
    FaultRow(35, _S.GATE, "gate late: envelope goes where the one before went", 3, 1e-6),
    FaultRow(36, _S.GATE, "tray or reject eye misses, or sees a ghost", 4, 1e-5),
    FaultRow(37, _S.DESK, "tray changed without a word", 1.5, 1e-6),
    FaultRow(38, _S.EXIT_SHOT, "scale drifts, or gives no weight", 5, 1e-5, "only in shifts with a scale"),
    FaultRow(
        39,
        _S.FRANKING,
        "franking head refuses, prints a wrong amount or twice, confirms nothing, or is silent",
        6,
        1e-4,
        "only in shifts with a franking head",
    ),
    FaultRow(
        40, _S.COMMIT, "disk full or failed sync", 1, 1e-8, "append raises a storage fault before or after the write"
    ),
    FaultRow(
        41,
        _S.COMMIT,
        "old event altered while the controller was down",
        0.5,
        1e-9,
        "start refused, event put right, start again",
    ),
    FaultRow(42, _S.COMMIT, "wall clock steps by up to an hour", 2, 1e-6),
    FaultRow(
        43,
        _S.COMMIT,
        "old copy of the ledger put back while the controller was down",
        0.5,
        1e-9,
        "start refused, newest copy put back",
    ),
    FaultRow(44, _S.LETTER, "letter recalled somewhere on its way", 8, 1e-4),
    FaultRow(45, _S.LETTER, "letter of a list that was imported before", 4, 1e-5),
    FaultRow(
        46,
        _S.CASE_FILE,
        "malicious case file: 32 attacks as rows between good ones, and one file that is an attack as a whole",
        0.5,
        1e-5,
        "two files through production's intake beside the shift's list",
    ),
    FaultRow(47, _S.DESK, "acceptance of the post doubled, early, or of another tray", 1.5, 1e-5),
    FaultRow(48, _S.COMMIT, "controller cut off, another takes over, the first comes back", 0.5, 1e-9),
    FaultRow(
        50,
        _S.WITNESS,
        "witness of the ledger away for a while, or for longer than its patience",
        1,
        1e-7,
        "a patience of twenty seconds stands for eight hours, as a shift is a minute or two of belt time; counted when it was missed, and when patience was over",
    ),
    FaultRow(49, _S.DESK, "one person shows two badges of his own", 2, 1e-6),
)

NAMES: Final = {row.row: row.name for row in ROWS}


@dataclass(frozen=True, slots=True)
class Profile:
    """How faults are spread. ``rate``: faults per letter; ``only``: a single row or a few, for exhaustive runs."""

    name: str = "stress"
    rate: float = 0.1
    only: tuple[int, ...] = ()

    def per_letter(self) -> dict[int, float]:
        """Return faults per letter by row."""
        rows = [row for row in ROWS if not self.only or row.row in self.only]
        if self.name == "stress":
            total = sum(row.stress for row in rows)
            return {row.row: self.rate * row.stress / total for row in rows} if total else {}
        times = {"realistic": 1.0, "x7": 7.0, "x20": 20.0}[self.name]
        return {row.row: row.real * times for row in rows}


PROFILES: Final = ("stress", "realistic", "x7", "x20")


class FaultPlan:
    """Draws, from one seed, where which fault strikes; counts what struck, and in which state it found what it struck."""

    def __init__(self, profile: Profile, rng: random.Random) -> None:
        self.rng = rng
        self.hits: Counter[int] = Counter()
        self.coverage: Counter[tuple[int, str]] = Counter()
        self.beyond_limits = 0
        """Faults that would have made a combination the design openly does not cover; they were not struck."""
        self.quiet = False
        """True: nothing strikes any more (the end of a shift is brought home in peace)."""
        rates = profile.per_letter()
        self._rows: dict[Site, tuple[list[int], list[float]]] = {}
        self._chance: dict[Site, float] = {}
        self._left: dict[Site, int] = {}
        for site in Site:
            rows = [row.row for row in ROWS if row.site is site and rates.get(row.row)]
            weights = [rates[row] for row in rows]
            self._rows[site] = (rows, weights)
            self._chance[site] = min(1.0, sum(weights) / OPPORTUNITIES[site])
            self._left[site] = self._gap(site)

    def _gap(self, site: Site) -> int:
        chance = self._chance[site]
        if chance <= 0:
            return 1 << 60
        if chance >= 1:
            return 1
        return 1 + int(math.log(1.0 - self.rng.random()) / math.log(1.0 - chance))

    def draw(self, site: Site) -> int:
        """Count one opportunity at ``site``; return the row of the fault that strikes now, or 0."""
        left = self._left[site] - 1
        if left > 0 or self.quiet:
            self._left[site] = max(left, 1)
            return 0
        self._left[site] = self._gap(site)
        rows, weights = self._rows[site]
        return rows[0] if len(rows) == 1 else self.rng.choices(rows, weights)[0]

    def struck(self, row: int, state: str) -> None:
        """Note that ``row`` really struck something that was in ``state``."""
        self.hits[row] += 1
        self.coverage[row, state] += 1
