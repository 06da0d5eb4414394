"""A small inserter on holding registers for driver tests, written from inserter-modbus.md: the rules of the conversation, no paper."""

from __future__ import annotations

import struct
from collections import OrderedDict

from devices.inserter.codec import crc32c


def sealed(body: bytes) -> list[int]:
    raw = body + crc32c(body).to_bytes(4, "big")
    return [raw[at] << 8 | raw[at + 1] for at in range(0, len(raw), 2)]


def opened(words: list[int]) -> bytes | None:
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    return raw[:-4] if crc32c(raw[:-4]).to_bytes(4, "big") == raw[-4:] else None


class RegisterPeer:
    def __init__(self, epoch: int = 1) -> None:
        self.epoch = epoch
        self.session = 0
        self.applied_number = 0
        self.results: OrderedDict[int, int] = OrderedDict()
        self.applied: list[tuple[int, int, bytes]] = []
        self.ids: set[int] = set()
        self.ring: OrderedDict[int, bytes] = OrderedDict()
        self.last_event = 0
        self.durable = 0
        self.beats = 0

    def boot(self) -> None:
        self.__init__(self.epoch + 1)  # type: ignore[misc]

    def emit(self, code: int, fields: bytes, now_us: int = 0) -> None:
        """``fields`` as the registers hold them, big-endian."""
        self.last_event += 1
        self.ring[self.last_event] = struct.pack(">IHQ", self.last_event, code, now_us) + fields

    def read(self, address: int, count: int, now_us: int) -> list[int]:
        if address == 0:
            results = b"".join(struct.pack(">IH", *self._result(slot)) for slot in range(8))
            fifo_last = min(self.last_event, self.durable + 16)
            head = struct.pack(
                ">HHHIIIIQHHHI",
                0x4C4C,
                1,
                self.epoch,
                self.session,
                self.last_event,
                fifo_last,
                self.applied_number,
                now_us,
                6,
                1,
                0,
                self.durable + 1,
            )
            return sealed(head + results)[:count]
        fifo: list[int] = []
        for slot in range(16):
            held = [seq for seq in self.ring if (seq - 1) % 16 == slot and seq <= self.durable + 16]
            fifo += sealed((self.ring[held[0]] if held else b"").ljust(36, b"\0"))
        return fifo[address - 100 : address - 100 + count]

    def write(self, address: int, words: list[int]) -> None:
        body = opened(words)
        if body is None:
            return
        if address == 1000:
            session, known_epoch, durable, _beat = struct.unpack(">IHIH", body)
            if session != self.session:
                self.session, self.applied_number, self.results = session, 0, OrderedDict()
            if known_epoch == self.epoch:
                self.beats += 1
                if self.durable < durable <= self.last_event:
                    self.durable = durable
                    for seq in [seq for seq in self.ring if seq <= durable]:
                        del self.ring[seq]
        elif address == 1010:
            session, number, command_id, code = struct.unpack_from(">IIQH", body)
            if session == self.session and number == self.applied_number + 1:
                if command_id not in self.ids:
                    self.ids.add(command_id)
                    self.applied.append((command_id, code, body[18:]))
                self.applied_number = number
                self.results[number] = 0

    def _result(self, slot: int) -> tuple[int, int]:
        held = [number for number in self.results if (number - 1) % 8 == slot]
        return (held[-1], self.results[held[-1]]) if held else (0, 0)
