"""The auditor is told a thousand lies: true histories with one thing changed, and the chain forged to fit. It must name every one."""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

import simulator.auditor
from controller.ledger import chain
from controller.ledger.records import Event, Record
from simulator.auditor import audit
from simulator.campaign.faults import Profile
from simulator.campaign.franking import POSTAGE
from simulator.campaign.shift import Shift, ShiftPlan

LIES = 1_008
Story = tuple[list[Record], list[dict[str, object]]]


class TrueStory:
    """One stressed shift whose ledger and world agree."""

    def __init__(self) -> None:
        result = Shift(ShiftPlan(21, 40, Profile(rate=0.3), postage=POSTAGE)).run()
        assert result.closed
        self.ledger_id = result.store.ledger_id
        self.records = [
            Record(e.kind, e.batch, e.letter, e.piece, e.tray, e.job, json.loads(e.data)) for e in result.store.events
        ]
        self.world = result.log

    def told(self) -> Story:
        return list(self.records), json.loads(json.dumps(self.world))

    def findings(
        self, story: Story, *, chained: Callable[[list[Event]], list[Event]] = lambda events: events
    ) -> list[str]:
        records, world = story
        events = chained(chain.extend(chain.genesis(self.ledger_id), 1, 5, records))
        return [str(finding) for finding in audit(self.ledger_id, events, world, ended=True)]


@pytest.fixture(scope="module")
def true_story() -> TrueStory:
    return TrueStory()


def places(records: list[Record], *kinds: str) -> list[int]:
    return [place for place, record in enumerate(records) if record.kind in kinds]


def drop(*kinds: str) -> Callable[[Story, random.Random], bool]:
    def lie(story: Story, rng: random.Random) -> bool:
        found = places(story[0], *kinds)
        if found:
            # An empty record in its place keeps the numbers: only its meaning is gone.
            story[0][rng.choice(found)] = Record("line.note")
        return bool(found)

    return lie


def drop_released_proof(story: Story, rng: random.Random) -> bool:
    """One of the proofs of a piece that left was never given."""
    released = {story[0][place].piece for place in places(story[0], "piece.released")}
    proofs = [
        p
        for p in places(story[0], "piece.fed", "piece.collated", "piece.verified", "piece.granted")
        if story[0][p].piece in released
    ]
    story[0][rng.choice(proofs)] = Record("line.note")
    return True


def tray_from_nowhere(story: Story, rng: random.Random) -> bool:
    """A tray that was closed had never been opened."""
    closed = {story[0][place].tray for place in places(story[0], "tray.closed")}
    story[0][rng.choice([p for p in places(story[0], "tray.opened") if story[0][p].tray in closed])] = Record(
        "line.note"
    )
    return True


def swap_proofs(story: Story, rng: random.Random) -> bool:
    """The grant is older than the verification."""
    granted = places(story[0], "piece.granted")
    place = rng.choice(granted)
    verified = max(
        p for p in places(story[0], "piece.verified") if story[0][p].piece == story[0][place].piece and p < place
    )
    story[0][place], story[0][verified] = story[0][verified], story[0][place]
    return True


def other_piece(story: Story, rng: random.Random) -> bool:
    """An event is said of another piece than it happened to."""
    place = rng.choice(places(story[0], "piece.verified", "piece.granted", "piece.in-tray", "piece.released"))
    record = story[0][place]
    others = sorted({r.piece for r in story[0] if r.piece} - {record.piece})
    story[0][place] = record._replace(piece=rng.choice(others))
    return True


def second_attempt_too_early(story: Story, rng: random.Random) -> bool:
    """A letter is printed again while its first piece may still leave."""
    place = rng.choice(places(story[0], "piece.in-tray", "piece.granted", "piece.fed"))
    uid = story[0][place].piece
    story[0].insert(place + 1, Record("piece.planned", piece=uid + 50))
    return True


def one_person(story: Story, rng: random.Random) -> bool:
    found = places(story[0], "piece.destroyed", "piece.lost", "letter.freed", "copy.destroyed", "copy.lost")
    if not found:
        return False
    place = rng.choice(found)
    data = dict(story[0][place].data)
    story[0][place] = story[0][place]._replace(data={**data, "second": str(data["badge"]).upper()})
    return True


