"""A small factory floor for tests of the line core: paper with marks, one machine, two cameras, trays, a bin, one careful operator.

It is told nothing but the core's actions and tells the core nothing but events; what physically happened is kept here, so that
`violations` can compare it with what the ledger says. It models the machine of docs/protocols/inserter.md at the grain of sheets
and envelopes; no bytes, no pixels.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from controller.ledger.ledger import Ledger
from controller.ledger.records import Event, Record
from controller.ledger.store import MemoryStore
from controller.line import actions as act
from controller.line import events as ev
from controller.line.book import Book
from controller.line.core import LineCore
from controller.line.restore import RECENT_EVENTS, is_note, restore
from controller.line.state import LineConfig
from controller.model import BatchId, ControlMark, JobId, Piece, PrintJob, piece_name, piece_uid, s10_item_id
from controller.planning import next_attempts
from controller.states import PackState, PackVerb, PieceState, advance

KEY = b"a key for tests only, 32 bytes.."
PITCH_US = 100_000
ALIVE = frozenset(PieceState)


@dataclass
class Paper:
    """One sheet: what is printed on it, whether its mark can be read, and whether another sheet clings beneath it."""

    uid: int
    k: int
    sheets: int
    item: str
    readable: bool = True
    under: Paper | None = None
    sensor_blind: bool = False

    @property
    def payload(self) -> str:
        return ControlMark(self.uid, self.k, self.sheets).encode(KEY)  # type: ignore[arg-type]


@dataclass
class Envelope:
    papers: list[Paper]
    number: int = 0
    shows_readable: bool = True


@dataclass
class Machine:
    """State of the simulated machine. ``belt`` holds formed envelopes on their way to the exit camera, ``at_gate`` those it has seen."""

    epoch: int = 1
    state: int = PackState.ABORTED
    seq: int = 0
    sheet_no: int = 0
    piece_no: int = 0
    shots: int = 0
    limit: int = 0
    tray: int = 0
    ends: dict[int, bool] = field(default_factory=dict)
    tokens: dict[int, int] = field(default_factory=dict)
    gathering: list[tuple[int, Paper]] = field(default_factory=list)
    belt: deque[Envelope] = field(default_factory=deque)
    at_gate: deque[Envelope] = field(default_factory=deque)
    eye: Counter[int] = field(default_factory=Counter)
    rejects: int = 0
    running_stack: int = 0


class Floor:
    """Runs one core over stacks of paper. ``gate``, ``tray_eye`` and ``reject_eye`` may be replaced to break them."""

    DEPTH = 1

    def __init__(self, config: LineConfig | None = None, core: LineCore | None = None) -> None:
        self.config = config or LineConfig(key=KEY, challenge_at_start=False)
        self.core = core or LineCore(self.config)
        self.durable = Durable()
        self.alive = True
        self.unplugged = False
        self.points = 0
        self.crash_at = 0
        self.ring: deque[ev.LineEvent] = deque()
        self.machine = Machine()
        self.alarms: list[act.Alarm] = []
        self.replies: list[act.Reply] = []
        self.granted: list[act.Grant] = []
        self.last_reply: act.Reply | None = None
        self.stacks: deque[tuple[int, deque[Paper]]] = deque()
        self.stack_count = 0
        self.trays: dict[int, list[Envelope]] = {}
        self.bin: list[Envelope] = []
        self.left: list[Envelope] = []
        self.shredded: list[Paper] = []
        self.jobs: dict[str, PrintJob] = {}
        self.printed: set[str] = set()
        self.now_us = 0
        self.command = 0
        self.machine_gate_us = 300_000
        self.camera_lag = {1: 0, 2: 0}
        self.pass_gate: Callable[[Envelope, bool], bool] = lambda envelope, token: token
        self.tray_eye: Callable[[Envelope], bool] = lambda envelope: True
        self.franks: Callable[[Envelope], tuple[tuple[int, int], ...]] = lambda envelope: (
            (self.config.policy.postage, 1),
        )
        self.reject_eye: Callable[[Envelope], bool] = lambda envelope: True
        self.outbox: deque[act.Action] = deque()

    # --- telling the core -------------------------------------------------------------------------------------------

    def tell(self, event: ev.LineEvent) -> None:
        """Tell the core; what the machine says stays in its ring until the step it led to is durable."""
        numbered = hasattr(event, "seq")
        if numbered:
            self.ring.append(event)
        if not self.alive or (numbered and self.unplugged):
            return
        step = self.core.step(event)
        if self._dies():
            return
        self.durable.append(step.records)
        if self._dies():
            return
        if numbered:
            self.ring.remove(event)
        self.outbox.extend(step.actions)
        while self.outbox and not self._dies():
            self._perform(self.outbox.popleft())

    def _dies(self) -> bool:
        """Count one point at which a controller may be killed; return whether it is dead."""
        if self.alive:
            self.points += 1
            if self.points == self.crash_at:
                self.kill()
        return not self.alive

    def kill(self) -> None:
        """Kill the controller: what it had not performed is never performed, what it had not committed never was."""
        self.alive = False
        self.outbox.clear()

    def recover(self) -> None:
        """The machine stopped by its watchdog; another controller takes over from the ledger."""
        machine = self.machine
        if machine.state != PackState.ABORTED:
            self.enter(PackState.ABORTED, reason=2)
        machine.tokens.clear()
        self.core = self.durable.core(self.config)
        self.alive = True
        printing = [job for job in self.core.book.jobs.values() if job.state in ("SUBMITTED", "ACCEPTED")]
        self.tell(ev.Restarted())
        if self.opening.batch not in self.core.book.batches:
            self.tell(self.opening)
        for job in self.jobs.values():
            if job.job not in self.core.book.jobs:
                self.submit(job)
        for job in printing:
            known = job.name in self.printed
            self.tell(ev.JobClaim(job.name, 0) if known else ev.JobAbsent(job.name))
        self.tell(ev.LinkUp(machine.epoch))
        self.replay()

    def replay(self) -> None:
        """The ring says again what was not acknowledged."""
        replay, self.ring = self.ring, deque()
        for event in replay:
            self.tell(event)

    def reboot_machine(self) -> None:
        """The machine loses power: epoch, numbers and ring start anew; what is inside is still inside."""
        at_gate = self.machine.at_gate
        self.machine = Machine(
            epoch=self.machine.epoch + 1,
            belt=self.machine.belt,
            tray=self.machine.tray,
            gathering=self.machine.gathering,
        )
        self.ring.clear()
        self.camera_lag = {1: 0, 2: 0}
        if self.machine.gathering:
            self.machine.belt.append(Envelope([paper for _, paper in self.machine.gathering]))
            self.machine.gathering = []
        self.bin += [*at_gate, *self.machine.belt]
        self.machine.belt.clear()
        self.tell(ev.LinkUp(self.machine.epoch))
        self.enter(PackState.ABORTED, reason=1)

    def next_seq(self) -> int:
        self.machine.seq += 1
        return self.machine.seq

    def next_command(self) -> int:
        self.command += 1
        return self.command

    def _perform(self, action: act.Action) -> None:
        match action:
            case act.MachineCommand(verb):
                self._packml(PackVerb(verb))
            case act.PrintJobNow(job):
                self.print_job(self.jobs[job])
            case act.Alarm():
                self.alarms.append(action)
            case act.Reply():
                self.replies.append(action)
            case _:
                self._perform_at_machine(action)

    def _perform_at_machine(self, action: act.Action) -> None:
        machine = self.machine
        match action:
            case act.EndSet(epoch, sheet_no, ends):
                if epoch == machine.epoch:
                    machine.ends[sheet_no] = ends
            case act.Grant(epoch, piece_no, uid, deadline):
                self.granted.append(action)
                if epoch == machine.epoch and machine.state == PackState.EXECUTE and deadline >= self.now_us:
                    machine.tokens[piece_no] = uid
            case act.Revoke(_, piece_no):
                machine.tokens.pop(piece_no, None)
            case act.FeedLimit(_, sheet_no):
                machine.limit = sheet_no
            case act.SetTray(tray):
                machine.tray = tray
                self.trays.setdefault(tray, [])
            case act.ResetCamera(camera):
                self.camera_lag[camera] = machine.sheet_no if camera == 1 else machine.shots
                self.tell(ev.CameraReset(camera))

    def enter(self, *states: PackState, reason: int = 0) -> None:
        for state in states:
            self.machine.state = state
            self.tell(ev.MachineState(self.next_seq(), state, 1, reason))

    def _packml(self, verb: PackVerb) -> None:
        s, machine = PackState, self.machine
        if verb == PackVerb.ABORT and machine.state not in (s.ABORTED, s.ABORTING):
            self.enter(s.ABORTING, s.ABORTED, reason=8)
        elif verb == PackVerb.CLEAR and machine.state == s.ABORTED:
            machine.state = s.CLEARING
            self.purge()
            self.enter(s.CLEARING, s.STOPPED)
        elif verb == PackVerb.RESET and machine.state in (s.STOPPED, s.COMPLETE):
            self.enter(s.RESETTING, s.IDLE)
        elif verb == PackVerb.START and machine.state == s.IDLE:
            self.enter(s.STARTING, s.EXECUTE)
        elif verb == PackVerb.HOLD and machine.state == s.EXECUTE:
            self.enter(s.HOLDING, s.HELD, reason=8)
        elif verb == PackVerb.UNHOLD and machine.state == s.HELD:
            machine.state = s.UNHOLDING
            self.purge()
            self.enter(s.UNHOLDING, s.EXECUTE)

    # --- the client, the planner, the printer -----------------------------------------------------------------------

    def plan(self, batch: int, sheets: Iterable[int], per_job: int = 50) -> list[PrintJob]:
        """Open letters with so many sheets each and print their first attempts."""
        pieces = []
        for number, count in enumerate(sheets, 1):
            pieces.append(Piece(piece_uid(batch, number, 1), count, s10_item_id("XA", batch * 1000 + number)))
        self.opening = ev.BatchOpened(batch, tuple(piece.letter for piece in pieces), {})
        self.tell(self.opening)
        jobs = []
        for start in range(0, len(pieces), per_job):
            chunk = tuple(pieces[start : start + per_job])
            jobs.append(PrintJob(JobId(f"B{batch:06d}-J{len(self.jobs):02d}-00000000"), BatchId(batch), chunk))
            self.submit(jobs[-1])
        return jobs

    def submit(self, job: PrintJob) -> None:
        self.jobs[job.job] = job
        self.tell(ev.JobPlanned(job))
        self.tell(ev.JobAccepted(job.job, 1))
        self.tell(ev.JobClaim(job.job, 2 * job.sheets))

    def print_job(self, job: PrintJob) -> None:
        if job.job in self.printed:
            raise AssertionError(f"{job.job} was submitted twice")
        self.printed.add(job.job)
        papers = deque(Paper(p.uid, k, p.sheets, p.item_id) for p in job.pieces for k in range(1, p.sheets + 1))
        self.stack_count += 1
        self.stacks.append((self.stack_count, papers))

    # --- the machine ------------------------------------------------------------------------------------------------

    def ask(self, event: ev.LineEvent) -> act.Reply | None:
        """Give an operator's command and return its answer; None when the controller died over it."""
        before = len(self.replies)
        self.tell(event)
        return self.replies[before] if len(self.replies) > before else None

    def start(self, tray: int = 1) -> None:
        if not self.core.line.link:
            self.tell(ev.LinkUp(self.machine.epoch))
        if tray not in self.core.book.trays:
            self.tell(ev.OpenTray(self.next_command(), "op1", tray))
        self.tell(ev.StartLine(self.next_command(), "op1"))

    def run(self, pitches: int = 10_000) -> None:
        """Let the belt run until there is no paper left, or the machine leaves Execute, or so many pitches are over."""
        for _ in range(pitches):
            if self.machine.state != PackState.EXECUTE:
                return
            if not self.pitch():
                return

    def pitch(self) -> bool:
        """One pitch of the belt; return False when nothing is left to move."""
        machine = self.machine
        self.now_us += PITCH_US
        self.tell(ev.Tick(self.now_us))
        if self.stacks and machine.sheet_no < machine.limit:
            self._feed()
            return True
        if machine.gathering:
            self._form(undecided=True)
        if machine.belt:
            self._shoot(machine.belt.popleft())
        elif machine.at_gate:
            self._leave(machine.at_gate.popleft())
        else:
            return False
        return True

    def _feed(self) -> None:
        machine = self.machine
        stack_no, papers = self.stacks[0]
        paper = papers.popleft()
        machine.sheet_no += 1
        number = machine.sheet_no
        double = paper.under is not None and not paper.sensor_blind
        seen = (paper.payload,) if paper.readable else ()
        self.tell(ev.SheetFed(self.next_seq(), number, stack_no, number, 100, double))
        self.tell(ev.SheetRead(number - self.camera_lag[1], seen))
        machine.gathering.append((number, paper))
        if paper.under is not None:
            machine.gathering.append((number, paper.under))
        if machine.ends.get(number):
            self._form(undecided=False)
        elif len(machine.gathering) > 20:
            self._form(undecided=True)
        if not papers:
            self.stacks.popleft()
            self.tell(ev.StackEnded(self.next_seq(), stack_no))
        if len(machine.at_gate) > 1 and machine.state == PackState.EXECUTE:
            self._leave(machine.at_gate.popleft())
        while len(machine.belt) > self.DEPTH and machine.state == PackState.EXECUTE:
            self._shoot(machine.belt.popleft())

    def _form(self, *, undecided: bool) -> None:
        machine = self.machine
        machine.piece_no += 1
        envelope = Envelope([paper for _, paper in machine.gathering], machine.piece_no)
        first, last = machine.gathering[0][0], machine.gathering[-1][0]
        machine.gathering = []
        machine.belt.append(envelope)
        self.tell(ev.PieceFormed(self.next_seq(), machine.piece_no, first, last, undecided))

    def _shoot(self, envelope: Envelope) -> None:
        """The envelope passes the exit camera; until it leaves, a grant may come for it, and anything may happen to it."""
        machine = self.machine
        machine.shots += 1
        machine.at_gate.append(envelope)
        top = envelope.papers[0]
        gate_at = self.now_us + self.machine_gate_us
        policy = self.config.policy
        for amount, outcome in self.franks(envelope) if policy.postage else ():
            self.tell(ev.Franked(self.next_seq(), envelope.number, amount, outcome))
        weight = policy.envelope_mg + len(envelope.papers) * policy.sheet_mg
        self.tell(ev.PieceAtExit(self.next_seq(), envelope.number, machine.shots, gate_at, weight))
        showing = top.k == 1 and top.readable and envelope.shows_readable
        marks = (top.payload,) if showing else ()
        self.tell(ev.ExitRead(machine.shots - self.camera_lag[2], marks, (top.item,) if showing else (), True))

    def _leave(self, envelope: Envelope, *, purge: bool = False) -> None:
        """Gate and eyes."""
        machine = self.machine
        token = not purge and envelope.number in machine.tokens and machine.state == PackState.EXECUTE
        passes = self.pass_gate(envelope, token)
        number = envelope.number
        self.tell(ev.GateSet(self.next_seq(), number, token, 0 if token else 1))
        tray = reject = False
        if passes:
            self.trays.setdefault(machine.tray, []).append(envelope)
            if self.tray_eye(envelope):
                machine.eye[machine.tray] += 1
                tray = True
                self.tell(ev.TrayEye(self.next_seq(), number, machine.tray, machine.eye[machine.tray]))
        else:
            self.bin.append(envelope)
            if self.reject_eye(envelope):
                machine.rejects += 1
                reject = True
                self.tell(ev.RejectEye(self.next_seq(), number, machine.rejects))
        self.tell(ev.PieceExited(self.next_seq(), number, tray, reject))

    def purge(self) -> None:
        """Everything inside goes to the bin, unseen by the exit camera."""
        machine = self.machine
        if machine.gathering:
            self._form(undecided=True)
        for queue in (machine.at_gate, machine.belt):
            while queue:
                self._leave(queue.popleft(), purge=True)
        machine.tokens.clear()

    # --- the operator -----------------------------------------------------------------------------------------------

    def tidy(self, batch: int) -> None:
        """Audit what is on HOLD, empty the bin with scans, end the search, shred everything void."""
        for number, tray in list(self.core.book.trays.items()):
            if tray.holds and tray.state in ("OPEN", "CLOSING", "AUDIT"):
                self.audit(number)
        self.bin += self.trays.pop(0, [])  # what fell where no tray was
        in_hand = [paper for envelope in self.bin for paper in envelope.papers]
        self.bin.clear()
        for paper in in_hand:
            if paper.readable:
                self.tell(ev.CustodyScan(self.next_command(), "op1", paper.payload, "rejected"))
            else:
                self.tell(ev.CustodyTyped(self.next_command(), "op1", "op2", paper.uid, "rejected"))
        self.tell(ev.SearchEnded(self.next_command(), "op1", batch))
        self.shredded += in_hand
        for uid in dict.fromkeys(paper.uid for paper in in_hand):
            piece = self.core.book.pieces[uid]
            if piece.state == PieceState.VOID:
                self.tell(ev.DestroyPiece(self.next_command(), "op1", "op2", uid))
        for piece in self.core.book.batches[batch].pieces:
            if piece.state == PieceState.VOID:
                self.tell(ev.DeclareLoss(self.next_command(), "op1", "op2", piece.uid, "not found"))
            while piece.copies > piece.copies_gone:
                self.tell(ev.DestroyPiece(self.next_command(), "op1", "op2", piece.uid))

    def audit(self, number: int) -> None:
        for _ in range(5):
            content = self.trays[number]
            scans = tuple(e.papers[0].payload if e.papers[0].readable and e.papers[0].k == 1 else "" for e in content)
            reply = self.ask(ev.TrayAudit(self.next_command(), "op1", number, scans, len(content)))
            if reply is None or reply.answer is act.Answer.DONE:
                return
            if reply.why == "pieces-on-their-way":
                return
            assert reply.why == "pull-first", reply
            pulled = [e for e in content if self._must_pull(e, reply.subjects)]
            self.trays[number] = [e for e in content if e not in pulled]
            self.bin += pulled
            for envelope in pulled:
                for paper in envelope.papers:
                    self.tell(ev.CustodyScan(self.next_command(), "op1", paper.payload, "pulled"))
        raise AssertionError("the audit never ends")

    @staticmethod
    def _must_pull(envelope: Envelope, names: tuple[str, ...]) -> bool:
        top = envelope.papers[0]
        return top.k != 1 or not top.readable or piece_name(top.uid) in names

    def close_tray(self, number: int) -> act.Reply | None:
        """Ask to close a tray; it is carried away when the ledger says that it is closed, whatever was answered."""
        reply = self.ask(ev.CloseTray(self.next_command(), "op1", number))
        if not self.alive:
            self.recover()
        if self.core.book.trays[number].state == "CLOSED":
            self.left += self.trays.pop(number)
        return reply

    def finish(self, batch: int, rounds: int = 12) -> None:
        """Run, tidy, print again and close trays until every letter is mailed or cancelled, then close the batch."""
        for _ in range(rounds):
            self._run_dry()
            self.tidy(batch)
            for number in [n for n in self.trays if n and self.core.book.trays[n].state in ("OPEN", "CLOSING")]:
                self.close_tray(number)
            if not self.alive:
                continue
            again = next_attempts(self.core.book.needs_attempt(batch), lambda uid: s10_item_id("XB", uid % 10**8))
            if again:
                name = JobId(f"B{batch:06d}-J{len(self.jobs):02d}-00000000")
                self.submit(PrintJob(name, BatchId(batch), tuple(again)))
                if self.core.line.tray is None:
                    self.tell(ev.OpenTray(self.next_command(), "op1", len(self.core.book.trays) + 1))
            elif all(tray.state == "CLOSED" for tray in self.core.book.trays.values()):
                break
        self.last_reply = None
        while self.last_reply is None:
            if not self.alive:
                self.recover()
            self.last_reply = self.ask(ev.CloseBatch(self.next_command(), "op1", batch))

    def _run_dry(self) -> None:
        """Start, and start again after every stop, until no paper is left in feeder and belt."""
        for _ in range(20):
            if not self.alive:
                self.recover()
            if self.machine.state == PackState.EXECUTE:
                self.run()
            if self.alive and self.machine.state == PackState.EXECUTE and not self.stacks:
                return
            self.restart()

    def restart(self) -> None:
        """Start with the tray that is in place, or with a new one."""
        in_place = self.core.line.tray
        self.start(in_place.number if in_place else max(self.core.book.trays, default=0) + 1)


