"""What one line remembers between two events: link, machine, sheets inside, pieces inside, tray in place. No rule lives here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from controller.integrity import ExitPolicy, SheetFact
from controller.line.actions import Action, Alarm, AlarmCode, Answer, Reply
from controller.line.book import Book, JobEntry, PieceEntry, TrayEntry
from controller.line.events import CloseTray, ExitRead, PieceAtExit, SheetFed
from controller.model import ControlMark, Divert
from controller.states import PackMode, PackState, TrayState

NO_LIMIT: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class LineConfig:
    """What is fixed for a line while it runs. Times in µs."""

    key: bytes
    """Authenticates control marks."""
    policy: ExitPolicy = field(default_factory=ExitPolicy)
    read_wait_us: int = 250_000
    """A sheet whose reading has not come by then counts as unread."""
    grant_guard_us: int = 10_000
    """A grant must be decided this long before the gate; a device refuses late ones anyway."""
    sheet_um_max: int = 0
    """Thicker than this is a double sheet; 0: rely on the double-sheet sensor alone."""
    feed_ahead: int = 48
    """How many sheets the machine may feed beyond the last one that was read."""
    tray_capacity: int = 400
    consecutive_max: int = 3
    """So many unread or misplaced sheets, wrong exits, or unexpected rejects in a row hold the line."""
    challenge_every: int = 1_000
    """After so many passed pieces without one seen to be rejected, one good piece is refused to prove gate and eyes. 0: never."""
    challenge_at_start: bool = True


class Sheet:
    """One sheet inside the machine. ``fact`` None until its reading came or was given up; ``ended``: the stack's last."""

    __slots__ = ("ended", "fact", "fed", "fed_at_us", "flagged")

    def __init__(self, fed: SheetFed, fed_at_us: int) -> None:
        self.fed = fed
        self.fed_at_us = fed_at_us
        self.fact: SheetFact | None = None
        self.flagged: Divert | None = None
        self.ended = False


class LinePiece:
    """One envelope inside the machine, from `PieceFormed` to `PieceExited`.

    ``owner``: the piece it is, once proven whole. ``hands``: a cover was open while it was inside. ``uids``: every piece that
    has a sheet in it. ``refused``: why it gets no grant. ``franked``: how many words the franking head said of it; ``postage``: what
    the only one of them confirmed; ``imprints``: what all of them say was printed.
    """

    __slots__ = (
        "at_exit",
        "challenge",
        "first",
        "franked",
        "granted",
        "hands",
        "imprints",
        "judged",
        "last",
        "owner",
        "piece_no",
        "postage",
        "read",
        "refused",
        "tray",
        "tray_seen",
        "uids",
        "zone",
    )

    def __init__(self, piece_no: int, first: int, last: int) -> None:
        self.piece_no = piece_no
        self.first = first
        self.last = last
        self.owner: PieceEntry | None = None
        self.uids: tuple[int, ...] = ()
        self.at_exit: PieceAtExit | None = None
        self.read: tuple[ControlMark | Divert, ExitRead] | None = None
        self.granted = False
        self.hands = False
        self.judged = False
        self.refused: Divert | None = None
        self.zone: Divert | None = None
        self.challenge = False
        self.franked = 0
        self.postage = 0
        self.imprints = 0
        self.tray = 0
        self.tray_seen = False


