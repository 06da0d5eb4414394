"""Hand-over, acceptance, returned mail and recalls of a batch whose line no longer runs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from closed_shift import LINE, write_run

from controller.commands.post import books
from controller.ledger.opening import OpenLedger, open_ledger
from controller.ledger.records import Record
from controller.runner.books import answer_at_rest


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write_run(tmp_path)
    return tmp_path


@pytest.fixture
def desk(out: Path) -> Iterator[OpenLedger]:
    with open_ledger(out / "ledger.db", disk_reserve_bytes=0) as opened:
        yield opened


def _tray(opened: OpenLedger) -> int:
    return next(int(key) for key, row in opened.ledger.store.all_states()["tray"].items() if row[-2] == "CLOSED")


def _states(opened: OpenLedger, noun: str) -> set[str]:
    return {str(row[-2]) for row in opened.ledger.store.all_states()[noun].values()}


def _ask(opened: OpenLedger, name: str, **arguments: object) -> int:
    return opened.inbox.ask(LINE, name, "B1", arguments, 2)


def test_a_tray_is_handed_over_and_accepted_without_a_line(out, desk):
    tray = _tray(desk)
    handed = _ask(desk, "hand-over", tray=tray, taken_by="C", signature_sha256="", photo_sha256="")
    accepted = _ask(desk, "tray-accepted", tray=tray, receipt="R1")
    again = _ask(desk, "tray-accepted", tray=tray, receipt="R1")
    assert [(one.command.id, one.answer) for one in answer_at_rest(out, desk)] == [
        (handed, "done"),
        (accepted, "done"),
        (again, "done"),
    ]
    kinds = [event.kind for event in desk.ledger.store.read()]
    assert (kinds.count("tray.handed-over"), kinds.count("tray.accepted")) == (1, 1)
    assert "ACCEPTED" in _states(desk, "piece")
    assert answer_at_rest(out, desk) == []


def test_a_letter_comes_back_and_another_cannot_be_recalled_any_more(out, desk):
    uids = [int(key) for key, row in desk.ledger.store.all_states()["piece"].items() if row[-2] == "RELEASED"]
    _ask(desk, "returned-mail", item="", uid=uids[0], reason="moved", photo_sha256="")
    _ask(desk, "recall", letter=uids[1] // 100, reason="paid")
    answers = [(one.answer, one.why) for one in answer_at_rest(out, desk)]
    assert answers == [("done", ""), ("refused", "already-mailed")]
    assert _states(desk, "letter") == {"MAILED", "RETURNED"}


def test_what_needs_the_machine_or_cannot_be_read_is_not_guessed(out, desk):
    resume = _ask(desk, "resume")
    nonsense = _ask(desk, "hand-over", tray="one")
    assert [(one.command.id, one.answer, one.why) for one in answer_at_rest(out, desk)] == [
        (nonsense, "refused", "bad-arguments")
    ]
    left = desk.inbox.command(resume)
    assert left is not None
    assert left.outcome is None


def test_while_a_batch_is_open_everything_waits_for_the_line(tmp_path):
    write_run(tmp_path, without="batch.closed")
    with open_ledger(tmp_path / "ledger.db", disk_reserve_bytes=0) as opened:
        _ask(opened, "tray-accepted", tray=_tray(opened), receipt="R1")
        assert answer_at_rest(tmp_path, opened) == []
        assert opened.inbox.waiting() == 1


def test_while_a_line_runs_everything_is_left_to_it(out, desk):
    _ask(desk, "tray-accepted", tray=_tray(desk), receipt="R1")
    lease = desk.take_line(LINE, "a running line", 3)
    assert answer_at_rest(out, desk) == []
    lease.close()
    assert [one.answer for one in answer_at_rest(out, desk)] == ["done"]


def test_a_line_that_was_just_being_started_learns_what_the_books_wrote(out, desk):
    with open_ledger(out / "ledger.db", disk_reserve_bytes=0) as starting:
        assert not starting.ledger.catch_up()
        tray = _tray(desk)
        _ask(desk, "tray-accepted", tray=tray, receipt="R1")
        answer_at_rest(out, desk)
        assert starting.ledger.catch_up()
        assert starting.ledger.state("tray", tray) == "ACCEPTED"
        starting.ledger.append([Record("line.heard", data={})], 4)
    desk.ledger.catch_up()
    desk.ledger.verify()


def test_the_command_answers_and_ends(out, desk):
    _ask(desk, "tray-accepted", tray=_tray(desk), receipt="R1")
    result = CliRunner().invoke(books, ["--once", "--out", str(out)])
    assert result.exit_code == 0
    assert "tray-accepted  done" in result.output
    assert CliRunner().invoke(books, ["--once", "--out", str(out / "nowhere")]).exit_code == 1


@pytest.mark.slow
def test_started_by_the_screens_it_ends_with_them(out):
    command = [sys.executable, "-c", "from controller.cli import main; main()", "books", "--with-parent", "--out", out]
    started = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert started.stdin is not None
    started.stdin.close()
    assert started.wait(timeout=60) == 0
