"""A run whose letters wait for two persons ends, and is gone on with: no second ledger ever prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.commands.run import _fresh
from controller.line import events
from controller.line.core import LineCore
from controller.line.state import LineConfig
from controller.runner.scanner import ScannerLine
from controller.runner.simulated_operator import SimulatedOperator
from controller.runner.zone_scan import ZoneScan

HELD = 1_0000001


@pytest.mark.parametrize(("held", "ended", "asked"), [({HELD: "same-content"}, True, []), ({}, False, ["batch-close"])])
def test_simulated_people_end_when_only_held_letters_are_left_and_never_decide_about_them(
    held: dict[int, str], ended: bool, asked: list[str]
) -> None:
    core = LineCore(LineConfig(b"k" * 32))
    core.step(events.BatchOpened(1, (HELD,), held))
    if not held:
        core.step(events.RecallLetter(1, "op1", HELD))
    commands: list[str] = []

    def ask(name: str, arguments: Mapping[str, object], badge: str) -> int:
        commands.append(name)
        return len(commands)

    people = SimulatedOperator(core, ScannerLine(""), ask, 1, ZoneScan(core))
    assert people.finish(1_000.0) is ended
    assert commands == asked


@pytest.mark.parametrize(("left_open", "goes_on"), [(2, True), (0, False)])
def test_a_run_that_left_letters_open_is_gone_on_with_and_a_finished_one_is_moved_aside(
    tmp_path: Path, left_open: int, goes_on: bool
) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / "summary.json").write_text(json.dumps({"open": left_open}))
    assert _fresh(out) == out
    assert (out / "summary.json").exists() is goes_on
    assert (tmp_path / "run-1").exists() is not goes_on
