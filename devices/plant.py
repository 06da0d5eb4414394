"""The line as an OPC UA server, so that a plant's SCADA sees states, counters and alarms. It shows; nobody commands the line through it.

Browse names, numbers and modes are those of PackML (OPC 30050, ISA-TR88.00.02): ``Status`` with ``StateCurrent``, ``UnitModeCurrent``,
``CurMachSpeed``; ``Admin`` with ``ProdProcessedCount``, ``ProdDefectiveCount``, ``Alarm``, ``StopReason``. The official node set file is not part of this
package: types are the plain built-in ones (counts are Int32, an alarm is a text "id: message").

Needs the optional package asyncua. It runs an event loop on a thread of its own; ``publish`` only leaves the newest view there and never waits.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any, Self

from devices.errors import DeviceError, LinkError
from devices.kinds import MachineMode, MachineState, Reason

NAMESPACE = "http://opcfoundation.org/UA/PackML/"
_START_S = 15.0


@dataclass(frozen=True, slots=True)
class PlantView:
    """What the plant may know: no names, no numbers of letters."""

    state: MachineState = MachineState.ABORTED
    mode: MachineMode = MachineMode.PRODUCTION
    reason: Reason = Reason.NONE
    envelopes_per_hour: float = 0.0
    processed: int = 0
    defective: int = 0
    alarms: tuple[str, ...] = ()
    simulated: bool = False


class PlantServer:
    """An OPC UA server on loopback (or on the address the plant's network plan names).

    Args:
        name: the line's name, the browse name of its object.
        host, port: where to listen; port 0 is not possible with OPC UA discovery, so a port must be chosen.
    """

    def __init__(self, name: str, port: int, host: str = "127.0.0.1") -> None:
        self.url = f"opc.tcp://{host}:{port}/letterline"
        self._name = name
        self._view = PlantView()
        self._shown: PlantView | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Event | None = None
        self._stopping = False
        self._up = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="opc-ua", daemon=True)

    def start(self) -> None:
        """Raises ``LinkError`` when the address is taken, ``DeviceError`` when asyncua is not installed."""
        self._thread.start()
        self._up.wait(_START_S)
        if isinstance(self._problem, ModuleNotFoundError):
            raise DeviceError("the package asyncua is not installed: pip install letterline[opcua]") from self._problem
        if self._problem is not None or not self._up.is_set():
            raise LinkError(f"OPC UA cannot listen at {self.url}: {self._problem or 'no answer'}")

    def publish(self, view: PlantView) -> None:
        """Show this from now on. Views that come faster than they can be shown are skipped, the newest stays."""
        self._view = view
        self._poke()

    def close(self) -> None:
        self._stopping = True
        self._poke()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _poke(self) -> None:
        if self._loop is not None and self._changed is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed.set)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (Exception, SystemExit) as problem:
            self._problem = problem
        finally:
            self._up.set()

    async def _serve(self) -> None:
        from asyncua import ua
        from asyncua.server.server import Server

        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        server = Server()
        await server.init()
        server.set_endpoint(self.url)
        server.set_server_name("Letterline")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        variables = await _address_space(server, ua, self._name)
        async with server:
            self._up.set()
            while not self._stopping:
                self._changed.clear()
                await _show(variables, ua, self._view, self._shown)
                self._shown = self._view
                try:
                    await asyncio.wait_for(self._changed.wait(), 1.0)
                except TimeoutError:
                    continue


async def _address_space(server: Any, ua: Any, name: str) -> dict[str, Any]:
    """Objects/PackMLObjects/NAME with Status and Admin; every variable is read-only."""
    index = await server.register_namespace(NAMESPACE)
    folder = await server.nodes.objects.add_folder(index, "PackMLObjects")
    line = await folder.add_object(index, name)
    status, admin = await line.add_object(index, "Status"), await line.add_object(index, "Admin")
    wanted: list[tuple[str, Any, str, Any, Any]] = [
        ("state", status, "StateCurrent", 0, ua.VariantType.Int32),
        ("state_name", status, "StateCurrentName", "", ua.VariantType.String),
        ("mode", status, "UnitModeCurrent", 0, ua.VariantType.Int32),
        ("envelopes_per_hour", status, "CurMachSpeed", 0.0, ua.VariantType.Float),
        ("processed", admin, "ProdProcessedCount", 0, ua.VariantType.Int32),
        ("defective", admin, "ProdDefectiveCount", 0, ua.VariantType.Int32),
        ("reason", admin, "StopReason", 0, ua.VariantType.Int32),
        ("alarms", admin, "Alarm", [], ua.VariantType.String),
        ("simulated", line, "Simulated", False, ua.VariantType.Boolean),
    ]
    return {
        key: await parent.add_variable(index, browse_name, value, type_)
        for key, parent, browse_name, value, type_ in wanted
    }


async def _show(variables: dict[str, Any], ua: Any, view: PlantView, shown: PlantView | None) -> None:
    types = {
        "envelopes_per_hour": ua.VariantType.Float,
        "alarms": ua.VariantType.String,
        "simulated": ua.VariantType.Boolean,
    }
    for one in fields(PlantView):
        value = getattr(view, one.name)
        if shown is not None and getattr(shown, one.name) == value:
            continue
        plain = list(value) if one.name == "alarms" else value if one.name in types else int(value)
        await variables[one.name].write_value(plain, types.get(one.name, ua.VariantType.Int32))
        if one.name == "state":
            await variables["state_name"].write_value(view.state.name, ua.VariantType.String)
