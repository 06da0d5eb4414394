"""A small inserter for driver tests, written from inserter.md: keeps the rules of the conversation, has no paper.

Applies each command once and remembers which; emits the events it is told to. Works on bytes; ``PtyPeer`` puts it behind a pty.
"""

from __future__ import annotations

import os
import struct
import threading
import time
import tty
from collections import OrderedDict
from pathlib import Path

from devices.inserter.codec import FrameReader, FrameType, WireFrame, encode
from devices.inserter.messages import Command

HELLO = struct.Struct("<BQIH")


class Peer:
    def __init__(self, epoch: int = 1) -> None:
        self.epoch = epoch
        self.applied: list[Command] = []
        self.acked = 0
        self.reader = FrameReader()
        self.session = 0
        self.expected = 1
        self.results: dict[int, bytes] = {}
        self.by_id: OrderedDict[int, int] = OrderedDict()
        self.ring: OrderedDict[int, bytes] = OrderedDict()
        self.last_event = 0
        self.next_resend_us = 0
        self.out: list[bytes] = []
        self.silent = False

    def boot(self) -> None:
        self.__init__(self.epoch + 1)  # type: ignore[misc]
        self.send_hello(0)

    def emit(self, code: int, body: bytes, now_us: int = 0) -> int:
        self.last_event += 1
        self.ring[self.last_event] = struct.pack("<BIQ", code, self.last_event, now_us) + body
        self._event(self.last_event)
        return self.last_event

    def receive(self, data: bytes, now_us: int) -> None:
        for frame in self.reader.feed(data):
            if frame.kind is FrameType.HELLO:
                self._hello(frame)
            elif self.session and frame.epoch == self.epoch:
                self._ack(frame.ack)
                if frame.kind is FrameType.COMMAND:
                    self._command(frame)
                elif frame.kind is FrameType.BEAT:
                    self._send(FrameType.BEAT, 0, frame.payload[:8] + struct.pack("<Q", now_us + 5_000_000))

    def poll(self, now_us: int) -> bytes:
        if self.session and now_us >= self.next_resend_us:
            self.next_resend_us = now_us + 50_000
            for seq in list(self.ring)[:16]:
                self._event(seq)
        out, self.out = b"".join(self.out), []
        return b"" if self.silent else out

    def send_hello(self, session: int) -> None:
        oldest = next(iter(self.ring), self.last_event + 1)
        self._send(FrameType.HELLO, oldest, HELLO.pack(2, session, self.last_event, self.epoch))

    def _hello(self, frame: WireFrame) -> None:
        _, session, last, epoch = HELLO.unpack(frame.payload)
        if session != self.session:
            self.session, self.expected, self.results = session, 1, {}
            if epoch == self.epoch:
                self._ack(last)
        self.send_hello(session)
        self.next_resend_us = 0

    def _ack(self, upto: int) -> None:
        self.acked = max(self.acked, upto)
        for seq in [s for s in self.ring if s <= upto]:
            del self.ring[seq]

    def _command(self, frame: WireFrame) -> None:
        if frame.seq > self.expected:
            self._send(FrameType.NAK, 0, struct.pack("<I", self.expected))
            return
        if frame.seq == self.expected:
            command = Command.from_bytes(frame.payload)
            assert command is not None
            if command.command_id not in self.by_id:
                self.applied.append(command)
                self.by_id[command.command_id] = 0
            self.results[frame.seq] = struct.pack("<QB", command.command_id, self.by_id[command.command_id])
            self.expected += 1
        self._send(FrameType.RESULT, frame.seq, self.results[frame.seq])

    def _event(self, seq: int) -> None:
        if self.session:
            self._send(FrameType.EVENT, seq, self.ring[seq])

    def _send(self, kind: FrameType, seq: int, payload: bytes) -> None:
        self.out.append(encode(WireFrame(kind, self.epoch, seq, self.expected - 1, payload)))


class PtyPeer:
    """A peer on its own thread behind a pty with a stable name, which can be unplugged and plugged in again."""

    def __init__(self, link: Path, peer: Peer) -> None:
        self.link = link
        self.peer = peer
        self.lock = threading.Lock()
        self._stop = threading.Event()
        self._plugged = threading.Event()
        self._master = -1
        self.plug_in()
        self._thread = threading.Thread(target=self._run, name="pty-peer", daemon=True)
        self._thread.start()

    def plug_in(self) -> None:
        master, slave = os.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        os.set_blocking(master, False)
        name = os.ttyname(slave)
        os.close(slave)
        fresh = self.link.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(self.link)
        with self.lock:
            self._master = master

    def unplug(self) -> None:
        with self.lock:
            master, self._master = self._master, -1
            self.link.unlink(missing_ok=True)
            os.close(master)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2)
        if self._master >= 0:
            self.unplug()

    def __enter__(self) -> PtyPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            now_us = time.monotonic_ns() // 1000
            with self.lock:
                if self._master >= 0:
                    try:
                        data = os.read(self._master, 4096)
                    except (BlockingIOError, OSError):
                        data = b""
                    self.peer.receive(data, now_us)
                    out = self.peer.poll(now_us)
                    try:
                        if out:
                            os.write(self._master, out)
                    except OSError:
                        pass
            self._stop.wait(0.001)
