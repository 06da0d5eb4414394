"""The state tables: complete, guarded, and drawn as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.states import MACHINE, PIECE, TABLES, PackState, PieceEvent, PieceState, RefusedEvent, advance
from controller.states.diagram import PAGES, pages
from controller.states.piece import LIVE
from controller.states.table import Transition, table

DOCS = Path(__file__).parents[2] / "docs" / "states"
ALL_TABLES = pytest.mark.parametrize("name", sorted(TABLES))


@ALL_TABLES
def test_every_state_is_reached_from_the_beginning(name: str) -> None:
    rows = TABLES[name].rows
    reached: set[str | None] = {None}
    while True:
        more = {row.target for row in rows if row.source in reached} - reached
        if not more:
            break
        reached |= more
    assert set(TABLES[name].states) <= reached


@ALL_TABLES
def test_a_state_ends_a_life_exactly_when_no_row_leaves_it(name: str) -> None:
    sources = {row.source for row in TABLES[name].rows}
    assert TABLES[name].ends == set(TABLES[name].states) - sources


@ALL_TABLES
def test_every_guard_that_a_row_names_is_explained(name: str) -> None:
    shown, guards = PAGES[name]
    assert shown is TABLES[name]
    named = {guard for row in shown.rows for guard in row.guard.split(", ") if guard}
    assert named <= set(guards)


@ALL_TABLES
def test_the_page_in_the_docs_is_as_the_table_is(name: str) -> None:
    expected = pages()[f"{name}.md"]
    found = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert found == expected, "run: python -m controller.states.diagram docs/states"


@ALL_TABLES
def test_every_pair_without_a_row_is_refused_by_name(name: str) -> None:
    rows = TABLES[name]
    for state in (None, *rows.states):
        for event in rows.events:
            if (state, event) in rows.steps:
                assert advance(name, state, event) == rows.steps[state, event]
                continue
            with pytest.raises(RefusedEvent) as refusal:
                advance(name, state, event)
            assert event in str(refusal.value)
            assert name in str(refusal.value)


def test_every_event_and_state_of_a_piece_is_used() -> None:
    assert set(PIECE.events) == set(PieceEvent)
    assert set(PIECE.states) == set(PieceState)


def test_the_thirty_rules_of_a_piece_are_all_there_but_those_that_move_trays_or_stay() -> None:
    # 7 stays IN_FEED until 8; 16 puts the tray on HOLD and moves no piece; 23 is a new attempt's rule 1.
    numbers = {part.split(" ")[0] for row in PIECE.rows for part in row.rule.split(", ")}
    assert numbers == {str(n) for n in range(1, 31)} - {"16"}


def test_no_way_leads_from_void_back_to_life() -> None:
    dead: set[str] = {PieceState.VOID}
    while True:
        more = {row.target for row in PIECE.rows if row.source in dead} - dead
        if not more:
            break
        dead |= more
    assert dead & LIVE == set()


def test_a_tray_is_reached_only_through_a_grant_or_an_audit_of_a_granted_piece() -> None:
    sources = {row.source for row in PIECE.rows if row.target == PieceState.IN_TRAY}
    assert sources == {PieceState.PASS_GRANTED, PieceState.EXIT_UNKNOWN}
    assert {row.source for row in PIECE.rows if row.target == PieceState.EXIT_UNKNOWN} == {PieceState.PASS_GRANTED}


def test_the_seventeen_machine_states_bear_the_published_numbers() -> None:
    assert sorted(PackState) == list(range(1, 18))
    assert (PackState.EXECUTE, PackState.HELD, PackState.ABORTED, PackState.COMPLETE) == (6, 11, 9, 17)
    assert set(MACHINE.states) == {state.name for state in PackState}


def test_two_rows_for_one_event_in_one_state_are_refused_when_a_table_is_built() -> None:
    with pytest.raises(ValueError, match="two rows"):
        table("thing", "物", (Transition("1", None, "a", "X"), Transition("2", None, "a", "Y")), frozenset())


def test_a_row_that_leaves_an_end_is_refused_when_a_table_is_built() -> None:
    with pytest.raises(ValueError, match="ends a life"):
        table("thing", "物", (Transition("1", None, "a", "X"), Transition("2", "X", "b", "Y")), frozenset({"X"}))
