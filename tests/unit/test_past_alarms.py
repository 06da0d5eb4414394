"""The screens say why the line stands from the moment it is known until the line runs again, and offer the way on."""

from __future__ import annotations

import pytest

from controller.ledger.records import Record
from controller.line.actions import Alarm, AlarmCode
from controller.line.book import TrayEntry
from controller.line.core import LineCore
from controller.line.state import LineConfig
from controller.runner.alarm_words import PAST_WHEN_NO_HOLD, PAST_WHEN_RUNNING
from controller.runner.live_picture import LivePicture
from controller.runner.past_alarms import forget_holds, forget_stops
from controller.runner.zone_scan import ZoneScan
from controller.service.live import Press, Task, TaskKind
from controller.states import PackState, TrayState


def state(now: PackState) -> Record:
    return Record("line.state", data={"state": int(now), "mode": 1, "reason": 8})


@pytest.mark.parametrize("code", sorted(PAST_WHEN_RUNNING))
def test_an_alarm_outlives_the_moment_between_itself_and_the_stop_it_asked_for(code: AlarmCode) -> None:
    alarms = {code: ()}
    executing_still = [Record("line.heard", data={"epoch": 1, "seq": 9}), Record("piece.diverted", piece=1)]
    for records in ([], executing_still, [state(PackState.HOLDING)], [state(PackState.HELD)], []):
        forget_stops(alarms, records)
        assert alarms
    for records in ([state(PackState.UNHOLDING)], [state(PackState.EXECUTE)]):
        assert alarms
        forget_stops(alarms, records)
    assert not alarms


@pytest.mark.parametrize("code", sorted(PAST_WHEN_NO_HOLD))
def test_what_is_said_about_trays_is_past_when_none_is_on_hold(code: AlarmCode) -> None:
    alarms = {code: ()}
    trays = [TrayEntry(number, TrayState.OPEN) for number in (1, 2)]
    trays[0].holds.add("cover")
    forget_holds(alarms, trays)
    forget_stops(alarms, [state(PackState.EXECUTE)])
    assert alarms
    trays[0].holds.clear()
    forget_holds(alarms, trays)
    assert not alarms


def test_a_tray_that_cannot_be_audited_before_the_belt_is_empty_does_not_take_the_place_of_resume() -> None:
    core = LineCore(LineConfig(key=b"k"))
    picture = LivePicture("line-1", True, core, None, ZoneScan(core), None, 1, 24)  # type: ignore[arg-type]
    hold = Alarm(AlarmCode.TRAY_HOLD, "2")
    assert picture._alarm(hold, 1, [Task(TaskKind.CLOSE_TRAY, 0, 17)]).press is Press.RESUME
    for kind in (TaskKind.PUT_TRAY, TaskKind.CHANGE_TRAY, TaskKind.AUDIT_TRAY):
        assert picture._alarm(hold, 1, [Task(TaskKind.DESTROY, 3), Task(kind, 0, 2)]).press is Press.AUDIT_TRAY
