"""What of a running line goes elsewhere at the wish of whoever started it: the recording of the inserter's wire, and the plant's OPC UA server.

Both only watch. Neither can hold the line up: a slow disk loses records (and says so in the file), a slow plant misses views.
"""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from controller.service.live import LiveSnapshot
from controller.states import PieceState
from devices.errors import LinkError
from devices.kinds import MachineMode, MachineState, Reason
from devices.plant import PlantServer, PlantView
from devices.recording import WireRecorder

if TYPE_CHECKING:
    from devices.inserter.driver import Tap

log = logging.getLogger(__name__)

_STATES: Final = frozenset(MachineState)
_MODES: Final = frozenset(MachineMode)
_REASONS: Final = frozenset(Reason)
_S = PieceState
_PROCESSED: Final = frozenset({_S.IN_TRAY, _S.RELEASED, _S.ACCEPTED})
_DEFECTIVE: Final = frozenset({_S.DIVERTED, _S.QUARANTINED, _S.VOID, _S.DESTROYED, _S.LOST})


@dataclass(slots=True)
class Outlets:
    """``record``: a folder that gets one recording per run. ``opcua``: HOST:PORT or PORT of the OPC UA server, "" for none."""

    record: Path | None = None
    opcua: str = ""
    _plant: PlantServer | None = None

    def tap(self, stack: ExitStack, url: str) -> Tap | None:
        """Return what the driver tells every byte, None when nothing is recorded. ``stack`` closes the file.

        Raises:
            LinkError: the folder cannot be written.
        """
        if self.record is None:
            return None
        path = self.record / time.strftime("inserter-%Y%m%d-%H%M%S.jsonl")
        try:
            self.record.mkdir(parents=True, exist_ok=True)
            recorder = WireRecorder(path, "inserter", url)
        except OSError as problem:
            raise LinkError(
                f"{path}: 无法录制，请换一个可写的目录 / cannot be recorded, name a folder that can be written: {problem}"
            ) from problem
        stack.callback(recorder.close)
        log.info("the wire of the inserter is recorded in %s", path)
        return recorder.tap

    def open_plant(self, stack: ExitStack, line: str) -> None:
        """Start the OPC UA server if one is wanted; ``stack`` ends it.

        Raises:
            LinkError: the address is taken or is none.
            DeviceError: the optional package is not installed.
        """
        if not self.opcua:
            return
        host, _, port = self.opcua.rpartition(":")
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise LinkError(f"{self.opcua}: 应为 主机:端口 / must be HOST:PORT or PORT, for example 127.0.0.1:4840")
        self._plant = stack.enter_context(PlantServer(line, int(port), host or "127.0.0.1"))
        log.info("OPC UA: %s", self._plant.url)

    def show(self, snapshot: LiveSnapshot, mode: int) -> None:
        """Give the plant the newest picture of the line; ``mode`` is the inserter's PackML unit mode."""
        if self._plant is not None:
            self._plant.publish(plant_view(snapshot, mode))


def plant_view(snapshot: LiveSnapshot, mode: int) -> PlantView:
    """Return what a plant may know of a line: states, counters, alarms; no numbers of letters."""
    inserter = next((machine for machine in snapshot.machines if machine.kind == "inserter" and machine.linked), None)
    state = inserter.state if inserter else 0
    reason = inserter.reason if inserter else ""
    return PlantView(
        # A machine nobody hears is not known to be well: the worst state stands for it.
        state=MachineState(state) if state in _STATES else MachineState.ABORTED,
        mode=MachineMode(mode) if mode in _MODES else MachineMode.PRODUCTION,
        reason=Reason(int(reason)) if reason.isdigit() and int(reason) in _REASONS else Reason.NONE,
        envelopes_per_hour=snapshot.rate_now,
        processed=_sum(snapshot, _PROCESSED),
        defective=_sum(snapshot, _DEFECTIVE),
        alarms=tuple(f"{alarm.code}: {alarm.what.en} / {alarm.what.zh}" for alarm in snapshot.alarms),
        simulated=snapshot.simulated,
    )


def _sum(snapshot: LiveSnapshot, states: frozenset[PieceState]) -> int:
    return sum(count for state, count in snapshot.counts.items() if state in states)
