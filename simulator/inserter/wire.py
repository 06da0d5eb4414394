"""The device's end of transport A: sessions, command order, event delivery, watchdog. Pure; bytes and time in, bytes out.

Source: docs/protocols/inserter.md, section 5.
"""

from __future__ import annotations

from collections import OrderedDict

from simulator.inserter.codec import Deframer, Frame, FrameType, encode_frame
from simulator.inserter.firmware import Firmware
from simulator.inserter.vocabulary import (
    BEAT_LAYOUT,
    HELLO_LAYOUT,
    NAK_LAYOUT,
    RESULT_LAYOUT,
    Event,
    Result,
    pack_event,
    parse_command,
)

WATCHDOG_US = 280_000  # so that gate and feeder rest 300 ms after the last valid frame at the latest
EVENT_AGAIN_US = 50_000
EVENTS_IN_FLIGHT = 16
NAK_AGAIN_US = 25_000
REMEMBERED_NUMBERS = 32
BACKLOG_US_MAX = 15_000
ROLE_HOST = 1
ROLE_DEVICE = 2


class DeviceWire:
    """Speaks for one firmware on one link; call it from the thread that owns the firmware."""

    def __init__(self, firmware: Firmware, now_us: int) -> None:
        self._firmware = firmware
        self._deframer = Deframer()
        self._session = 0
        self._applied = 0
        self._answers: OrderedDict[int, bytes] = OrderedDict()
        self._heard_us = now_us
        self._silent = False
        self._nak: tuple[int, int] | None = None
        self._sent: dict[int, int] = {}
        self._next_event = 1
        self._out = bytearray()
        self._epoch = firmware.epoch
        self._backlog_us = 0
        self._hello(session=0)

    def take_out(self) -> bytes:
        """Return and forget the bytes to be sent."""
        data = bytes(self._out)
        self._out.clear()
        return data

    @property
    def has_session(self) -> bool:
        return self._session != 0

    def receive(self, data: bytes, now_us: int) -> None:
        """Take bytes from the host, split anywhere."""
        for frame in self._deframer.feed(data):
            self._frame(frame, now_us)

    def tick(self, now_us: int, backlog_us: int = 0) -> None:
        """Notice a reboot, a silent host, and events that are due; ``backlog_us`` is how long the line is busy already."""
        self._backlog_us = backlog_us
        if self._epoch != self._firmware.epoch:
            self._epoch = self._firmware.epoch
            self._session = 0
            self._hello(session=0)
        if not self._session:
            return
        if now_us - self._heard_us >= WATCHDOG_US:
            if not self._silent:
                self._silent = True
                self._firmware.watchdog()
            return
        self._send_events(now_us)

    def next_us(self) -> int | None:
        """Return when `tick` has something to do."""
        if not self._session or self._silent:
            return None
        due = self._heard_us + WATCHDOG_US
        if self._sent and self._backlog_us <= BACKLOG_US_MAX:
            due = min(due, min(self._sent.values()) + EVENT_AGAIN_US)
        return due

    def _heard(self, now_us: int) -> None:
        self._heard_us = now_us
        self._silent = False

    def idle_frame(self) -> bytes:
        """Return a well-formed frame that says nothing: what a babbling device floods the line with."""
        return encode_frame(Frame(FrameType.ACK, self._firmware.epoch, 0, self._applied))

    def _send(self, kind: FrameType, seq: int, payload: bytes) -> None:
        self._out += encode_frame(Frame(kind, self._firmware.epoch, seq, self._applied, payload))

    def _hello(self, session: int) -> None:
        firmware = self._firmware
        payload = HELLO_LAYOUT.pack(ROLE_DEVICE, session, firmware.ring.last_seq, firmware.epoch)
        ring = firmware.ring
        oldest = ring.pending[0].seq if ring.pending else ring.last_seq + 1
        self._out += encode_frame(Frame(FrameType.HELLO, firmware.epoch, oldest, 0, payload))

    def _frame(self, frame: Frame, now_us: int) -> None:
        if frame.type == FrameType.HELLO:
            self._hello_from_host(frame, now_us)
            return
        if not self._session or frame.epoch != self._firmware.epoch:
            return
        self._heard(now_us)
        self._acknowledge(frame.ack, now_us)
        if frame.type == FrameType.COMMAND:
            self._command(frame, now_us)
        elif frame.type == FrameType.BEAT and len(frame.payload) == BEAT_LAYOUT.size:
            t_host_us, _ = BEAT_LAYOUT.unpack(frame.payload)
            self._send(FrameType.BEAT, 0, BEAT_LAYOUT.pack(t_host_us, now_us))

    def _hello_from_host(self, frame: Frame, now_us: int) -> None:
        if len(frame.payload) != HELLO_LAYOUT.size:
            return
        role, session, last_event, known_epoch = HELLO_LAYOUT.unpack(frame.payload)
        if role != ROLE_HOST or not session:
            return
        self._heard(now_us)
        if session != self._session:
            self._session = session
            self._applied = 0
            self._answers.clear()
            self._nak = None
            self._sent.clear()
            ring = self._firmware.ring
            if known_epoch == self._firmware.epoch:
                ring.acknowledge(last_event)
            self._next_event = ring.pending[0].seq if ring.pending else ring.last_seq + 1
        self._hello(session)
        self._send_events(now_us)

    def _acknowledge(self, seq: int, now_us: int) -> None:
        ring = self._firmware.ring
        if ring.pending and ring.pending[0].seq <= seq <= ring.last_seq:
            ring.acknowledge(seq)
            for sent in [sent for sent in self._sent if sent <= seq]:
                del self._sent[sent]
            self._next_event = max(self._next_event, seq + 1)
            self._send_events(now_us)

    def _command(self, frame: Frame, now_us: int) -> None:
        expected = self._applied + 1
        if frame.seq > expected:
            if self._nak is None or self._nak[0] != expected or now_us - self._nak[1] >= NAK_AGAIN_US:
                self._nak = (expected, now_us)
                self._send(FrameType.NAK, 0, NAK_LAYOUT.pack(expected))
            return
        if frame.seq < expected:
            answer = self._answers.get(frame.seq)
            if answer is not None:
                self._send(FrameType.RESULT, frame.seq, answer)
            return
        command = parse_command(frame.payload)
        if command is None:
            command_id = int.from_bytes(frame.payload[1:9].ljust(8, b"\0"), "little")
            answer = RESULT_LAYOUT.pack(command_id, Result.BAD_VALUE)
        else:
            answer = RESULT_LAYOUT.pack(command.command_id, self._firmware.command(command))
        self._applied = frame.seq
        self._answers[frame.seq] = answer
        if len(self._answers) > REMEMBERED_NUMBERS:
            self._answers.popitem(last=False)
        self._send(FrameType.RESULT, frame.seq, answer)
        self._send_events(now_us)

    def _send_events(self, now_us: int) -> None:
        """Send new events while fewer than 16 are under way, and again what was not acknowledged in 50 ms, oldest first.

        While the line still has much to carry, nothing is added: 16 repeats every 50 ms are more than 115200 baud can take,
        and answers would wait behind them.
        """
        if self._backlog_us > BACKLOG_US_MAX:
            return
        for seq, at_us in list(self._sent.items()):
            if now_us - at_us >= EVENT_AGAIN_US:
                self._event(self._pending(seq), now_us)
        ring = self._firmware.ring
        while len(self._sent) < EVENTS_IN_FLIGHT and self._next_event <= ring.last_seq:
            self._event(self._pending(self._next_event), now_us)
            self._next_event += 1

    def _pending(self, seq: int) -> Event:
        pending = self._firmware.ring.pending
        return pending[seq - pending[0].seq]

    def _event(self, event: Event, now_us: int) -> None:
        self._sent[event.seq] = now_us
        self._send(FrameType.EVENT, event.seq, pack_event(event))
