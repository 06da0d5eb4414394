"""What the onlooker remembers: paper as it was printed, sheets and envelopes inside the machine, and the books as they were written."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

GOOD = frozenset({"IN_FEED", "COLLATED", "VERIFIED"})
DEAD = frozenset({"VOID", "DESTROYED", "LOST", "NEVER_PRINTED"})
AFTER = {
    "planned": "PLANNED",
    "rendered": "RENDERED",
    "submitted": "SUBMITTED",
    "printed": "PRINTED",
    "print-doubted": "PRINTED",
    "fed": "IN_FEED",
    "collated": "COLLATED",
    "verified": "VERIFIED",
    "granted": "PASS_GRANTED",
    "in-tray": "IN_TRAY",
    "exit-unknown": "EXIT_UNKNOWN",
    "suspected": "SUSPECT",
    "diverted": "DIVERTED",
    "quarantined": "QUARANTINED",
    "pulled": "QUARANTINED",
    "audit-present": "IN_TRAY",
    "audit-absent": "SUSPECT",
    "voided": "VOID",
    "destroyed": "DESTROYED",
    "lost": "LOST",
    "never-printed": "NEVER_PRINTED",
    "released": "RELEASED",
    "accepted": "ACCEPTED",
}
LETTER_AFTER = {"opened": "OPEN", "freed": "OPEN", "held": "HELD", "cancelled": "CANCELLED", "mailed": "MAILED"}
TRAY_AFTER = {
    "opened": "OPEN",
    "closing": "CLOSING",
    "audit-begun": "AUDIT",
    "audit-clean": "OPEN",
    "closed": "CLOSED",
    "handed-over": "HANDED_OVER",
    "accepted": "ACCEPTED",
}


@dataclass(slots=True)
class Papers:
    """What was printed: the onlooker's own truth about marks. ``marks``: payload -> (uid, k, n); ``items``: uid -> postal number."""

    marks: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    items: dict[int, str] = field(default_factory=dict)
    sheets: dict[int, int] = field(default_factory=dict)
    place: dict[int, tuple[str, int]] = field(default_factory=dict)
    """uid -> (its print job, the place of its first sheet in the job's paper)."""
    job_length: dict[str, int] = field(default_factory=dict)

    def printed(self, job: str, pieces: list[tuple[int, str, tuple[str, ...]]]) -> None:
        """Enter a print job: (uid, postal number, payload of each sheet) in the order of the paper."""
        at = 0
        for uid, item, payloads in pieces:
            self.items[uid], self.sheets[uid], self.place[uid] = item, len(payloads), (job, at)
            for k, payload in enumerate(payloads, 1):
                self.marks[payload] = (uid, k, len(payloads))
            at += len(payloads)
        self.job_length[job] = at


class SeenSheet:
    """One sheet the machine fed. ``shown`` None: no reading yet. ``fault``: why it proves nothing, as far as was heard."""

    __slots__ = ("double", "ended", "fault", "fed_at", "frame", "judged", "mark", "no", "shown", "spoiled", "stack")

    def __init__(self, no: int, stack: int, frame: int, fed_at: int, *, double: bool) -> None:
        self.no, self.stack, self.frame, self.fed_at, self.double = no, stack, frame, fed_at, double
        self.shown: tuple[str, ...] | None = None
        self.mark: tuple[int, int, int] | None = None
        self.fault = ""
        self.spoiled = ""
        self.judged = self.ended = False


class SeenPiece:
    """One envelope. ``spoiled``: knowledge about it was lost; ``hands``: since its grant hands may have been at it."""

    __slots__ = (
        "edge_counted",
        "eye_tray",
        "first",
        "franked",
        "gate_at",
        "granted_tray",
        "granted_uid",
        "hands",
        "last",
        "no",
        "postage",
        "refusable",
        "shot",
        "spoiled",
        "view",
        "weight",
    )

    def __init__(self, no: int, first: int, last: int) -> None:
        self.no, self.first, self.last = no, first, last
        self.refusable = ""
        self.spoiled = ""
        self.hands = self.edge_counted = False
        self.granted_uid = self.granted_tray = self.eye_tray = 0
        self.gate_at = self.weight = 0
        self.franked = self.postage = 0
        """How many words the franking head said of it; what the newest of them confirmed."""
        self.shot = 0
        self.view: tuple[tuple[str, ...], tuple[str, ...], bool | None] | None = None


class Memory:
    """All of it. Times in µs of the device clock."""

    def __init__(self) -> None:
        self.now = 0
        self.link = False
        self.epoch = 0
        self.seq: int | None = None
        self.state = self.mode = 0
        self.told_state = 0
        self.tray = 0
        self.tray_present = True
        self.last_no = 0
        self.sheets: dict[int, SeenSheet] = {}
        self.waiting: deque[SeenSheet] = deque()
        self.inside: dict[int, SeenPiece] = {}
        self.gone: dict[int, SeenPiece] = {}
        """Granted envelopes that left while the books did not know where they are: another controller may be told of them again."""
        self.last_taken = 0
        self.offset = {1: 0, 2: 0}
        self.fresh = {1: False, 2: False}
        self.out_of_step = {1: False, 2: False}
        self.early: dict[int, tuple[str, ...]] = {}
        self.views: dict[int, tuple[tuple[str, ...], tuple[str, ...], bool | None]] = {}
        self.shots: dict[int, SeenPiece] = {}
        self.stack = 0
        self.expect: tuple[str, int] | None = None
        self.read_before: set[tuple[int, int]] = set()
        self.copies: set[int] = set()
        self.copies_noted: set[int] = set()
        """Pieces of which a second copy was written down; after a restart a controller is more careful than it need be."""
        # the books
        self.pieces: dict[int, str] = {}
        self.tray_of: dict[int, int] = {}
        self.good: set[int] = set()
        self.granted: set[int] = set()
        self.letters: dict[int, str] = {}
        self.recalled: set[int] = set()
        self.trays: dict[int, str] = {}
        self.listed: dict[int, set[int]] = defaultdict(set)
        self.holds: dict[int, set[str]] = defaultdict(set)
        self.edges: Counter[int] = Counter()

    def book(self, kind: str, letter: int, piece: int, tray: int) -> str:
        """Enter one record of the ledger; return the word after the dot."""
        noun, _, word = kind.partition(".")
        if noun == "piece":
            state = AFTER[word]
            if self.pieces.get(piece) == "IN_TRAY":
                self.listed[self.tray_of[piece]].discard(piece)
            self.pieces[piece] = state
            if tray:
                self.tray_of[piece] = tray
            self.granted.discard(piece)
            if state in GOOD:
                self.good.add(piece)
            else:
                self.good.discard(piece)
                if state == "PASS_GRANTED":
                    self.granted.add(piece)
                elif state == "IN_TRAY":
                    self.listed[tray].add(piece)
                elif word == "pulled":
                    self.edges[self.tray_of[piece]] -= 1
        elif noun == "letter":
            self.letters[letter] = LETTER_AFTER.get(word, word.upper())
        elif noun == "tray":
            self.trays[tray] = TRAY_AFTER[word]
            if word == "audit-clean":
                self.edges[tray] = len(self.listed[tray])
        return word

    def forget_inside(self) -> None:
        """Another epoch: no number means anything any more."""
        self.sheets.clear()
        self.waiting.clear()
        self.inside.clear()
        self.gone.clear()
        self.shots.clear()
        self.views.clear()
        self.early.clear()
        self.last_taken = 0
        self.expect = None
        self.stack = 0
