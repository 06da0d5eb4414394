"""What a person asks from a shell reaches the line, whether ledger and people are kept in files or in a PostgreSQL that stations share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner, Result
from ledger_stores import PG_BIN, opened, postgres_server

from controller.commands.batch import batch
from controller.commands.tray import tray
from controller.ledger.opening import OpenLedger
from controller.service.entry import Entry
from controller.service.people import PinVault
from controller.service.rights import Role
from controller.service.store import StationStore

POSTGRES = [pytest.mark.slow, pytest.mark.skipif(not PG_BIN.exists(), reason="PostgreSQL 15 is not installed")]
BADGE, PIN = "LBOPER0001", "835926"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[], str]]:
    with postgres_server() as make:
        yield make


@pytest.fixture(params=["files", pytest.param("postgresql", marks=POSTGRES)])
def where(request: pytest.FixtureRequest, tmp_path) -> list[str]:
    """The options that say where ledger and people are."""
    if request.param == "files":
        return ["--out", str(tmp_path)]
    make = request.getfixturevalue("postgres")
    return ["--ledger", make(), "--station-db", make(), "--out", str(tmp_path)]


def addresses(where: list[str]) -> tuple[str, str]:
    if where[0] == "--ledger":
        return where[1], where[3]
    return f"{where[1]}/ledger.db", f"sqlite:///{where[1]}/station.db"


@contextmanager
def floor(where: list[str], *lines: str) -> Iterator[OpenLedger]:
    """A ledger in which ``lines`` have shown themselves, and one operator."""
    ledger, people = addresses(where)
    store = StationStore(people)
    Entry(store, PinVault(memory_kib=8, passes=1, lanes=1)).add(BADGE, "林晓雨", [Role.OPERATOR], PIN, by="test")
    store.close()
    with opened(ledger) as books:
        for line in lines:
            books.inbox.show(line, {"machines": []}, time.time_ns())
        yield books


@contextmanager
def answering(books: OpenLedger, line: str) -> Iterator[list[str]]:
    """A line that says done to whatever is asked of it."""
    heard: list[str] = []
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            for command in books.inbox.open_commands(line):
                heard.append(f"{command.badge} {command.name} {command.arguments['tray']}")
                books.ledger.append([], time.time_ns(), finished=[(command.id, '{"answer": "done"}')])

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield heard
    finally:
        ended.set()
        thread.join()


def ask(where: list[str], *words: str, pin: str = PIN) -> Result:
    return CliRunner().invoke(tray, [*words, *where, "--badge", BADGE], input=f"{pin}\n")


def test_a_tray_is_opened_from_a_shell_by_a_person_with_a_pin(where: list[str]) -> None:
    with floor(where, "line-1") as books, answering(books, "line-1") as heard:
        done = ask(where, "open", "12")
    assert (done.exit_code, heard) == (0, [f"{BADGE} tray-open 12"]), done.output


def test_a_wrong_pin_asks_nothing_of_the_line(where: list[str]) -> None:
    with floor(where, "line-1") as books:
        refused = ask(where, "open", "12", pin="999999")
        assert refused.exit_code == 1
        assert "PIN" in refused.output
        assert not list(books.inbox.open_commands("line-1"))


def test_where_several_lines_share_a_ledger_none_is_guessed(where: list[str]) -> None:
    with floor(where, "line-1", "line-2") as books, answering(books, "line-2") as heard:
        guessed = ask(where, "open", "12")
        unknown = ask(where, "open", "12", "--line", "line-9")
        done = ask(where, "open", "12", "--line", "line-2")
    assert guessed.exit_code == unknown.exit_code == 1
    assert "line-1, line-2" in guessed.output
    assert "line-1, line-2" in unknown.output
    assert (done.exit_code, heard) == (0, [f"{BADGE} tray-open 12"]), done.output


def test_a_question_needs_a_ledger_and_says_which_is_missing(where: list[str], tmp_path) -> None:
    missing = CliRunner().invoke(batch, ["list", "--out", str(tmp_path / "nowhere")])
    assert missing.exit_code == 1
    assert "nowhere" in missing.output
    with floor(where):
        assert CliRunner().invoke(batch, ["list", *where]).exit_code == 0
        unknown = CliRunner().invoke(batch, ["open-items", "99", *where])
        assert unknown.exit_code == 1
        assert "99: 台账中没有这一批" in unknown.output
