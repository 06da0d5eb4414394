"""Every word of the screens exists in both languages, and every keyword of line, ledger and machine has a word."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from controller.line.actions import Answer
from controller.model import Divert
from controller.service.approvals import ApprovalState, Override, Refusal
from controller.service.commands import Command
from controller.service.kpi import Loss
from controller.service.packml import PACKML
from controller.service.rights import Role
from controller.states.batch import BatchState
from controller.states.letter import LetterState
from controller.states.piece import PieceEvent, PieceState
from controller.states.tray import TrayState
from station_ui import words

STATION = Path(__file__).parents[2] / "station_ui"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None}


def texts() -> set[str]:
    options = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
    return {str(found[2]) for found in extract_from_dir(str(STATION), METHODS, options, KEYWORDS)}


def catalogue() -> dict[str, str]:
    content = (STATION / "translations/zh/LC_MESSAGES/messages.po").read_bytes()
    return {str(one.id): str(one.string) for one in read_po(io.BytesIO(content)) if one.id}


def test_every_text_has_a_chinese_translation_and_none_is_left_over():
    told = catalogue()
    assert texts() - set(told) == set()
    assert set(told) - texts() == set()
    assert [text for text, chinese in told.items() if not chinese] == []


def test_a_translation_keeps_the_places_of_its_values():
    for text, chinese in catalogue().items():
        assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", chinese)), text


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        (words.PACKML_WORDS, {keyword for keyword, _ in PACKML.values()}),
        (words.PIECE_STATES, PieceState),
        (words.LETTER_STATES, LetterState),
        (words.TRAY_STATES, TrayState),
        (words.BATCH_STATES, BatchState),
        (words.DIVERT_REASONS, Divert),
        (words.MOMENTS, {f"piece.{event}" for event in PieceEvent}),
        (words.ROLES, Role),
        (words.OVERRIDES, Override),
        (words.APPROVAL_STATES, ApprovalState),
        (words.COMMANDS, Command),
        (words.ANSWERS, Answer),
        (words.LOSSES, Loss),
    ],
)
def test_every_keyword_has_a_word(table, keys):
    assert {str(key) for key in keys} <= set(table)


def test_every_refusal_of_an_approval_has_a_word():
    assert set(Refusal) <= set(words.REFUSAL_WORDS)


def test_every_reason_the_line_gives_for_refusing_has_a_word():
    """The reasons stand as texts in the line core: read from its source, so that a new one cannot be forgotten here."""
    core = STATION.parent / "controller" / "line"
    given = {
        reason
        for path in core.rglob("*.py")
        for reason in re.findall(r"reply\([^\"()]*\"([a-z-]+)\"", path.read_text("utf-8"))
    }
    assert len(given) > 15
    assert given - set(words.REFUSAL_WORDS) == set()
