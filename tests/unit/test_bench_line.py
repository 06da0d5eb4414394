"""The bench of lines counts from the world log alone: rate, spans, and a deadline that was missed without a diversion."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.line_runs import read_world


def world(path: Path, facts: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(fact) + "\n" for fact in facts))
    return path


def piece(number: int, shot: float, token: float | None, moved_to: str, why: str) -> list[dict[str, object]]:
    facts: list[dict[str, object]] = [{"t": shot, "what": "exit_shot", "piece_no": number, "trigger": number}]
    gate: dict[str, object] = {"t": shot + 0.3, "what": "gate", "piece_no": number, "moved_to": moved_to, "why": why}
    if token is not None:
        facts.append({"t": token, "what": "token", "piece_no": number})
    return sorted([*facts, gate], key=lambda fact: float(str(fact["t"])))


def test_spans_and_rate_come_from_the_world_log(tmp_path: Path) -> None:
    facts = [fact for n in range(100) for fact in piece(n, n * 0.1, n * 0.1 + 0.04, "pass", "TOKEN")]
    passage = read_world(world(tmp_path / "w", facts))
    assert round(passage.per_hour()) == 36_000
    assert {round(ms) for ms in passage.latencies_ms} == {40}
    assert (passage.passed_without_token, passage.late_tokens, passage.gates["pass TOKEN"]) == (0, 0, 100)


def test_a_piece_that_passed_without_a_token_in_time_is_counted_whatever_the_machine_says(tmp_path: Path) -> None:
    facts = piece(1, 1.0, None, "pass", "TOKEN") + piece(2, 2.0, 2.31, "pass", "TOKEN")
    facts += piece(3, 3.0, 3.35, "reject", "NO_TOKEN") + piece(4, 4.0, None, "reject", "NO_TOKEN")
    facts += piece(5, 5.0, 5.1, "pass", "TOKEN")
    assert read_world(world(tmp_path / "w", facts)).passed_without_token == 2


def test_piece_numbers_begin_again_after_a_reboot(tmp_path: Path) -> None:
    boot: dict[str, object] = {"t": 2.0, "what": "state", "state": "ABORTED", "reason": "BOOT"}
    facts = [{"t": 1.0, "what": "token", "piece_no": 1}, boot, *piece(1, 3.0, None, "pass", "TOKEN")]
    assert read_world(world(tmp_path / "w", facts)).passed_without_token == 1
