"""Faults of running devices, in real time: cables pulled, hosts stopped and killed, a spooler killed. Used by ``letterline bench devices``."""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.foreign_printer import ForeignPrinter, PrivateBus
from devices.inserter.driver import InserterDriver
from devices.inserter.messages import Command, CommandCode
from devices.inserter.session import Session
from devices.kinds import CommandResult, CommandUnknown, InserterEvent, LinkUp, MachineState, StateChanged, Verb
from devices.printing.notices import JobEndedClaim, JobRefused, JobStuck
from devices.printing.queues import PrintQueues
from devices.printing.spooler import PrinterAddress, Spooler
from simulator.defects import Defects
from simulator.inserter.device import InserterDevice, clock_us
from simulator.inserter.firmware import Firmware
from simulator.inserter.port import PtyPort
from simulator.inserter.wire import DeviceWire
from simulator.paper import Envelope, Picture, Sheet, Stack
from simulator.scenario import MachinePlan

if TYPE_CHECKING:
    from benchmarks.report import Report

LINES = 8
"""Machines at once; each sleeps most of the time."""


class _Floor:
    """Remembers when the machine last went into a state."""

    def __init__(self) -> None:
        self.entered: dict[str, int] = {}

    def c1_fires(self, trigger: int, papers: list[Sheet]) -> None: ...
    def c2_fires(self, trigger: int, envelope: Envelope) -> None: ...
    def lands_in_tray(self, tray: int, envelope: Envelope) -> None: ...
    def lands_in_bin(self, envelope: Envelope) -> None: ...

    def fact(self, what: str, **facts: object) -> None:
        if what == "state":
            self.entered[str(facts["state"])] = clock_us()


class _Machine:
    def __init__(self, link: Path, seed: int) -> None:
        self.floor = _Floor()
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

    def since_last_frame_ms(self) -> float:
        """From the last valid frame the machine heard until it went to Aborting."""
        return float(self.floor.entered["ABORTING"] - self.device.wire._heard_us) / 1000  # noqa: SLF001

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


