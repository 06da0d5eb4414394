"""A benchmark cannot pass by accident: ratios are ours over theirs, a missing peer fails its gate, the JSON says what was promised."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from benchmarks.commands import available, bench
from benchmarks.report import Report


def test_ratios_are_ours_divided_by_the_peer() -> None:
    line = Report().add("speed", 300.0, "letters/s", {"slow": 3.0, "fast": 600.0})
    assert line.ratio() == {"slow": 100.0, "fast": 0.5}


def test_a_gate_on_a_peer_that_did_not_run_is_missed() -> None:
    report = Report()
    report.add("speed", 300.0, "letters/s", {}, ratio_at_least={"typst": 200})
    assert [measure.measure for measure in report.failed()] == ["speed"]


def test_each_bound_counts_and_all_must_hold(tmp_path: Path) -> None:
    report = Report()
    assert report.add("a", 5, "ms", at_least=1, at_most=6).holds is True
    assert report.add("b", 7, "ms", at_least=1, at_most=6).holds is False
    assert report.add("c", 7, "ms", {"x": 10.0}, ratio_at_most={"x": 0.75}).holds is True
    assert report.add("d", 7, "ms", {"x": 10.0}, ratio_at_most={"x": 0.65}).holds is False
    assert report.add("e", 7, "ms").holds is None
    report.write(tmp_path / "r.json")
    records = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert records[2] == {
        "measure": "c", "ours": 7.0, "unit": "ms", "peers": {"x": 10.0}, "ratio": {"x": 0.7},
        "gate": "at most 0.75 x x", "holds": True,
    }  # fmt: skip


def test_the_command_lists_what_there_is_and_refuses_what_there_is_not() -> None:
    listed = CliRunner().invoke(bench, [])
    assert listed.exit_code == 0
    assert "render" in available()
    assert all(name in listed.output for name in available())
    assert CliRunner().invoke(bench, ["nonsense"]).exit_code == 2