def wrong_count(story: Story, rng: random.Random) -> bool:
    """A tray or batch is closed with a number that is off by one."""
    place = rng.choice(places(story[0], "tray.closed", "batch.closed"))
    data = dict(story[0][place].data)
    field = "pieces" if "pieces" in data else "minted"
    story[0][place] = story[0][place]._replace(data={**data, field: data[field] + rng.choice((-1, 1))})  # type: ignore[operator]
    return True


def void_without_hands(story: Story, rng: random.Random) -> bool:
    """A granted piece is declared void though nobody had it in hand."""
    place = rng.choice(places(story[0], "piece.exit-unknown", "piece.granted"))
    story[0].insert(place + 1, Record("piece.voided", piece=story[0][place].piece))
    return True


def close_with_hold(story: Story, rng: random.Random) -> bool:
    place = rng.choice(places(story[0], "tray.closed"))
    story[0].insert(place, Record("hold.placed", tray=story[0][place].tray, data={"reason": "found later"}))
    return True


def keep_counting_as_good(story: Story, rng: random.Random) -> bool:
    """Knowledge was lost, but a piece inside is not doubted."""
    place = rng.choice(places(story[0], "piece.collated", "piece.fed"))
    story[0].insert(place + 1, Record(rng.choice(("line.restarted", "line.link-lost")), data={"epoch": 1}))
    return True


