"""The SIMULATED post against the real partner API: it accepts what it was announced, once, and refuses what differs."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from station_world import serving

from controller.ledger.opening import Desk, open_desk
from controller.runner.books import answer_at_rest
from controller.service.store import StationStore
from simulator.commands import sim
from simulator.post.cage import FILE, Mailed, read_cage
from simulator.post.counter import count
from simulator.post.journeys import Code, PostPlan, journey
from simulator.post.office import PostOffice
from simulator.post.wire import PartnerWire, PostRefused
from station_ui.partner.commands import partner

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from closed_shift import LETTERS, LINE, write_run

PLAN = PostPlan(returned=0.3, repeated=1.0, lost_answers=1.0)
ITEMS = st.lists(st.sampled_from([f"XA{n:09d}CN" for n in range(8)]), max_size=8)


class Ground:
    """A closed run, its screens, its books, and mail in the cage as the ledger says it lies there."""

    def __init__(self, out: Path, desk: Desk, url: str, token: str) -> None:
        self.out, self.desk, self.url, self.token = out, desk, url, token
        self.said: list[str] = []
        self.wire = PartnerWire(url, token, lambda: True)
        announced = self.wire.manifest(1)
        self.mail = [(tray, item) for tray, items in announced.items() for item in items]

    def put(self, mail: list[tuple[int, str]]) -> None:
        facts = [{"in": tray, "serial": n, "item": item} for n, (tray, item) in enumerate(mail, 1)]
        (self.out / FILE).write_text("".join(json.dumps(fact) + "\n" for fact in facts))

    def post(self, plan: PostPlan = PLAN) -> PostOffice:
        return PostOffice(self.out, self.wire, plan, 5, self.said.append)

    def states(self, noun: str) -> Counter[str]:
        table = {"tray": "trays", "piece": "pieces"}[noun]
        with self.desk.engine.connect() as connection:
            return Counter(connection.exec_driver_sql(f"SELECT state FROM {table}").scalars())


@contextmanager
def books_kept(out: Path, desk: Desk) -> Iterator[None]:
    ended = threading.Event()

    def keep() -> None:
        while not ended.wait(0.05):
            answer_at_rest(out, desk)

    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    write_run(tmp_path)
    run = CliRunner()
    assert run.invoke(partner, ["add", "post", "平江邮政", "--batch", "1", "--out", str(tmp_path)]).exit_code == 0
    token = run.invoke(partner, ["token", "post", "--out", str(tmp_path)]).stdout.strip().splitlines()[-1]
    store = StationStore(f"sqlite:///{tmp_path / 'station.db'}")
    with open_desk(tmp_path / "ledger.db") as desk, serving(tmp_path, store, line=LINE) as (app, server):
        app.extensions["station"].limits.take = lambda *_: True
        with books_kept(tmp_path, desk):
            yield Ground(tmp_path, desk, f"http://127.0.0.1:{server.effective_port}", token)
    store.close()


@pytest.mark.slow
def test_everything_announced_is_accepted_once_however_bad_the_line_is(ground):
    ground.put(ground.mail)
    post = ground.post()
    post.visit()
    assert post.done.agrees
    assert sum(post.done.accepted.values()) == LETTERS
    assert ground.states("piece")["ACCEPTED"] == LETTERS
    assert "CLOSED" not in ground.states("tray")
    assert post.done.stored * 2 == post.done.events, "every event was told twice and is stored once"
    assert ground.wire.answers_lost > 0
    told = PartnerWire(ground.url, ground.token)._ask("GET", f"/letters/{ground.mail[0][1]}")
    again = ground.post()
    again.visit()
    assert again.done.agrees
    # Not by the numbers the API answers: the very same upload within a second is answered the very same.
    assert PartnerWire(ground.url, ground.token)._ask("GET", f"/letters/{ground.mail[0][1]}") == told
    assert {event["code"] for event in told["tracking"]} & {Code.DELIVERED, Code.RETURNED}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["missing", "foreign", "doubled", "unread"])
def test_a_tray_that_differs_is_not_accepted_and_the_slip_says_what(ground, what):
    mail = list(ground.mail)
    tray, _ = mail[0]
    match what:
        case "missing":
            del mail[0]
        case "foreign":
            mail.append((tray, "XA999999992CN"))
        case "doubled":
            mail.append(mail[0])
        case "unread":
            mail[0] = (tray, "")
    ground.put(mail)
    post = ground.post()
    post.visit()
    assert tray not in post.done.accepted
    assert what in post.done.differs[tray] or "not announced" in post.done.differs[tray]
    assert ground.states("piece")["RELEASED"] > 0
    ground.put(ground.mail)
    post.visit()
    assert post.done.agrees, "the tray is put right and accepted"


@pytest.mark.slow
def test_mail_on_no_manifest_is_named(ground):
    ground.put([*ground.mail, (900, "XA999999992CN")])
    post = ground.post()
    post.visit()
    assert post.unannounced() == ["T900: 1 件未列入清单 pieces on no manifest"]


@pytest.mark.slow
def test_the_command_is_the_post_and_says_what_is_missing(ground, tmp_path):
    ground.put(ground.mail)
    asked = ["--post", ground.url, "--dir", str(ground.out), "--stay", "1"]
    good = CliRunner().invoke(sim, [*asked, "--post-token", ground.token])
    assert good.exit_code == 0, good.output
    assert "SIMULATED" in good.output
    assert CliRunner().invoke(sim, [*asked, "--post-token", "llp_wrong"]).exit_code == 1
    assert CliRunner().invoke(sim, asked, env={"LETTERLINE_POST_TOKEN": ""}).exit_code == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert CliRunner().invoke(sim, ["--post", ground.url, "--dir", str(empty), "--post-token", "x"]).exit_code == 2


def test_a_station_that_is_not_there_is_said_in_words():
    with pytest.raises(PostRefused, match="letterline serve"):
        PartnerWire("http://127.0.0.1:9", "llp_x").batches()


@given(ITEMS.map(lambda items: sorted(set(items))), ITEMS)
def test_a_tray_agrees_exactly_when_announced_and_found_are_the_same_numbers(announced, found):
    counted = count(1, announced, [Mailed(1, n, item) for n, item in enumerate(found)])
    assert counted.agrees == (sorted(found) == announced)


@given(ITEMS.filter(bool), st.integers(1, 5))
def test_an_unread_envelope_is_never_taken_for_the_one_that_is_missing(items, unread):
    wanted = sorted(set(items))
    lying = [Mailed(1, n, item) for n, item in enumerate([*wanted[1:], *[""] * unread])]
    assert not count(1, wanted, lying).agrees


@given(st.integers(0, 99), st.sampled_from(["XA100000017CN", "XA100000025CN"]))
def test_every_journey_ends_and_is_the_same_again(seed, item):
    at = datetime(2026, 11, 22, tzinfo=UTC)
    plan = replace(PostPlan(), returned=0.5)
    told = journey(item, at, plan, seed)
    assert told == journey(item, at, plan, seed)
    assert told[0].code is Code.ACCEPTED
    assert told[-1].code in (Code.DELIVERED, Code.RETURNED)
    assert [event.at for event in told] == sorted(event.at for event in told)
    assert len({event.event_id for event in told}) == len(told)


def test_the_cage_forgets_what_was_taken_out_and_a_torn_line(tmp_path):
    (tmp_path / FILE).write_text(
        '{"in": 1, "serial": 1, "item": "A"}\n{"in": 1, "serial": 2, "item": "B"}\n{"out": 1, "serial": 1}\n{"in": 1, "ser'
    )
    assert read_cage(tmp_path) == [Mailed(1, 2, "B")]
    assert len(read_cage(tmp_path, taken_too=True)) == 2
