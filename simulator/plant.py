"""The whole simulated line put together: printers, inserter, cameras, operator, faults. The shell of the simulator.

It decides nothing a machine or a person would decide; it connects them and keeps the world log.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import deque
from pathlib import Path
from typing import Protocol

from simulator.cameras.picture import C2_REGION_MM, Optics, envelope_scene, sheet_scene
from simulator.cameras.server import ENCODER_PULSES_PER_M, CameraUnit
from simulator.defects import Defects
from simulator.errands import Errands
from simulator.fault_plan import Faults
from simulator.inserter.device import InserterDevice, clock_us
from simulator.inserter.firmware import Firmware
from simulator.inserter.mechanics import ENVELOPE_MG, SHEET_MG
from simulator.inserter.modbus_server import ModbusDoor
from simulator.inserter.port import BytePort, PtyPort
from simulator.inserter.registers import DeviceRegisters
from simulator.inserter.rtu_cable import RtuCable
from simulator.inserter.socket_port import SocketPort
from simulator.inserter.vocabulary import Reason
from simulator.inserter.wrong import WrongMachine
from simulator.instruments.bench import ScaleLine
from simulator.instruments.reader import ReaderLine
from simulator.journal import Journal
from simulator.mischief import StackMischief
from simulator.optics import LEVELS
from simulator.paper import MARGIN_MM, MARGIN_PX_PER_MM, PANEL_PX_PER_MM, Envelope, Sheet, Stack
from simulator.people import Operator, ScanDesk
from simulator.post.cage import MailCage
from simulator.printing.printer import Printer
from simulator.printing.server import IppServer
from simulator.scenario import Scenario
from simulator.window.server import WindowServer

PLUG_AGAIN_S_MAX = 3600.0
ENCODER_SLIP = 0.1
"""How much nearer than its pitch a piece may come: a belt slips."""
SCANNER_LOOK_US = 50_000


class Part(Protocol):
    """Something with a thread of its own."""

    def start(self) -> None: ...
    def close(self) -> None: ...


class Plant:
    """A running simulated line in directory ``folder``; a context manager."""

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        *,
        seed: int,
        speed: float,
        wrong: WrongMachine | None = None,
        name: str = "",
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self._name = name or scenario.name
        self.folder = folder
        self.speed = speed
        folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(folder / "world.jsonl")
        self.journal.write("SIMULATED", scenario=scenario.name, seed=seed, speed=speed)
        if wrong is not None:
            self.journal.write("made_wrong", machine=wrong.name, wrong=wrong.en)
        self.defects = Defects(seed)
        self._requests = threading.Lock()
        self._faults = Faults(self, scenario)
        self.printers = [self._make_printer(plan.name, plan.sheets_per_s * speed) for plan in scenario.printers]
        self.servers = [IppServer(printer) for printer in self.printers]
        smear_mm = scenario.machine.smear_mm(speed)
        self._pulses_per_s = scenario.machine.belt_m_per_s * speed * ENCODER_PULSES_PER_M
        level = LEVELS.get(scenario.machine.optics)
        self.cameras = {
            name: CameraUnit(
                name,
                self.journal,
                self.defects,
                Optics(seed * 2 + place, smear_mm * px_per_mm, level),
                pulses_per_s=self._pulses_per_s,
            )
            for place, (name, px_per_mm) in enumerate((("c1", MARGIN_PX_PER_MM), ("c2", PANEL_PX_PER_MM)))
        }
        self.device = self._make_device(seed)
        if wrong is not None:
            wrong.spoil(self.device.firmware, self.device.wire)
        self.modbus: ModbusDoor | None = None
        if isinstance(self.device.wire, DeviceRegisters):
            machine = scenario.machine
            rtu = machine.transport == "modbus-rtu"
            cable = RtuCable(folder / "inserter-rtu", machine.baud) if rtu else None
            self.modbus = ModbusDoor(self.device.wire, self.device.post, clock_us, cable)
        self.scanner = PtyPort(folder / "scanner", baud=9600)
        self.scale = ScaleLine(folder) if scenario.machine.scale else None
        self.reader = ReaderLine(folder) if scenario.machine.reader else None
        self.desk = ScanDesk(scenario.people, speed, self.journal, self._scan)
        self.cage = MailCage(folder) if scenario.post is not None else None
        self.errands = Errands(scenario.people.scan_s / speed, self.journal, self.desk, self._scan, self._taken_out)
        self.stacks = StackMischief(self.device, self.operator_stacks, self.desk, self.journal, seed)
        self.window = WindowServer(folder / "world.jsonl", self)
        self.operator = Operator(scenario.people, speed, self.device, self.desk, self.journal, self.defects)

    def _make_printer(self, name: str, sheets_per_s: float) -> Printer:
        return Printer(
            name,
            sheets_per_s,
            self.journal,
            self.defects,
            on_stack=lambda stack: self.operator.stack_ready(stack),
            on_sheet=lambda: self._faults.count("printed"),
        )

    def _make_device(self, seed: int) -> InserterDevice:
        epoch = self._next_epoch()
        firmware = Firmware(
            self.scenario.machine.at(self.speed),
            self,
            self.defects,
            random.Random(seed + 1),
            epoch=epoch,
            now_us=clock_us(),
        )
        firmware.ring.capacity = self.scenario.machine.ring
        machine = self.scenario.machine
        port: BytePort
        if machine.transport == "socket":
            port = SocketPort(baud=machine.baud, defects=self.defects)
        else:
            port = PtyPort(self.folder / "inserter", baud=machine.baud, defects=self.defects)
        return InserterDevice(firmware, port, self.defects, registers=machine.transport.startswith("modbus"))

    def _inserter_url(self) -> str:
        return self.modbus.url if self.modbus is not None else self.device.port.url

    def _next_epoch(self) -> int:
        """Count one boot in the device's non-volatile memory and return the count."""
        memory = self.folder / "epoch"
        epoch = int(memory.read_text()) + 1 if memory.exists() else 1
        fresh = memory.with_suffix(".new")
        fresh.write_text(str(epoch))
        fresh.replace(memory)
        return epoch

    def __enter__(self) -> Plant:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start everything, then write ``line.toml``: when it is there, the line can be used."""
        self.operator.tend_feeder()
        for part in self._running():
            part.start()
        self._faults.start()
        self.device.post(self._listen_to_scanner)
        self._write_line_file()

    def close(self) -> None:
        """Stop everything and take ``line.toml`` away."""
        (self.folder / "line.toml").unlink(missing_ok=True)
        for part in self._running():
            part.close()
        self.scanner.close()
        self.journal.write("stopped")
        self.journal.close()

    def _running(self) -> list[Part]:
        modbus: list[Part] = [self.modbus] if self.modbus is not None else []
        instruments: list[Part] = [part for part in (self.scale, self.reader) if part is not None]
        cage: list[Part] = [self.cage] if self.cage is not None else []
        machines: list[Part] = [*self.servers, *self.printers, *self.cameras.values()]
        return [*machines, self.desk, self.device, *modbus, *instruments, *cage, self.window]

    def _write_line_file(self) -> None:
        def text(value: object) -> str:
            return json.dumps(value, ensure_ascii=False)

        x, y, width, height = MARGIN_MM
        lines = [
            "# SIMULATED 模拟: the addresses of a simulated line. Nothing here prints or posts anything.",
            "simulated = true",
            f"name = {text('SIMULATED ' + self._name)}",
            'requests = "requests.jsonl"',
            f"console = {text(self.window.url)}",
        ]
        for server in self.servers:
            lines += ["", "[[printer]]", f"name = {text(server.printer.name)}", f"uri = {text(server.uri)}"]
        machine = self.scenario.machine
        mechanics = machine.at(self.speed)
        lines += [
            "",
            "[inserter]",
            f"url = {text(self._inserter_url())}",
            f"baud = {machine.baud or 115200}",
            f"scale = {text(machine.scale)}",
            *([f"sheet_mg = {SHEET_MG}", f"envelope_mg = {ENVELOPE_MG}"] if machine.scale else []),
            *([f"postage = {machine.franking}"] if machine.franking else []),
            "",
            "[scanner]",
            f"url = {text(str(self.scanner.link))}",
            "",
            *(["[scale]", f"url = {text(self.scale.port.url)}", ""] if self.scale is not None else []),
            *(["[reader]", f"url = {text(self.reader.port.url)}", ""] if self.reader is not None else []),
            "[camera.c1]",
            f"url = {text(self.cameras['c1'].url)}",
            f"px_per_mm = {MARGIN_PX_PER_MM}",
            f"encoder = {self._encoder_of(mechanics.sheet_pitch_us)}",
            f"region_mm = [{x}, {y}, {width}, {height}]",
            "",
            "[camera.c2]",
            f"url = {text(self.cameras['c2'].url)}",
            f"px_per_mm = {PANEL_PX_PER_MM}",
            f"encoder = {self._encoder_of(mechanics.piece_pitch_us)}",
            f"region_mm = {list(C2_REGION_MM)}",
            "",
        ]
        fresh = self.folder / "line.toml.new"
        fresh.write_text("\n".join(lines), encoding="utf-8")
        fresh.replace(self.folder / "line.toml")

    def _encoder_of(self, pitch_us: int) -> str:
        """Return a line file's words about an encoder: the least distance of two pieces, some slip left, and the fastest belt."""
        pitch = int(pitch_us / 1e6 * self._pulses_per_s * (1 - ENCODER_SLIP))
        return f"{{ pitch_pulses = {pitch}, pulses_per_s = {self._pulses_per_s:.0f} }}"

    # --- what the paper path tells (World) ----------------------------------------------------------------------------

    def c1_fires(self, trigger: int, papers: list[Sheet]) -> None:
        self.cameras["c1"].fire(lambda: sheet_scene(papers), self._belt())

    def c2_fires(self, trigger: int, envelope: Envelope) -> None:
        seen = Envelope(envelope.piece_no, list(envelope.sheets), 0, 0, shift_mm=envelope.shift_mm)
        self.cameras["c2"].fire(lambda: envelope_scene(seen), self._belt())
        if self.reader is not None:
            self.reader.passes(seen)

    def _belt(self) -> tuple[int, int]:
        """Return the time and how far the belt has run, as its encoder and a camera's clock have them at a trigger; µs."""
        timers = self.device.firmware.timers
        return timers.now_us, timers.belt_us

    def lands_in_tray(self, tray: int, envelope: Envelope) -> None:
        self.errands.landed(tray, envelope)
        if self.cage is not None:
            self.cage.landed(tray, envelope)
        self._landed("tray", envelope, tray=tray)

    def _taken_out(self, tray: int, envelope: Envelope) -> None:
        if self.cage is not None:
            self.cage.taken_out(tray, envelope)

    def lands_in_bin(self, envelope: Envelope) -> None:
        self._landed("reject", envelope)
        self.operator.rejected(envelope)

    def _landed(self, where: str, envelope: Envelope, **more: object) -> None:
        sheets = [sheet.told() for sheet in envelope.sheets]
        if self.scenario.machine.franking:
            more["postage"] = envelope.postage
        self.journal.write(
            "exit", piece_no=envelope.piece_no, epoch=self.device.firmware.epoch, where=where, sheets=sheets, **more
        )

    def weighs(self, weight_mg: int, stable: bool) -> None:
        if self.scale is not None:
            self.scale.put(weight_mg, stable=stable)

    def fact(self, what: str, **facts: object) -> None:
        self.journal.write(what, **facts)
        if what == "stack_ended":
            self.operator.tend_feeder()
        elif what == "fault" and facts["active"] and facts["reason"] == Reason.JAM.name:
            self.operator.jammed(int(str(facts["zone"])))

    def operator_stacks(self) -> deque[Stack]:
        """Return the stacks that wait to be carried to the feeder."""
        return self.operator.stacks

    # --- what the console asks for -----------------------------------------------------------------------------------

    def printer(self, name: str) -> Printer | None:
        return next((printer for printer in self.printers if printer.name.lower() == name.lower()), None)

    def unplug(self, seconds: float) -> None:
        """Pull the inserter's cable and put it back after a while."""
        self.device.post(self.device.port.unplug)
        self.device.after(min(seconds, PLUG_AGAIN_S_MAX), self.device.port.plug)

    def reboot(self) -> None:
        """Power-cycle the inserter."""
        self.device.post(self._reboot)

    def _reboot(self) -> None:
        self.device.firmware.reboot(clock_us(), self._next_epoch())
        self.operator.tend_feeder()

    def request(self, what: str, **more: object) -> None:
        """Ask whoever runs spooler and controller for what only they can do; one JSON line in ``requests.jsonl``."""
        with self._requests, (self.folder / "requests.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"request": what, **more, "at_unix_ns": time.time_ns()}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def swap_tray(self, tray: int) -> None:
        """Put another tray in place without telling anybody."""
        self.device.post(lambda: self._swap_tray(tray))

    def _swap_tray(self, tray: int) -> None:
        self.device.firmware.swap_tray(tray)

    def _listen_to_scanner(self) -> None:
        now = clock_us()
        self.scanner.flush(now)
        self.scanner.read(now)
        data = self.scanner.arrived(now)
        if data:
            self.errands.heard(data)
        self.device.firmware.timers.after(SCANNER_LOOK_US, self._listen_to_scanner)

    def _scan(self, line: str) -> None:
        self.device.post(lambda: self._emit_scan(line))

    def _emit_scan(self, line: str) -> None:
        now = clock_us()
        self.scanner.send(line.encode() + b"\r\n", now)
        self.device.firmware.timers.after(len(line) * 1100 + 3000, lambda: self.scanner.flush(clock_us()))
