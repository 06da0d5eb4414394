"""Properties of the ledger over made-up histories: replay equals columns, every tamper is found, grouping of appends is invisible."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.ledger import chain
from controller.ledger.errors import LedgerFault
from controller.ledger.ledger import Ledger
from controller.ledger.records import Event, Record
from controller.ledger.store import MemoryStore
from controller.states import TABLES, RefusedEvent, advance

PIECES = [10**9 + number * 100 + 1 for number in range(1, 5)]
KINDS = st.sampled_from([f"piece.{word}" for word in TABLES["piece"].events] + ["line.note", "hold.placed"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
RECORDS = st.builds(
    Record,
    kind=KINDS,
    batch=st.integers(0, 9),
    letter=st.integers(0, 99),
    job=st.sampled_from(["", "B000001-J01-0a1b2c3d"]),
    piece=st.sampled_from(PIECES),
    tray=st.integers(0, 3),
    data=st.dictionaries(st.text(max_size=5), PLAIN, max_size=3),
)


def new_ledger() -> Ledger:
    return Ledger(MemoryStore("property"), advance)


def written(records: list[Record]) -> Ledger:
    ledger = new_ledger()
    for record in records:
        try:
            ledger.append([record], 5)
        except RefusedEvent:
            continue
    return ledger


@given(st.lists(RECORDS, max_size=60))
def test_columns_equal_replay_whatever_happened(records):
    ledger = written(records)
    ledger.check_states()
    before = ledger.store.all_states()
    assert ledger.rebuild() == before


@given(st.lists(RECORDS, max_size=40), st.randoms(use_true_random=False))
def test_how_records_are_grouped_into_transactions_does_not_show(records, rng: random.Random):
    one_by_one = written(records)
    grouped = new_ledger()
    events = [Record(e.kind, e.batch, e.letter, e.piece, e.tray, e.job, json.loads(e.data)) for e in one_by_one.read()]
    while events:
        count = rng.randint(1, len(events))
        grouped.append(events[:count], 5)
        del events[:count]
    assert grouped.hash == one_by_one.hash
    assert grouped.store.all_states() == one_by_one.store.all_states()


@settings(max_examples=150)
@given(st.lists(RECORDS, min_size=3, max_size=20), st.data())
def test_any_change_of_any_event_is_found_at_that_event(records, data):
    ledger = written([Record("line.note"), *records])
    events = list(ledger.read())
    place = data.draw(st.integers(0, len(events) - 1))
    field = data.draw(st.sampled_from(Event._fields[1:]))
    old = getattr(events[place], field)
    new = data.draw(
        {int: st.integers(), str: st.text(), bytes: st.binary(max_size=40)}[type(old)].filter(
            lambda value: value != old
        )
    )
    events[place] = events[place]._replace(**{field: new})
    with pytest.raises(LedgerFault) as caught:
        chain.check(chain.genesis("property"), 1, events)
    assert caught.value.seq == place + 1


@given(st.lists(RECORDS, min_size=3, max_size=20), st.randoms(use_true_random=False))
def test_removing_doubling_or_swapping_events_is_found(records, rng: random.Random):
    events = list(written([Record("line.note")] * 3 + records).read())
    place = rng.randrange(len(events) - 1)
    broken = {
        "removed": events[:place] + events[place + 1 :],
        "doubled": [*events[: place + 1], *events[place:]],
        "swapped": [*events[:place], events[place + 1], events[place], *events[place + 2 :]],
    }
    for changed in broken.values():
        with pytest.raises(LedgerFault):
            chain.check(chain.genesis("property"), 1, changed)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(["epoch", "seq", "no", "号"]), st.text(max_size=4)),
        st.one_of(st.integers(), st.booleans(), st.text(max_size=4), st.none()),
        max_size=6,
    )
)
def test_the_one_text_of_data_is_what_the_json_encoder_writes(data):
    assert chain.canonical(data) == json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
