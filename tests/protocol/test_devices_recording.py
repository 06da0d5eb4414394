"""Recording the wire of a driver and playing it back."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest

from devices.errors import ProtocolError
from devices.inserter.driver import InserterDriver
from devices.inserter.replay import replay
from devices.kinds import CommandResult, InserterEvent, RejectEye, ResultCode
from devices.recording import WireRecorder, read_recording
from tests.protocol.inserter_peer import Peer, PtyPeer


def test_a_recording_tells_the_same_events_and_results_as_the_driver_did(tmp_path: Path) -> None:
    heard: list[object] = []
    path = tmp_path / "wire.jsonl"
    with (
        PtyPeer(tmp_path / "inserter", Peer()) as peer,
        WireRecorder(path, "inserter", str(peer.link)) as recorder,
        InserterDriver(str(peer.link), heard.append, tap=recorder.tap) as driver,
    ):
        deadline = time.monotonic() + 5
        while not driver.is_up:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        said = [driver.set_tray(3), driver.grant(1, 7, 99, 5)]
        with peer.lock:
            for piece in range(30):
                peer.peer.emit(8, struct.pack("<II", piece, piece))
        while sum(isinstance(n, RejectEye | CommandResult) for n in heard) < 32:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    story = replay(read_recording(path))
    assert story.events == [n for n in heard if isinstance(n, InserterEvent)]
    assert [command.command_id for command in story.commands] == said
    assert story.results == dict.fromkeys(said, ResultCode.OK)
    assert (story.dropped_from_device, story.dropped_from_host, story.gaps, recorder.lost) == (0, 0, [], 0)


def test_a_recording_cut_short_is_read_to_its_end_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    head = '{"letterline_wire": 1, "device": "d", "url": "u"}\n'
    line = '{"at_us": 1, "way": "in", "hex": "00"}\n'
    cut, damaged, other = tmp_path / "cut", tmp_path / "damaged", tmp_path / "other"
    cut.write_text(head + line + line[:20])
    damaged.write_text(head + line[:20] + "\n" + line)
    other.write_text('{"something": "else"}\n')
    assert len(list(read_recording(cut))) == 1
    for path in (damaged, other, tmp_path / "missing"):
        with pytest.raises(ProtocolError, match=path.name):
            list(read_recording(path))
