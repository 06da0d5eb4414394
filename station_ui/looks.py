"""Filters of the templates: keywords to words, numbers and times to text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from markupsafe import Markup

from controller.model import piece_name
from controller.service.live import Words
from controller.service.packml import PACKML
from station_ui import charts, words
from station_ui.catalogue import language


def _packml(state: int) -> tuple[str, str]:
    keyword, look = PACKML.get(state, PACKML[0])
    return keyword, look.value


def clock(at_unix_ns: int) -> str:
    """Return the time of day of this station."""
    return datetime.fromtimestamp(at_unix_ns / 1e9).astimezone().strftime("%H:%M:%S")


def day(at_unix_ns: int) -> str:
    """Return date and time of this station."""
    return datetime.fromtimestamp(at_unix_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at_unix_ns else "–"


def grouped(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def machine_reason(reason: str) -> str:
    """Return the word for a machine's reason, given as its keyword or its number."""
    if reason.isdigit() and int(reason) < len(words.REASON_NUMBERS):
        reason = words.REASON_NUMBERS[int(reason)]
    return words.word(words.MACHINE_REASONS, reason)


def hold_word(reasons: str) -> str:
    """Return the reasons of a HOLD in words; a reason may carry the piece it is about after a colon."""
    told = (reason.partition(":") for reason in reasons.split(", "))
    return "、".join(f"{words.word(words.HOLDS, key)} {about}".strip() for key, _, about in told)


def in_language(text: Words) -> str:
    return text.zh if language() == "zh" else text.en


def _table(table: Any) -> Any:
    return lambda key: words.word(table, key)


def register(app: Flask) -> None:
    filters = app.jinja_env.filters
    filters["packml_word"] = lambda state: words.word(words.PACKML_WORDS, _packml(state)[0])
    filters["packml_look"] = lambda state: _packml(state)[1]
    filters["reason_word"] = machine_reason
    filters["divert_word"] = _table({**words.HOLDS, **words.CUSTODY_REASONS, **words.DIVERT_REASONS})
    filters["piece_word"] = _table(words.PIECE_STATES)
    filters["letter_word"] = _table(words.LETTER_STATES)
    filters["tray_word"] = _table(words.TRAY_STATES)
    filters["batch_word"] = _table(words.BATCH_STATES)
    filters["role_word"] = _table(words.ROLES)
    filters["override_word"] = _table(words.OVERRIDES)
    filters["approval_word"] = _table(words.APPROVAL_STATES)
    filters["command_word"] = _table(words.COMMANDS)
    filters["job_word"] = _table(words.JOB_STATES)
    filters["zone_word"] = _table(words.ZONES)
    filters["return_word"] = _table(words.RETURN_REASONS)
    filters["moment_word"] = _table(words.MOMENTS)
    filters["moment_look"] = words.moment_look
    filters["security_word"] = _table(words.SECURITY_EVENTS)
    filters["hold_word"] = hold_word
    filters["scope_word"] = _table(words.SCOPES)
    filters["delivery_word"] = _table(words.DELIVERY_STATES)
    filters["code39"] = charts.code39
    filters["words"] = in_language
    filters["clock"] = clock
    filters["day"] = day
    filters["grouped"] = grouped
    filters["piece_name"] = piece_name
    filters["spark"] = lambda points: Markup(charts.spark(points))
