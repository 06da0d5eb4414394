"""The campaign is itself tested: rules of production are switched off in this process, and it must notice."""

from __future__ import annotations

import pytest

from simulator.campaign.mutant_list import pairs, singles
from simulator.campaign.mutants import Mutant, StaleMutant, Switch, hunt, switched

QUICK = (
    "successor rule",
    "the whole exit judgement",
    "unknown exit holds the tray",
    "close refuses a HOLD",
    "two persons",
    "restart doubts what was inside",
    "batch must balance",
)


def test_there_are_enough_mutants_and_none_is_stale():
    mutants = singles() + pairs()
    assert len(mutants) >= 60
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    for mutant in mutants:
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


@pytest.mark.parametrize("name", QUICK)
def test_the_campaign_notices_a_missing_rule(name):
    mutant = next(mutant for mutant in singles() if mutant.name == name)
    assert hunt(mutant, shifts=12).killed_by != ""


def test_nothing_is_noticed_when_nothing_is_switched_off():
    assert hunt(Mutant("none", ()), shifts=3).killed_by == ""
