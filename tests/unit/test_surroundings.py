"""The witness on another disk goes away, the clock of the computer is stepped: production goes on, and a person is told (rows 42 and 50)."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_stores import NOW, path_to_tray, uid

from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.ledger import WITNESS_PATIENCE_NS, WITNESS_RETRY_EVENTS
from controller.ledger.opening import open_ledger
from controller.line.actions import Alarm, AlarmCode
from controller.runner.alarm_words import on_screen
from controller.runner.surroundings import CLOCK_STEP_NS, Surroundings
from simulator.host_deeds import HostDeeds


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    place = tmp_path / "other-disk"
    place.mkdir()
    return place


def test_production_goes_on_while_the_witness_is_away_and_it_catches_up(tmp_path, disk):
    witness = disk / "w"
    with open_ledger(tmp_path / "ledger.db", witness=witness, disk_reserve_bytes=0) as opened:
        opened.ledger.append(path_to_tray(uid(1)), NOW)
        opened.ledger.witness()
        before = witness.read_text()
        disk.rename(tmp_path / "gone")
        opened.ledger.append(path_to_tray(uid(2)), NOW)
        opened.ledger.witness()
        assert "w could not be written" in opened.ledger.witness_away
        opened.ledger.append(path_to_tray(uid(3)), NOW + WITNESS_PATIENCE_NS - 1)
        (tmp_path / "gone").rename(disk)
        assert witness.read_text() == before
        for number in range(4, 5 + WITNESS_RETRY_EVENTS // 10):
            opened.ledger.append(path_to_tray(uid(number)), NOW + WITNESS_PATIENCE_NS - 1)
        assert not opened.ledger.witness_away
        assert witness.read_text() != before


def test_after_eight_hours_without_a_witness_the_line_stops(tmp_path, disk):
    with open_ledger(tmp_path / "ledger.db", witness=disk / "w", disk_reserve_bytes=0) as opened:
        opened.ledger.append(path_to_tray(uid(1)), NOW)
        disk.rename(tmp_path / "gone")
        opened.ledger.witness()
        for number in range(2, 7):
            opened.ledger.append(path_to_tray(uid(number)), NOW + WITNESS_PATIENCE_NS - 1)
        with pytest.raises(LedgerFault, match="witness"):
            opened.ledger.append(
                [record for number in range(7, 20) for record in path_to_tray(uid(number))], NOW + WITNESS_PATIENCE_NS
            )
        (tmp_path / "gone").rename(disk)


def test_a_witness_that_is_not_there_at_the_start_is_not_taken_for_none(tmp_path, disk):
    witness = disk / "w"
    with open_ledger(tmp_path / "ledger.db", witness=witness, disk_reserve_bytes=0) as opened:
        opened.ledger.append(path_to_tray(uid(1)), NOW)
    disk.rename(tmp_path / "gone")
    with pytest.raises(LedgerFault, match="mount it") as refused:
        open_ledger(tmp_path / "ledger.db", witness=witness, disk_reserve_bytes=0)
    assert refused.value.code is FaultCode.ROLLBACK


def test_a_witness_beside_the_ledger_has_no_patience(tmp_path, monkeypatch):
    with open_ledger(tmp_path / "ledger.db", disk_reserve_bytes=0) as opened:
        opened.ledger.append(path_to_tray(uid(1)), NOW)
        (tmp_path / "ledger.witness.new").mkdir()
        with pytest.raises(LedgerFault):
            opened.ledger.witness()
        (tmp_path / "ledger.witness.new").rmdir()


class Seen:
    def __init__(self) -> None:
        self.why = ""
        self.alarms: dict[AlarmCode, Alarm] = {}
        self.looking = Surroundings(lambda: self.why, self.note, self.alarms)

    def note(self, alarm: Alarm) -> None:
        self.alarms[alarm.code] = alarm


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=20), st.integers(-(10**13), 10**13), st.integers(0, 19))
def test_only_a_step_of_the_clock_is_told_not_the_time_that_passes(passes, step, place):
    seen, unix, monotonic = Seen(), NOW, 5
    seen.looking.look(unix, monotonic)
    for number, ns in enumerate(passes):
        unix, monotonic = unix + ns + (step if number == place else 0), monotonic + ns
        seen.looking.look(unix, monotonic)
    assert (AlarmCode.CLOCK_JUMPED in seen.alarms) == (abs(step) > CLOCK_STEP_NS and place < len(passes))


def test_the_alarm_of_the_witness_comes_once_and_goes_with_its_cause():
    seen = Seen()
    seen.looking.look(1, 1)
    seen.why = "gone"
    seen.looking.look(1, 1)
    told = seen.alarms[AlarmCode.WITNESS_AWAY]
    seen.looking.look(1, 1)
    assert seen.alarms[AlarmCode.WITNESS_AWAY] is told
    assert on_screen(told, 1).do.zh
    seen.why = ""
    seen.looking.look(1, 1)
    assert not seen.alarms


@pytest.mark.slow
def test_the_stepped_clock_moves_the_wall_clock_of_a_process_alone(tmp_path):
    deeds = HostDeeds(tmp_path)
    environment = deeds.stepped_clock()
    deeds._step_clock(3600.0)
    script = "import time; print(time.time(), time.monotonic())"
    said = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    wall, steady = map(float, said.stdout.split())
    assert 3600 <= wall - time.time() + 60 < 3720
    assert abs(steady - time.monotonic()) < 60
