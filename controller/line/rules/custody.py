"""Pieces in people's hands: custody scans, void, destruction, loss, recall, and the balance of a batch.

Only paper in hand, or proven absent, lets a granted attempt become void (I4); a void attempt is accounted for when it is
destroyed before two persons, or declared lost by two persons (I6).
"""

from __future__ import annotations

from controller.integrity import two_persons
from controller.line.actions import AlarmCode, Answer, Revoke
from controller.line.book import PieceEntry
from controller.line.events import (
    CloseBatch,
    CustodyScan,
    CustodyTyped,
    DeclareLoss,
    DestroyPiece,
    FreeLetter,
    GiveUpJob,
    RecallLetter,
    SearchEnded,
    VoidPiece,
)
from controller.line.rules import doubt, trays
from controller.line.state import LineState
from controller.model import ControlMark, Divert, letter_name, parse_mark, piece_name
from controller.states import (
    BatchEvent,
    BatchState,
    JobEvent,
    JobState,
    LetterEvent,
    LetterState,
    PieceEvent,
    PieceState,
)

_NAMES_MAX = 50
_NEVER_SUBMITTED = frozenset({PieceState.PLANNED, PieceState.RENDERED})
_ON_PAPER = frozenset({PieceState.SUBMITTED, PieceState.PRINTED})
_HAD_A_GRANT = frozenset({PieceState.PASS_GRANTED, PieceState.EXIT_UNKNOWN, PieceState.IN_TRAY})
_IN_HAND = frozenset(
    {
        PieceState.SUBMITTED,
        PieceState.PRINTED,
        PieceState.DIVERTED,
        PieceState.SUSPECT,
        PieceState.EXIT_UNKNOWN,
    }
)
_GONE = frozenset({PieceState.VOID, PieceState.QUARANTINED, PieceState.DESTROYED, PieceState.LOST})


# --- taking into custody ----------------------------------------------------------------------------------------------


def custody_scan(line: LineState, event: CustodyScan) -> None:
    """A person scanned the mark of paper that did not pass."""
    mark = parse_mark(event.payload, line.config.key)
    if not isinstance(mark, ControlMark):
        line.reply(event.command, Answer.REFUSED, "not-our-mark", (str(mark),))
        return
    _take(line, event.command, mark.uid, event.badge, event.reason)


def custody_typed(line: LineState, event: CustodyTyped) -> None:
    """Two persons read the printed name of paper whose mark cannot be read."""
    if not two_persons(event.badge, event.second):
        line.reply(event.command, Answer.REFUSED, "two-persons")
        return
    _take(line, event.command, event.uid, event.badge, event.reason)


def _take(line: LineState, command: int, uid: int, badge: str, reason: str) -> None:
    piece = line.book.pieces.get(uid)
    if piece is None:
        line.reply(command, Answer.REFUSED, "unknown-piece", (piece_name(uid),))
        return
    if piece.state in (PieceState.RELEASED, PieceState.ACCEPTED) and piece.copies == piece.copies_gone:
        line.book.note("custody.contradiction", {"badge": badge}, piece=piece)
        line.alarm(AlarmCode.FOREIGN_IN_TRAY, str(piece.tray), piece_name(uid))
        line.reply(command, Answer.REFUSED, "already-released", (piece_name(uid),))
        return
    take_in_hand(line, piece, badge)
    if reason and piece.state == PieceState.QUARANTINED:
        line.book.move(piece, PieceEvent.VOIDED, {"badge": badge, "reason": reason})
        _settle_recall(line, piece)
    line.reply(command, Answer.DONE, str(piece.state))