def violations(floor: Floor) -> list[str]:
    """Compare what left with what may leave (I1, I2), the book with a replay of the records (I7), grants with their records (I3)."""
    found = []
    left: Counter[int] = Counter()
    for envelope in floor.left:
        uid, sheets = envelope.papers[0].uid, envelope.papers[0].sheets
        if [(p.uid, p.k) for p in envelope.papers] != [(uid, k) for k in range(1, sheets + 1)]:
            found.append(f"I2: an envelope left with {[(piece_name(p.uid), p.k) for p in envelope.papers]}")
        left[uid // 100] += 1
    found += [f"I1: letter {letter} left {count} times" for letter, count in left.items() if count > 1]
    for letter in floor.core.book.letters.values():
        if (letter.state == "MAILED") != (left[letter.letter] == 1):
            found.append(f"I6: letter {letter.letter} is {letter.state} but left {left[letter.letter]} times")
    found += replay_differences(floor.durable.ledger.read(), floor.core.book)
    return found


def replay_differences(records: Iterable[Record | Event], book: Book) -> list[str]:
    """Replay records through the state tables and compare with the book."""
    states: dict[tuple[str, int | str], str | None] = {}
    for record in records:
        noun, _, event = record.kind.partition(".")
        key = {
            "piece": record.piece,
            "letter": record.letter,
            "tray": record.tray,
            "batch": record.batch,
            "job": record.job,
        }.get(noun)
        if key:
            states[noun, key] = advance(noun, states.get((noun, key)), event)
    nouns = {"piece": book.pieces, "letter": book.letters, "tray": book.trays, "batch": book.batches, "job": book.jobs}
    return [
        f"I7: {noun} {key} is {entry.state}, replay says {states.get((noun, key))}"
        for noun, entries in nouns.items()
        for key, entry in entries.items()
        if entry.state != states.get((noun, key))
    ]


class Durable:
    """The ledger of a floor: what was committed so far, as rows and events, ready for `controller.line.restore.restore`."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.ledger = Ledger(self.store, advance)

    def append(self, records: list[Record]) -> None:
        if records:
            self.ledger.append(records, at_unix_ns=0)

    def core(self, config: LineConfig) -> LineCore:
        events = list(self.ledger.read())
        notes = [event for event in events if is_note(event.kind)]
        return restore(config, self.store.standing(), notes, events[-RECENT_EVENTS:])
