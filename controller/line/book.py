"""What the line knows of letters, pieces, trays, print jobs and batches: the ledger's state, in memory.

Every change goes through `Book.move` and its like, which ask the state tables and write the record in the same breath, so the
book cannot differ from a replay of the ledger. It decides nothing and performs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from controller.integrity import Account, PieceCount, account
from controller.ledger.records import NO_DATA, Record
from controller.model import ItemId, PrintJob, letter_of
from controller.states import (
    LIVE,
    BatchEvent,
    JobEvent,
    LetterEvent,
    LetterState,
    PieceEvent,
    PieceState,
    RefusedEvent,
    TrayEvent,
    advance,
)
from controller.states.piece import PIECE

_PIECE_KIND: Final = {event: f"piece.{event}" for event in PieceEvent}
_PIECE_STEPS: Final = dict(PIECE.steps)


class LetterEntry:
    """``live``: the attempt that still may leave, or None. ``recalled``: asked back too late; its piece must be pulled."""

    __slots__ = ("batch", "letter", "live", "pieces", "recalled", "state")

    def __init__(self, letter: int, batch: int, state: str) -> None:
        self.letter = letter
        self.batch = batch
        self.state = state
        self.live: PieceEntry | None = None
        self.pieces: list[PieceEntry] = []
        self.recalled = False


class PieceEntry:
    """One attempt. ``copies`` counts further copies of the same paper that were seen; ``copies_gone`` those destroyed."""

    __slots__ = (
        "batch",
        "copies",
        "copies_gone",
        "copy_k",
        "duplicate",
        "granted",
        "index",
        "item_id",
        "job",
        "letter",
        "reason",
        "seen",
        "sheets",
        "sheets_gone",
        "state",
        "tray",
        "uid",
    )

    def __init__(self, uid: int, sheets: int, item_id: ItemId, letter: LetterEntry, job: JobEntry, index: int) -> None:
        self.uid = uid
        self.sheets = sheets
        self.item_id = item_id
        self.letter = letter
        self.batch = letter.batch
        self.job = job
        self.index = index
        self.state: str = PieceState.PLANNED
        self.tray = 0
        self.granted = False
        self.seen = 0
        self.copies = 0
        self.copies_gone = 0
        self.copy_k = 0
        self.duplicate = False
        self.sheets_gone = sheets
        self.reason = ""


class JobEntry:
    """``stacks``: how often a stack of this job has run to its end."""

    __slots__ = ("batch", "name", "pieces", "stacks", "state")

    def __init__(self, name: str, batch: int, state: str) -> None:
        self.name = name
        self.batch = batch
        self.state = state
        self.pieces: list[PieceEntry] = []
        self.stacks = 0


class TrayEntry:
    """``edges``: how many envelopes the tray eye saw fall in since the last audit's count; ``holds``: open reasons for HOLD.

    ``absent``: who found which listed pieces missing, until another person has counted again.
    """

    __slots__ = ("absent", "batch", "edges", "eye_count", "holds", "number", "pieces", "state", "under_way")

    def __init__(self, number: int, state: str) -> None:
        self.number = number
        self.state = state
        self.batch = 0
        self.pieces: dict[int, PieceEntry] = {}
        self.under_way: set[int] = set()
        self.edges = 0
        self.eye_count: int | None = None
        self.absent: tuple[str, tuple[int, ...]] | None = None
        self.holds: set[str] = set()


class BatchEntry:
    __slots__ = ("letters", "number", "pieces", "state")

    def __init__(self, number: int, state: str) -> None:
        self.number = number
        self.state = state
        self.letters: list[LetterEntry] = []
        self.pieces: list[PieceEntry] = []


class Book:
    """The nouns by id. ``out`` collects the records of the step under way; whoever runs the step takes them.

    ``stacks_unknown``: stacks that ran without one readable sheet since the last search of the floor.
    """

    __slots__ = ("batches", "jobs", "letters", "out", "pieces", "stacks_unknown", "trays")

    def __init__(self) -> None:
        self.letters: dict[int, LetterEntry] = {}
        self.pieces: dict[int, PieceEntry] = {}
        self.jobs: dict[str, JobEntry] = {}
        self.trays: dict[int, TrayEntry] = {}
        self.batches: dict[int, BatchEntry] = {}
        self.stacks_unknown = 0
        self.out: list[Record] = []

    # --- a new noun ---

    def batch(self, number: int, data: Mapping[str, object] = NO_DATA) -> BatchEntry:
        """Return the entry of a batch; it is opened, with ``data`` on the books, where it is not known yet."""
        entry = self.batches.get(number)
        if entry is None:
            entry = self.batches[number] = BatchEntry(number, advance("batch", None, BatchEvent.OPENED))
            self.out.append(Record("batch.opened", number, data=data))
        return entry

    def open_letter(self, letter: int, *, held: str = "") -> LetterEntry:
        """Enter a letter; ``held`` names the doubt that keeps it from being planned."""
        if letter in self.letters:
            raise RefusedEvent("letter", self.letters[letter].state, LetterEvent.OPENED)
        batch = letter // 10_000_000
        event = LetterEvent.HELD if held else LetterEvent.OPENED
        entry = LetterEntry(letter, batch, advance("letter", None, event))
        self.letters[letter] = entry
        self.batch(batch).letters.append(entry)
        self.out.append(Record(f"letter.{event}", letter=letter, data={"why": held} if held else NO_DATA))
        return entry

    def plan_job(self, job: PrintJob) -> JobEntry:
        """Enter a print job and mint its pieces, PLANNED.

        Raises:
            RefusedEvent: a letter of the job is not open, or another attempt at it may still leave (I4).
        """
        for piece in job.pieces:
            letter = self.letters.get(letter_of(piece.uid))
            if letter is None or letter.state != LetterState.OPEN or letter.recalled or letter.live is not None:
                raise RefusedEvent("piece", letter.live.state if letter and letter.live else None, PieceEvent.PLANNED)
        entry = JobEntry(job.job, job.batch, advance("job", None, JobEvent.PLANNED))
        self.jobs[job.job] = entry
        data = {"pieces": [[p.uid, p.sheets, p.item_id] for p in job.pieces]}
        self.out.append(Record("job.planned", job.batch, job=job.job, data=data))
        batch = self.batch(job.batch)
        for index, piece in enumerate(job.pieces):
            letter = self.letters[letter_of(piece.uid)]
            minted = PieceEntry(piece.uid, piece.sheets, piece.item_id, letter, entry, index)
            if piece.uid in self.pieces:
                raise RefusedEvent("piece", self.pieces[piece.uid].state, PieceEvent.PLANNED)
            self.pieces[piece.uid] = minted
            letter.pieces.append(minted)
            letter.live = minted
            entry.pieces.append(minted)
            batch.pieces.append(minted)
            self.out.append(Record("piece.planned", piece=piece.uid, job=job.job))
        return entry

    def open_tray(self, number: int) -> TrayEntry:
        if number in self.trays:
            raise RefusedEvent("tray", self.trays[number].state, TrayEvent.OPENED)
        entry = self.trays[number] = TrayEntry(number, advance("tray", None, TrayEvent.OPENED))
        self.out.append(Record("tray.opened", tray=number))
        return entry

    # --- a noun moves ---

    def move(self, piece: PieceEntry, event: PieceEvent, data: Mapping[str, object] = NO_DATA) -> None:
        """Advance a piece by its table and write it down."""
        try:
            state = piece.state = _PIECE_STEPS[piece.state, event]
        except KeyError:
            raise RefusedEvent("piece", piece.state, event) from None
        letter = piece.letter
        self.out.append(
            Record(_PIECE_KIND[event], piece.batch, letter.letter, piece.uid, piece.tray, piece.job.name, data)
        )
        if state not in LIVE and letter.live is piece:
            letter.live = None

    def move_letter(self, letter: LetterEntry, event: LetterEvent, data: Mapping[str, object] = NO_DATA) -> None:
        letter.state = advance("letter", letter.state, event)
        self.out.append(Record(f"letter.{event}", letter=letter.letter, data=data))

    def move_tray(self, tray: TrayEntry, event: TrayEvent, data: Mapping[str, object] = NO_DATA) -> None:
        tray.state = advance("tray", tray.state, event)
        self.out.append(Record(f"tray.{event}", tray=tray.number, data=data))

    def move_job(self, job: JobEntry, event: JobEvent, data: Mapping[str, object] = NO_DATA) -> None:
        job.state = advance("job", job.state, event)
        self.out.append(Record(f"job.{event}", job.batch, job=job.name, data=data))

    def move_batch(self, batch: BatchEntry, event: BatchEvent, data: Mapping[str, object] = NO_DATA) -> None:
        batch.state = advance("batch", batch.state, event)
        self.out.append(Record(f"batch.{event}", batch.number, data=data))

    # --- HOLD ---

    def place_hold(self, tray: TrayEntry, reason: str) -> bool:
        """Put a tray on HOLD for one more reason; return whether it is a new one."""
        if reason in tray.holds:
            return False
        tray.holds.add(reason)
        self.out.append(Record("hold.placed", tray=tray.number, data={"reason": reason}))
        return True

    def lift_hold(self, tray: TrayEntry, reason: str) -> None:
        if reason in tray.holds:
            tray.holds.remove(reason)
            self.out.append(Record("hold.lifted", tray=tray.number, data={"reason": reason}))

    def note(
        self, kind: str, data: Mapping[str, object] = NO_DATA, *, piece: PieceEntry | None = None, tray: int = 0
    ) -> None:
        """Write down a fact that moves no noun."""
        self.out.append(Record(kind, piece=piece.uid if piece else 0, tray=tray, data=data))

    # --- the account ---

    def account(self, batch: int) -> Account:
        """Balance one batch by counted ids (I6)."""
        entry = self.batches[batch]
        return account(map(_count, entry.pieces), ((letter.letter, letter.state) for letter in entry.letters))

    def needs_attempt(self, batch: int) -> Iterable[LetterEntry]:
        """Yield the open letters of a batch that have no attempt which may still leave."""
        for letter in self.batches[batch].letters:
            if letter.state == LetterState.OPEN and letter.live is None and not letter.recalled:
                yield letter


def _count(piece: PieceEntry) -> PieceCount:
    gone = piece.state == PieceState.DESTROYED
    return PieceCount(
        piece.uid, piece.state, piece.copies - piece.copies_gone, piece.sheets - piece.sheets_gone if gone else 0
    )
