"""Hosts that stop, die or lose their cable, against machines that run as processes of their own, as hardware would.

Each machine is one process with one serial line behind a terminal server (a pty would not do: a kernel thread hands its bytes over, and on a busy computer it does so
tens of milliseconds after the sender has died); it tells when it went into which state on the clock all processes share. The process that stops, kills and
unplugs hosts therefore never holds a machine up. Used by ``letterline bench devices``.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devices.inserter.driver import InserterDriver
from devices.inserter.messages import Command, CommandCode
from devices.inserter.session import Session
from devices.kinds import InserterEvent, LinkUp, MachineState, StateChanged, Verb
from simulator.defects import Defects
from simulator.inserter.device import InserterDevice, clock_us
from simulator.inserter.firmware import Firmware
from simulator.inserter.socket_port import SocketPort
from simulator.inserter.wire import DeviceWire
from simulator.paper import Envelope, Picture, Sheet, Stack
from simulator.scenario import MachinePlan

if TYPE_CHECKING:
    from benchmarks.report import Report

MACHINES = 8
"""At once; each sleeps most of the time."""
SAFE_MS = 300.0


class SilentWorld:
    """A paper path nobody looks at."""

    def c1_fires(self, trigger: int, papers: list[Sheet]) -> None: ...
    def c2_fires(self, trigger: int, envelope: Envelope) -> None: ...
    def lands_in_tray(self, tray: int, envelope: Envelope) -> None: ...
    def lands_in_bin(self, envelope: Envelope) -> None: ...
    def weighs(self, weight_mg: int, stable: bool) -> None: ...
    def fact(self, what: str, **facts: object) -> None: ...


def _firmware(world: SilentWorld, seed: int, now_us: int) -> Firmware:
    """A machine with one sheet on its feeder and no feed limit given, so that it stays in Execute."""
    firmware = Firmware(MachinePlan().at(1.0), world, Defects(seed), random.Random(seed), epoch=1, now_us=now_us)
    blank = Picture(1, 1, b"")
    firmware.load(Stack("p1", "job", deque([Sheet(1, "p1", "job", 0, blank, blank)]), 1))
    return firmware


class _Telling(SilentWorld):
    """Says each state on standard output, with what a safe machine must show: no token, no feeding."""

    device: InserterDevice | None = None

    def fact(self, what: str, **facts: object) -> None:
        if what == "state" and self.device is not None:
            firmware, wire = self.device.firmware, self.device.wire
            assert isinstance(wire, DeviceWire)
            heard_us = wire._heard_us  # noqa: SLF001
            safe = not firmware.tokens() and not firmware.path.feeding
            print(json.dumps([facts["state"], clock_us(), heard_us, safe]), flush=True)


def machine_main(seed: str) -> None:
    """One machine; reads ``unplug`` and ``plug`` from standard input, ends with it. A program of its own.

    Where it is allowed, it is scheduled in real time: a machine does not wait for a computer's neighbours.
    """
    _in_real_time()
    world = _Telling()
    port = SocketPort(baud=0)
    print(json.dumps(["ADDRESS", port.url]), flush=True)
    device = InserterDevice(_firmware(world, int(seed), clock_us()), port, Defects(int(seed)))
    world.device = device
    device.start()
    for word in sys.stdin:
        device.post(port.unplug if word.strip() == "unplug" else port.plug)
    device.close()


def _in_real_time() -> None:
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    sys.setswitchinterval(0.0005)


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


def _program(call: str, *arguments: str, **pipes: int) -> subprocess.Popen[str]:
    source = f"import sys; from benchmarks.dead_hosts import {call}; {call}(*sys.argv[1:])"
    return subprocess.Popen([sys.executable, "-c", source, *arguments], text=True, **pipes)  # type: ignore[call-overload,no-any-return]


class _Machine:
    """The other end of `machine_main`."""

    def __init__(self, seed: int) -> None:
        self.url = ""
        self.state = ""
        self.aborting: tuple[int, int, bool] = (0, 0, False)
        """When it last went to Aborting, when it had last heard a frame by then (µs), and whether it was safe."""
        self._process = _program("machine_main", str(seed), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._thread.join()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            state, *told = json.loads(line)
            if state == "ADDRESS":
                self.url = told[0]
                continue
            at_us, heard_us, safe = told
            if state == "ABORTING":
                self.aborting = (at_us, heard_us, safe)
            self.state = state


@dataclass(frozen=True, slots=True)
class _Death:
    """How one ended, ms from the fault and from the last frame heard; infinite when the machine went on."""

    way: str
    from_fault_ms: float
    from_last_frame_ms: float
    safe: bool


def _kill_again(index: int, rounds: int, deaths: list[_Death]) -> None:
    chance = random.Random(100 + index)
    machine = _Machine(index)
    _until(lambda: machine.url)
    host = _program("host_main", machine.url)
    for _ in range(rounds):
        if not _until(lambda: machine.state == "EXECUTE", 20.0):
            print(f"  machine {index} stays {machine.state}, host {host.poll()}")
            break
        time.sleep(chance.random() * 0.1)
        # A starved host may have been missed meanwhile.
        _until(lambda: machine.state == "EXECUTE", 20.0)
        way = chance.choice(("stop", "stop", "stop", "stop", "pull", "pull", "kill"))
        since_us = clock_us()
        if way == "pull":
            machine.say("unplug")
        else:
            # Not Popen.send_signal: it asks first whether the process lives, and other threads may run in between.
            os.kill(host.pid, signal.SIGSTOP if way == "stop" else signal.SIGKILL)
        went = _until(lambda since_us=since_us: machine.aborting[0] > since_us, 2.0)
        at_us, heard_us, safe = machine.aborting
        never = float("inf")
        deaths.append(
            _Death(way, (at_us - since_us) / 1000, (at_us - heard_us) / 1000, safe)
            if went
            else _Death(way, never, never, safe=False)
        )
        if way == "pull":
            machine.say("plug")
        elif way == "stop":
            host.send_signal(signal.SIGCONT)
        else:
            host.wait()
            host = _program("host_main", machine.url)
    host.kill()
    host.wait()
    machine.close()


def dead_hosts(quick: bool, report: Report) -> None:
    """Stop, kill or unplug a host in Execute; measure on the machine until it is Aborting with its gate at rest."""
    rounds = 40 if quick else 1000
    _in_real_time()  # whoever pulls the plug is no part of the computer whose plug is pulled
    deaths: list[_Death] = []
    threads = [threading.Thread(target=_kill_again, args=(n, rounds // MACHINES, deaths)) for n in range(MACHINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tried = len(deaths)
    took = sorted(death.from_fault_ms for death in deaths) or [float("inf")]
    report.add("dead hosts: tried", tried, "times", at_least=rounds // MACHINES * MACHINES)
    report.add(
        "dead hosts: safe within 300 ms of the fault", sum(ms <= SAFE_MS for ms in took), "times", at_least=tried
    )
    by_frame = sum(death.from_last_frame_ms <= SAFE_MS for death in deaths)
    report.add("dead hosts: safe within 300 ms of the last frame heard", by_frame, "times", at_least=tried)
    report.add("dead hosts: median until safe", statistics.median(took), "ms")
    report.add("dead hosts: longest until safe", took[-1], "ms")
    unsafe = sum(not death.safe for death in deaths)
    report.add("dead hosts: tokens left or feeder running after", unsafe, "times", at_most=0)
    for way in ("stop", "kill", "pull"):
        one = [death.from_fault_ms for death in deaths if death.way == way]
        report.add(f"dead hosts: longest after {way}", max(one, default=0.0), "ms")


class _Steps:
    """A session and a machine joined in virtual time: what a busy computer cannot blur."""

    def __init__(self, seed: int) -> None:
        self.now_us = 1_000_000
        self.firmware = _firmware(SilentWorld(), seed, self.now_us)
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


def _until(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True