class Feed:
    """The sheet side: sheets waiting for their reading, sheets inside, and what is expected next in the running stack."""

    __slots__ = (
        "bad_in_row",
        "expect_index",
        "expect_k",
        "job",
        "last_no",
        "last_payloads",
        "limit",
        "reads",
        "settled_trigger",
        "sheets",
        "stack_ended_at",
        "stack_no",
        "stack_runs",
        "waiting",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every sheet: a new device epoch numbers them from 1."""
        self.sheets: dict[int, Sheet] = {}
        self.waiting: deque[Sheet] = deque()
        self.reads: dict[int, tuple[str, ...]] = {}
        self.stack_no = 0
        self.stack_runs = False
        self.job: JobEntry | None = None
        self.expect_index = 0
        self.expect_k = 1
        self.last_no = 0
        self.last_payloads: tuple[str, ...] = ()
        self.limit = 0
        self.settled_trigger = 0
        self.bad_in_row = 0
        self.stack_ended_at: set[int] = set()


class Eye:
    """One camera's counting. ``offset``: machine trigger minus frame number; None: unknown until the first shot after a reset."""

    __slots__ = ("fresh", "offset", "out_of_step")

    def __init__(self) -> None:
        self.offset = 0
        self.fresh = False
        self.out_of_step = False


class Bypass(NamedTuple):
    """Camera ``camera`` is bypassed by two ``badges`` until ``until_us`` of the device clock."""

    camera: int
    badges: tuple[str, str]
    until_us: int


class LineState:
    """Everything one line core remembers. Functions of this package change it; nobody else does."""

    __slots__ = (
        "actions",
        "book",
        "bypass",
        "challenge_due",
        "closing",
        "config",
        "epoch",
        "exit_bad_in_row",
        "exit_policy",
        "exit_reads",
        "exit_shots",
        "eyes",
        "feed",
        "inside",
        "last_sheet_taken",
        "link",
        "mode",
        "now_us",
        "passed_since_reject",
        "postage_bad_in_row",
        "reason",
        "rejected_in_row",
        "seq",
        "seq_known",
        "state",
        "tray",
        "tray_present",
        "tray_warned",
        "trays_since_challenge",
        "uncollated",
        "verb_refused",
        "want_execute",
    )

    def __init__(self, config: LineConfig, book: Book) -> None:
        self.config = config
        self.book = book
        self.actions: list[Action] = []
        self.exit_policy = config.policy
        self.bypass: Bypass | None = None
        self.now_us = 0
        self.link = False
        self.epoch = 0
        self.seq = 0
        self.seq_known = False
        self.state: int = PackState.ABORTED
        self.mode: int = PackMode.PRODUCTION
        self.reason = 0
        self.want_execute = False
        self.verb_refused = False
        self.feed = Feed()
        self.eyes = {1: Eye(), 2: Eye()}
        self.inside: dict[int, LinePiece] = {}
        self.uncollated: deque[LinePiece] = deque()
        self.exit_shots: dict[int, LinePiece] = {}
        self.exit_reads: dict[int, ExitRead] = {}
        self.last_sheet_taken = 0
        self.tray: TrayEntry | None = None
        self.tray_present = True
        self.tray_warned = False
        self.closing: dict[int, CloseTray] = {}
        self.exit_bad_in_row = 0
        self.postage_bad_in_row = 0
        self.rejected_in_row = 0
        self.passed_since_reject = 0
        self.trays_since_challenge: set[int] = set()
        self.challenge_due = config.challenge_at_start and config.challenge_every > 0

    def must_prove(self, policy: ExitPolicy) -> None:
        """Judge by ``policy`` from now on: the line file says what this line's machine can weigh and frank."""
        self.config = replace(self.config, policy=policy)
        self.exit_policy = policy

    @property
    def producing(self) -> bool:
        """Whether a grant is legal at all: link up, Execute, Production."""
        return self.link and self.state == PackState.EXECUTE and self.mode == PackMode.PRODUCTION

    def is_bypassed(self, camera: int) -> bool:
        return self.bypass is not None and self.bypass.camera == camera

    @property
    def tray_ready(self) -> bool:
        """Whether a piece may fall into the tray in place: it stands there, and nobody is counting what is in it."""
        return self.tray is not None and self.tray_present and self.tray.state == TrayState.OPEN

    def alarm(self, code: AlarmCode, where: str = "", detail: str = "") -> None:
        self.actions.append(Alarm(code, where, detail))

    def reply(self, command: int, answer: Answer, why: str = "", subjects: tuple[str, ...] = ()) -> None:
        self.actions.append(Reply(command, answer, why, subjects))
