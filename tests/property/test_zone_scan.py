"""After a stop: what was inside, how many were taken out, and that Resume waits for their scans."""

from __future__ import annotations

from line_floor import KEY, Floor

from controller.line import events as ev
from controller.line.actions import Alarm, AlarmCode
from controller.line.state import LineConfig
from controller.model import ControlMark
from controller.runner.alarm_words import on_screen
from controller.runner.zone_scan import ZoneScan
from controller.states import PackState

COVER, JAM = 3, 4


class Watched(Floor):
    """A floor whose commits a `ZoneScan` hears."""

    def __init__(self) -> None:
        super().__init__(LineConfig(key=KEY, challenge_at_start=False))
        self.zone = ZoneScan(self.core)

    def tell(self, event: ev.LineEvent) -> None:
        super().tell(event)
        self.zone.committed([], [event])


def jammed() -> tuple[Watched, list[int]]:
    floor = Watched()
    floor.DEPTH = 3  # type: ignore[misc]
    floor.plan(1, [1] * 12)
    floor.start()
    floor.run(6)
    assert floor.machine.state == PackState.EXECUTE
    floor.tell(ev.Fault(floor.next_seq(), JAM, 5, True))
    floor.enter(PackState.HOLDING, PackState.HELD, reason=JAM)
    floor.tell(ev.Fault(floor.next_seq(), COVER, 5, True))
    return floor, list(floor.zone.to_scan)


def close_cover(floor: Watched, removed: int) -> None:
    if removed:
        floor.tell(ev.Removed(floor.next_seq(), 5, removed))
    floor.tell(ev.Fault(floor.next_seq(), JAM, 5, False))
    floor.tell(ev.Fault(floor.next_seq(), COVER, 5, False))


def scan(floor: Watched, uid: int) -> None:
    floor.tell(ev.CustodyScan(floor.next_command(), "op1", ControlMark(uid, 1, 1).encode(KEY)))


def test_everything_inside_is_listed_while_the_cover_is_open() -> None:
    floor, listed = jammed()
    assert len(listed) >= 3
    assert {str(floor.core.book.pieces[uid].state) for uid in listed} == {"SUSPECT", "EXIT_UNKNOWN"}


def test_as_many_must_be_scanned_as_were_taken_out_and_then_the_list_is_empty() -> None:
    floor, listed = jammed()
    close_cover(floor, 2)
    assert floor.zone.left == 2
    scan(floor, listed[0])
    assert (floor.zone.left, floor.zone.to_scan) == (1, tuple(listed[1:]))
    scan(floor, listed[0])
    assert floor.zone.left == 1, "the same piece scanned twice is one piece"
    scan(floor, listed[2])
    assert (floor.zone.left, floor.zone.to_scan) == (0, ())


def test_a_jam_that_freed_itself_asks_for_nothing() -> None:
    floor, _ = jammed()
    close_cover(floor, 0)
    assert (floor.zone.left, floor.zone.to_scan) == (0, ())


def test_more_taken_out_than_is_known_asks_only_for_what_is_known() -> None:
    floor, listed = jammed()
    close_cover(floor, 40)
    assert floor.zone.left == len(listed)


def test_a_search_of_the_floor_ends_the_waiting_for_what_cannot_be_found() -> None:
    floor, _ = jammed()
    close_cover(floor, 2)
    floor.tell(ev.SearchEnded(floor.next_command(), "sup1", 1))
    assert floor.zone.left == 0


def test_the_next_stop_begins_with_an_empty_list() -> None:
    floor, listed = jammed()
    close_cover(floor, 1)
    scan(floor, listed[0])
    floor.start()
    assert floor.core.line.state == PackState.EXECUTE
    assert floor.zone.left == 0
    floor.tell(ev.Removed(floor.next_seq(), 5, 1))
    assert listed[0] not in floor.zone.to_scan


def test_every_alarm_says_where_in_both_languages_and_none_speaks_english_on_a_chinese_screen() -> None:
    said = {
        AlarmCode.JAM: ("zone 5", "", "装封", "inserter"),
        AlarmCode.REMOVED_BY_HAND: ("zone 4", "3", "折页，3 件（张）", "folder, 3 pieces or sheets"),
        AlarmCode.TRAY_HOLD: ("12", "000007-0000031-01", "邮筐 12，000007-0000031-01", "tray 12, 000007-0000031-01"),
        AlarmCode.FOREIGN_IN_TRAY: ("12", "no. 7", "邮筐 12，第 7 件", "tray 12, piece no. 7"),
        AlarmCode.MACHINE_STOPPED: ("HELD", "4", "装封机，卡纸", "inserter, jam"),
        AlarmCode.CAMERA_OUT_OF_STEP: ("camera 2", "", "出口相机 C2", "exit camera C2"),
        AlarmCode.CONSECUTIVE_NO_READS: ("stack 3", "no-read", "第 3 叠，码读不出", "stack 3, mark not readable"),
        AlarmCode.TRAY_NOT_ACCEPTED: ("9", "CLOSED, 25.0 h", "邮筐 9，已封筐已 25.0 小时", "tray 9, closed for 25.0 h"),
        AlarmCode.CHALLENGE_FAILED: ("gate", "", "闸门", "gate"),
    }
    for code, (where, detail, zh, en) in said.items():
        shown = on_screen(Alarm(code, where, detail), 0)
        assert (shown.where.zh, shown.where.en) == (zh, en), code
