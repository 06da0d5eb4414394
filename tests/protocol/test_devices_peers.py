"""Drivers of small devices against peers: a scale by somebody else, pymodbus' server, and scripted devices on sockets and ptys."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from benchmarks.peers.foreign_printer import free_port
from devices.errors import LinkError, LinkTimeout, ProtocolError
from devices.labels import LabelPrinter, tray_label
from devices.legacy.exit_interface import ExitInterface, ExitLost, PackageRecord, encode_record
from devices.readers.reader import BarcodeReader, CodeRead, Dialect, NoRead, ReaderLost, ReaderUp
from devices.scale import Done, NoWeight, Scale, ScaleState, Weight
from devices.signals.modbus_io import CoilGate, CoilModule, Lamp, StackLight
from devices.signals.patlite import Light, PatliteTower, Tower


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


class Pty:
    """A device on a pty that answers each line by a script."""

    def __init__(self, link: Path, answer: Callable[[bytes], bytes] = lambda line: b"", end: bytes = b"\n") -> None:
        self.link, self._answer, self._end = link, answer, end
        self._master, slave = os.openpty()
        tty.setraw(self._master)
        tty.setraw(slave)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        os.close(slave)
        self.heard = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def say(self, data: bytes) -> None:
        os.write(self._master, data)

    def _serve(self) -> None:
        os.set_blocking(self._master, False)
        held = b""
        while not self._stop.wait(0.002):
            try:
                data = os.read(self._master, 4096)
            except OSError:
                continue
            self.heard += data
            *lines, held = (held + data).split(self._end)
            for line in lines:
                if answer := self._answer(line):
                    self.say(answer)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2)
        with contextlib.suppress(OSError):
            os.close(self._master)
        self.link.unlink(missing_ok=True)


class Tcp:
    """A device on a socket that answers each connection by a script."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self.heard: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, args=(answer,), daemon=True).start()

    def _serve(self, answer: Callable[[bytes], bytes | None]) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._talk, args=(connection, answer), daemon=True).start()

    def _talk(self, connection: socket.socket, answer: Callable[[bytes], bytes | None]) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(4096):
                self.heard.append(data)
                reply = answer(data)
                if reply is not None:
                    connection.sendall(reply)

    def close(self) -> None:
        self._server.close()


@pytest.fixture(scope="module")
def foreign_scale() -> Iterator[tuple[str, Callable[[float], None]]]:
    port, control = free_port(), free_port()
    program = Path(sys.executable).with_name("mtsics-tcp")
    process = subprocess.Popen(
        [program, "--host", "127.0.0.1", "--port", str(port), "--control-port", str(control)], stdout=subprocess.DEVNULL
    )

    def put_on(kilograms: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", control, timeout=5)
        connection.request(
            "POST", "/weight", json.dumps({"value": kilograms, "snap": True}), {"Content-Type": "application/json"}
        )
        assert connection.getresponse().status == 200

    deadline = time.monotonic() + 10
    while True:
        try:
            put_on(0.0)
            break
        except OSError:
            assert time.monotonic() < deadline, "the foreign scale did not start"
            time.sleep(0.05)
    yield f"socket://127.0.0.1:{port}", put_on
    process.kill()
    process.wait(5)


def test_a_scale_by_somebody_else_is_read_zeroed_and_known_by_its_number(
    foreign_scale: tuple[str, Callable[[float], None]],
) -> None:
    url, put_on = foreign_scale
    with Scale(url, max_mg=200_000_000) as scale:
        assert scale.serial_number() == "B123456789"
        put_on(12.35)
        assert scale.weigh() == Weight(12_350_000, True)
        assert scale.weigh_now() == Weight(12_350_000, True)
        put_on(0.0)
        assert scale.zero() == Done()
        assert scale.weigh() == Weight(0, True)
    with Scale(url, max_mg=1_000_000) as small:
        put_on(12.35)
        with pytest.raises(ProtocolError, match="beyond its range"):
            small.weigh()


def test_a_scale_that_is_busy_late_or_garbled_gives_no_weight(tmp_path: Path) -> None:
    answers = iter([b"S I\r\n", b"S +\r\n", b"", b"S S     10#.00 g\r\nS S      14.97 g\r\n"])
    device = Pty(tmp_path / "scale", lambda line: next(answers))
    try:
        with Scale(str(device.link)) as scale:
            assert scale.weigh() == NoWeight(ScaleState.BUSY)
            assert scale.weigh() == NoWeight(ScaleState.OVERLOAD)
            with pytest.raises(LinkTimeout):
                scale.weigh(0.1)
            device.say(b"S S      99.00 g\r\n")  # the late answer to a question given up
            time.sleep(0.05)
            assert scale.weigh() == Weight(14_970, True)
    finally:
        device.close()


@pytest.mark.parametrize("dialect", list(Dialect))
def test_codes_come_from_every_kind_of_reader(dialect: Dialect, tmp_path: Path) -> None:
    def answer(line: bytes) -> bytes:
        if dialect is Dialect.DMCC:
            return b"||0:" + line.split(b":")[1].split(b">")[0] + b"[0]\r\n"
        return b"OK," + line + b"\r"

    ends = {Dialect.DMCC: b"%s\r\n", Dialect.KEYENCE: b"%s\r", Dialect.STX_ETX: b"\x02%s\x03", Dialect.LINES: b"%s\r\n"}
    device = Pty(tmp_path / "reader", answer, b"\r\n" if dialect is Dialect.DMCC else b"\r")
    heard: list[object] = []
    try:
        with BarcodeReader(str(device.link), dialect, heard.append) as reader:
            wait_for(lambda: ReaderUp("reader") in heard)
            if dialect in (Dialect.DMCC, Dialect.KEYENCE):
                reader.trigger()
                reader.release()
            else:
                with pytest.raises(ProtocolError, match="trigger"):
                    reader.trigger()
            device.say(ends[dialect] % b"XA123456785CN")
            device.say(ends[dialect] % b"ERROR")
            wait_for(lambda: len(heard) >= 3)
            device.close()
            wait_for(lambda: isinstance(heard[-1], ReaderLost))
    finally:
        device.close()
    reads = [n for n in heard if isinstance(n, CodeRead | NoRead)]
    assert isinstance(reads[0], CodeRead)
    assert reads[0].text == "XA123456785CN"
    assert isinstance(reads[1], NoRead if dialect is Dialect.KEYENCE else CodeRead)


def test_the_exit_interface_hears_records_and_acknowledges_them(tmp_path: Path) -> None:
    record = PackageRecord(frozenset({1, 4}), 2, 0, False, False, True, 7, 3)
    device = Pty(tmp_path / "exit")
    heard: list[object] = []
    try:
        with ExitInterface(str(device.link), heard.append, acknowledges=True):
            time.sleep(0.1)
            device.say(encode_record(record))
            wait_for(lambda: record in heard)
            wait_for(lambda: device.heard == b"0")
            device.close()
            wait_for(lambda: isinstance(heard[-1], ExitLost))
    finally:
        device.close()


class Module:
    """pymodbus' own server with coils; ``stuck`` makes it forget what it was told."""

    def __init__(self) -> None:
        self.stuck = False
        self._up = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        assert self._up.wait(10)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        block = [SimData(0, count=16, values=False, datatype=DataType.BITS)]
        registers = [SimData(0, count=4, datatype=DataType.REGISTERS)]
        device = SimDevice(1, simdata=(block, block, registers, registers), action=self._act)
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        self.port = server.transport.sockets[0].getsockname()[1]
        self._up.set()
        await self._end.wait()
        await server.shutdown()

    async def _act(
        self, function: int, start: int, address: int, count: int, current: list[int], values: list[bool] | None
    ) -> None:
        if values is not None and self.stuck:
            values[:] = [False] * len(values)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)


