"""Stack light and reject gate on a Modbus I/O module (coils).

Every write is read back; a module that shows something else than it was told is a fault, not a success. The gate is built fail-safe: its coil
means "pass", it must be told again and again, and the module's own communication watchdog (to be set to 300 ms in the module) drops the coil, which
is the reject position. Never use it in place of the token gate of the reference interface where one is available: it knows no piece.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pymodbus import FramerType, ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from devices.errors import LinkError, LinkTimeout, ProtocolError

_ANSWER_S = 0.2


class Lamp(StrEnum):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    BLUE = "blue"
    HORN = "horn"


class CoilModule:
    """One Modbus module with coils; safe for several threads (the bus carries one question at a time)."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.url = url
        self._lock = threading.Lock()
        try:
            self._device_id, baud = int(options.get("device", "1")), int(options.get("baud", "19200"))
        except ValueError as problem:
            raise ProtocolError(f"{url}: {problem}") from problem
        self._client: ModbusTcpClient | ModbusSerialClient
        if parts.scheme == "modbus-tcp" and parts.hostname:
            self._client = ModbusTcpClient(parts.hostname, port=parts.port or 502, timeout=_ANSWER_S, retries=1)
        elif parts.scheme == "modbus-rtu" and parts.path:
            self._client = ModbusSerialClient(
                parts.path, framer=FramerType.RTU, baudrate=baud, timeout=_ANSWER_S, retries=1
            )
        else:
            raise ProtocolError(f"{url} is not modbus-tcp://HOST:PORT or modbus-rtu:///dev/PORT")

    def write(self, first: int, values: list[bool]) -> None:
        """Set coils from ``first`` on and see that they are set.

        Raises:
            LinkError: not reachable. LinkTimeout: no answer, the coils may be either way. ProtocolError: refused, or they are not as told.
        """
        with self._lock:
            self._connect()
            try:
                written = self._client.write_coils(first, values, device_id=self._device_id)
                shown = self._client.read_coils(first, count=len(values), device_id=self._device_id)
            except ModbusException as problem:
                self._client.close()  # type: ignore[no-untyped-call]
                raise LinkTimeout(f"{self.url} did not answer ({problem}); its outputs may be either way") from problem
        if written.isError() or shown.isError():
            raise ProtocolError(
                f"{self.url} refuses coils {first}–{first + len(values) - 1} ({written if written.isError() else shown})"
            )
        if list(shown.bits[: len(values)]) != values:
            raise ProtocolError(
                f"{self.url} shows {shown.bits[: len(values)]} after it was told {values}: check the module"
            )

    def _connect(self) -> None:
        try:
            connected = self._client.connected or self._client.connect()
        except (ModbusException, OSError) as problem:
            raise LinkError(f"{self.url} is not reachable ({problem})") from problem
        if not connected:
            raise LinkError(f"{self.url} is not reachable; check power, cable and address")

    def close(self) -> None:
        with self._lock:
            self._client.close()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class StackLight:
    """A tower whose lamps are consecutive coils from ``first`` on, in the order of ``lamps``."""

    module: CoilModule
    first: int = 0
    lamps: tuple[Lamp, ...] = (Lamp.RED, Lamp.AMBER, Lamp.GREEN)

    def show(self, *lit: Lamp) -> None:
        """Light exactly these lamps.

        Raises:
            ProtocolError: the tower has no such lamp; otherwise as ``CoilModule.write``.
        """
        missing = set(lit) - set(self.lamps)
        if missing:
            raise ProtocolError(f"the stack light has no {', '.join(sorted(missing))}")
        self.module.write(self.first, [lamp in lit for lamp in self.lamps])


@dataclass(frozen=True, slots=True)
class CoilGate:
    """A gate whose coil, when set, passes. ``hold`` must be called at least every 100 ms while it shall pass."""

    module: CoilModule
    coil: int

    def hold(self, passing: bool) -> None:
        self.module.write(self.coil, [passing])
