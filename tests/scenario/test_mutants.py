"""The campaign is itself tested: rules of production are switched off in this process, and it must notice."""

from __future__ import annotations

from itertools import chain, islice

import pytest

from simulator.campaign.mutant_list import COVERED, mutants, singles
from simulator.campaign.mutant_table import renewed
from simulator.campaign.mutants import Mutant, StaleMutant, Switch, hunt, shifts, small_worlds, switched

QUICK = (
    "successor rule",
    "the whole exit judgement",
    "unknown exit holds the tray",
    "close refuses a HOLD",
    "two persons",
    "restart doubts what was inside",
    "batch must balance",
    "exit unread",
    "too late",
    "camera out of step",
    "repeated events are dropped",
    "fell into another tray",
    "tray under audit",
)


def test_there_are_enough_mutants_and_none_is_stale():
    hunted = mutants()
    assert len(hunted) >= 60
    assert len({mutant.name for mutant in hunted}) == len(hunted)
    for mutant in hunted:
        with switched(mutant):
            pass


def test_a_mutant_whose_text_is_gone_is_an_error_and_not_a_survivor():
    with (
        pytest.raises(StaleMutant),
        switched(Mutant("gone", (Switch("controller.integrity:two_persons", "no such text", ""),))),
    ):
        pass


def test_a_switched_rule_is_back_afterwards():
    from controller.integrity import two_persons

    mutant = next(mutant for mutant in singles() if mutant.name == "two persons")
    with switched(mutant):
        assert two_persons("b-1", "b-1")
    assert not two_persons("b-1", "b-1")


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_the_campaign_notices_a_missing_rule(name):
    mutant = next(mutant for mutant in mutants() if mutant.name == name)
    assert hunt(mutant, chain(shifts(2), small_worlds())).killed_by != ""


@pytest.mark.slow
def test_nothing_is_noticed_when_nothing_is_switched_off():
    assert hunt(Mutant("none", ()), chain(islice(small_worlds(), 150), shifts(2))).killed_by == ""


def test_a_rule_left_off_the_list_is_argued_and_killed_together_with_the_rule_behind_it():
    together = [mutant.name.split(" + ") for mutant in mutants()]
    listed = {mutant.name for mutant in singles()}
    for name, (reason, *_) in COVERED.items():
        assert reason
        assert name not in listed
        assert any(name in names and len(names) > 1 for names in together), name


def test_the_table_of_mutants_is_renewed_in_its_place_and_nothing_else_is_touched():
    page = "# Title\n\n**old**\n\n| a |\n|---|\n| killed | 1 | x | y | z |\n| **survived** | 1 | x |  |  |\n\nend\n"
    rows = [
        {"mutant": "one", "killed_by": "onlooker: a|b", "letters": 7, "where": "there"},
        {"mutant": "one + two", "killed_by": "", "letters": 9, "where": ""},
    ]
    lines = renewed(page, rows).splitlines()
    assert lines[:2] + lines[3:6] + lines[8:] == ["# Title", "", "", "| a |", "|---|", "", "end"]
    assert lines[2].startswith(
        "**1 of 2 killed (50.0 %): 1 single rules and 1 combinations, none in more than 7 letters"
    )
    assert lines[6:8] == ["| killed | 7 | one | onlooker: a/b | there |", "| **survived** | 9 | one + two |  |  |"]
