"""Recording the wire of a driver and playing it back."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.commands import wire
from devices.errors import ProtocolError
from devices.inserter.codec import FrameReader, FrameType, encode
from devices.inserter.driver import InserterDriver
from devices.inserter.rehearsal import hear, lines_of_difference
from devices.inserter.replay import replay
from devices.kinds import CommandResult, InserterEvent, LinkLost, LinkLostWhy, RejectEye, ResultCode
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


TROUBLE = Path(__file__).parents[1] / "vectors" / "wire-trouble.jsonl"
"""A line with noise on the wire, a pulled cable and a rebooted machine, recorded by ``letterline line --record``; what was heard lies beside it."""


def test_the_driver_hears_of_a_bad_day_what_it_heard_then() -> None:
    heard = hear(TROUBLE)
    kept = TROUBLE.with_suffix(".heard.jsonl").read_text(encoding="utf-8")
    assert lines_of_difference(heard, kept) == []
    assert heard.complete
    assert heard.story.dropped_from_device > 20, "the recording has noise in it"
    assert [n.why for n in heard.told if isinstance(n, LinkLost)][-1] is LinkLostWhy.CLOSED
    assert len(heard.story.epochs) == 2


def test_the_session_tells_each_recorded_event_once_and_in_order() -> None:
    heard = hear(TROUBLE)
    assert [n for n in heard.told if isinstance(n, InserterEvent)] == heard.story.events
    assert {n.command_id: n.code for n in heard.told if isinstance(n, CommandResult)} == heard.story.results


def test_a_driver_that_hears_otherwise_is_shown_where(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    kept = TROUBLE.with_suffix(".heard.jsonl").read_text(encoding="utf-8")
    other.write_text(kept.replace("tray=1, present=True", "tray=2, present=True"), encoding="utf-8")
    answer = CliRunner().invoke(wire, [str(TROUBLE), "--expect", str(other)])
    assert answer.exit_code == 1
    assert "tray=2, present=True" in answer.output
    other.write_text(kept, encoding="utf-8")
    assert CliRunner().invoke(wire, [str(TROUBLE), "--expect", str(other)]).exit_code == 0


def test_a_recording_with_a_hole_is_not_called_complete(tmp_path: Path) -> None:
    """Part of what the device said is taken out, and what it said again of it too."""
    gone = {event.event_seq for event in hear(TROUBLE).story.events[40:43]}
    hole = tmp_path / "hole.jsonl"
    with hole.open("w") as file:
        file.write('{"letterline_wire": 1, "device": "inserter", "url": "simulated"}\n')
        reader = FrameReader()
        for record in read_recording(TROUBLE):
            frames = reader.feed(record.data) if record.inward else []
            kept = [f for f in frames if not (f.kind is FrameType.EVENT and f.epoch == 1 and f.seq in gone)]
            data = b"".join(encode(frame) for frame in kept) if record.inward else record.data
            way = "in" if record.inward else "out"
            file.write(json.dumps({"at_us": record.at_us, "way": way, "hex": data.hex()}) + "\n")
    answer = CliRunner().invoke(wire, [str(hole)])
    assert answer.exit_code == 1
    assert not hear(hole).complete


def test_a_recording_of_registers_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "registers.jsonl"
    path.write_text('{"letterline_wire": 1, "device": "inserter", "url": "modbus-tcp://10.0.0.5:502"}\n')
    answer = CliRunner().invoke(wire, [str(path)])
    assert answer.exit_code == 1
    assert "Modbus" in answer.output
