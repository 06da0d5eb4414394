"""Silence is an alarm: things at rest are found in the ledger, and named when they rest too long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from ledger_stores import path_to_tray, uid

from controller.ledger.opening import OpenLedger, open_ledger
from controller.ledger.records import Record
from controller.ledger.resting import letters_at_rest, trays_at_rest
from controller.line.actions import Alarm, AlarmCode
from controller.runner.alarm_words import on_screen
from controller.runner.silence_watch import SilenceWatch
from controller.silence import HOUR_NS, Patience, overdue

START = 1_800_000_000 * 10**9


@pytest.fixture
def books(tmp_path: Path) -> Iterator[OpenLedger]:
    with open_ledger(tmp_path / "ledger.db") as opened:
        yield opened


def complaints(books: OpenLedger, hours: float) -> list[tuple[str, str]]:
    now = START + int(hours * HOUR_NS)
    letters, trays = partial(letters_at_rest, books.engine), partial(trays_at_rest, books.engine)
    return [(str(alarm.code), alarm.where) for alarm in overdue(letters, trays, now, Patience(10, 20, 24))]


def test_a_letter_is_named_once_it_rests_longer_than_it_may_and_not_a_minute_before(books: OpenLedger) -> None:
    books.ledger.append(path_to_tray(uid(1))[:5], START)
    assert complaints(books, 10) == []
    assert complaints(books, 10 + 1 / 60) == [("letter-at-rest", "000001-0000001")]


def test_any_step_of_an_attempt_ends_the_silence_of_its_letter(books: OpenLedger) -> None:
    path = path_to_tray(uid(1))
    books.ledger.append(path[:5], START)
    books.ledger.append(path[5:6], START + 9 * HOUR_NS)
    assert complaints(books, 18) == []
    assert complaints(books, 19.1) == [("letter-at-rest", "000001-0000001")]


def test_a_held_letter_may_rest_longer_and_a_mailed_one_for_ever(books: OpenLedger) -> None:
    books.ledger.append([Record("letter.held", letter=10_000_002)], START)
    books.ledger.append(
        [*path_to_tray(uid(3)), Record("piece.released", piece=uid(3)), Record("letter.mailed", letter=10_000_003)],
        START,
    )
    assert complaints(books, 19) == []
    assert complaints(books, 21) == [("letter-at-rest", "000001-0000002")]


@pytest.mark.parametrize("last", ["closed", "handed-over"])
def test_a_tray_that_the_post_does_not_confirm_is_named_after_a_day(books: OpenLedger, last: str) -> None:
    words = ("opened", "closing", "closed", "handed-over")
    books.ledger.append([Record(f"tray.{word}", tray=7) for word in words[: words.index(last) + 1]], START)
    assert complaints(books, 23.9) == []
    assert complaints(books, 24.1) == [("tray-not-accepted", "7")]
    books.ledger.append([Record("tray.accepted", tray=7)], START + 25 * HOUR_NS)
    assert complaints(books, 100) == []


def test_the_watch_tells_what_rests_and_stops_when_it_is_left(books: OpenLedger) -> None:
    books.ledger.append([Record("letter.opened", letter=10_000_001)], START)
    told: list[str] = []
    letters, trays = partial(letters_at_rest, books.engine), partial(trays_at_rest, books.engine)
    with SilenceWatch(letters, trays, lambda alarm: told.append(alarm.where)) as watch:
        watch.look(START + 23 * HOUR_NS)
        assert told == []
        watch.look(START + 25 * HOUR_NS)
    assert told == ["000001-0000001"]
    assert not any(thread.name == "silence" for thread in threading.enumerate())


def test_every_alarm_has_words_in_both_languages() -> None:
    for code in AlarmCode:
        words = on_screen(Alarm(code), START)
        assert words.what.zh
        assert words.what.en
