"""Planning: jobs, attempts, marks, trays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.ledger.records import Record
from controller.line.book import Book
from controller.model import (
    BatchId,
    CaseId,
    ItemId,
    Letter,
    Piece,
    PieceUid,
    PrintJob,
    letter_id,
    parse_mark,
    piece_uid,
    s10_item_id,
)
from controller.planning import first_attempts, next_attempts, print_jobs, seen_before, sheet_marks, tray_breaks
from controller.states import PieceEvent, RefusedEvent


def item(uid: PieceUid) -> ItemId:
    return s10_item_id("XA", uid % 10**8)


@given(st.lists(st.integers(1, 9), max_size=200), st.integers(1, 100))
def test_jobs_hold_every_piece_once_in_order_and_no_more_sheets_than_asked(sheets: list[int], most: int) -> None:
    pieces = [Piece(piece_uid(1, n, 1), count, item(piece_uid(1, n, 1))) for n, count in enumerate(sheets, 1)]
    jobs = print_jobs(BatchId(1), pieces, sheets_max=most)
    assert [piece for job in jobs for piece in job.pieces] == pieces
    assert all(job.sheets <= most or len(job.pieces) == 1 for job in jobs)
    assert len({job.job for job in jobs}) == len(jobs)
    assert jobs == print_jobs(BatchId(1), pieces, sheets_max=most)


def test_a_letter_whose_attempt_may_still_leave_gets_no_other_until_that_one_is_void() -> None:
    book = Book()
    letter = letter_id(1, 1)
    book.open_letter(letter)
    first = first_attempts([Letter(letter, CaseId("c"), 2)], item)
    job = book.plan_job(print_jobs(BatchId(1), first)[0])
    assert list(book.needs_attempt(1)) == []
    again = PrintJob(job.name, BatchId(1), tuple(next_attempts([book.letters[letter]], item)))  # type: ignore[arg-type]
    with pytest.raises(RefusedEvent):
        book.plan_job(again)
    for event in (PieceEvent.RENDERED, PieceEvent.SUBMITTED, PieceEvent.SUSPECTED, PieceEvent.VOIDED):
        book.move(job.pieces[0], event)
    assert [entry.letter for entry in book.needs_attempt(1)] == [letter]
    second = next_attempts(book.needs_attempt(1), item)
    assert [(piece.uid, piece.sheets) for piece in second] == [(piece_uid(1, 1, 2), 2)]
    assert second[0].item_id != first[0].item_id


def test_nothing_is_written_when_a_job_may_not_be_planned() -> None:
    book = Book()
    book.open_letter(letter_id(1, 1), held="same-content")
    book.out.clear()
    pieces = first_attempts([Letter(letter_id(1, 1), CaseId("c"), 1)], item)
    with pytest.raises(RefusedEvent):
        book.plan_job(print_jobs(BatchId(1), pieces)[0])
    empty: list[Record] = []
    assert book.out == empty
    assert book.pieces == {}


def test_a_letter_that_used_up_its_attempts_is_refused_with_words() -> None:
    class Worn:
        letter = 10_000_001
        pieces = (Piece(piece_uid(1, 1, 99), 1, ItemId("")),)

    with pytest.raises(ValueError, match="99 attempts"):
        next_attempts([Worn()], item)  # type: ignore[list-item]


def test_every_sheet_of_a_piece_carries_its_own_mark() -> None:
    key = b"k"
    marks = [parse_mark(payload, key) for payload in sheet_marks(Piece(piece_uid(3, 4, 5), 3, ItemId("")), key)]
    assert [(mark.uid, mark.sheet, mark.sheets) for mark in marks] == [(piece_uid(3, 4, 5), k, 3) for k in (1, 2, 3)]  # type: ignore[union-attr]


@given(st.integers(0, 5_000), st.integers(1, 600))
def test_trays_are_planned_for_every_piece_and_none_too_full(count: int, capacity: int) -> None:
    breaks = tray_breaks(count, capacity)
    assert sum(breaks) == count
    assert all(0 < n <= capacity for n in breaks)


def test_the_same_content_or_the_same_case_id_is_seen_before_and_a_new_case_is_not() -> None:
    assert seen_before("h1", "c9", {"h1"}, {"c1"}) == "same-content"
    assert seen_before("h9", "c1", {"h1"}, {"c1"}) == "same-case-id"
    assert seen_before("h9", "c9", {"h1"}, {"c1"}) == ""
