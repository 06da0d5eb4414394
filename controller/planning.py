"""Planning: letters and their sheet counts become pieces, marks and print jobs; void attempts become next attempts. Pure.

It never prints, never decides whether a letter may be posted, and never plans a letter whose older attempt may still leave: it
is only given letters that `controller.line.book.Book.needs_attempt` names, and the ledger refuses a second live attempt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from controller.model import (
    ATTEMPT_MAX,
    BatchId,
    ControlMark,
    ItemId,
    JobId,
    Letter,
    Piece,
    PieceUid,
    PrintJob,
    attempt_of,
)

JOB_SHEETS_MAX: Final = 80
"""Sheets of one print job: few enough that a job printed twice costs little paper, many enough to keep the feeder busy."""

IssueItem = Callable[[PieceUid], ItemId]
"""Gives each piece its own postal number, from the range the post issued."""


class Attempted(Protocol):
    """A letter that needs a (further) piece, with the attempts that were made at it."""

    letter: int

    @property
    def pieces(self) -> Sequence[AttemptLike]: ...


class AttemptLike(Protocol):
    """One older attempt."""

    uid: int
    sheets: int


def first_attempts(letters: Iterable[Letter], issue_item: IssueItem) -> list[Piece]:
    """Return attempt 1 of each letter, in the given order."""
    pieces = []
    for letter in letters:
        uid = PieceUid(letter.letter * 100 + 1)
        pieces.append(Piece(uid, letter.sheets, issue_item(uid)))
    return pieces


def next_attempts(letters: Iterable[Attempted], issue_item: IssueItem) -> list[Piece]:
    """Return the attempt after the last one of each letter, with a new postal number.

    Raises:
        ValueError: a letter has used up its attempts; a person must look at it.
    """
    pieces = []
    for letter in letters:
        last = max(letter.pieces, key=lambda piece: piece.uid)
        if attempt_of(last.uid) >= ATTEMPT_MAX:
            raise ValueError(
                f"letter {letter.letter}: {ATTEMPT_MAX} attempts are used up; find out why it never passes"
            )
        uid = PieceUid(letter.letter * 100 + attempt_of(last.uid) + 1)
        pieces.append(Piece(uid, last.sheets, issue_item(uid)))
    return pieces


def print_jobs(
    batch: BatchId, pieces: Sequence[Piece], first_job: int = 1, sheets_max: int = JOB_SHEETS_MAX
) -> list[PrintJob]:
    """Cut pieces into print jobs of at most ``sheets_max`` sheets (a longer piece is a job of its own), in order.

    Job uids are ``B<batch>-J<nn>-<8 hex>``: numbered from ``first_job``, the hex digits a digest of the pieces, so that the same
    plan always has the same names and a later plan never does.
    """
    jobs: list[PrintJob] = []
    chunk: list[Piece] = []
    sheets = 0
    for piece in pieces:
        if chunk and sheets + piece.sheets > sheets_max:
            jobs.append(_job(batch, first_job + len(jobs), chunk))
            chunk, sheets = [], 0
        chunk.append(piece)
        sheets += piece.sheets
    if chunk:
        jobs.append(_job(batch, first_job + len(jobs), chunk))
    return jobs


def _job(batch: BatchId, number: int, pieces: Sequence[Piece]) -> PrintJob:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(f"{piece.uid}:{piece.sheets}:{piece.item_id};".encode())
    return PrintJob(JobId(f"B{batch:06d}-J{number:02d}-{digest.hexdigest()[:8]}"), batch, tuple(pieces))


def sheet_marks(piece: Piece, key: bytes) -> list[str]:
    """Return the control mark payloads of a piece's sheets, in order."""
    return [ControlMark(piece.uid, k, piece.sheets).encode(key) for k in range(1, piece.sheets + 1)]


def tray_breaks(count: int, capacity: int) -> list[int]:
    """Return how many pieces each tray is planned to take when ``count`` pieces all pass."""
    if capacity < 1:
        raise ValueError("a tray holds at least one piece")
    full, rest = divmod(count, capacity)
    return [capacity] * full + ([rest] if rest else [])


def seen_before(case_hash: str, case_id: str, hashes: Iterable[str], ids: Iterable[str]) -> str:
    """Return why a case may have been posted already ("same-content", "same-case-id"), or "" when it is new.

    A case that may have been posted is held until two persons decide: the same file, or overlapping lists, must never print a
    letter twice.
    """
    if case_hash in hashes:
        return "same-content"
    return "same-case-id" if case_id in ids else ""