def take_in_hand(line: LineState, piece: PieceEntry, badge: str) -> None:
    """Believe the hand: whatever was thought of the piece, it is here. A second copy leaves the first where it is."""
    book = line.book
    data = {"badge": badge}
    if piece.state in _GONE:
        return
    if _may_be_the_copy(line, piece):
        # Two papers bear this mark: which of them is in the hand cannot be told, and the other one may lie in the tray. An audit tells.
        book.note("copy.found", data, piece=piece)
        return
    if piece.state == PieceState.IN_TRAY:
        tray = book.trays[piece.tray]
        asked = trays.pull_hold(piece.uid) in tray.holds
        if not asked:
            book.place_hold(tray, f"found-outside:{piece_name(piece.uid)}")
        tray.pieces.pop(piece.uid, None)
        tray.edges -= 1
        book.move(piece, PieceEvent.PULLED, data)
        book.lift_hold(tray, trays.pull_hold(piece.uid))
        return
    if piece.state in (PieceState.RELEASED, PieceState.ACCEPTED):
        book.note("copy.found", data, piece=piece)
        return
    if piece.state == PieceState.PASS_GRANTED:
        doubt.exit_unknown(line, None, piece, "in hand")
    elif piece.state in doubt.SUSPECTABLE and piece.state not in _ON_PAPER:
        doubt.suspect(line, piece, Divert.ZONE)
    if piece.state not in _IN_HAND:
        return
    if piece.state == PieceState.EXIT_UNKNOWN and piece.tray in book.trays:
        doubt.lift_unknown(line, piece)
    book.move(piece, PieceEvent.QUARANTINED, data)
    for tray in book.trays.values():
        if tray.holds:
            book.lift_hold(tray, trays.pull_hold(piece.uid))


def _may_be_the_copy(line: LineState, piece: PieceEntry) -> bool:
    """Whether a second print of this piece is about while the first has, or had, a grant, and nobody was asked to pull it."""
    tray = line.book.trays.get(piece.tray)
    asked = tray is not None and trays.pull_hold(piece.uid) in tray.holds
    return piece.state in _HAD_A_GRANT and piece.copies > piece.copies_gone and not asked


def void_piece(line: LineState, event: VoidPiece) -> None:
    """A person gives the reason why a piece in custody is void."""
    piece = line.book.pieces.get(event.uid)
    if piece is None or piece.state != PieceState.QUARANTINED or not event.reason:
        line.reply(event.command, Answer.REFUSED, "not-in-custody", (piece_name(event.uid),))
        return
    line.book.move(piece, PieceEvent.VOIDED, {"badge": event.badge, "reason": event.reason})
    _settle_recall(line, piece)
    line.reply(event.command, Answer.DONE)


def search_ended(line: LineState, event: SearchEnded) -> None:
    """What the floor was searched for and is not there becomes void, so that its letter can be printed again.

    Pieces whose stack has not run yet are not missing; a granted piece is never declared void here unless an audit proved it absent.
    """
    batch = line.book.batches.get(event.batch)
    if batch is None:
        line.reply(event.command, Answer.REFUSED, "unknown-batch", (str(event.batch),))
        return
    voided = []
    for piece in batch.pieces:
        if piece.state in _ON_PAPER and _stack_has_run(line, piece):
            doubt.suspect(line, piece, Divert.NOT_FOUND)
        if piece.state == PieceState.SUSPECT and not _still_inside(line, piece):
            line.book.move(piece, PieceEvent.VOIDED, {"badge": event.badge, "reason": Divert.NOT_FOUND})
            _settle_recall(line, piece)
            voided.append(piece_name(piece.uid))
    line.book.stacks_unknown = 0
    line.book.note("search.ended", {"badge": event.badge, "batch": event.batch})
    line.reply(event.command, Answer.DONE, "", tuple(voided[:_NAMES_MAX]))


def _stack_has_run(line: LineState, piece: PieceEntry) -> bool:
    """Return whether the piece's paper has had its chance.

    A stack that nobody could name may have been any printed job's; and a stack was there, whatever name it got, once another
    piece of the job turned up.
    """
    job = piece.job
    if job.stacks > 0 or job.state == JobState.DOUBTFUL:
        return True
    if job.state != JobState.COMPLETED or (line.feed.stack_runs and line.feed.job is job):
        return False
    return line.book.stacks_unknown > 0 or any(other.state not in _ON_PAPER for other in job.pieces)


