"""The Modbus door of the inserter (transport B): pymodbus outside, `DeviceRegisters` inside. TCP on loopback, or RTU on a cable; it decides nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.inserter.registers import REGISTERS, DeviceRegisters
from simulator.inserter.rtu_cable import RtuCable

ANSWER_S_MAX = 0.2
START_S_MAX = 10.0


class ModbusDoor:
    """Serves one inserter's registers; every request is answered in the machine's thread, so none sees half a change."""

    def __init__(
        self,
        registers: DeviceRegisters,
        post: Callable[[Callable[[], None]], None],
        clock_us: Callable[[], int],
        cable: RtuCable | None = None,
    ) -> None:
        self._cable = cable
        self._registers = registers
        self._post = post
        self._clock_us = clock_us
        self._port = 0
        self._up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="sim-modbus", daemon=True)

    @property
    def url(self) -> str:
        if self._cable is not None:
            return f"modbus-rtu://{self._cable.link}?device=1&baud={self._cable.baud or 115200}"
        return f"modbus-tcp://127.0.0.1:{self._port}?device=1"

    def start(self) -> None:
        """Begin to serve; the address is known when this returns."""
        self._thread.start()
        if not self._up.wait(START_S_MAX):
            raise RuntimeError("the Modbus server of the simulated inserter did not start")

    def close(self) -> None:
        if self._loop is not None and self._end is not None:
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(timeout=5)
        if self._cable is not None:
            self._cable.close()

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        block = SimData(0, count=REGISTERS, values=0, datatype=DataType.REGISTERS)
        device = SimDevice(1, simdata=[block], action=self._act)
        server: ModbusTcpServer | ModbusSerialServer
        if self._cable is not None:
            server = ModbusSerialServer(
                device, framer=FramerType.RTU, port=self._cable.device_tty, baudrate=self._cable.baud or 115200
            )
            await server.serve_forever(background=True)
        else:
            server = ModbusTcpServer(device, address=("127.0.0.1", self._port))
            await server.serve_forever(background=True)
            self._port = server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        self._up.set()
        await self._end.wait()
        await server.shutdown()  # type: ignore[no-untyped-call]

    async def _act(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> None:
        words = await asyncio.to_thread(self._ask, address, count, values)
        if values is None:
            current[address - start : address - start + count] = words

    def _ask(self, address: int, count: int, values: list[int] | list[bool] | None) -> list[int]:
        """Have the machine's thread read or write; an answer that takes too long reads as zeros, which no CRC accepts."""
        done = threading.Event()
        answer: list[int] = [0] * count

        def work() -> None:
            if values is None:
                answer[:] = self._registers.read(address, count, self._clock_us())
            else:
                self._registers.write(address, [int(value) for value in values], self._clock_us())
            done.set()

        self._post(work)
        return answer if done.wait(ANSWER_S_MAX) else [0] * count
