"""The controller's side in virtual time: production's line core and ledger, run by a shell that can be killed at any point.

Order as in production: step, commit, then act, and only then acknowledge. Killing drops everything that was not durable; coming back
checks the ledger, restores the core from it, says `Restarted`, asks the print queue, connects, and hears what the machine kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from controller.ledger.checkpoint import Checkpoint, confirm
from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.lease import Lease
from controller.ledger.ledger import Ledger
from controller.ledger.records import Record
from controller.ledger.store import MemoryStore
from controller.line import actions as act
from controller.line import events as ev
from controller.line.core import FROM_MACHINE, LineCore
from controller.line.restore import HEARD_KIND, RECENT_EVENTS, is_note, restore
from controller.line.state import LineConfig
from controller.states import advance
from simulator.campaign.clockwork import Clockwork
from simulator.campaign.faults import FaultPlan, Site
from simulator.campaign.machine import Machine
from simulator.campaign.witness import PATIENCE_NS, AbsentWitness
from simulator.onlooker import Onlooker

LINE = "A"
FIRST_WALL_NS = 1_750_000_000_000_000_000
TICK_US = 50_000
HEARD_WITHOUT_COMMIT_MAX = 32
BACK_US = (2_000_000, 20_000_000)


class Queue(Protocol):
    """The print queue as the host uses it."""

    def submit(self, job: str) -> None: ...
    def after_restart(self) -> list[Any]: ...


class Meddler(Protocol):
    """Somebody who stands on the wire between the floor and the controller."""

    def words(self, event: Any) -> list[Any]:
        """Return what the controller hears instead of ``event``."""

    def command(self, action: act.Action) -> list[act.Action]:
        """Return what the floor is told instead of ``action``."""


class Killed(Exception):
    """The controller died at this point."""


class SafetyBreach(Exception):
    """Something that must be refused was not: a check of the harness itself failed."""


class CrashPoints:
    """Counts the points at which a controller can be killed; ``at`` says where it is."""

    def __init__(self, at: frozenset[int] = frozenset()) -> None:
        self.at = at
        self.passed = 0

    def here(self) -> None:
        self.passed += 1
        if self.passed in self.at:
            raise Killed


class Host:
    """One controller process after another on one ledger."""

    def __init__(
        self,
        clock: Clockwork,
        plan: FaultPlan,
        config: LineConfig,
        store: MemoryStore,
        core_type: type[LineCore] = LineCore,
    ) -> None:
        self.clock, self.plan, self.config, self.store = clock, plan, config, store
        self.core_type = core_type
        self.core = core_type(config)
        self.machine: Machine
        self.queue: Queue
        self.reset_camera: Callable[[int], None]
        self.noise_left = 0
        """So many of the next commands to the machine are garbled on the wire and arrive by retransmission."""
        self.onlooker: Onlooker | None = None
        """Judges every step as it is taken; None: nobody watches."""
        self._watched = 0
        self._under_way: tuple[Any, list[Record], list[act.Action]] | None = None
        """The step that the controller may die in: what it heard, wrote and was about to do."""
        self.meddler: Meddler | None = None
        self.alive = True
        self.points = CrashPoints()
        self.replies: dict[int, act.Reply] = {}
        self.alarms: list[act.Alarm] = []
        self.deaths = 0
        self.unknown_at_restart_max = 0
        self._hands = self._wire()
        self._heard: deque[Any] = deque()
        self._busy = False
        self._wall_off_ns = 0
        self._ticking = False
        self._unheard = 0
        self._commands = 0
        self._tampered: int = 0
        self.witness = AbsentWitness(self.wall_ns, plan.struck)
        self.ledger = Ledger(store, advance, witness=self.witness, witness_patience_ns=PATIENCE_NS)
        self.lease = self._take_line()
        self.checkpoint: Checkpoint | None = None

    # --- hearing, deciding, acting ---

    def hear(self, event: Any) -> None:
        """Take one event; decide about it and all that follows, in order."""
        if not self.alive:
            return
        if self.meddler is None:
            self._heard.append(event)
        else:
            self._heard.extend(self.meddler.words(event))
        if self._busy:
            return
        self._busy = True
        try:
            while self._heard:
                self._decide(self._heard.popleft())
        except Killed:
            self._die()
        except LedgerFault:
            self._die()  # I9: it stops; the machine is stopped by its watchdog
        finally:
            self._busy = False

    def _decide(self, event: Any) -> None:
        records, actions = self.core.step(event)
        seq = event.seq if type(event) in FROM_MACHINE else 0
        if seq:
            self._unheard += 1
            if records or self._unheard >= HEARD_WITHOUT_COMMIT_MAX:
                # As the production shell: what the machine may forget is on the books first.
                records.append(Record(HEARD_KIND, data={"epoch": self.core.line.epoch, "seq": seq}))
                self._unheard = 0
        row = 0
        if records:
            row = self.plan.draw(Site.COMMIT)
            self._under_way = event, records, actions
            self.points.here()
            if row:
                self._commit_fault(row, records, event, actions)
            self._commit(records)
        if self.onlooker is not None:
            self.onlooker.step(event, records, actions)
            self._watched = self.ledger.seq
        if records:
            self.points.here()
            if row == 1 and self.plan.rng.random() < 0.4:
                raise Killed
        if actions:
            self._act(actions, amid_kill=row == 1)
        if row == 1:
            raise Killed
        if seq and records:
            self.machine.acknowledge(seq)
        if not self._ticking and not self.machine.belt.is_empty():
            self._ticking = True
            self.clock.after(TICK_US, self._tick)

    def _commit(self, records: list[Record]) -> None:
        self.ledger.append(records, self.wall_ns(), lease=self.lease)
        if wrong := self.witness.wrong(self.ledger, self.clock.now_us):
            raise SafetyBreach(wrong)

    def _act(self, actions: list[act.Action], *, amid_kill: bool) -> None:
        for action in actions:
            if type(action) is not act.Alarm and type(action) is not act.Reply:
                self.points.here()
                if amid_kill and self.plan.rng.random() < 0.3:
                    raise Killed
            self._perform(action)

    def _perform(self, action: act.Action) -> None:
        if self.meddler is None:
            self._hand_on(action)
        else:
            for told in self.meddler.command(action):
                self._hand_on(told)

    def _hand_on(self, action: act.Action) -> None:
        hand = self._hands[type(action)]
        if self.noise_left and isinstance(action, (act.EndSet, act.Grant)):
            # Frames were lost and resent: the command arrives late, and perhaps twice.
            self.noise_left -= 1
            self.plan_late(hand, action)
            return
        hand(action)

    def plan_late(self, hand: Callable[[Any], object], action: act.Action) -> None:
        """Let a command reach the machine some retransmissions later, once or twice."""
        for _ in range(self.plan.rng.randrange(1, 3)):
            self.clock.after(self.plan.rng.randrange(25_000, 500_000), self._late, hand, action)

    def _late(self, hand: Callable[[Any], object], action: act.Action) -> None:
        if self.alive and self.machine.linked:
            hand(action)

    def _wire(self) -> dict[type, Callable[[Any], object]]:
        """Return what each action means here."""
        return {
            act.EndSet: lambda a: self.machine.end_set(a.epoch, a.sheet_no, a.ends),
            act.Grant: lambda a: self._told(
                "GRANT", a.piece_no, self.machine.grant(a.epoch, a.piece_no, a.uid, a.deadline_us)
            ),
            act.FeedLimit: lambda a: self.machine.feed_limit(a.epoch, a.sheet_no),
            act.Reply: self._replied,
            act.Alarm: lambda a: self.alarms.append(a),
            act.MachineCommand: lambda a: self._told("PACKML", a.verb, self.machine.packml(a.verb)),
            act.SetTray: lambda a: self.machine.set_tray(a.tray),
            act.Revoke: lambda a: self.machine.revoke(a.epoch, a.piece_no),
            act.ResetCamera: lambda a: self.reset_camera(a.camera),
            act.PrintJobNow: lambda a: self.queue.submit(a.job),
            act.SetMode: lambda a: None,
        }

    def _told(self, command: str, number: int, code: int) -> None:
        if code:
            self.hear(ev.CommandRefused(command, number, code))

    def _replied(self, reply: act.Reply) -> None:
        self.replies[reply.command] = reply

    def _tick(self) -> None:
        self._ticking = False
        if self.alive:
            self.hear(ev.Tick(self.machine.device_us()))
            if not self.machine.belt.is_empty() and not self._ticking:
                self._ticking = True
                self.clock.after(TICK_US, self._tick)

    def tick_now(self) -> None:
        """Tell the core the time before something a person does."""
        self.hear(ev.Tick(self.machine.device_us()))

    def wall_ns(self) -> int:
        return FIRST_WALL_NS + self.clock.now_us * 1000 + self._wall_off_ns

    def ask(self, command: type, *fields: object) -> act.Reply | None:
        """Give a person's command; None when no controller answers."""
        if not self.alive:
            return None
        self._commands += 1
        number = self._commands
        self.hear(command(number, *fields))
        return self.replies.pop(number, None)

    # --- faults around the commit ---

    def _commit_fault(self, row: int, records: list[Record], event: Any, actions: list[act.Action]) -> None:
        self.plan.struck(row, f"{type(event).__name__}")
        rng = self.plan.rng
        if row == 1:
            if rng.random() < 0.3:
                raise Killed
        elif row == 40:
            if rng.random() < 0.5:
                # The write went through, its fsync did not: the record may be there or not; nobody may act on it.
                self.ledger.append(records, self.wall_ns(), lease=self.lease)
            self.ledger.fault = LedgerFault(FaultCode.STORAGE, "disk I/O error")
        elif row == 42:
            self._wall_off_ns = rng.choice((-1, 1)) * rng.randrange(3_600_000_000_000)
        elif row in (41, 43):
            self._tampered = row
            raise Killed
        elif row in (29, 48):
            stale, old = self.lease, self.ledger
            self.lease = self._take_line()
            try:
                old.append(records, self.wall_ns(), lease=stale)
            except LedgerFault as fault:
                if fault.code is not FaultCode.FENCED:
                    raise
            else:
                raise SafetyBreach("a controller whose line was taken could still write")
            raise Killed

    def _take_line(self) -> Lease:
        self.store.leases[LINE] = self.store.leases.get(LINE, 0) + 1
        return Lease(LINE, self.store.leases[LINE])

    # --- death and coming back ---

    def kill(self) -> None:
        """End this controller between two events."""
        if self.alive:
            self._die()

    def _die(self) -> None:
        self.alive = False
        self.deaths += 1
        self._heard.clear()
        self.machine.host_silent()
        self.clock.after(self.plan.rng.randrange(*BACK_US), self.come_back)

    def come_back(self) -> None:
        """Start a new controller on the ledger."""
        if self.alive:
            return
        events = self.store.events
        if self._tampered:
            self._prove_refusal()
        if self.witness.away:
            self.clock.after(BACK_US[1], self.come_back)  # production does not start without the witness it had
            return
        self.ledger = Ledger(
            self.store, advance, witness=self.witness, witness_patience_ns=PATIENCE_NS, verify_events=2_000
        )
        self.lease = self._take_line()
        notes = (event for event in events if is_note(event.kind))
        self.core = restore(self.config, self.store.standing(), notes, events[-RECENT_EVENTS:])
        if self.onlooker is not None:
            if len(events) > self._watched and self._under_way is not None:
                # It died with its last step durable and nothing of it done: the word was heard, and is judged as any other.
                self.onlooker.step(*self._under_way)
            self.onlooker.taken_over()
            self._watched = len(events)
        self.alive = True
        granted = (
            sum(row[-2] == "PASS_GRANTED" for row in self.store.resident["piece"].values())
            if self.store.resident
            else 0
        )
        self.unknown_at_restart_max = max(self.unknown_at_restart_max, granted)
        self.tick_now()
        self.hear(ev.Restarted())
        for event in self.queue.after_restart():
            self.hear(event)
        self.connect()

    def connect(self) -> None:
        """Open the link and hear what the machine kept."""
        if not self.alive or self.machine.linked:
            return
        kept = self.machine.connect(self.core.line.seq, self.core.line.epoch)
        self.hear(ev.LinkUp(self.machine.epoch))
        for event in kept:
            self.hear(event)

    def lose_link(self) -> None:
        """The cable is out: the machine stops by its watchdog, the host notices."""
        self.machine.host_silent()
        if self.alive:
            self.hear(ev.LinkLost("no frame for 300 ms"))

    def _prove_refusal(self) -> None:
        """While the controller was down its ledger was tampered with: a start must be refused; then the damage is undone."""
        row, self._tampered = self._tampered, 0
        events = self.store.events
        if not events:
            return
        if row == 41:
            place = self.plan.rng.randrange(len(events))
            whole = events[place]
            events[place] = whole._replace(data=whole.data[:-1] + ',"x":1}')
            try:
                Ledger(self.store, advance, verify_events=None)
            except LedgerFault as fault:
                if fault.seq != place + 1:
                    raise SafetyBreach(f"event {place + 1} was altered, but the ledger blames {fault.seq}") from fault
            else:
                raise SafetyBreach("an altered event was not noticed")
            finally:
                events[place] = whole
            return
        seen = Checkpoint(self.store.ledger_id, len(events), events[-1].hash)
        kept = self.plan.rng.randrange(len(events))
        try:
            confirm(seen, self.store.ledger_id, kept, None)
        except LedgerFault:
            return
        raise SafetyBreach("an old copy of the ledger was not noticed")