def _still_inside(line: LineState, piece: PieceEntry) -> bool:
    if any(piece.uid in envelope.uids for envelope in line.inside.values()):
        return True
    return any(sheet.fact is not None and sheet.fact.uid == piece.uid for sheet in line.feed.sheets.values())


# --- the end of the paper ---------------------------------------------------------------------------------------------


def destroy_piece(line: LineState, event: DestroyPiece) -> None:
    """Two persons saw it shredded: the void piece itself first, then each further copy of it."""
    piece = line.book.pieces.get(event.uid)
    if not two_persons(event.badge, event.second):
        line.reply(event.command, Answer.REFUSED, "two-persons")
        return
    data = {"badge": event.badge, "second": event.second}
    if piece is not None and piece.state == PieceState.VOID:
        line.book.move(piece, PieceEvent.DESTROYED, data)
        if 0 < event.sheets < piece.sheets:
            piece.sheets_gone = event.sheets
            line.book.note("sheet.missing", {"destroyed": event.sheets}, piece=piece)
    elif piece is not None and piece.copies > piece.copies_gone:
        piece.copies_gone += 1
        line.book.note("copy.destroyed", data, piece=piece)
    else:
        line.reply(event.command, Answer.REFUSED, "not-void", (piece_name(event.uid),))
        return
    line.reply(event.command, Answer.DONE)


def declare_loss(line: LineState, event: DeclareLoss) -> None:
    """Two persons answer for a void piece, a further copy, or single sheets, that cannot be found; an incident goes with it."""
    piece = line.book.pieces.get(event.uid)
    if not two_persons(event.badge, event.second):
        line.reply(event.command, Answer.REFUSED, "two-persons")
        return
    data = {"badge": event.badge, "second": event.second, "incident": event.incident}
    if piece is not None and piece.state == PieceState.DIVERTED:
        line.book.move(piece, PieceEvent.VOIDED, {**data, "reason": Divert.NOT_FOUND})
        _settle_recall(line, piece)
    if piece is not None and piece.state == PieceState.VOID:
        line.book.move(piece, PieceEvent.LOST, data)
    elif piece is not None and piece.copies > piece.copies_gone:
        piece.copies_gone += 1
        line.book.note("copy.lost", data, piece=piece)
    elif piece is not None and piece.sheets > piece.sheets_gone:
        piece.sheets_gone = piece.sheets
        line.book.note("sheet.lost", data, piece=piece)
    else:
        line.reply(event.command, Answer.REFUSED, "not-void", (piece_name(event.uid),))
        return
    line.reply(event.command, Answer.DONE)


def give_up_job(line: LineState, event: GiveUpJob) -> None:
    """Two persons answer for a print job whose paper never came, so that its letters can be printed again and its batch can be settled.

    Only pieces of which no sheet was ever seen are given up; should the paper turn up after all, it is void and goes to the bin.
    """
    job = line.book.jobs.get(event.job)
    if not two_persons(event.badge, event.second):
        line.reply(event.command, Answer.REFUSED, "two-persons")
        return
    if job is None or job.state in (JobState.PLANNED, JobState.CANCELLED):
        line.reply(event.command, Answer.REFUSED, "job-not-printed", (event.job,))
        return
    if line.feed.stack_runs and line.feed.job in (job, None):
        line.reply(event.command, Answer.REFUSED, "stack-is-running", (event.job,))
        return
    unseen = [piece for piece in job.pieces if piece.state in _ON_PAPER and not piece.seen]
    line.book.move_job(job, JobEvent.DOUBTED, {"why": "given up", "badge": event.badge, "second": event.second})
    data = {"badge": event.badge, "second": event.second, "incident": event.incident}
    for piece in unseen:
        doubt.suspect(line, piece, Divert.NOT_FOUND)
        line.book.move(piece, PieceEvent.VOIDED, {**data, "reason": Divert.NOT_FOUND})
        _settle_recall(line, piece)
        line.book.move(piece, PieceEvent.LOST, data)
    line.reply(event.command, Answer.DONE, "", tuple(piece_name(piece.uid) for piece in unseen[:_NAMES_MAX]))


