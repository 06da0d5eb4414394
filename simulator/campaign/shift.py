"""One shift: one batch of letters from the case file to the closed batch, under one seed. The unit a campaign is made of."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from controller.integrity import ExitPolicy
from controller.ledger.store import MemoryStore
from controller.line import events as ev
from controller.line.core import LineCore
from controller.line.state import LineConfig
from controller.model import BatchId, ItemId, Letter, LetterId, letter_id, s10_item_id
from controller.planning import first_attempts, next_attempts, print_jobs
from simulator.campaign import hostile_files
from simulator.campaign.belt import ENVELOPE_MG, SHEET_MG
from simulator.campaign.clockwork import Clockwork
from simulator.campaign.faults import FaultPlan, Profile, Site
from simulator.campaign.host import Host, SafetyBreach
from simulator.campaign.machine import Machine, State
from simulator.campaign.optics import Camera
from simulator.campaign.paper import Stack
from simulator.campaign.people import LOOK_US, People
from simulator.campaign.places import Places
from simulator.campaign.press import Press
from simulator.campaign.witness import AWAY_US
from simulator.onlooker import Onlooker, Policy

BATCH = 1
ROUNDS_MAX = 25
ENDS_MAX = 80
"""So often the people may try to end a round before the shift counts as stuck."""
LOOKS_BEFORE_HOLD = 15
"""So many looks at paper that stands in the machine with nothing behind it before somebody holds the line to have it purged."""
HOUR_US = 3_600 * 1_000_000
JOB_SHEETS = 50
SHEETS_OF_A_LETTER = (1, 1, 1, 2, 2, 3)


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """What one shift is: everything that decides it, byte for byte."""

    seed: int
    letters: int
    profile: Profile
    sheets: tuple[int, ...] = ()
    """Sheets of each letter, when they shall not be drawn."""
    hours: int = 8 * 24
    """A shift that has not ended by then is stuck."""
    hasty: bool = False
    """Somebody looks through trays on HOLD while the machine runs, instead of at the end of the round."""
    postage: int = 0
    """What the franking head must print on every envelope, in 1/100 of the currency unit; 0: the line has none."""


@dataclass(slots=True)
class ShiftResult:
    """What came of a shift. ``breach``: the harness itself saw something that must never be."""

    plan: ShiftPlan
    store: MemoryStore
    log: list[dict[str, object]]
    hits: Counter[int]
    coverage: Counter[tuple[int, str]]
    breach: str = ""
    rounds: int = 0
    attempts: int = 0
    closed: bool = False
    deaths: int = 0
    unknown_at_restart_max: int = 0
    seconds_simulated: float = 0.0
    beyond_limits: int = 0
    oversights: list[str] = field(default_factory=list)
    """What the onlooker saw."""


class Shift:
    """Builds the floor of one shift and runs it to its end."""

    def __init__(
        self,
        plan: ShiftPlan,
        core_type: type[LineCore] = LineCore,
        store: MemoryStore | None = None,
        faults: Callable[[random.Random], FaultPlan] | None = None,
    ) -> None:
        rng = random.Random(plan.seed)
        self.plan = plan
        self.faults = faults(rng) if faults else FaultPlan(plan.profile, rng)
        self.clock = Clockwork()
        key = rng.randbytes(32)
        scale = rng.random() < 0.3
        weights = (SHEET_MG, ENVELOPE_MG) if scale else (0, 0)
        policy = ExitPolicy(both_codes=True, sheet_mg=weights[0], envelope_mg=weights[1], postage=plan.postage)
        capacity = rng.choice((40, 100, 400))
        config = LineConfig(key=key, policy=policy, tray_capacity=capacity, challenge_every=rng.choice((200, 1000)))
        self.store = store or MemoryStore(f"campaign-{plan.seed}")
        self.host = Host(self.clock, self.faults, config, self.store, core_type)
        self.places = Places(lambda: len(self.store.events), self._state_of)
        cameras = (Camera(1, self.clock, self.host.hear), Camera(2, self.clock, self.host.hear))
        self.machine = Machine(
            self.clock,
            self.places,
            self.faults,
            cameras,
            self.host.hear,
            self._belt_fault,
            scale=scale,
            postage=plan.postage,
        )
        if plan.postage:
            self.places.franking(plan.postage)
        self.press = Press(self.clock, self.faults, self.host, key, self._deliver)
        self.people = People(self.clock, self.faults, self.host, self.machine, self.places, BATCH, capacity)
        if plan.hasty:
            self.people.haste = random.Random(plan.seed)
        self.press.printed = self.places.printed
        self.host.onlooker = Onlooker(
            self.press.papers,
            Policy(config.grant_guard_us, policy.sheet_mg, policy.envelope_mg, policy.tolerance_mg, policy.postage),
        )
        self.host.machine, self.host.queue = self.machine, self.press
        self.machine.tray_shown = self.places.place_tray
        self.host.reset_camera = lambda number: cameras[number - 1].reset()
        self.letters = self._draw_letters(rng)
        self.rounds = self.ends = self._full_looks = 0
        self.jobs = 0
        self._serial = plan.seed % 7919 * 10_000
        self._opened = False
        self._recalls: list[LetterId] = []
        self.closed = False

    # --- wiring ---

    def _state_of(self, uid: int) -> str:
        piece = self.host.core.book.pieces.get(uid)
        return str(piece.state) if piece else "UNKNOWN"

    def _belt_fault(self, row: int, envelope: Any) -> None:
        self.people.belt_fault(row, envelope)

    def _deliver(self, stack: Stack) -> None:
        self.people.stacks.append(stack)

    def issue_item(self, _uid: int) -> ItemId:
        self._serial += 1
        return s10_item_id("XA", self._serial)

    def _draw_letters(self, rng: random.Random) -> list[Letter]:
        sheets = self.plan.sheets or [rng.choice(SHEETS_OF_A_LETTER) for _ in range(self.plan.letters)]
        return [
            Letter(letter_id(BATCH, number), f"c{number}", count)  # type: ignore[arg-type]
            for number, count in enumerate(sheets, 1)
        ]

    # --- the shift ---

    def run(self) -> ShiftResult:
        """Run to the end: the batch is closed, or time is over, or the harness saw a breach."""
        breach = ""
        try:
            self.clock.after(0, self.host.connect)
            self.clock.after(100_000, self._look)
            self.clock.run(self.plan.hours * HOUR_US, lambda: self.closed)
            if self.closed:
                breach = self.host.witness.wrong_at_the_end(self.host.ledger)
            else:
                breach = f"liveness: after {self.rounds} rounds the batch is not closed"
        except SafetyBreach as error:
            breach = str(error)
        return ShiftResult(
            self.plan,
            self.store,
            self.places.log,
            self.faults.hits,
            self.faults.coverage,
            breach,
            self.rounds,
            len(self.host.core.book.pieces),
            self.closed,
            self.host.deaths,
            self.host.unknown_at_restart_max,
            self.clock.now_us / 1e6,
            self.faults.beyond_limits,
            self.host.onlooker.findings if self.host.onlooker else [],
        )

    def _look(self) -> None:
        """The people look around; when nothing is left to run, they end the round."""
        if self.rounds > ROUNDS_MAX or self.ends > ENDS_MAX:
            return
        self.clock.after(LOOK_US, self._look)
        if not self.host.alive or not self.machine.linked:
            return
        self.host.tick_now()
        if not self._opened:
            self._open_batch()
            return
        self.people.tend()
        if self._is_quiet():
            self._end_round()
        elif self.machine.belt.stands_full():
            self._full_looks += 1
            if self._full_looks > LOOKS_BEFORE_HOLD:
                self.people.ask(ev.HoldLine, "b-01")
        else:
            self._full_looks = 0

    def _open_batch(self) -> None:
        """Hand the accepted letters over; first attempts of all that are not held."""
        row = self.faults.draw(Site.CASE_FILE)
        if row == 46:
            self._hostile_file()
        if self.faults.draw(Site.WITNESS) == 50:
            self.clock.after(self.faults.rng.randrange(1_000_000 + 90_000 * len(self.letters)), self._witness_leaves)
        held: dict[int, str] = {}
        for letter in self.letters:
            row = self.faults.draw(Site.LETTER)
            if row == 45:
                held[letter.letter] = "same-content"
                self.faults.struck(row, "NEW")
            elif row == 44:
                self._recalls.append(letter.letter)
        if BATCH not in self.host.core.book.batches:
            self.host.hear(ev.BatchOpened(BATCH, tuple(letter.letter for letter in self.letters), held))
        if not self.host.alive:
            return
        self._opened = True
        for recalled in self._recalls:
            self.clock.after(self.faults.rng.randrange(200_000 * (len(self.letters) + 60)), self.recall, recalled)
        self._print_round()

    def _witness_leaves(self) -> None:
        """The disk of the witness is gone for a while."""
        if not self.faults.quiet:
            self.host.witness.away = True
            self.clock.after(self.faults.rng.randrange(*AWAY_US), self._witness_returns)

    def _witness_returns(self) -> None:
        self.host.witness.away = False

    def _hostile_file(self) -> None:
        """Somebody sends a case file with what does not belong there."""
        numbers = [letter.letter % 10_000_000 for letter in self.letters[:8]]
        whole, problems = hostile_files.strike(self.faults.rng, numbers)
        self.faults.struck(46, f"32 rows, and {whole}")
        if problems:
            raise SafetyBreach(f"malicious case file: {problems[0]}")

    def _print_round(self) -> None:
        """Plan an attempt for each open letter that has none which may still leave, and send it to print."""
        book = self.host.core.book
        waiting = list(book.needs_attempt(BATCH))
        fresh = [letter for letter in self.letters if not book.letters[letter.letter].pieces]
        may = {entry.letter for entry in waiting}
        pieces = first_attempts([letter for letter in fresh if letter.letter in may], self.issue_item)
        pieces += next_attempts([entry for entry in waiting if entry.pieces], self.issue_item)
        self.rounds += 1
        self.press.old_void += self.people.forgotten
        self.people.forgotten = []
        for job in print_jobs(BatchId(BATCH), pieces, self.jobs + 1, JOB_SHEETS):
            self.jobs += 1
            self.press.rendered(job)
            self.host.hear(ev.JobPlanned(job))

    def recall(self, letter: int) -> None:
        entry = self.host.core.book.letters.get(letter)
        if entry is None or not self.host.alive:
            self.clock.after(1_000_000, self.recall, letter)
            return
        state = entry.live.state if entry.live else f"letter {entry.state}"
        reply = self.people.ask(ev.RecallLetter, "client", letter)
        self.faults.struck(44, str(state))
        if reply is not None:
            self.places.log.append(
                {"what": "recall", "letter": letter, "answer": str(reply.answer), "seq": self.store.head()[0]}
            )

    def _answers(self) -> bool:
        return self.host.alive

    def _is_quiet(self) -> bool:
        machine = self.machine
        return (
            self.press.idle()
            and not self.people.stacks
            and not machine.belt.stacks
            and machine.belt.is_empty()
            and machine.state in (State.SUSPENDED, State.EXECUTE)
        )

    def _end_round(self) -> None:
        """Nothing runs: settle trays, scan what did not pass, shred, plan again or close."""
        mixed = self.press.release_mixed()
        if mixed is not None:
            self._deliver(mixed)
            return
        self.ends += 1
        people, host = self.people, self.host
        settled = people.settle_trays()
        people.scan_everything()
        if not self._answers():
            return
        people.shred()
        people.decide_held([letter.letter for letter in self.letters])
        people.hand_over()
        if not self._answers():
            return
        if any(True for _ in host.core.book.needs_attempt(BATCH)):
            self._print_round()
        elif settled and all(letter.state in ("MAILED", "CANCELLED") for letter in host.core.book.letters.values()):
            self._close()
        else:
            # Some piece holds its letter up and is nowhere to be found: two persons must answer for it, and for paper that
            # was printed by every claim but never came to the feeder.
            people.account_for_the_rest()
            for job in list(host.core.book.jobs.values()):
                if job.state == "COMPLETED" and any(piece.state == "PRINTED" for piece in job.pieces):
                    host.hear(ev.JobDoubted(job.name, "its paper cannot be found"))

    def _close(self) -> None:
        """Everything is mailed or cancelled: balance the batch, let the carrier take what is left, shred what lies about."""
        self.faults.quiet = True
        people, places = self.people, self.places
        leftovers = people.forgotten + self.press.old_void
        people.forgotten, self.press.old_void = [], []
        places.pile += leftovers
        people.shred()
        self.closed = people.account_for_the_rest()
        people.hand_over()
        if not self.closed:
            return
        unsent = [sheet for tray in places.trays.values() for envelope in tray.envelopes for sheet in envelope.sheets]
        places.log.append(
            {"what": "unsent", "seq": self.store.head()[0], "sheets": [[s.uid, s.k, s.n] for s in unsent]}
        )


def run_shift(plan: ShiftPlan, core_type: type[LineCore] = LineCore) -> ShiftResult:
    """Run one shift."""
    return Shift(plan, core_type).run()
