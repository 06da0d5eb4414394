"""A simulated inserter in virtual time for tests: no thread, no pty; a host that decides what it is told to decide."""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable

from simulator.defects import Defects
from simulator.inserter.firmware import Firmware
from simulator.inserter.mechanics import Mechanics
from simulator.inserter.vocabulary import NO_LIMIT, Code, Command, Event, EventCode, Result, State, Verb
from simulator.paper import Envelope, Picture, Sheet, Stack
from simulator.scenario import MachinePlan

NO_PICTURE = Picture(0, 0, b"")


def sheets(count: int, job: str = "job") -> list[Sheet]:
    return [Sheet(index, "P1", job, index, NO_PICTURE, NO_PICTURE) for index in range(count)]


class Bench:
    """The machine, its ledger of landed paper, and a host that says END_SET 1 for each sheet and grants what `grants` allows."""

    def __init__(self, mechanics: Mechanics | None = None, seed: int = 1) -> None:
        self.defects = Defects(seed)
        self.tray: list[tuple[int, Envelope]] = []
        self.bin: list[Envelope] = []
        self.hands: list[Envelope] = []
        self.events: list[Event] = []
        self.facts: list[tuple[str, dict[str, object]]] = []
        self.shots: list[tuple[str, int]] = []
        self.now = 1_000_000
        self._ids = itertools.count(1)
        self.machine = Firmware(
            mechanics or MachinePlan().at(1.0), self, self.defects, random.Random(seed), epoch=1, now_us=self.now
        )
        self.ends: Callable[[int], bool | None] = lambda sheet_no: True
        self.grants: Callable[[int], bool] = lambda piece_no: True

    def c1_fires(self, trigger: int, papers: list[Sheet]) -> None:
        self.shots.append(("c1", trigger))

    def c2_fires(self, trigger: int, envelope: Envelope) -> None:
        self.shots.append(("c2", trigger))

    def lands_in_tray(self, tray: int, envelope: Envelope) -> None:
        self.tray.append((tray, envelope))

    def lands_in_bin(self, envelope: Envelope) -> None:
        self.bin.append(envelope)

    def weighs(self, weight_mg: int, stable: bool) -> None: ...

    def fact(self, what: str, **facts: object) -> None:
        self.facts.append((what, facts))

    def say(self, code: Code, *values: int) -> Result:
        return self.machine.command(Command(code, next(self._ids), values))

    def start(self, *, limit: int = NO_LIMIT) -> None:
        """Bring the machine into Execute."""
        assert self.say(Code.SET_TRAY, 1) is Result.OK
        assert self.say(Code.FEED_LIMIT, self.machine.epoch, limit) is Result.OK
        for verb in (Verb.CLEAR, Verb.RESET, Verb.START):
            assert self.say(Code.PACKML, verb) is Result.OK
            self.run(1.2)  # a purge takes as long as the longest way out
        assert self.machine.state in (State.EXECUTE, State.SUSPENDED)

    def load(self, count: int, stack_no: int = 1) -> list[Sheet]:
        papers = sheets(count)
        self.machine.load(Stack("P1", "job", deque(papers), stack_no))
        return papers

    def run(self, seconds: float) -> None:
        """Let virtual time pass, answering every event at once."""
        end = self.now + int(seconds * 1e6)
        while self.now < end:
            self.now = min(end, self.now + 1000)
            self.machine.advance(self.now)
            self.answer()

    def answer(self) -> None:
        ring = self.machine.ring
        while ring.pending:
            event = ring.pending[0]
            ring.acknowledge(event.seq)
            self.events.append(event)
            if event.code == EventCode.SHEET:
                ends = self.ends(event.values[0])
                if ends is not None:
                    self.say(Code.END_SET, self.machine.epoch, event.values[0], int(ends))
            elif event.code == EventCode.EXIT_SHOT and self.grants(event.values[0]):
                piece_no, _, gate_at_us, _ = event.values
                self.say(Code.GRANT, self.machine.epoch, piece_no, 1000 + piece_no, gate_at_us)

    def of(self, code: EventCode) -> list[tuple[int, ...]]:
        return [event.values for event in self.events if event.code == code]

    def paper_everywhere(self) -> list[int]:
        """Return the ids of all sheets, wherever they are now."""
        inside = self.machine.path.inside
        stack = self.machine.path.stack
        places = [
            [sheet for _, envelope in self.tray for sheet in envelope.sheets],
            [sheet for envelope in (*self.bin, *self.hands, *inside.pieces) for sheet in envelope.sheets],
            [sheet for fed in (*inside.fed, *inside.gathered) for sheet in fed.papers],
            list(stack.sheets) if stack else [],
        ]
        return sorted(sheet.sheet_id for place in places for sheet in place)
