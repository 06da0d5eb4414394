"""Ids, control marks, postal numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model import (
    Case,
    CaseId,
    ControlMark,
    MarkFault,
    attempt_of,
    batch_of,
    is_s10_item_id,
    letter_id,
    letter_name,
    letter_of,
    number_of,
    parse_letter_name,
    parse_mark,
    parse_piece_name,
    piece_name,
    piece_uid,
    s10_check_digit,
    s10_item_id,
)

KEY = b"0123456789abcdef0123456789abcdef"
BATCHES, NUMBERS, ATTEMPTS = st.integers(1, 999_999), st.integers(1, 9_999_999), st.integers(1, 99)
SHEETS = st.integers(1, 99).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))


@given(BATCHES, NUMBERS, ATTEMPTS)
def test_a_uid_gives_back_what_it_was_made_of_in_numbers_and_in_words(batch: int, number: int, attempt: int) -> None:
    uid = piece_uid(batch, number, attempt)
    assert (batch_of(uid), number_of(uid), attempt_of(uid)) == (batch, number, attempt)
    assert parse_piece_name(piece_name(uid)) == uid
    assert letter_of(uid) == letter_id(batch, number) == parse_letter_name(letter_name(letter_of(uid)))
    assert uid < 2**63


@given(BATCHES, NUMBERS, ATTEMPTS, SHEETS)
def test_a_mark_is_read_as_it_was_written(batch: int, number: int, attempt: int, sheet: tuple[int, int]) -> None:
    mark = ControlMark(piece_uid(batch, number, attempt), *sheet)
    payload = mark.encode(KEY)
    assert len(payload) == 36
    assert payload.isdecimal()
    assert parse_mark(payload, KEY) == mark


@given(BATCHES, NUMBERS, st.integers(0, 35), st.integers(1, 9))
def test_one_wrong_digit_is_never_taken_for_a_mark(batch: int, number: int, place: int, step: int) -> None:
    payload = ControlMark(piece_uid(batch, number, 1), 1, 2).encode(KEY)
    digit = str((int(payload[place]) + step) % 10)
    wrong = payload[:place] + digit + payload[place + 1 :]
    assert parse_mark(wrong, KEY) in (MarkFault.MAC, MarkFault.VERSION)


@given(st.text(max_size=60))
def test_any_text_is_either_a_mark_or_a_named_fault(text: str) -> None:
    assert isinstance(parse_mark(text, KEY), MarkFault)


def test_a_mark_made_with_another_key_is_refused() -> None:
    payload = ControlMark(piece_uid(1, 2, 3), 1, 1).encode(KEY)
    assert parse_mark(payload, b"another key") is MarkFault.MAC


def test_full_width_digits_are_not_digits() -> None:
    payload = ControlMark(piece_uid(1, 2, 3), 1, 1).encode(KEY)
    assert parse_mark(payload.translate({ord("1"): "１"}), KEY) is MarkFault.FORM


def test_a_sheet_beyond_its_piece_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match="sheet 3 of 2"):
        ControlMark(piece_uid(1, 2, 3), 3, 2).encode(KEY)


def test_the_check_digit_of_the_s10_standards_own_example_is_9() -> None:
    # UPU S10, annex on the check digit: serial number 47312482 has check digit 9.
    assert s10_check_digit(47312482) == 9


@given(st.integers(0, 99_999_999))
def test_item_ids_have_a_check_digit_that_notices_any_single_wrong_digit(serial: int) -> None:
    item = s10_item_id("XA", serial)
    assert is_s10_item_id(item)
    wrong = item[:2] + str((int(item[2]) + 1) % 10) + item[3:]
    assert not is_s10_item_id(wrong)


@pytest.mark.parametrize("text", ["", "XA12345678CN", "xa123456785CN", "XA123456784CN", "XA12345678５CN"])
def test_what_is_not_an_item_id_is_said_to_be_none(text: str) -> None:
    assert not is_s10_item_id(text)


@pytest.mark.parametrize("text", ["", "1-2", "a-b-c", "000001-0000002-00", "0-1-1", "１-1-1"])
def test_a_mistyped_piece_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_piece_name(text)


def test_the_content_hash_tells_fields_apart_that_only_run_together_alike() -> None:
    one = Case(CaseId("1"), 2, "张三", ("甲", "乙丙"), "100000", {})
    two = Case(CaseId("1"), 2, "张三", ("甲乙", "丙"), "100000", {})
    assert one.content_hash() != two.content_hash()
    assert one.content_hash() == Case(CaseId("9"), 77, "张三", ("甲", "乙丙"), "100000", {}).content_hash()
