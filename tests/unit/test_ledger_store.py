"""The same promises on SQLite and on PostgreSQL, and the chain's on memory too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_stores import NOW, memory_ledger, opened, path_to_tray, postgres_server, uid

from controller.ledger.cases import StoredCase
from controller.ledger.errors import FaultCode, LedgerBusy, LedgerFault
from controller.ledger.opening import open_desk
from controller.ledger.records import Record
from controller.states import RefusedEvent


@pytest.fixture(scope="module")
def server():
    with postgres_server() as new_database:
        yield new_database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | Path]:
    if request.param == "sqlite":
        yield tmp_path / "ledger.db"
    else:
        yield request.getfixturevalue("server")()


def test_events_come_back_in_order_and_the_chain_holds(address):
    with opened(address) as books:
        books.ledger.append(path_to_tray(uid(1)), NOW)
        books.ledger.append([Record("line.note", data={"文": "例", "n": [1, None, True]})], NOW + 1)
    with opened(address) as books:
        events = list(books.ledger.read())
        assert [event.seq for event in events] == list(range(1, 12))
        assert events[-1].data == '{"n":[1,null,true],"文":"例"}'
        assert events[1].piece == uid(1)
        assert books.ledger.verify() == 11


def test_sqlite_postgres_and_memory_hash_alike(address):
    memory = memory_ledger()
    with opened(address) as books:
        memory.store.ledger_id = books.ledger.store.ledger_id
        memory.store._hash = memory.hash = books.ledger.hash
        for ledger in (memory, books.ledger):
            ledger.append(path_to_tray(uid(1)), NOW)
        assert memory.hash == books.ledger.hash
        assert list(memory.read()) == list(books.ledger.read())


def test_an_illegal_event_is_refused_and_nothing_of_its_transaction_is_written(address):
    with opened(address) as books:
        books.ledger.append(path_to_tray(uid(1)), NOW)
        with pytest.raises(RefusedEvent):
            books.ledger.append([*path_to_tray(uid(2)), Record("piece.granted", piece=uid(1))], NOW)
        assert books.ledger.seq == 10
        assert len(list(books.ledger.read())) == 10
        assert books.queries.pieces_of_letter(uid(2) // 100) == []
        books.ledger.append(path_to_tray(uid(2)), NOW)
        assert books.ledger.verify() == 20


def test_state_columns_equal_replay_and_rebuild_mends_them(address):
    with opened(address) as books:
        for number in range(1, 30):
            books.ledger.append(path_to_tray(uid(number), tray=3), NOW)
        books.ledger.check_states()
        row = books.queries.pieces_in_tray(3)[4]
        states = books.ledger.store.all_states()
        states["piece"][row.piece] = (row.piece, row.tray, row.job, "RELEASED", row.seq)
        books.ledger.store.replace_states(states)
        with pytest.raises(LedgerFault, match=f"piece {row.piece} is stored"):
            books.ledger.check_states()
        books.ledger.rebuild()
        books.ledger.check_states()
        assert books.queries.piece_counts(1) == {"IN_TRAY": 29}


def test_two_processes_write_one_chain_and_never_act_on_an_old_state(address):
    with opened(address) as here, opened(address) as there:
        here.ledger.append(path_to_tray(uid(1)), NOW)
        there.ledger.append([Record("piece.audit-absent", piece=uid(1))], NOW)
        with pytest.raises(RefusedEvent):
            here.ledger.append([Record("piece.released", piece=uid(1))], NOW)
        here.ledger.append([Record("piece.voided", piece=uid(1))], NOW)
        assert here.ledger.verify() == 12
        here.ledger.check_states()


def test_the_database_itself_refuses_to_change_or_remove_an_event(address):
    with opened(address) as books:
        books.ledger.append(path_to_tray(uid(1)), NOW)
        for statement in ("UPDATE events SET data = '{}' WHERE seq = 3", "DELETE FROM events WHERE seq = 3"):
            with pytest.raises(Exception, match="append-only"), books.engine.begin() as connection:
                connection.exec_driver_sql(statement)
        assert books.ledger.verify() == 10


def test_a_line_is_held_by_one_living_controller(address):
    with opened(address) as first, opened(address) as second:
        lease = first.take_line("A", "first", NOW)
        with pytest.raises(LedgerBusy):
            second.take_line("A", "second", NOW)
        second.take_line("B", "second", NOW).close()
        lease.close()
        second.take_line("A", "second", NOW).close()


def test_a_controller_that_lost_its_line_cannot_write_another_event(address):
    with opened(address) as old, opened(address) as new:
        stale = old.take_line("A", "old", NOW)
        old.ledger.append(path_to_tray(uid(1)), NOW, lease=stale)
        stale.close()  # as if the host had been thought dead
        fresh = new.take_line("A", "new", NOW)
        with pytest.raises(LedgerFault) as caught:
            old.ledger.append([Record("piece.released", piece=uid(1))], NOW, lease=stale)
        assert caught.value.code is FaultCode.FENCED
        with pytest.raises(LedgerFault):
            old.ledger.append([Record("line.note")], NOW)
        new.ledger.append([Record("piece.released", piece=uid(1))], NOW, lease=fresh)
        fresh.close()


def test_a_command_is_answered_in_the_same_transaction_as_its_events(address):
    with opened(address) as books:
        wanted = books.inbox.ask("A", "tray-close", "b-17", {"tray": 1}, NOW)
        assert [command.id for command in books.inbox.open_commands("A")] == [wanted]
        books.ledger.append(path_to_tray(uid(1)), NOW)
        with pytest.raises(RefusedEvent):
            books.ledger.append([Record("piece.fed", piece=uid(1))], NOW, finished=[(wanted, '{"answer": "done"}')])
        assert [command.id for command in books.inbox.open_commands("A")] == [wanted]
        books.ledger.append([Record("piece.released", piece=uid(1))], NOW, finished=[(wanted, '{"answer": "done"}')])
        assert books.inbox.open_commands("A") == []
        answered = books.inbox.command(wanted)
        assert answered is not None
        assert answered.outcome == {"answer": "done"}
        assert answered.event_seq == 11
        assert answered.arguments == {"tray": 1}


def test_the_live_picture_is_the_last_one_shown(address):
    with opened(address) as books:
        assert books.inbox.picture("A") is None
        books.inbox.show("A", {"state": "Idle"}, NOW)
        books.inbox.show("A", {"state": "Execute"}, NOW + 5)
        assert books.inbox.picture("A") == (NOW + 5, {"state": "Execute"})
        assert books.inbox.lines() == ["A"]


def test_the_line_that_was_heard_last_is_the_one_that_is_asked(address):
    with opened(address) as books:
        books.inbox.show("A line of last week", {}, NOW)
        books.inbox.show("Z", {}, NOW + 5)
        assert books.inbox.lines() == ["Z", "A line of last week"]
        books.inbox.show("A line of last week", {}, NOW + 9)
        assert books.inbox.lines()[0] == "A line of last week"


def test_erased_cases_keep_their_hashes_so_that_a_second_import_is_still_noticed(address):
    with opened(address) as books:
        books.cases.add(
            [
                StoredCase(10_000_001, 1, "key1", "hash1", '{"name":"x"}'),
                StoredCase(10_000_002, 1, "key2", "hash2", "{}"),
            ]
        )
        assert books.cases.erase(1) == 2
        assert books.cases.erase(1) == 0
        assert [case.letter for case in books.cases.known(["key2"], ["hash1"])] == [10_000_001, 10_000_002]
        first = books.cases.get(10_000_001)
        assert first is not None
        assert first.document is None


def test_a_timeline_tells_a_letter_through_all_its_attempts(address):
    with opened(address) as books:
        books.ledger.append(path_to_tray(uid(1)), NOW)
        books.ledger.append([Record("piece.audit-absent", piece=uid(1)), Record("piece.voided", piece=uid(1))], NOW)
        books.ledger.append([Record("piece.planned", piece=uid(1, 2))], NOW)
        books.ledger.append(path_to_tray(uid(11)), NOW)
        told = books.queries.timeline(uid(1) // 100)
        assert [event.kind for event in told][-3:] == ["piece.audit-absent", "piece.voided", "piece.planned"]
        assert len(told) == 13
        assert [row.state for row in books.queries.pieces_of_letter(uid(1) // 100)] == ["VOID", "PLANNED"]
        assert books.queries.letter_counts(1) == {"OPEN": 2}
        assert [row.piece for row in books.queries.pieces_in(1, ["PLANNED"])] == [uid(1, 2)]


def test_a_desk_asks_and_commands_but_needs_a_ledger(address, tmp_path):
    with pytest.raises(FileNotFoundError):
        open_desk(tmp_path / "none.db")
    with opened(address) as books:
        books.ledger.append(path_to_tray(uid(1)), NOW)
        with open_desk(address) as desk:
            assert desk.queries.piece_counts(1) == {"IN_TRAY": 1}
            assert desk.queries.head() == (10, NOW)
            desk.inbox.ask("A", "hold", "b-1", {}, NOW)
        assert books.inbox.waiting() == 1
