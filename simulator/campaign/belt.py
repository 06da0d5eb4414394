"""The paper path in virtual time: feeder, C1, accumulator, fold, C2, gate, eyes. Paper is conserved: what goes in comes out somewhere.

Written from docs/protocols/inserter.md section 1. Motion is frozen by counting up ``run``: what was asked of the belt before does
not happen any more, and whoever starts it again asks anew.
"""

from __future__ import annotations

from collections import deque

from controller.line.events import (
    GateSet,
    PieceAtExit,
    PieceExited,
    PieceFormed,
    RejectEye,
    SheetFed,
    StackEnded,
    StackLoaded,
    TrayEye,
)
from simulator.campaign.clockwork import Clockwork
from simulator.campaign.faults import FaultPlan, Site
from simulator.campaign.franking import FrankingHead
from simulator.campaign.optics import Camera
from simulator.campaign.paper import Envelope, FedSheet, Sheet, Stack
from simulator.campaign.surroundings import Device, Floor

SHEET_PITCH_US = 40_000
TO_ACCUMULATOR_US = 90_000
SET_WAIT_US = 400_000
FOLD_US = 350_000
PIECE_PITCH_US = 100_000
TO_GATE_US = 300_000
TO_EYES_US = 60_000
EYES_SETTLED_US = 50_000
ROOM_BEFORE_ACCUMULATOR = 6
SHEET_UM = 100
ENVELOPE_MG, SHEET_MG = 6_000, 4_990
NO_TOKEN, EXPIRED, NOT_EXECUTE, PURGE = 1, 2, 3, 4