# --- letters ----------------------------------------------------------------------------------------------------------


def recall(line: LineState, event: RecallLetter) -> None:
    """The client takes a letter back (I5): before the grant it never leaves; later, say so and pull it."""
    letter = line.book.letters.get(event.letter)
    name = letter_name(event.letter)
    if letter is None:
        line.reply(event.command, Answer.REFUSED, "unknown-letter", (name,))
        return
    if letter.state == LetterState.CANCELLED:
        line.reply(event.command, Answer.DONE)
        return
    if letter.state not in (LetterState.OPEN, LetterState.HELD):
        line.alarm(AlarmCode.TOO_LATE_TO_RECALL, name)
        line.reply(event.command, Answer.REFUSED, "already-mailed", (name,))
        return
    piece = letter.live
    if piece is not None and piece.state in _HAD_A_GRANT:
        letter.recalled = True
        line.book.note("recall.too-late", {"badge": event.badge, "letter": letter.letter}, piece=piece)
        if piece.state == PieceState.PASS_GRANTED:
            _revoke(line, piece)
        trays.pull(line, piece)
        line.reply(event.command, Answer.WAITING, "pull-the-tray", (name, str(piece.tray)))
        return
    if piece is not None and piece.state in _NEVER_SUBMITTED:
        line.book.move(piece, PieceEvent.NEVER_PRINTED, {"badge": event.badge})
    line.book.move_letter(letter, LetterEvent.CANCELLED, {"badge": event.badge})
    line.reply(event.command, Answer.DONE)


def _revoke(line: LineState, piece: PieceEntry) -> None:
    for envelope in line.inside.values():
        if envelope.owner is piece:
            line.actions.append(Revoke(line.epoch, envelope.piece_no))


def _settle_recall(line: LineState, piece: PieceEntry) -> None:
    """A letter that was recalled too late is cancelled once its piece is void in somebody's hand, or proven absent."""
    letter = piece.letter
    if letter.recalled and letter.live is None and letter.state == LetterState.OPEN:
        line.book.move_letter(letter, LetterEvent.CANCELLED, {"why": "recalled"})


def free_letter(line: LineState, event: FreeLetter) -> None:
    """Two persons decide that a held letter shall be posted after all."""
    letter = line.book.letters.get(event.letter)
    if not two_persons(event.badge, event.second):
        line.reply(event.command, Answer.REFUSED, "two-persons")
    elif letter is None or letter.state != LetterState.HELD:
        line.reply(event.command, Answer.REFUSED, "letter-not-held", (letter_name(event.letter),))
    else:
        line.book.move_letter(letter, LetterEvent.FREED, {"badge": event.badge, "second": event.second})
        line.reply(event.command, Answer.DONE)


# --- the batch --------------------------------------------------------------------------------------------------------


def close_batch(line: LineState, event: CloseBatch) -> None:
    """Close a batch whose account balances to zero; otherwise name every piece, copy and letter in the way."""
    batch = line.book.batches.get(event.batch)
    if batch is None or batch.state != BatchState.OPEN:
        line.reply(event.command, Answer.REFUSED, "batch-not-open", (str(event.batch),))
        return
    books = line.book.account(event.batch)
    if not books.balanced:
        names = [piece_name(uid) for uid in books.open_pieces]
        names += [f"{piece_name(uid)} ({n} copies)" for uid, n in sorted(books.open_copies.items())]
        names += [f"{piece_name(uid)} ({n} sheets)" for uid, n in sorted(books.open_sheets.items())]
        names += [letter_name(letter) for letter in books.open_letters]
        line.reply(event.command, Answer.REFUSED, "not-balanced", tuple(names[:_NAMES_MAX]))
        return
    line.book.move_batch(
        batch, BatchEvent.CLOSED, {"badge": event.badge, "minted": books.minted, "by_state": dict(books.by_state)}
    )
    line.reply(event.command, Answer.DONE)
