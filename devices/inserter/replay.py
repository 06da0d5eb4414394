"""Plays a recorded conversation with an inserter back: what each side said, and what a driver of today makes of it.

Nothing is sent anywhere. `replay` puts the recorded bytes through the codec. `replay_driver` goes further: it gives them, at their recorded times, to the very
session that talks to machines on the floor, with the recorded host's sessions, commands and acknowledgements, and returns what that session tells its
line. A recording of a bad day is so a regression test: the same events each once and in order, the same results, the same losses of link.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from devices.inserter.codec import FrameReader, FrameType, WireFrame
from devices.inserter.messages import Command, event_from_bytes, result_from_bytes
from devices.inserter.session import HOST_ROLE, Phase, Session, hello_of
from devices.kinds import InserterEvent, InserterNotice, LinkLostWhy, ResultCode
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


def replay_driver(wire: Iterable[WireBytes]) -> list[InserterNotice]:
    """Return what a session of today tells its line when it hears this recording."""
    return _Rehearsal().run(wire)


class _Rehearsal:
    """The recorded host's part: it begins a session when the recording does, says its commands and acknowledges what it acknowledged."""

    def __init__(self) -> None:
        self._number = 0
        self._session = Session("recorded", lambda: self._number)
        self._host = FrameReader()
        self._said: set[int] = set()
        self._told: list[InserterNotice] = []

    def run(self, wire: Iterable[WireBytes]) -> list[InserterNotice]:
        for record in wire:
            if record.inward:
                self._session.receive(record.data, record.at_us)
            else:
                for frame in self._host.feed(record.data):
                    self._repeat(frame, record.at_us)
            self._session.poll(record.at_us)
            self._take()
        self._session.port_lost(LinkLostWhy.CLOSED, "the recording ends")
        self._take()
        return self._told

    def _take(self) -> None:
        while self._session.notices:
            self._told.append(self._session.notices.popleft())

    def _repeat(self, frame: WireFrame, at_us: int) -> None:
        if frame.kind is FrameType.HELLO:
            hello = hello_of(frame)
            if hello is not None and hello.role == HOST_ROLE and hello.session != self._number:
                self._begin(hello.session, hello.known_epoch, hello.last_event, at_us)
            return
        self._session.acknowledge(frame.epoch, frame.ack)
        command = Command.from_bytes(frame.payload) if frame.kind is FrameType.COMMAND else None
        if command is not None and command.command_id not in self._said:
            self._said.add(command.command_id)
            self._session.submit(command)

    def _begin(self, number: int, known_epoch: int, last_event: int, at_us: int) -> None:
        first = self._number == 0
        self._number = number
        if first:
            self._session = Session("recorded", lambda: self._number, known_epoch, last_event)
        if first or self._session.phase is not Phase.GREETING:
            self._session.port_lost(LinkLostWhy.OTHER_SESSION, "the recorded host began a new session")
        self._session.open(at_us)