class Belt:
    """Moves paper; knows no states and no commands."""

    def __init__(
        self, clock: Clockwork, device: Device, floor: Floor, plan: FaultPlan, c1: Camera, c2: Camera, *, scale: bool
    ) -> None:
        self.clock, self.device, self.floor, self.plan = clock, device, floor, plan
        self.c1, self.c2, self.scale = c1, c2, scale
        self.head: FrankingHead | None = None
        self.run = 0
        self.feeding = False
        self.purging = False
        self.stacks: deque[Stack] = deque()
        self.fed: deque[FedSheet] = deque()
        self.gathered: list[FedSheet] = []
        self.inside: deque[Envelope] = deque()
        self.tray_number = 0
        self.feed_limit = 0
        self.bin_edges = self.tray_edges = 0
        self.stuck: bool | None = None
        self.stuck_left = 0
        self.gate_lies = True
        """False: the gate was last in pass."""
        self._feed_due = False
        self._next_fold_us = 0
        self._envelopes = 0
        self.restart_counts()

    def restart_counts(self) -> None:
        """Count sheets, pieces and triggers from 1, as after a boot."""
        self.sheet_no = self.piece_no = self.c1_trigger = self.c2_trigger = 0
        self.feed_limit = self.tray_edges = self.bin_edges = 0

    def is_empty(self) -> bool:
        return not (self.fed or self.gathered or self.inside)

    def stands_full(self) -> bool:
        """Return whether paper waits before the fold and nothing comes behind it."""
        return bool(self.fed or self.gathered) and not self.stacks and not self.inside

    # --- feeder ---

    def load(self, stack: Stack, number: int) -> None:
        """A person lays a stack behind what is in the feeder."""
        stack.number = number
        if stack.sheets:
            self.stacks.append(stack)
            self.device.emit(StackLoaded, number)
            self.pump()
            self.device.settle()

    def pump(self) -> None:
        """Ask for the next feed if nothing is against it."""
        if self.feeding and not self._feed_due and self.stacks and self.sheet_no < self.feed_limit:
            self._feed_due = True
            self.clock.after(SHEET_PITCH_US, self._feed, self.run)

    def _feed(self, run: int) -> None:
        self._feed_due = False
        if run != self.run or not self.feeding:
            self.pump()
            return
        if not self.stacks or self.sheet_no >= self.feed_limit or len(self.fed) >= ROOM_BEFORE_ACCUMULATOR:
            return
        stack = self.stacks[0]
        papers = [stack.sheets.popleft()]
        double = self._sheet_faults(stack, papers)
        self.sheet_no += 1
        self.c1_trigger += 1
        fed = FedSheet(self.sheet_no, papers, self.clock.now_us)
        self.fed.append(fed)
        self._photograph(papers[0])
        self.device.emit(SheetFed, fed.number, stack.number, self.c1_trigger, SHEET_UM * (2 if double else 1), double)
        if not stack.sheets:
            self.stacks.popleft()
            self.device.emit(StackEnded, stack.number)
        self.clock.after(TO_ACCUMULATOR_US, self._arrive, fed)
        self.pump()

    def _sheet_faults(self, stack: Stack, papers: list[Sheet]) -> bool:
        """Let a fault strike the sheet being fed; return whether the double-sheet sensor fires."""
        row = self.plan.draw(Site.SHEET)
        if row in (14, 15) and self._beyond_the_design(stack, papers[0]):
            return False
        if stack.last_two_stick and len(stack.sheets) == 1 and not self._beyond_the_design(stack, papers[0]):
            self.plan.struck(15, self.floor.state_of(papers))
            papers.append(stack.sheets.popleft())
            return False
        if not row:
            return False
        state = self.floor.state_of(papers)
        if row == 8:
            for sheet in (papers[0], *list(stack.sheets)[: self.plan.rng.choice((0, 0, 0, 1, 3))]):
                sheet.payload = ""
        elif row == 15:
            stack.last_two_stick = True
            return False
        elif not stack.sheets:
            return False
        else:
            papers.append(stack.sheets.popleft())
        self.plan.struck(row, state)
        return row == 13

    def _beyond_the_design(self, stack: Stack, sheet: Sheet) -> bool:
        """Whether the sheet beneath does not belong there: then, drawn unseen and unweighed, nobody can miss it.

        Declared limit (docs/integrity/limits.md): a second print or a stray sheet, drawn together with another, sensor blind, no
        scale. A sheet that does belong there leaves a gap behind, which is what is tested. Counted, not struck.
        """
        if self.scale or not stack.sheets:
            return False
        beneath = stack.sheets[0]
        behind = stack.sheets[1] if len(stack.sheets) > 1 else None
        if beneath.place == sheet.place + 1 and (behind is None or behind.place != beneath.place):
            return False
        self.plan.beyond_limits += 1
        return True

    def _photograph(self, sheet: Sheet) -> None:
        row = self.plan.draw(Site.SHEET_SHOT)
        rng = self.plan.rng
        if row:
            camera = self.c1
            self.plan.struck(row, self.floor.state_of([sheet]))
            if rng.random() < 0.5:
                camera.miss()
                return
            camera.ghost(rng.randrange(10_000, 30_000))
        self.c1.shoot(sheet.seen, (), rng.randrange(8_000, 34_000))

    # --- accumulator ---

    def decide(self, sheet_no: int, ends: bool) -> bool:
        """END_SET; False when the sheet is unknown or was decided otherwise."""
        for fed in self.fed:
            if fed.number == sheet_no:
                if fed.ends is None:
                    fed.ends = ends
                    self._gather()
                return fed.ends == ends
        return False

    def _arrive(self, fed: FedSheet) -> None:
        if fed.arrived or fed not in self.fed:
            return
        fed.arrived = True
        if fed.ends is None:
            self.clock.after(SET_WAIT_US - TO_ACCUMULATOR_US, self._give_up_waiting, self.run, fed)
        self._gather()

    def _give_up_waiting(self, run: int, fed: FedSheet) -> None:
        if run == self.run and fed.ends is None and fed in self.fed:
            fed.ends = fed.undecided = True
            self._gather()

    def _gather(self) -> None:
        if not self.feeding:
            return
        fed = self.fed
        while fed and fed[0].arrived and fed[0].ends is not None:
            sheet = fed.popleft()
            self.gathered.append(sheet)
            if sheet.ends:
                self._form(undecided=sheet.undecided)
        self.pump()

    def _form(self, *, undecided: bool) -> None:
        gathered, self.gathered = self.gathered, []
        self.piece_no += 1
        self._envelopes += 1
        envelope = Envelope(self._envelopes, self.piece_no, [paper for fed in gathered for paper in fed.papers])
        envelope.first_no, envelope.last_no, envelope.undecided = gathered[0].number, gathered[-1].number, undecided
        self.inside.append(envelope)
        self.device.emit(PieceFormed, self.piece_no, envelope.first_no, envelope.last_no, undecided)
        row = self.plan.draw(Site.ENVELOPE)
        if row and (row != 17 or self.scale):
            self.plan.struck(row, self.floor.state_of(envelope.sheets))
            if row == 16:
                self.floor.scrap(envelope.sheets)
                envelope.sheets = []
            else:
                envelope.weight_off_mg = self.plan.rng.choice((-SHEET_MG, SHEET_MG, 2 * SHEET_MG))
        start = max(self.clock.now_us, self._next_fold_us)
        self._next_fold_us = start + PIECE_PITCH_US
        self.clock.after(start - self.clock.now_us + FOLD_US, self._at_c2, self.run, envelope)
        row = self.plan.draw(Site.BELT)
        if row:
            self.clock.after(
                self.plan.rng.randrange(FOLD_US + TO_GATE_US + TO_EYES_US), self.device.belt_fault, row, envelope
            )

    # --- exit ---

    def _at_c2(self, run: int, envelope: Envelope) -> None:
        if run != self.run or envelope not in self.inside:
            return
        envelope.zone = 6
        if self.head is not None:
            self.head.frank(envelope)
        self.c2_trigger += 1
        envelope.gate_at_us = self.device.device_us() + TO_GATE_US
        weight = ENVELOPE_MG + SHEET_MG * len(envelope.sheets) + envelope.weight_off_mg if self.scale else 0
        if self.scale:
            weight += self.plan.rng.randrange(-60, 61)
        shown = envelope.shown
        payloads: tuple[str, ...] = shown.seen if shown is not None else ()
        items: tuple[str, ...] = (shown.item,) if shown is not None else ()
        delay = self.plan.rng.randrange(15_000, 60_000)
        row = self.plan.draw(Site.EXIT_SHOT)
        if row:
            payloads, items, delay, weight = self._exit_faults(row, envelope, payloads, items, delay, weight)
        if delay >= 0:
            self.c2.shoot(payloads, items, delay)
        self.device.emit(PieceAtExit, envelope.piece_no, self.c2_trigger, envelope.gate_at_us, weight)
        self.clock.after(TO_GATE_US, self._at_gate, run, envelope)

    def _exit_faults(
        self, row: int, envelope: Envelope, payloads: tuple[str, ...], items: tuple[str, ...], delay: int, weight: int
    ) -> tuple[tuple[str, ...], tuple[str, ...], int, int]:
        """Let a fault strike the exit shot; return what is seen, and when (-1: the camera saw nothing of the trigger)."""
        rng = self.plan.rng
        state = self.floor.state_of(envelope.sheets)
        if row == 21:
            payloads, items = (), items if rng.random() < 0.5 else ()
        elif row == 22:
            others = [other.shown for other in self.inside if other is not envelope and other.shown is not None]
            if not others:
                return payloads, items, delay, weight
            other = rng.choice(others)
            assert other is not None
            payloads = other.seen
            items = (other.item,) if rng.random() < 0.5 else items
        elif row == 24:
            self.c2.frozen_left = rng.randrange(1, 12)
        elif row == 25:
            (self.c1 if rng.random() < 0.3 else self.c2).die(rng.randrange(200_000, 3_000_000))
        elif row == 26:
            delay = TO_GATE_US + rng.randrange(-20_000, 400_000)
        elif row == 38:
            if not self.scale:
                return payloads, items, delay, weight
            if envelope.weight_off_mg:
                # Declared limit: a wrong insert weighed by a scale that drifts the other way at that moment.
                self.plan.beyond_limits += 1
                return payloads, items, delay, weight
            weight = rng.choice((0, weight + 3_000, weight - 4_000, 4_294_967_295))
        self.plan.struck(row, state)
        return payloads, items, delay, weight

    def _at_gate(self, run: int, envelope: Envelope) -> None:
        if run != self.run or envelope not in self.inside:
            return
        self._gate(envelope, *self.device.token_opens(envelope.piece_no))
        self.clock.after(TO_EYES_US, self._at_eyes, run, envelope)

    def _gate(self, envelope: Envelope, passes: bool, why: int) -> None:
        """Set the gate; what the envelope really does may differ."""
        envelope.zone = 7
        self.device.emit(GateSet, envelope.piece_no, passes, why)
        before = self.gate_lies
        self.gate_lies = not passes
        row = self.plan.draw(Site.GATE)
        if row in (33, 34, 35):
            state = self.floor.state_of(envelope.sheets)
            if row == 35:
                passes = not before
            else:
                self.stuck, self.stuck_left = row == 33, self.plan.rng.randrange(1, 6)
            self.plan.struck(row, state)
        elif row == 36:
            envelope.eye_fault = self.plan.rng.randrange(4)
            self.plan.struck(row, self.floor.state_of(envelope.sheets))
        if self.stuck is not None:
            passes = self.stuck
            self.stuck_left -= 1
            if not self.stuck_left:
                self.stuck = None
        envelope.passes = passes

    def _at_eyes(self, run: int, envelope: Envelope) -> None:
        if run != self.run or envelope not in self.inside:
            return
        self.land(envelope)

    def land(self, envelope: Envelope) -> None:
        """The envelope leaves the belt by the way the gate sent it; the eyes say what they saw."""
        passed = bool(envelope.passes)
        sees_tray, sees_bin = passed, not passed
        fault = envelope.eye_fault
        if fault == 0:
            sees_tray = False
        elif fault == 1:
            sees_bin = False
        elif fault == 2:
            sees_tray = True
        elif fault == 3:
            sees_bin = True
        self.inside.remove(envelope)
        (self.floor.into_tray if passed else self.floor.into_bin)(envelope)
        number = envelope.piece_no
        if sees_tray:
            self.tray_edges += 1
            self.device.emit(TrayEye, number, self.tray_number, self.tray_edges)
        if sees_bin:
            self.bin_edges += 1
            self.device.emit(RejectEye, number, self.bin_edges)
        if number:
            self.clock.after(EYES_SETTLED_US, self._tell_exit, number, self.piece_no, sees_tray, sees_bin)
        self.device.settle()

    def _tell_exit(self, number: int, newest: int, sees_tray: bool, sees_bin: bool) -> None:
        if self.piece_no >= newest:  # else: rebooted since
            self.device.emit(PieceExited, number, sees_tray, sees_bin)

    # --- standstill and purge ---

    def freeze(self) -> None:
        """Stop all motion. Envelopes behind the gate fall on by themselves."""
        self.run += 1
        self.feeding = False
        for envelope in [envelope for envelope in self.inside if envelope.passes is not None]:
            self.land(envelope)

    def purge(self) -> None:
        """Run everything inside into the reject bin, gate at rest."""
        loose = [*self.gathered, *self.fed]
        self.gathered = []
        self.fed.clear()
        if loose:
            self._envelopes += 1
            self.piece_no += 1
            envelope = Envelope(self._envelopes, self.piece_no, [paper for fed in loose for paper in fed.papers])
            envelope.first_no, envelope.last_no = loose[0].number, loose[-1].number
            self.inside.append(envelope)
            self.device.emit(PieceFormed, self.piece_no, envelope.first_no, envelope.last_no, True)
        for envelope in list(self.inside):
            if envelope.piece_no:
                self._gate(envelope, False, PURGE)
            elif envelope.passes is None:
                envelope.passes = False
            self.land(envelope)

    def take_out(self, count: int) -> list[tuple[int, Envelope]]:
        """A hand takes up to ``count`` envelopes out; return them with the zone they were in."""
        taken = [(envelope.zone, envelope) for envelope in list(self.inside)[:count]]
        for _, envelope in taken:
            self.inside.remove(envelope)
        return taken

    def forget(self) -> None:
        """The device rebooted: what is inside has no number any more."""
        for envelope in self.inside:
            envelope.piece_no = 0
        self.restart_counts()
