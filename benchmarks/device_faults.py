"""Faults of running devices, in real time: cables pulled, a spooler killed. Used by ``letterline bench devices``."""

from __future__ import annotations

import random
import signal
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.dead_hosts import SilentWorld
from benchmarks.peers.foreign_printer import ForeignPrinter, PrivateBus
from devices.inserter.driver import InserterDriver
from devices.kinds import CommandResult, CommandUnknown, InserterEvent, LinkUp, Verb
from devices.printing.notices import JobEndedClaim, JobRefused, JobStuck
from devices.printing.queues import PrintQueues
from devices.printing.spooler import PrinterAddress, Spooler
from simulator.defects import Defects
from simulator.inserter.device import InserterDevice, clock_us
from simulator.inserter.firmware import Firmware
from simulator.inserter.port import PtyPort
from simulator.paper import Picture, Sheet, Stack
from simulator.scenario import MachinePlan

if TYPE_CHECKING:
    from benchmarks.report import Report

LINES = 8
"""Machines at once; each sleeps most of the time."""


class _Machine:
    def __init__(self, link: Path, seed: int) -> None:
        self.floor = SilentWorld()
        self.port = PtyPort(link, baud=0)
        self.firmware = Firmware(
            MachinePlan().at(1.0), self.floor, Defects(seed), random.Random(seed), epoch=1, now_us=clock_us()
        )
        blank = Picture(1, 1, b"")
        self.firmware.load(
            Stack("p1", "job", deque([Sheet(1, "p1", "job", 0, blank, blank)]), 1)
        )  # no feed limit is given, so it stays in Execute
        self.applied: Counter[int] = Counter()
        apply = self.firmware._apply  # noqa: SLF001

        def counted(command: object) -> object:
            self.applied[command.command_id] += 1  # type: ignore[attr-defined]
            return apply(command)  # type: ignore[arg-type]

        self.firmware._apply = counted  # type: ignore[method-assign,assignment]  # noqa: SLF001
        self.device = InserterDevice(self.firmware, self.port, Defects(seed))
        self.device.start()

    def do(self, call: Callable[[], None]) -> None:
        """Run in the machine's thread and wait until it is done."""
        done = threading.Event()
        self.device.post(lambda: (call(), done.set())[0])
        done.wait(5.0)


def _parallel(work: Callable[[int], None]) -> float:
    began = time.monotonic()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(LINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began


def cable_pulls(quick: bool, report: Report) -> None:
    """Pull and plug the cable; commands and events go on all the while."""
    rounds = 40 if quick else 1000
    twice, lost_events, unsettled, ups = [0] * LINES, [0] * LINES, [0] * LINES, [0] * LINES

    def work(index: int) -> None:
        chance = random.Random(index)
        heard: list[object] = []
        with tempfile.TemporaryDirectory() as folder:
            machine = _Machine(Path(folder) / "inserter", index)

            def sink(notice: object) -> None:
                heard.append(notice)
                if isinstance(notice, InserterEvent):
                    driver.acknowledge(notice.epoch, notice.event_seq)

            driver = InserterDriver(str(machine.port.link), sink)
            said = []
            with driver:
                for number in range(rounds // LINES):
                    _until(lambda: driver.is_up)
                    said += [driver.set_tray(1 + (number + n) % 7) for n in range(3)]
                    time.sleep(chance.random() * 0.02)
                    machine.do(machine.port.unplug)
                    said.append(driver.packml(Verb.HOLD))
                    _until(lambda: not driver.is_up)
                    machine.do(machine.port.plug)
                _until(lambda: driver.is_up)
                _until(lambda: not machine.firmware.ring.pending)
            machine.device.close()
            twice[index] = sum(count > 1 for count in machine.applied.values())
            numbers = [n.event_seq for n in heard if isinstance(n, InserterEvent)]
            lost_events[index] = (
                machine.firmware.ring.last_seq - len(numbers) + (numbers != list(range(1, len(numbers) + 1)))
            )
            settled = {n.command_id for n in heard if isinstance(n, CommandResult | CommandUnknown)}
            unsettled[index] = len(set(said) - settled)
            ups[index] = sum(isinstance(n, LinkUp) for n in heard)

    seconds = _parallel(work)
    report.add("cable pulls: reconnected", sum(ups), "times", at_least=rounds // LINES * LINES)
    report.add("cable pulls: commands applied twice", sum(twice), "commands", at_most=0)
    report.add("cable pulls: events lost or doubled", sum(lost_events), "events", at_most=0)
    report.add("cable pulls: commands without an outcome", sum(unsettled), "commands", at_most=0)
    report.add("cable pulls: time for all", seconds, "s")


def killed_spoolers(quick: bool, report: Report) -> None:
    """Kill cupsd at random moments while jobs are submitted, sent and printed by ippeveprinter; count what the printer printed."""
    rounds = 10 if quick else 200
    chance = random.Random(5)
    heard: list[object] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        printed = root / "printed"
        bus = PrivateBus(root)
        hook = f'sleep 0.2; echo "$IPP_JOB_NAME $(stat -c %s "$1")" >> {printed}; echo ATTR: job-impressions-completed=2 >&2\n'
        printer = ForeignPrinter(root / "printer", bus, hook)
        document = root / "job.pdf"
        document.write_bytes(b"%PDF-1.4\n" + chance.randbytes(200_000))
        jobs = [f"B1-J{number:04d}-{chance.getrandbits(32):08x}" for number in range(rounds)]
        began = time.monotonic()
        with (
            Spooler(root / "cups") as spooler,
            PrintQueues(spooler.server, [PrinterAddress("p1", printer.uri)], heard.append) as queues,
        ):
            for job in jobs:
                queues.submit(job, document, 1, impressions=2)
                time.sleep(chance.random() * 1.5)
                spooler.kill(chance.choice((signal.SIGKILL, signal.SIGTERM)))
                spooler.start()
            _until(lambda: sum(isinstance(n, JobEndedClaim) for n in heard) >= rounds, 60.0 + 2.0 * rounds)
        seconds = time.monotonic() - began
        printer.close()
        bus.close()
        lines = printed.read_text().splitlines() if printed.exists() else []
    counts = Counter(line.split()[0] for line in lines)
    whole = {line.split()[0] for line in lines if line.split()[1] == str(200_009)}
    report.add("killed spoolers: kills", rounds, "times")
    report.add("killed spoolers: jobs printed twice", sum(count > 1 for count in counts.values()), "jobs", at_most=0)
    report.add("killed spoolers: jobs not printed", len(set(jobs) - whole), "jobs", at_most=0)
    report.add(
        "killed spoolers: jobs without an end",
        rounds - len({n.job_uid for n in heard if isinstance(n, JobEndedClaim)}),
        "jobs",
        at_most=0,
    )
    report.add("killed spoolers: decisions asked for", sum(isinstance(n, JobStuck | JobRefused) for n in heard), "jobs")
    for notice in heard:
        if isinstance(notice, JobStuck | JobRefused):
            print(f"  {notice}")
    report.add("killed spoolers: time for all", seconds, "s")


def _until(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True
