"""What the simulated world says against the ledger: a wrong envelope that an audit took out did not leave; one that stays is a violation."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from controller.runner.world_check import check_world
from controller.states import PieceState

FIRST, SECOND = 1000000101, 1000000201


def book(state: PieceState) -> Any:
    pieces = [SimpleNamespace(uid=uid, sheets=1, state=state, tray=1) for uid in (FIRST, SECOND)]
    return SimpleNamespace(
        jobs={"J": SimpleNamespace(name="J", pieces=pieces)},
        pieces={piece.uid: piece for piece in pieces},
        batches={1: SimpleNamespace(pieces=pieces)},
    )


def world(folder: Path, *facts: dict[str, object]) -> Path:
    log = folder / "world.jsonl"
    log.write_text("".join(json.dumps(fact) + "\n" for fact in facts))
    return log


def fell(*places: int) -> dict[str, object]:
    return {"what": "exit", "where": "tray", "tray": 1, "sheets": [{"job": "J", "index": index} for index in places]}


def pulled(*places: int) -> dict[str, object]:
    return {"what": "pulled", "tray": 1, "sheets": [{"job": "J", "index": index} for index in places]}


def test_two_letters_in_one_envelope_are_a_violation_while_they_lie_in_a_tray(tmp_path: Path) -> None:
    found = check_world(world(tmp_path, fell(0, 1)), book(PieceState.DESTROYED), 1)
    assert [text[:3] for text in found] == ["I2:"]


def test_what_an_audit_took_out_again_is_none(tmp_path: Path) -> None:
    assert check_world(world(tmp_path, fell(0, 1), pulled(0, 1)), book(PieceState.DESTROYED), 1) == []


def test_taking_out_the_right_envelope_does_not_excuse_the_wrong_one(tmp_path: Path) -> None:
    log = world(tmp_path, fell(0, 1), fell(0), fell(1), pulled(0))
    assert any(text.startswith("I2:") for text in check_world(log, book(PieceState.RELEASED), 1))


def test_every_letter_once_is_what_must_be(tmp_path: Path) -> None:
    assert check_world(world(tmp_path, fell(0), fell(1)), book(PieceState.RELEASED), 1) == []
