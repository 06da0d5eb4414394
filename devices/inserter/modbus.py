"""The inserter over Modbus TCP or RTU: one thread that asks what ``RegisterSession`` wants asked. Same verbs and notices as the serial driver."""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pymodbus import FramerType, ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from devices.errors import ProtocolError
from devices.inserter.driver import Tap, steady_us
from devices.inserter.messages import Command, CommandCode
from devices.inserter.register_session import Read, RegisterSession, Rest, Write
from devices.inserter.session import Phase
from devices.inserter.verbs import CommandIds, Verbs
from devices.kinds import InserterSink, LinkLost, LinkLostWhy

_REQUEST_S = 0.1
"""An answer later than this is of no use: the watchdog leaves 300 ms."""
_STOP_WAIT_S = 2.0


class ModbusInserterDriver(Verbs):
    """A folder-inserter behind holding registers.

    Args:
        url: ``modbus-tcp://host:port?device=1`` or ``modbus-rtu:///dev/serial/by-id/...?baud=115200&device=1``.
        sink, known_epoch, last_durable, name, tap: as ``InserterDriver``; the tap sees whole requests and answers, checks and all.
    """

    def __init__(
        self,
        url: str,
        sink: InserterSink,
        *,
        known_epoch: int = 0,
        last_durable: int = 0,
        name: str = "inserter",
        tap: Tap | None = None,
    ) -> None:
        self.name = name
        self._client, self._device_id = modbus_client(url, tap)
        self._url = url
        self._sink = sink
        self._session = RegisterSession(name, lambda: secrets.randbits(32) or 1, known_epoch, last_durable)
        self._ids = CommandIds()
        self._wake = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name}-modbus", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        with self._wake:
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT_S)
        self._client.close()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def acknowledge(self, epoch: int, event_seq: int) -> None:
        with self._wake:
            self._session.acknowledge(epoch, event_seq)
            self._wake.notify_all()

    def device_now_us(self) -> int | None:
        with self._wake:
            clock = self._session.clock
            return None if clock.round_trip_us < 0 else steady_us() + clock.offset_us

    @property
    def is_up(self) -> bool:
        return self._session.phase is Phase.UP

    def _say(self, code: CommandCode, *values: int) -> int:
        with self._wake:
            command = Command(code, self._ids.next(), values)
            self._session.submit(command)
            self._wake.notify_all()
        return command.command_id

    def _run(self) -> None:
        told = False
        while not self._stop.is_set():
            if not self._connect():
                if not told:
                    told = True
                    with self._wake:
                        self._session.notices.append(
                            LinkLost(self.name, LinkLostWhy.NEVER_UP, f"{self._url} does not answer")
                        )
                self._deliver()
                self._stop.wait(0.2)
                continue
            told = True
            with self._wake:
                self._session.open(steady_us())
            why, detail = self._converse()
            with self._wake:
                self._session.port_lost(why, detail)
            self._client.close()  # type: ignore[no-untyped-call]
            self._deliver()

    def _connect(self) -> bool:
        try:
            return bool(self._client.connect())
        except (ModbusException, OSError):
            return False

    def _converse(self) -> tuple[LinkLostWhy, str]:
        while not self._stop.is_set():
            with self._wake:
                request = self._session.next_request(steady_us())
                if isinstance(request, Rest):
                    self._wake.wait(max(0.0, min((request.until_us - steady_us()) / 1e6, 0.1)))
            if not isinstance(request, Rest):
                try:
                    words = self._ask(request)
                except OSError as problem:
                    return LinkLostWhy.UNPLUGGED, f"{self._url}: {problem}"
                # pymodbus hangs up after one late answer; the session lives in the registers and outlasts a new connection.
                if words is None and not self._client.connected and not self._connect():
                    return LinkLostWhy.UNPLUGGED, f"{self._url} closed the connection"
                with self._wake:
                    self._session.answer(request, words, steady_us())
            self._deliver()
        return LinkLostWhy.CLOSED, "closed by the host"

    def _ask(self, request: Read | Write) -> list[int] | None:
        try:
            if isinstance(request, Write):
                taken = self._client.write_registers(request.address, request.words, device_id=self._device_id)
                return None if taken.isError() else []
            found = self._client.read_holding_registers(request.address, count=request.count, device_id=self._device_id)
        except ModbusException:
            return None
        return None if found.isError() or len(found.registers) != request.count else list(found.registers)

    def _deliver(self) -> None:
        while True:
            with self._wake:
                if not self._session.notices:
                    return
                notice = self._session.notices[0]
            try:
                self._sink(notice)
            except queue.Full:
                return
            with self._wake:
                self._session.notices.popleft()


def modbus_client(url: str, tap: Tap | None = None) -> tuple[ModbusTcpClient | ModbusSerialClient, int]:
    """A client, not connected, and the device id for ``modbus-tcp://`` or ``modbus-rtu://``.

    Raises:
        ProtocolError: the address is of neither form.
    """
    parts = urlsplit(url)
    trace = _tracing(tap) if tap is not None else None
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    try:
        device_id, baud = int(options.get("device", "1")), int(options.get("baud", "115200"))
        if parts.scheme == "modbus-tcp" and parts.hostname:
            return ModbusTcpClient(
                parts.hostname, port=parts.port or 502, timeout=_REQUEST_S, retries=0, trace_packet=trace
            ), device_id
        if parts.scheme == "modbus-rtu" and parts.path:
            return ModbusSerialClient(
                parts.path, framer=FramerType.RTU, baudrate=baud, timeout=_REQUEST_S, retries=0, trace_packet=trace
            ), device_id
    except ValueError as problem:
        raise ProtocolError(f"{url}: {problem}") from problem
    raise ProtocolError(f"{url} is not modbus-tcp://HOST:PORT or modbus-rtu:///dev/PORT")


def _tracing(tap: Tap) -> Callable[[bool, bytes], bytes]:
    def trace(sending: bool, data: bytes) -> bytes:
        if data:
            tap("out" if sending else "in", data)
        return data

    return trace
