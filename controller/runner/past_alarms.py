"""When an alarm is past and leaves the screens. Pure, but for the alarms it is given."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any

from controller.ledger.records import Record
from controller.line.actions import AlarmCode
from controller.line.book import TrayEntry
from controller.runner.alarm_words import PAST_WHEN_NO_HOLD, PAST_WHEN_RUNNING
from controller.states import PackState


def forget_stops(alarms: MutableMapping[AlarmCode, Any], records: Iterable[Record]) -> None:
    """Forget what the line stopped for, at the record that the machine executes again.

    Not because it executes: between an alarm and the stop that it asks for the machine still does, and the screens would never say why
    the line stands.
    """
    if any(one.kind == "line.state" and one.data["state"] == PackState.EXECUTE for one in records):
        _drop(alarms, PAST_WHEN_RUNNING)


def forget_holds(alarms: MutableMapping[AlarmCode, Any], trays: Iterable[TrayEntry]) -> None:
    """Forget what was said about trays when none is on HOLD."""
    if not any(tray.holds for tray in trays):
        _drop(alarms, PAST_WHEN_NO_HOLD)


def _drop(alarms: MutableMapping[AlarmCode, Any], codes: frozenset[AlarmCode]) -> None:
    for code in codes & alarms.keys():
        del alarms[code]
