"""The golden vectors of the inserter interface, through the driver's codec and the simulator's, which share no code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devices.inserter import codec as ours
from devices.inserter.messages import EVENT_CODES, Command, event_from_bytes, event_to_bytes, result_from_bytes
from simulator.inserter import codec as theirs
from simulator.inserter import vocabulary

VECTORS = [
    json.loads(line) for line in (Path(__file__).parent.parent / "vectors" / "inserter.jsonl").read_text().splitlines()
]
GOOD = [vector for vector in VECTORS if vector["frame"]]
BAD = [vector for vector in VECTORS if not vector["frame"]]
MEANT = [v for v in GOOD if v["values"]]


def name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", GOOD, ids=name)
def test_both_codecs_write_and_read_a_good_frame(vector: dict[str, Any]) -> None:
    wire, frame = bytes.fromhex(vector["hex"]), vector["frame"]
    kind, rest = frame["type"], (frame["epoch"], frame["seq"], frame["ack"], bytes.fromhex(frame["payload"]))
    our_frame = ours.WireFrame(ours.FrameType[kind], *rest)
    their_frame = theirs.Frame(theirs.FrameType[kind], *rest)
    assert ours.encode(our_frame) == wire
    assert theirs.encode_frame(their_frame) == wire
    assert ours.FrameReader().feed(wire) == [our_frame]
    assert theirs.Deframer().feed(wire) == [their_frame]


@pytest.mark.parametrize("vector", BAD, ids=name)
def test_neither_codec_takes_a_bad_frame_and_both_take_the_next_good_one(vector: dict[str, Any]) -> None:
    wire, good = bytes.fromhex(vector["hex"]), bytes.fromhex(GOOD[0]["hex"])
    assert len(ours.FrameReader().feed(wire + good)) == 1
    known = [
        frame for frame in theirs.Deframer().feed(wire + good) if frame.type in theirs.FrameType.__members__.values()
    ]
    assert len(known) == 1  # the simulator leaves an unknown type to the layer above, which drops it


@pytest.mark.parametrize("vector", MEANT, ids=name)
def test_both_sides_read_the_same_meaning(vector: dict[str, Any]) -> None:
    payload, values, epoch = bytes.fromhex(vector["frame"]["payload"]), vector["values"], vector["frame"]["epoch"]
    kind = vector["frame"]["type"]
    if kind == "COMMAND":
        command, theirs_command = Command.from_bytes(payload), vocabulary.parse_command(payload)
        assert command is not None
        assert theirs_command is not None
        assert [command.code, command.command_id, *command.values] == values
        assert [theirs_command.code, theirs_command.command_id, *theirs_command.values] == values
        assert command.to_bytes() == payload
    elif kind == "EVENT":
        event = event_from_bytes(payload, epoch)
        assert event is not None
        said = [int(getattr(event, field)) for field in list(type(event).__dataclass_fields__)[3:]]
        assert [EVENT_CODES[type(event)], event.event_seq, event.device_us, *said] == values
        assert event_to_bytes(event) == payload
        assert vocabulary.pack_event(vocabulary.Event(values[0], values[1], values[2], tuple(values[3:]))) == payload
    elif kind == "RESULT":
        assert result_from_bytes(payload) == tuple(values)
        assert vocabulary.RESULT_LAYOUT.pack(*values) == payload
    else:
        layout = {"HELLO": vocabulary.HELLO_LAYOUT, "BEAT": vocabulary.BEAT_LAYOUT, "NAK": vocabulary.NAK_LAYOUT}[kind]
        assert list(layout.unpack(payload)) == values


def test_every_command_and_event_of_the_document_has_a_vector() -> None:
    commands = {v["values"][0] for v in MEANT if v["frame"]["type"] == "COMMAND"}
    events = {v["values"][0] for v in MEANT if v["frame"]["type"] == "EVENT"}
    assert commands == {int(code) for code in vocabulary.Code}
    assert events == {int(code) for code in vocabulary.EventCode} == set(EVENT_CODES.values())
    assert {v["frame"]["type"] for v in GOOD} == {kind.name for kind in ours.FrameType}
