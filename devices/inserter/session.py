"""The host's side of the conversation with an inserter: a state machine that is given bytes and the time, and says what to send and what it learned.

Sans-IO: no clock, no port, no thread, no randomness; times are microseconds of any steady clock. Rules: inserter.md §5.

    CLOSED ──open()──▶ GREETING ──HELLO with our session──▶ UP ──silence · no answer · reboot──▶ GREETING (new session)

Commands that were under way when a session ends are reported as unknown and never said again by themselves: whether a grant still makes
sense after a pause is the controller's to decide.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from devices.errors import Busy
from devices.inserter.codec import FrameReader, FrameType, WireFrame, encode
from devices.inserter.messages import Command, event_from_bytes, result_from_bytes
from devices.kinds import CommandResult, CommandUnknown, InserterNotice, LinkLost, LinkLostWhy, LinkUp

WINDOW = 8
MAX_TRIES = 10
GIVE_UP_US = 5_000_000
"""Nor may a device ask for the same command again for ever."""
NAK_PAUSE_US = 5_000
RTO_MIN_US, RTO_MAX_US, RTO_FIRST_US = 25_000, 1_000_000, 100_000
BEAT_EVERY_US = 50_000
HELLO_EVERY_US = 200_000
SILENCE_US = 300_000
MAX_WAITING_COMMANDS = 256
MAX_UNDELIVERED = 512
"""Notices nobody has taken yet. Beyond this, events are not accepted, so the device keeps them and finally holds itself (RING_FULL)."""

_HELLO = struct.Struct("<BQIH")
_BEAT = struct.Struct("<QQ")
_NAK = struct.Struct("<I")
HOST_ROLE, DEVICE_ROLE = 1, 2


@dataclass(frozen=True, slots=True)
class Hello:
    """The payload of a HELLO: ``last_event`` of ``known_epoch`` that the sender has (host: durably; device: at all)."""

    role: int
    session: int
    last_event: int
    known_epoch: int


def hello_of(frame: WireFrame) -> Hello | None:
    """Return what a HELLO frame says; None when its payload is no HELLO."""
    return Hello(*_HELLO.unpack(frame.payload)) if len(frame.payload) == _HELLO.size else None


class Phase(Enum):
    CLOSED = "closed"
    GREETING = "greeting"
    UP = "up"


@dataclass(slots=True)
class _Outstanding:
    number: int
    command: Command
    body: bytes
    first_sent_us: int
    due_us: int
    last_sent_us: int
    tries: int = 1
    """How often it was sent because time had run out, the first time included."""
    repeated: bool = False


@dataclass(slots=True)
class ClockOffset:
    """Device clock minus host clock, from the BEAT exchange with the shortest round trip of late (NTP's rule: the least delayed sample lies least)."""

    offset_us: int = 0
    round_trip_us: int = -1
    measured_us: int = 0

    def offer(self, sent_us: int, received_us: int, device_us: int) -> None:
        trip = received_us - sent_us
        stale = received_us - self.measured_us > 10_000_000  # crystals drift about 50 ppm: 0.5 ms in 10 s
        if self.round_trip_us < 0 or trip <= self.round_trip_us or stale:
            self.offset_us = device_us - (sent_us + received_us) // 2
            self.round_trip_us = trip
            self.measured_us = received_us


class Session:
    """See the module. Not thread-safe: its owner holds a lock.

    Args:
        device: name used in notices.
        new_session: makes a fresh session number, not 0; the only randomness, given from outside.
        known_epoch: boot of the device that the ledger knows, 0 for none.
        last_durable: number of the last event of that boot that is on durable storage.
    """

    def __init__(
        self, device: str, new_session: Callable[[], int], known_epoch: int = 0, last_durable: int = 0
    ) -> None:
        self._device = device
        self._new_session = new_session
        self._reader = FrameReader()
        self._phase = Phase.CLOSED
        self._session = 0
        self._epoch = known_epoch
        self._durable = last_durable
        self._received = last_durable
        self._ack_owed = False
        self._next_number = 1
        self._waiting: deque[Command] = deque()
        self._outstanding: deque[_Outstanding] = deque()
        self._srtt_us = 0.0
        self._rttvar_us = 0.0
        self._heard_us = 0
        self._hello_due_us = 0
        self._beat_due_us = 0
        self._out: list[bytes] = []
        self.notices: deque[InserterNotice] = deque()
        """What the owner should pass on, oldest first; the owner removes what it has passed on."""
        self.clock = ClockOffset()
        self.retransmissions = 0

    # -- what the owner says -------------------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def epoch(self) -> int:
        return self._epoch

    @property
    def dropped_frames(self) -> int:
        return self._reader.dropped

    def open(self, now_us: int) -> None:
        """The port is open: begin to greet."""
        self._reader = FrameReader()
        self._begin(now_us)

    def port_lost(self, why: LinkLostWhy, detail: str) -> None:
        """The port is gone (or is being closed)."""
        self._end(why, detail)
        self._phase = Phase.CLOSED
        self._out.clear()

    def submit(self, command: Command) -> None:
        """Queue a command; without a conversation it is reported as never sent.

        Raises:
            Busy: more than ``MAX_WAITING_COMMANDS`` wait already.
        """
        if self._phase is not Phase.UP:
            self.notices.append(CommandUnknown(command.command_id, sent=False))
            return
        if len(self._waiting) >= MAX_WAITING_COMMANDS:
            raise Busy(f"{self._device}: {MAX_WAITING_COMMANDS} commands wait already")
        self._waiting.append(command)

    def acknowledge(self, epoch: int, event_seq: int) -> None:
        """Events up to ``event_seq`` of boot ``epoch`` are durable. An older boot's acknowledgement is of no use any more and is ignored."""
        if epoch == self._epoch and self._durable < event_seq <= self._received:
            self._durable = event_seq
            self._ack_owed = True

    # -- bytes and time ------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now_us: int) -> None:
        for frame in self._reader.feed(data):
            if self._phase is not Phase.CLOSED:
                self._take(frame, now_us)

    def poll(self, now_us: int) -> bytes:
        """What to send now. Call after every other call and when ``due_us`` has come."""
        if self._phase is Phase.GREETING:
            if now_us >= self._hello_due_us:
                self._say_hello(now_us)
        elif self._phase is Phase.UP:
            if now_us - self._heard_us >= SILENCE_US:
                self._restart(LinkLostWhy.SILENCE, f"nothing heard for {SILENCE_US // 1000} ms", now_us)
            else:
                self._send_due(now_us)
        out, self._out = b"".join(self._out), []
        return out

    def due_us(self, now_us: int) -> int:
        """When ``poll`` must be called next, if nothing else happens before."""
        if self._phase is Phase.GREETING:
            return self._hello_due_us
        if self._phase is Phase.CLOSED:
            return now_us + 1_000_000
        due = min(self._beat_due_us, self._heard_us + SILENCE_US)
        if self._outstanding:
            due = min(due, min(item.due_us for item in self._outstanding))
        return due

    # -- receiving -----------------------------------------------------------------------------------------------------

    def _take(self, frame: WireFrame, now_us: int) -> None:
        if frame.kind is FrameType.HELLO:
            self._take_hello(frame, now_us)
        elif self._phase is not Phase.UP:
            pass  # belongs to the past
        elif frame.epoch != self._epoch:
            self._restart(LinkLostWhy.REBOOT, f"the device is now in boot {frame.epoch}, was {self._epoch}", now_us)
        else:
            self._heard_us = now_us
            if frame.kind is FrameType.EVENT:
                self._take_event(frame)
            elif frame.kind is FrameType.RESULT:
                self._take_result(frame, now_us)
            elif frame.kind is FrameType.NAK:
                self._take_nak(frame, now_us)
            elif frame.kind is FrameType.BEAT and len(frame.payload) == _BEAT.size:
                sent_us, device_us = _BEAT.unpack(frame.payload)
                if 0 <= now_us - sent_us <= SILENCE_US:
                    self.clock.offer(sent_us, now_us, device_us)

    def _take_hello(self, frame: WireFrame, now_us: int) -> None:
        hello = hello_of(frame)
        if hello is None:
            return
        session, last_event, boot_epoch = hello.session, hello.last_event, hello.known_epoch
        if hello.role != DEVICE_ROLE or boot_epoch != frame.epoch or boot_epoch == 0:
            return
        if session != self._session:
            if self._phase is Phase.UP:
                why = LinkLostWhy.REBOOT if boot_epoch != self._epoch else LinkLostWhy.OTHER_SESSION
                self._restart(why, f"the device greets in boot {boot_epoch} and session {session:x}", now_us)
            return
        self._heard_us = now_us
        if self._phase is Phase.UP:
            return  # the answer to a repeated HELLO
        rebooted = self._epoch not in (0, boot_epoch)
        if boot_epoch != self._epoch:
            self._epoch, self._durable, self._received = boot_epoch, 0, 0
            self.clock = ClockOffset()
        missed = max(0, frame.seq - self._received - 1)
        if missed:  # acknowledged by somebody else, or our store was set back: they will never come
            self._durable = self._received = frame.seq - 1
        self._phase = Phase.UP
        self._beat_due_us = now_us
        self.notices.append(LinkUp(self._device, boot_epoch, rebooted, last_event, missed))

    def _take_event(self, frame: WireFrame) -> None:
        if frame.seq <= self._received:
            self._ack_owed = True  # sent again: our acknowledgement may have been lost
            return
        if frame.seq != self._received + 1 or len(self.notices) >= MAX_UNDELIVERED:
            return  # a gap, or nobody takes them: the device will send it again
        event = event_from_bytes(frame.payload, frame.epoch)
        if event is None or event.event_seq != frame.seq:
            return  # a whole frame that makes no sense: never skipped, so the ring fills and the machine holds
        self._received = frame.seq
        self.notices.append(event)

    def _take_result(self, frame: WireFrame, now_us: int) -> None:
        result = result_from_bytes(frame.payload)
        if result is None:
            return
        for item in self._outstanding:
            if item.number == frame.seq and item.command.command_id == result[0]:
                self._outstanding.remove(item)
                if not item.repeated:  # Karn: a repeated command says nothing about the round trip
                    self._measure(now_us - item.first_sent_us)
                self.notices.append(CommandResult(*result))
                return

    def _take_nak(self, frame: WireFrame, now_us: int) -> None:
        if len(frame.payload) != _NAK.size:
            return
        (expected,) = _NAK.unpack(frame.payload)
        for item in self._outstanding:
            if item.number >= expected and now_us - item.last_sent_us >= NAK_PAUSE_US:
                self._repeat(item, now_us)

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send_due(self, now_us: int) -> None:
        for item in list(self._outstanding):
            if now_us < item.due_us:
                continue
            if item.tries >= MAX_TRIES or now_us - item.first_sent_us >= GIVE_UP_US:
                self._restart(
                    LinkLostWhy.NO_ANSWER, f"command {item.number} unanswered after {item.tries} tries", now_us
                )
                return
            item.tries += 1
            self._repeat(item, now_us)
        while self._waiting and len(self._outstanding) < WINDOW and self._within_window():
            self._send_command(self._waiting.popleft(), now_us)
        if now_us >= self._beat_due_us:
            self._beat_due_us = now_us + BEAT_EVERY_US
            self._send(FrameType.BEAT, 0, _BEAT.pack(now_us, 0))
        elif self._ack_owed:
            self._send(FrameType.ACK, 0, b"")

    def _repeat(self, item: _Outstanding, now_us: int) -> None:
        item.repeated = True
        item.last_sent_us = now_us
        item.due_us = min(now_us + self._timeout_us(item.tries), item.first_sent_us + GIVE_UP_US)
        self.retransmissions += 1
        self._send(FrameType.COMMAND, item.number, item.body)

    def _within_window(self) -> bool:
        """Results may come out of order, so what bounds the window is the oldest number still open, not how many are."""
        return not self._outstanding or self._next_number - self._outstanding[0].number < WINDOW

    def _send_command(self, command: Command, now_us: int) -> None:
        body = command.to_bytes()
        self._outstanding.append(
            _Outstanding(self._next_number, command, body, now_us, now_us + self._timeout_us(1), now_us)
        )
        self._send(FrameType.COMMAND, self._next_number, body)
        self._next_number += 1

    def _send(self, kind: FrameType, seq: int, payload: bytes) -> None:
        self._ack_owed = False
        self._out.append(encode(WireFrame(kind, self._epoch, seq, self._durable, payload)))

    def _say_hello(self, now_us: int) -> None:
        self._hello_due_us = now_us + HELLO_EVERY_US
        payload = _HELLO.pack(HOST_ROLE, self._session, self._durable, self._epoch)
        # A zero first: it ends whatever half frame the device may have in its buffer.
        self._out.append(b"\0" + encode(WireFrame(FrameType.HELLO, self._epoch, 0, 0, payload)))

    def _timeout_us(self, tries: int) -> int:
        first = self._srtt_us + 4 * self._rttvar_us if self._srtt_us else float(RTO_FIRST_US)
        backed_off = max(first, RTO_MIN_US) * 2 ** min(tries - 1, 4)
        return int(min(backed_off, RTO_MAX_US))

    def _measure(self, trip_us: int) -> None:
        """Smoothed round trip as in RFC 6298."""
        if self._srtt_us == 0:
            self._srtt_us, self._rttvar_us = float(trip_us), trip_us / 2
        else:
            self._rttvar_us = 0.75 * self._rttvar_us + 0.25 * abs(self._srtt_us - trip_us)
            self._srtt_us = 0.875 * self._srtt_us + 0.125 * trip_us

    # -- beginning and ending ------------------------------------------------------------------------------------------

    def _begin(self, now_us: int) -> None:
        self._session = self._new_session()
        self._phase = Phase.GREETING
        self._next_number = 1
        self._hello_due_us = now_us
        self._ack_owed = False

    def _restart(self, why: LinkLostWhy, detail: str, now_us: int) -> None:
        self._end(why, detail)
        self._begin(now_us)

    def _end(self, why: LinkLostWhy, detail: str) -> None:
        for item in self._outstanding:
            self.notices.append(CommandUnknown(item.command.command_id, sent=True))
        for command in self._waiting:
            self.notices.append(CommandUnknown(command.command_id, sent=False))
        self._outstanding.clear()
        self._waiting.clear()
        if self._phase is Phase.UP:
            self.notices.append(LinkLost(self._device, why, detail))