def test_a_stack_light_and_a_gate_are_set_and_read_back() -> None:
    server = Module()
    try:
        with CoilModule(f"modbus-tcp://127.0.0.1:{server.port}") as module:
            light, gate = StackLight(module), CoilGate(module, 8)
            light.show(Lamp.RED, Lamp.GREEN)
            light.show()
            gate.hold(True)
            gate.hold(False)
            with pytest.raises(ProtocolError, match="no blue"):
                light.show(Lamp.BLUE)
            server.stuck = True
            with pytest.raises(ProtocolError, match="after it was told"):
                gate.hold(True)
    finally:
        server.close()
    with pytest.raises(LinkError), CoilModule(f"modbus-tcp://127.0.0.1:{free_port()}") as gone:
        StackLight(gone).show(Lamp.RED)


def test_a_signal_tower_is_told_and_its_refusal_is_heard() -> None:
    tower = Tcp(lambda data: b"\x06" if data[6] else b"\x15")
    try:
        PatliteTower("127.0.0.1", tower.port).show(Tower(red=Light.ON))
        assert tower.heard == [bytes.fromhex("585853000006010000000000")]
        with pytest.raises(ProtocolError, match="15"):
            PatliteTower("127.0.0.1", tower.port).show(Tower())
    finally:
        tower.close()
    with pytest.raises(LinkError):
        PatliteTower("127.0.0.1", free_port()).show(Tower())


def test_a_label_is_sent_only_to_a_printer_that_says_it_is_ready() -> None:
    state = {"head": b"0"}
    good = (
        b"\x02030,0,0,1245,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,%s,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"
    )
    printer = Tcp(lambda data: good % state["head"] if data.startswith(b"~HS") else None)
    silent = Tcp(lambda data: None)
    try:
        label = tray_label("T000123", ("青岛 266000",))
        assert LabelPrinter("127.0.0.1", printer.port).print_label(label).ready
        assert label in printer.heard
        state["head"] = b"1"
        with pytest.raises(ProtocolError, match="nothing was sent"):
            LabelPrinter("127.0.0.1", printer.port).print_label(label)
        assert printer.heard.count(label) == 1
        with pytest.raises(LinkTimeout, match="head open"):
            LabelPrinter("127.0.0.1", silent.port, timeout_s=0.2).status()
    finally:
        printer.close()
        silent.close()