def dead_hosts(quick: bool, report: Report) -> None:
    """Stop, kill or unplug a host in Execute; measure on the machine until it is Aborting with its gate at rest."""
    rounds = 40 if quick else 1000
    took: list[float] = []
    heard: list[float] = []
    alive: list[int] = []
    lock = threading.Lock()

    def work(index: int) -> None:
        chance = random.Random(100 + index)
        with tempfile.TemporaryDirectory() as folder:
            machine = _Machine(Path(folder) / "inserter", index)
            host = _start_host(machine.port.link)
            for _ in range(rounds // LINES):
                if not _until(lambda: machine.firmware.state == MachineState.EXECUTE, 20.0):
                    print(
                        f"  machine {index} stays {machine.firmware.state!r} {machine.firmware.reason!r}, session {machine.device.wire.has_session}, host {host.poll()}"
                    )
                    with lock:
                        alive.append(-1)
                    break
                time.sleep(chance.random() * 0.1)
                _until(
                    lambda: machine.firmware.state == MachineState.EXECUTE, 20.0
                )  # a starved host may have been missed meanwhile
                way = chance.choice(("stop", "stop", "stop", "stop", "pull", "pull", "kill"))
                since = clock_us()
                if way == "pull":
                    machine.do(machine.port.unplug)
                else:
                    os.kill(host.pid, signal.SIGSTOP if way == "stop" else signal.SIGKILL)
                _until(lambda since=since: machine.floor.entered.get("ABORTING", 0) > since, 2.0)
                entered = machine.floor.entered.get("ABORTING", 0)
                with lock:
                    took.append((entered - since) / 1000 if entered > since else float("inf"))
                    heard.append(machine.since_last_frame_ms() if entered > since else float("inf"))
                    alive.append(len(machine.firmware.tokens()))
                if way == "pull":
                    machine.do(machine.port.plug)
                elif way == "stop":
                    os.kill(host.pid, signal.SIGCONT)
                else:
                    host.wait()
                    host = _start_host(machine.port.link)
            host.kill()
            host.wait()
            machine.device.close()

    with _as_hardware():
        _parallel(work)
    took = sorted(took) or [float("inf")]
    report.add("dead hosts: tried", len(took), "times", at_least=rounds // LINES * LINES)
    report.add(
        "dead hosts: safe within 300 ms of the fault", sum(ms <= 300.0 for ms in took), "times", at_least=len(took)
    )
    report.add(
        "dead hosts: safe within 300 ms of the last frame heard",
        sum(ms <= 300.0 for ms in heard),
        "times",
        at_least=len(heard),
    )
    report.add("dead hosts: median until safe", statistics.median(took), "ms")
    report.add("dead hosts: longest until safe", took[-1], "ms")
    report.add("dead hosts: tokens left after", sum(count != 0 for count in alive), "times", at_most=0)


class _Steps:
    """A session and a machine joined in virtual time: what a busy computer cannot blur."""

    def __init__(self, seed: int) -> None:
        self.now_us = 1_000_000
        self.floor = _Floor()
        self.firmware = Firmware(
            MachinePlan().at(1.0), self.floor, Defects(seed), random.Random(seed), epoch=1, now_us=self.now_us
        )
        blank = Picture(1, 1, b"")
        self.firmware.load(Stack("p1", "job", deque([Sheet(1, "p1", "job", 0, blank, blank)]), 1))
        self.wire = DeviceWire(self.firmware, self.now_us)
        self.session = Session("inserter", lambda: 0x5EED + self.now_us)
        self.session.open(self.now_us)
        self.command_id = 0

    def step(self, host_lives: bool) -> None:
        self.now_us += 1000
        self.firmware.advance(self.now_us)
        if host_lives:
            self.wire.receive(self.session.poll(self.now_us), self.now_us)
            self.firmware.advance(self.now_us)
        self.wire.tick(self.now_us)
        answers = self.wire.take_out()
        if host_lives:
            self.session.receive(answers, self.now_us)
            while self.session.notices:
                self._answer(self.session.notices.popleft())

    def _answer(self, notice: object) -> None:
        verbs = {MachineState.ABORTED: Verb.CLEAR, MachineState.STOPPED: Verb.RESET, MachineState.IDLE: Verb.START}
        if isinstance(notice, LinkUp):
            self._say(CommandCode.SET_TRAY, 1)
            self._say(CommandCode.PACKML, Verb.CLEAR)
        elif isinstance(notice, InserterEvent):
            self.session.acknowledge(notice.epoch, notice.event_seq)
            if isinstance(notice, StateChanged) and notice.state in verbs:
                self._say(CommandCode.PACKML, verbs[notice.state])

    def _say(self, code: CommandCode, value: int) -> None:
        self.command_id += 1
        self.session.submit(Command(code, self.command_id, (value,)))


def dead_hosts_in_virtual_time(quick: bool, report: Report) -> None:
    """The same in virtual time, where only the rules count and not how busy this computer is."""
    rounds = 100 if quick else 1000
    chance, shop = random.Random(9), _Steps(9)
    took: list[int] = []
    for _ in range(rounds):
        for _ in range(3000):
            shop.step(host_lives=True)
            if shop.firmware.state == MachineState.EXECUTE:
                break
        for _ in range(chance.randrange(200)):
            shop.step(host_lives=True)
        died_us = shop.now_us
        while shop.firmware.state == MachineState.EXECUTE and shop.now_us - died_us < 1_000_000:
            shop.step(host_lives=False)
        took.append(shop.now_us - died_us)
        for _ in range(chance.randrange(100)):
            shop.step(host_lives=False)
    report.add(
        "dead hosts in virtual time: safe within 300 ms of the fault",
        sum(us <= 300_000 for us in took),
        "times",
        at_least=rounds,
    )
    report.add("dead hosts in virtual time: longest until safe", max(took) / 1000, "ms")


def host_main(link: str) -> None:
    """The host that is stopped and killed: brings the machine to Execute whenever it may. A program of its own."""

    def sink(notice: object) -> None:
        if isinstance(notice, LinkUp):
            driver.set_tray(1)
            driver.packml(Verb.ABORT)
            driver.packml(Verb.CLEAR)
        elif isinstance(notice, StateChanged):
            driver.acknowledge(notice.epoch, notice.event_seq)
            verbs = {MachineState.ABORTED: Verb.CLEAR, MachineState.STOPPED: Verb.RESET, MachineState.IDLE: Verb.START}
            if notice.state in verbs:
                driver.packml(verbs[notice.state])
        elif isinstance(notice, InserterEvent):
            driver.acknowledge(notice.epoch, notice.event_seq)

    driver = InserterDriver(link, sink)
    with driver:
        while os.getppid() != 1:
            time.sleep(0.5)


@contextmanager
def _as_hardware() -> Iterator[None]:
    """Where it is allowed, the process that plays machines goes before all others: a machine does not wait for a computer's neighbours."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)


def _start_host(link: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys; os.setpriority(os.PRIO_PROCESS, 0, 0); from benchmarks.device_faults import host_main; host_main(sys.argv[1])",
            str(link),
        ]
    )


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
