"""Opens the inserter driver a device address asks for."""

from __future__ import annotations

from devices.inserter.driver import InserterDriver, Tap
from devices.inserter.modbus import ModbusInserterDriver
from devices.kinds import InserterSink


def open_inserter(
    url: str,
    sink: InserterSink,
    *,
    known_epoch: int = 0,
    last_durable: int = 0,
    name: str = "inserter",
    tap: Tap | None = None,
) -> InserterDriver | ModbusInserterDriver:
    """Make the driver for ``url``, not started: ``modbus-tcp://`` and ``modbus-rtu://`` are transport B, everything else is transport A."""
    if url.startswith("modbus-"):
        return ModbusInserterDriver(url, sink, known_epoch=known_epoch, last_durable=last_durable, name=name, tap=tap)
    return InserterDriver(url, sink, known_epoch=known_epoch, last_durable=last_durable, name=name, tap=tap)
