"""The line as an OPC UA server, seen by a real client."""

from __future__ import annotations

import socket
import time

import pytest
from asyncua import ua
from asyncua.sync import Client

from benchmarks.peers.foreign_printer import free_port
from devices.errors import LinkError
from devices.kinds import MachineMode, MachineState, Reason
from devices.plant import NAMESPACE, PlantServer, PlantView

pytestmark = pytest.mark.slow


class Watcher:
    def __init__(self) -> None:
        self.states: list[int] = []

    def datachange_notification(self, node: object, value: int, data: object) -> None:
        self.states.append(value)


def test_a_client_reads_states_counters_and_alarms_and_is_told_of_changes() -> None:
    with PlantServer("line-1", free_port()) as server, Client(server.url) as client:
        index = client.get_namespace_index(NAMESPACE)
        path = [f"{index}:PackMLObjects", f"{index}:line-1"]

        def read(*names: str) -> object:
            return client.nodes.objects.get_child([*path, *(f"{index}:{name}" for name in names)]).read_value()

        watcher = Watcher()
        subscription = client.create_subscription(20, watcher)
        subscription.subscribe_data_change(
            client.nodes.objects.get_child([*path, f"{index}:Status", f"{index}:StateCurrent"])
        )
        for state in (MachineState.STARTING, MachineState.EXECUTE, MachineState.HELD):
            server.publish(
                PlantView(
                    state,
                    MachineMode.PRODUCTION,
                    Reason.JAM,
                    35_900.0,
                    1200,
                    3,
                    ("4: jam in the fold / 折叠处卡纸",),
                    True,
                )
            )
            deadline = time.monotonic() + 5
            while state not in watcher.states:
                assert time.monotonic() < deadline, f"the client was not told of {state.name}"
                time.sleep(0.01)
        assert read("Status", "StateCurrent") == 11
        assert read("Status", "StateCurrentName") == "HELD"
        assert read("Status", "UnitModeCurrent") == 1
        assert read("Status", "CurMachSpeed") == 35_900.0
        assert (
            read("Admin", "ProdProcessedCount"),
            read("Admin", "ProdDefectiveCount"),
            read("Admin", "StopReason"),
        ) == (1200, 3, 4)
        assert read("Admin", "Alarm") == ["4: jam in the fold / 折叠处卡纸"]
        assert read("Simulated") is True
        node = client.nodes.objects.get_child([*path, f"{index}:Status", f"{index}:StateCurrent"])
        with pytest.raises(ua.UaStatusCodeError):
            node.write_value(6, ua.VariantType.Int32)


def test_a_taken_address_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LinkError, match=str(port)):
            PlantServer("line-2", port).start()
