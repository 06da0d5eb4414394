"""Plays a recorded conversation with an inserter back through the codec: what each side said, and what a driver of today makes of it.

Commands of the recording are not sent anywhere. The bytes that came from the device go through the same parsers as on the floor, so a recording is
a regression test of reading: same events, same results, same dropped frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from devices.inserter.codec import FrameReader, FrameType
from devices.inserter.messages import Command, event_from_bytes, result_from_bytes
from devices.kinds import InserterEvent, ResultCode
from devices.recording import WireBytes


@dataclass(slots=True)
class Conversation:
    """``events`` are in order and each once, by epoch; ``gaps`` are event numbers that were never heard between others of the same boot."""

    events: list[InserterEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    results: dict[int, ResultCode] = field(default_factory=dict)
    epochs: list[int] = field(default_factory=list)
    dropped_from_device: int = 0
    dropped_from_host: int = 0
    unreadable_events: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)


def replay(wire: Iterable[WireBytes]) -> Conversation:
    """Read a whole recording."""
    story = Conversation()
    readers = {True: FrameReader(), False: FrameReader()}
    heard: dict[int, dict[int, InserterEvent]] = {}
    said: set[int] = set()
    for record in wire:
        for frame in readers[record.inward].feed(record.data):
            if record.inward and frame.epoch not in heard:
                heard[frame.epoch] = {}
                story.epochs.append(frame.epoch)
            if frame.kind is FrameType.EVENT and record.inward:
                event = event_from_bytes(frame.payload, frame.epoch)
                if event is None or event.event_seq != frame.seq:
                    story.unreadable_events += 1
                else:
                    heard[frame.epoch].setdefault(event.event_seq, event)
            elif frame.kind is FrameType.RESULT and record.inward:
                result = result_from_bytes(frame.payload)
                if result is not None:
                    story.results.setdefault(*result)
            elif frame.kind is FrameType.COMMAND and not record.inward:
                command = Command.from_bytes(frame.payload)
                if command is not None and command.command_id not in said:
                    said.add(command.command_id)
                    story.commands.append(command)
    story.dropped_from_device, story.dropped_from_host = readers[True].dropped, readers[False].dropped
    for epoch in story.epochs:
        numbers = sorted(heard[epoch])
        story.events += [heard[epoch][number] for number in numbers]
        for before, after in pairwise(numbers):
            story.gaps += [(epoch, missing) for missing in range(before + 1, after)]
    return story
