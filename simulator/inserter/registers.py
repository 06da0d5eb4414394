"""The device's end of transport B: holding registers with an event FIFO. Pure; words and time in, words out.

Source: docs/protocols/inserter-modbus.md.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from simulator.inserter.codec import crc32c
from simulator.inserter.firmware import Firmware
from simulator.inserter.vocabulary import COMMAND_LAYOUT, EVENT_LAYOUT, Command, Event, Result
from simulator.inserter.wire import WATCHDOG_US

MAGIC, VERSION = 0x4C4C, 1
STATUS_AT, STATUS_WORDS = 0, 46
FIFO_AT, SLOTS, SLOT_WORDS = 100, 16, 20
BEAT_AT, BEAT_WORDS = 1000, 8
COMMAND_AT, COMMAND_WORDS = 1010, 22
REGISTERS = COMMAND_AT + COMMAND_WORDS
RESULTS_SHOWN = 8


def _words(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))


def _sealed(body: bytes) -> list[int]:
    return _words(body + struct.pack(">I", crc32c(body)))


def _opened(words: Sequence[int]) -> bytes | None:
    raw = struct.pack(f">{len(words)}H", *words)
    return raw[:-4] if struct.unpack(">I", raw[-4:])[0] == crc32c(raw[:-4]) else None


def _widened(layout: struct.Struct) -> str:
    """Return the register form of a frame layout: big-endian, a byte takes a whole register."""
    return ">" + layout.format.lstrip("<").replace("B", "H")


class DeviceRegisters:
    """Speaks for one firmware through its registers; call it from the thread that owns the firmware."""

    def __init__(self, firmware: Firmware, now_us: int) -> None:
        self._firmware = firmware
        self._epoch = firmware.epoch
        self._session = 0
        self._applied = 0
        self._results: dict[int, int] = {}
        self._heard_us = now_us
        self._beat: int | None = None
        self._silent = False

    @property
    def has_session(self) -> bool:
        return self._session != 0

    def receive(self, data: bytes, now_us: int) -> None:
        """Transport B has no byte stream."""

    def take_out(self) -> bytes:
        """Transport B sends nothing by itself."""
        return b""

    def idle_frame(self) -> bytes:
        """Registers cannot babble."""
        return b""

    def tick(self, now_us: int, backlog_us: int = 0) -> None:
        """Notice a reboot and a silent host."""
        if self._epoch != self._firmware.epoch:
            self._epoch = self._firmware.epoch
            self._session = 0
        if self._session and not self._silent and now_us - self._heard_us >= WATCHDOG_US:
            self._silent = True
            self._firmware.watchdog()

    def next_us(self) -> int | None:
        """Return when `tick` has something to do."""
        return self._heard_us + WATCHDOG_US if self._session and not self._silent else None

    def read(self, address: int, count: int, now_us: int) -> list[int]:
        """Return ``count`` registers from ``address``; what is not defined reads as 0."""
        registers: dict[int, int] = {}
        if address < STATUS_AT + STATUS_WORDS:
            registers.update(enumerate(self._status(now_us), STATUS_AT))
        if address < FIFO_AT + SLOTS * SLOT_WORDS and address + count > FIFO_AT:
            registers.update(enumerate(self._fifo(), FIFO_AT))
        return [registers.get(at, 0) for at in range(address, address + count)]

    def write(self, address: int, words: Sequence[int], now_us: int) -> None:
        """Take a beat block or a command block; anything else, or a wrong CRC, is ignored."""
        if (address, len(words)) not in ((BEAT_AT, BEAT_WORDS), (COMMAND_AT, COMMAND_WORDS)):
            return
        body = _opened(words)
        if body is None:
            return
        if address == BEAT_AT:
            self._take_beat(body, now_us)
        else:
            self._take_command(body)

    def _shown(self) -> list[Event]:
        """Return the events in the FIFO: at most 16 beyond what is durable at the host."""
        return [event for _, event in zip(range(SLOTS), self._firmware.ring.pending, strict=False)]

    def _status(self, now_us: int) -> list[int]:
        firmware = self._firmware
        shown = self._shown()
        fifo_last = shown[-1].seq if shown else firmware.ring.last_seq
        first = shown[0].seq if shown else firmware.ring.last_seq + 1
        head = struct.pack(
            ">HHHIIIIQHHHI",
            MAGIC, VERSION, firmware.epoch, self._session, firmware.ring.last_seq, fifo_last, self._applied, now_us,
            firmware.state, firmware.mode, firmware.reason, first,
        )  # fmt: skip
        slots = [(0, 0)] * RESULTS_SHOWN
        for number, code in self._results.items():
            slots[(number - 1) % RESULTS_SHOWN] = (number, code)
        return _sealed(head + b"".join(struct.pack(">IH", *slot) for slot in slots))

    def _fifo(self) -> list[int]:
        slots = [[0] * SLOT_WORDS for _ in range(SLOTS)]
        for event in self._shown():
            fields = struct.pack(_widened(EVENT_LAYOUT[event.code]), *event.values)
            body = struct.pack(">IHQ", event.seq, event.code, event.time_us) + fields
            slots[(event.seq - 1) % SLOTS] = _sealed(body.ljust(2 * SLOT_WORDS - 4, b"\0"))
        return [word for slot in slots for word in slot]

    def _take_beat(self, body: bytes, now_us: int) -> None:
        session, known_epoch, durable, beat = struct.unpack(">IHIH", body)
        if not session:
            return
        if session != self._session:
            self._session, self._applied, self._beat = session, 0, None
            self._results.clear()
            self._heard_us, self._silent = now_us, False
        if known_epoch != self._firmware.epoch:
            return
        if beat != self._beat:
            self._beat = beat
            self._heard_us, self._silent = now_us, False
        self._firmware.ring.acknowledge(durable)

    def _take_command(self, body: bytes) -> None:
        session, number, command_id, code = struct.unpack_from(">IIQH", body)
        if session != self._session or not self._session or number != self._applied + 1:
            return
        layout = COMMAND_LAYOUT.get(code)
        if layout is None:
            result = Result.BAD_VALUE
        else:
            values = struct.unpack_from(_widened(layout).replace("Q", "", 1), body, struct.calcsize(">IIQH"))
            result = self._firmware.command(Command(code, command_id, values))
        self._applied = number
        self._results[number] = result
        self._results.pop(number - RESULTS_SHOWN, None)
