"""The conformance kit passes the simulated machine and fails a machine made wrong on purpose, in the clause that is about what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from devices.conformance.clauses import CLAUSES
from devices.conformance.host import TestHost
from devices.conformance.kit import Finding, Outcome, count, run_kit, to_html, to_json
from devices.conformance.register_host import RegisterTestHost
from simulator.inserter.wrong import WRONG, Spoil, WrongMachine, ignores_deadline, opens_without_token
from tests.protocol.model_inserter import ModelPort, ModelRegisters

pytestmark = pytest.mark.slow


def judged(spoil: Spoil = lambda firmware, wire: None, only: tuple[str, ...] = ()) -> dict[str, Finding]:
    port = ModelPort(spoil)
    return {finding.clause: finding for finding in run_kit(partial(TestHost, port), only)}


def test_the_simulated_machine_keeps_every_clause() -> None:
    findings = judged()
    assert {number: f.detail for number, f in findings.items() if f.outcome is not Outcome.KEPT} == {}
    assert len(findings) == len(CLAUSES) == 38


def test_the_simulated_machine_keeps_the_same_clauses_on_registers() -> None:
    port = ModelRegisters()
    findings = list(run_kit(partial(RegisterTestHost, port), frames=False))
    assert {f.clause: f.detail for f in findings if f.outcome is not Outcome.KEPT} == {}
    assert len(findings) == sum(clause.number[0] != "W" for clause in CLAUSES)


def test_a_machine_with_a_franking_head_keeps_the_order_of_its_words_on_both_transports() -> None:
    def franks(firmware: Any, wire: Any) -> None:
        firmware.path.mechanics = replace(firmware.path.mechanics, franking=120)

    found = [*run_kit(partial(TestHost, ModelPort(franks)), ("P14",))]
    found += run_kit(partial(RegisterTestHost, ModelRegisters(franks)), ("P14",), frames=False)
    assert [finding.outcome for finding in found] == [Outcome.KEPT, Outcome.KEPT]


def test_a_machine_that_opens_without_a_token_fails_on_registers_too() -> None:
    port = ModelRegisters(opens_without_token)
    findings = list(run_kit(partial(RegisterTestHost, port), ("P04",), frames=False))
    assert [f.outcome for f in findings] == [Outcome.NOT_KEPT]


@pytest.mark.parametrize("machine", WRONG, ids=lambda machine: machine.name)
def test_a_wrong_machine_fails_where_it_is_wrong(machine: WrongMachine) -> None:
    findings = judged(machine.spoil, machine.fails)
    assert [number for number, finding in findings.items() if finding.outcome is not Outcome.NOT_KEPT] == []
    assert all(finding.detail for finding in findings.values())


def test_every_clause_has_a_machine_that_fails_it() -> None:
    """Clauses nothing fails might be clauses that cannot fail; those left are listed with the reason."""
    never_failed = {clause.number for clause in CLAUSES} - {number for machine in WRONG for number in machine.fails}
    reachable_only_by_wire_shape = {"W01", "W03", "W06", "W10", "W11"}
    assert never_failed - reachable_only_by_wire_shape == {"S01", "S03", "S07", "P05"}


def test_a_dead_device_fails_and_does_not_hang_the_kit() -> None:
    findings = judged(lambda firmware, wire: setattr(wire, "receive", lambda data, now_us: None), ("W01", "S01", "P04"))
    assert {f.outcome for f in findings.values()} == {Outcome.NOT_KEPT}
    assert "HELLO" in findings["W01"].detail


def test_the_report_names_the_device_each_clause_and_what_was_seen() -> None:
    findings = list(judged(ignores_deadline, ("P05", "P06")).values())
    report = json.loads(to_json("a <machine>", findings))
    assert report["summary"] == count(findings) == {"kept": 1, "not kept": 1, "not tested": 0}
    page = to_html("a <machine>", findings)
    assert "a &lt;machine&gt;" in page
    assert "P06" in page