def cancelled_but_posted(story: Story, rng: random.Random) -> bool:
    place = rng.choice(places(story[0], "piece.released"))
    story[0].insert(place, Record("letter.cancelled", letter=story[0][place].piece // 100))
    return True


def left_trays(story: Story) -> list[dict[str, object]]:
    return [line for line in story[1] if line["what"] == "left" and line["envelopes"]]


def swapped_sheets(story: Story, rng: random.Random) -> bool:
    """Two envelopes that left have each other's contents."""
    trays = left_trays(story)
    first, second = rng.choice(rng.choice(trays)["envelopes"]), rng.choice(rng.choice(trays)["envelopes"])  # type: ignore[call-overload]
    if first[0] == second[0]:
        return False
    first[0], second[0] = second[0], first[0]
    return True


def sheet_missing(story: Story, rng: random.Random) -> bool:
    envelope = rng.choice(rng.choice(left_trays(story))["envelopes"])  # type: ignore[call-overload]
    envelope[0].pop()
    return True


def sheet_of_another(story: Story, rng: random.Random) -> bool:
    trays = left_trays(story)
    envelope, other = rng.choice(rng.choice(trays)["envelopes"]), rng.choice(rng.choice(trays)["envelopes"])  # type: ignore[call-overload]
    envelope[0].append(other[0][0])
    return True


def shows_another(story: Story, rng: random.Random) -> bool:
    envelope = rng.choice(rng.choice(left_trays(story))["envelopes"])  # type: ignore[call-overload]
    envelope[1] += 100
    return True


def left_twice(story: Story, rng: random.Random) -> bool:
    tray = rng.choice(left_trays(story))
    tray["envelopes"].append(rng.choice(rng.choice(left_trays(story))["envelopes"]))  # type: ignore[attr-defined,call-overload]
    return True


def left_behind(story: Story, rng: random.Random) -> bool:
    """The ledger says released, but the envelope was not in the tray."""
    envelopes = rng.choice(left_trays(story))["envelopes"]
    envelopes.pop(rng.randrange(len(envelopes)))  # type: ignore[attr-defined,arg-type]
    return True


def left_too_early(story: Story, rng: random.Random) -> bool:
    rng.choice(left_trays(story))["seq"] = 1
    return True


def printed_without_intent(story: Story, rng: random.Random) -> bool:
    line = rng.choice([line for line in story[1] if line["what"] == "printed" and line["sheets"]])
    line["seq"] = 0
    return True


def paper_from_nowhere(story: Story, rng: random.Random) -> bool:
    line = rng.choice([line for line in story[1] if line["what"] == "printed" and line["sheets"]])
    line["sheets"].append(rng.choice(line["sheets"]))  # type: ignore[attr-defined,call-overload]
    return True


def recall_not_kept(story: Story, rng: random.Random) -> bool:
    """A recall was answered "done", and the letter left."""
    envelope = rng.choice(rng.choice(left_trays(story))["envelopes"])  # type: ignore[call-overload]
    story[1].append({"what": "recall", "letter": envelope[0][0][0] // 100, "answer": "done", "seq": 1})
    return True


def franked_otherwise(story: Story, rng: random.Random) -> bool:
    """An envelope left with another amount on it than is due."""
    envelope = rng.choice(rng.choice(left_trays(story))["envelopes"])  # type: ignore[call-overload]
    envelope[3] += rng.choice((-POSTAGE, -20, POSTAGE))
    return True


def postage_not_confirmed(story: Story, rng: random.Random) -> bool:
    """A letter was released though its verification says nothing, or something else, of its postage."""
    released = {story[0][place].piece for place in places(story[0], "piece.released")}
    place = rng.choice([p for p in places(story[0], "piece.verified") if story[0][p].piece in released])
    data = dict(story[0][place].data)
    story[0][place] = story[0][place]._replace(data={**data, "postage": rng.choice((0, POSTAGE - 20, 2 * POSTAGE))})
    return True


MEANINGS = (
    franked_otherwise,
    postage_not_confirmed,
    drop_released_proof,
    swap_proofs,
    other_piece,
    second_attempt_too_early,
    one_person,
    wrong_count,
    void_without_hands,
    close_with_hold,
    keep_counting_as_good,
    cancelled_but_posted,
    drop("letter.opened"),
    tray_from_nowhere,
    drop("tray.closed"),
    drop("piece.destroyed", "piece.lost"),
    drop("piece.voided"),
    drop("piece.in-tray", "piece.audit-present"),
    drop("letter.mailed"),
    swapped_sheets,
    sheet_missing,
    sheet_of_another,
    shows_another,
    left_twice,
    left_behind,
    left_too_early,
    printed_without_intent,
    paper_from_nowhere,
    recall_not_kept,
)


def test_the_true_story_is_believed(true_story):
    assert true_story.findings(true_story.told()) == []


@pytest.mark.parametrize("kind", range(len(MEANINGS)), ids=[getattr(lie, "__name__", "lie") for lie in MEANINGS])
def test_every_lie_about_what_happened_is_named_though_the_hashes_fit(true_story, kind):
    told = 0
    rng = random.Random(kind)
    for _ in range(LIES // (len(MEANINGS) + 1) + 1):
        story = true_story.told()
        if MEANINGS[kind](story, rng):
            told += 1
            assert true_story.findings(story) != []
    assert told > 10


def test_every_change_of_a_stored_event_is_named(true_story):
    rng = random.Random(5)
    for _ in range(60):
        field = rng.choice(("at_unix_ns", "batch", "letter", "piece", "tray"))

        def change(events: list[Event], field: str = field) -> list[Event]:
            place = rng.randrange(len(events))
            events[place] = events[place]._replace(**{field: getattr(events[place], field) + 1})
            return events

        assert any("hash" in text for text in true_story.findings(true_story.told(), chained=change))


@pytest.mark.parametrize("seed", range(20))
def test_removed_doubled_and_swapped_events_are_named(true_story, seed):
    rng = random.Random(seed)

    def change(events: list[Event]) -> list[Event]:
        place = rng.randrange(1, len(events) - 1)
        return rng.choice(
            (
                events[:place] + events[place + 1 :],
                [*events[: place + 1], *events[place:]],
                [*events[:place], events[place + 1], events[place], *events[place + 2 :]],
            )
        )

    assert true_story.findings(true_story.told(), chained=change) != []


def test_the_auditor_shares_nothing_with_the_controller_and_stays_small():
    source = Path(simulator.auditor.__file__).read_text(encoding="utf-8")
    names = [alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    assert not [
        name for name in names if name.startswith(("controller", "simulator", "rendering", "devices", "vision"))
    ]
    assert len(source.splitlines()) < 600
