"""The store of people, approvals and partners keeps its promises on SQLite and on PostgreSQL alike, also when two stations share it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from ledger_stores import PG_BIN, postgres_server

from controller.service.approvals import ApprovalState, Override, Refusal
from controller.service.entry import Entry
from controller.service.overrides import Overrides
from controller.service.partners import Partners, Scope
from controller.service.people import PinVault, SignIn
from controller.service.rights import Role
from controller.service.sessions import SessionState
from controller.service.store import StationStore

PIN = "835926"
NOW_S = 1_790_000_000.0
POSTGRES = [pytest.mark.slow, pytest.mark.skipif(not PG_BIN.exists(), reason="PostgreSQL 15 is not installed")]


class Inbox:
    """Keeps the commands that reached it."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def put_command(self, line: str, name: str, badge: str, arguments: object, at_unix_ns: int) -> int:
        self.rows.append(name)
        return len(self.rows)

    def command(self, number: int) -> None:
        return None


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[], str]]:
    with postgres_server() as make:
        yield make


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRES)])
def address(request: pytest.FixtureRequest, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'station.db'}"
    return str(request.getfixturevalue("postgres")())


@pytest.fixture
def stations(address: str) -> Iterator[tuple[StationStore, StationStore]]:
    first, second = StationStore(address), StationStore(address)
    yield first, second
    first.close()
    second.close()


def entry_of(store: StationStore) -> Entry:
    return Entry(store, PinVault(memory_kib=8, passes=1, lanes=1), lambda: NOW_S)


def test_who_signs_in_at_one_station_is_known_and_locked_out_at_the_other(stations) -> None:
    here, there = map(entry_of, stations)
    here.add("LBSUPE0001", "孙督明", [Role.SUPERVISOR], PIN, by="test")
    here.add("LBOPER0001", "林晓雨", [Role.OPERATOR], PIN, by="test")
    answer, token = here.sign_in("LBOPER0001", PIN)
    assert answer is SignIn.OK
    visit = there.visit(token)
    assert visit is not None
    assert visit.person.name == "林晓雨"
    there.lock(visit)
    assert here.states([token])[token] is SessionState.LOCKED
    for _ in range(5):
        there.sign_in("LBSUPE0001", "000001")
    assert here.sign_in("LBSUPE0001", PIN)[0] is SignIn.LOCKED_OUT
    there.set_active("LBOPER0001", active=False, by="LBSUPE0001")
    assert here.visit(token) is None
    assert stations[0].secret() == stations[1].secret()
    assert {what for _, what, _, _ in stations[1].notes()} >= {"sign-in", "sign-in-wrong", "person-revoked"}


def test_two_who_approve_at_once_at_two_stations_send_one_command(stations) -> None:
    inbox, entries = Inbox(), [entry_of(store) for store in stations]
    asker, *approvers = (
        entries[0].add(badge, "某", [Role.SUPERVISOR], PIN, by="test")
        for badge in ("LBSUPE0001", "LBSUPE0002", "LBSUPE0003")
    )
    rooms = [Overrides(store, entry, inbox) for store, entry in zip(stations, entries, strict=True)]
    for _ in range(5):
        number, answers = rooms[0].ask(Override.DESTROY, "7000000101", "已粉碎", asker), []
        begin = threading.Barrier(2)

        def agree(place: int, number: int = number, begin=begin, answers=answers) -> None:
            begin.wait()
            answers.append(rooms[place].approve(number, approvers[place], "line-1"))

        both = [threading.Thread(target=agree, args=(place,)) for place in (0, 1)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert sorted(isinstance(answer, Refusal) for answer in answers) == [False, True]
        assert rooms[1].requests()[0].state is ApprovalState.APPROVED
    assert inbox.rows == ["destroy"] * 5


def test_partners_tokens_answers_and_tracking_are_shared(stations) -> None:
    here, there = (Partners(store, lambda: NOW_S) for store in stations)
    here.add("post", "平江邮政")
    token = here.make_token("post", "一号", [Scope.MANIFEST_READ], by="LBSUPE0001")
    here.give_batch("post", 7)
    caller = there.caller(token)
    assert caller is not None
    assert caller.partner == "post"
    assert 7 in caller.batches
    there.keep_answer("post", "key-1", "ab" * 32, 200, "{}")
    kept = here.kept_answer("post", "key-1")
    assert kept is not None
    assert kept.status == 200
    [row] = there.tokens()
    assert there.revoke_token(str(row["key"])[:16], by="LBSUPE0001")
    assert here.caller(token) is None
