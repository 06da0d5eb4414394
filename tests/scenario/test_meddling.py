"""Words of the wire bent on purpose: a lie may cost paper, never a letter; the whole series is ``letterline campaign --exhaustive lies``."""

from __future__ import annotations

import pytest

from simulator.campaign.exhaustive import problems
from simulator.campaign.lies import LIES, places, run_lie

PLACES = places()
EVERY = 16
"""So many words of a lie are passed over between two that are bent here."""


def test_every_lie_can_be_told_somewhere():
    assert {lie.name for lie, _ in PLACES} == {lie.name for lie in LIES}


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_bent_word_costs_no_letter(lie):
    for told, at in PLACES:
        if told is lie and at % EVERY == 1:
            assert problems(run_lie(lie, at)) == [], f"at word {at}"


def test_nothing_falls_into_a_tray_that_is_being_counted():
    """A tray stayed in place while its audit waited for a stranger to be taken out, and was filled all the same."""
    lie = next(lie for lie in LIES if lie.name == "an audit finds a stranger")
    for told, at in PLACES:
        if told is lie:
            assert problems(run_lie(lie, at)) == []
