"""The paper path: feeder, C1 eye, accumulator, fold, envelope, C2 eye, gate, eyes of tray and bin. Pure mechanics.

It moves paper and reports what its eyes see; it neither knows commands nor frames. Paper is conserved: every sheet that
enters ends in a tray, in the bin, or in somebody's hands. Source: docs/protocols/inserter.md, section 1.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.defects import Defects
from simulator.inserter.mechanics import ENVELOPE_MG, SHEET_MG, Mechanics, World
from simulator.inserter.timers import Timers
from simulator.inserter.vocabulary import PIECE_UNDECIDED, SHEET_DOUBLE, EventCode, GateWhy, Postage, Zone
from simulator.paper import Envelope, Sheet, Stack


@dataclass(slots=True)
class FedSheet:
    """What left the feeder as one: normally one sheet of paper, two when they stuck together."""

    sheet_no: int
    papers: list[Sheet]
    ends: bool | None = None
    undecided: bool = False
    at_accumulator: bool = False
    zone: int = Zone.FEEDER


@dataclass(slots=True)
class Inside:
    """Everything between the feeder and the eyes behind the gate."""

    fed: deque[FedSheet] = field(default_factory=deque)
    gathered: list[FedSheet] = field(default_factory=list)
    pieces: deque[Envelope] = field(default_factory=deque)

    def is_empty(self) -> bool:
        return not (self.fed or self.gathered or self.pieces)


class PaperPath:
    """Moves paper on the belt's clock and emits the events of section 4 that come from eyes."""

    def __init__(
        self,
        mechanics: Mechanics,
        timers: Timers,
        emit: Callable[[int, tuple[int, ...]], None],
        gate_rule: Callable[[int, int], tuple[bool, GateWhy]],
        jam: Callable[[int], None],
        world: World,
        defects: Defects,
        rng: random.Random,
    ) -> None:
        self.mechanics = mechanics
        self.inside = Inside()
        self.stack: Stack | None = None
        self.tray = 0
        self.standing_tray: int | None = None  # the tray that really stands there when it is not the announced one
        self.tray_count = 0
        self.bin_count = 0
        self.feeding = False
        self.purging = False
        self.feed_limit = 0
        self.sheet_no = 0
        self.piece_no = 0
        self.bin_edges = 0
        self._c1_trigger = 0
        self._c2_trigger = 0
        self._timers = timers
        self._emit = emit
        self._gate_rule = gate_rule
        self._jam = jam
        self._world = world
        self._defects = defects
        self._rng = rng
        self._next_feed_us = 0
        self._next_fold_us = 0
        self._pump_due = False
        self._boots = 0

    # --- feeder ---------------------------------------------------------------------------------------------------

    def load(self, stack: Stack) -> None:
        """The operator puts a stack on the feeder, which must be empty."""
        assert not self.has_sheets(), "the feeder holds a stack"
        self.stack = stack
        self._emit(EventCode.STACK, (stack.stack_no, 1))
        self.pump()

    def has_sheets(self) -> bool:
        return self.stack is not None and bool(self.stack.sheets)

    def at_limit(self) -> bool:
        return self.sheet_no >= self.feed_limit

    def pump(self) -> None:
        """Feed the next sheet if the machine may, the limit allows it and there is room before the accumulator."""
        if self._pump_due or not self.feeding or not self.has_sheets() or self.at_limit() or not self._room():
            return
        if self._next_feed_us <= self._timers.belt_us:
            self._feed()
        self._pump_due = True
        self._timers.after_belt(self._next_feed_us - self._timers.belt_us, self._pump_again)

    def _pump_again(self) -> None:
        self._pump_due = False
        self.pump()

    def _room(self) -> bool:
        """Two sheets may wait before the accumulator: one undecided and its follower; and the fold must keep up."""
        undecided = sum(1 for fed in self.inside.fed if fed.ends is None)
        before_fold = sum(1 for piece in self.inside.pieces if piece.zone == Zone.ACCUMULATOR)
        return undecided < 2 and len(self.inside.fed) < 6 and before_fold < self.mechanics.fold_buffer

    def _feed(self) -> None:
        stack = self.stack
        assert stack is not None
        self._next_feed_us = self._timers.belt_us + self.mechanics.sheet_pitch_us
        papers = [stack.sheets.popleft()]
        if stack.sheets and self._sticks(len(stack.sheets)):
            papers.append(stack.sheets.popleft())
        self.sheet_no += 1
        fed = FedSheet(self.sheet_no, papers)
        self.inside.fed.append(fed)
        self._world.fact("fed", sheet_no=fed.sheet_no, stack=stack.stack_no, sheets=[p.told() for p in papers])
        if self._jams(Zone.FEEDER):
            return
        self._timers.after_belt(self.mechanics.feeder_to_c1_us, lambda: self._at_c1(fed, stack, not stack.sheets))

    def _sticks(self, left: int) -> bool:
        return self._defects.take("double_feed") or (left == 1 and self._defects.take("double_feed_at_end"))

    def _jams(self, zone: int) -> bool:
        if not self._defects.jam_due(zone):
            return False
        self._jam(zone)
        return True

    def _at_c1(self, fed: FedSheet, stack: Stack, last: bool) -> None:
        if fed not in self.inside.fed:
            return
        fed.zone = Zone.C1
        self._c1_trigger += 1
        thickness = sum(paper.thickness_um for paper in fed.papers) + self._rng.randint(-4, 4)
        double = len(fed.papers) > 1 and not self._defects.is_on("thickness_blind")
        if len(fed.papers) > 1 and not double:
            thickness = fed.papers[0].thickness_um
        flags = SHEET_DOUBLE if double else 0
        self._world.c1_fires(self._c1_trigger, fed.papers)
        self._emit(EventCode.SHEET, (fed.sheet_no, stack.stack_no, self._c1_trigger, thickness, flags))
        self._timers.after(self.mechanics.set_wait_us, lambda: self._undecided(fed))
        self._timers.after_belt(self.mechanics.c1_to_accumulator_us, lambda: self._at_accumulator(fed))
        if last:
            self._emit(EventCode.STACK, (stack.stack_no, 2))
            self._world.fact("stack_ended", stack=stack.stack_no, job=stack.job)
            if self.stack is stack:
                self.stack = None

    # --- accumulator ----------------------------------------------------------------------------------------------

    def decide(self, sheet_no: int, ends: bool) -> bool | None:
        """Record END_SET: True taken or the same again, False it says otherwise than before, None the sheet is no longer open."""
        for fed in (*self.inside.gathered, *self.inside.fed):
            if fed.sheet_no == sheet_no:
                if fed.ends is None:
                    fed.ends = ends
                    self._gather()
                    self.pump()
                    return True
                return fed.ends == ends
        return None

    def _undecided(self, fed: FedSheet) -> None:
        if fed.ends is None and fed in self.inside.fed and self._timers.belt_runs:
            fed.ends = fed.undecided = True
            self._gather()
            self.pump()

    def _at_accumulator(self, fed: FedSheet) -> None:
        if fed in self.inside.fed:
            if self._jams(Zone.ACCUMULATOR):
                return
            fed.at_accumulator = True
            self._gather()

    def _gather(self) -> None:
        """Move decided sheets from the wait into the accumulator, and every complete set on to the fold."""
        inside = self.inside
        while inside.fed and inside.fed[0].at_accumulator and inside.fed[0].ends is not None:
            fed = inside.fed.popleft()
            inside.gathered.append(fed)
            fed.zone = Zone.ACCUMULATOR
            if fed.ends:
                self._form(PIECE_UNDECIDED if fed.undecided else 0)
        self.pump()

    def _form(self, flags: int) -> None:
        gathered, self.inside.gathered = self.inside.gathered, []
        papers = [paper for fed in gathered for paper in fed.papers]
        self.piece_no += 1
        slack = self.mechanics.slack_mm
        shift = (self._rng.uniform(0, slack[0]), self._rng.uniform(0, slack[1]))
        piece = Envelope(
            self.piece_no, papers, gathered[0].sheet_no, gathered[-1].sheet_no, flags, shift, Zone.ACCUMULATOR
        )
        self.inside.pieces.append(piece)
        self._emit(EventCode.PIECE, (piece.piece_no, piece.first_sheet, piece.last_sheet, flags))
        self._world.fact("formed", piece_no=piece.piece_no, sheets=[paper.told() for paper in papers])
        start = max(self._timers.belt_us, self._next_fold_us)
        self._next_fold_us = start + self.mechanics.piece_pitch_us
        self._timers.after_belt(start - self._timers.belt_us, lambda: self._step(piece, Zone.FOLD))

    # --- from the fold to the eyes --------------------------------------------------------------------------------

    def _step(self, piece: Envelope, zone: int) -> None:
        if piece not in self.inside.pieces or piece.jammed:
            return
        piece.zone = zone
        if self._jams(zone):
            piece.jammed = True
            return
        timing = self.mechanics
        if zone == Zone.FOLD:
            self.pump()
            self._timers.after_belt(timing.fold_us, lambda: self._step(piece, Zone.ENVELOPE))
        elif zone == Zone.ENVELOPE:
            self._world.fact("enveloping", piece_no=piece.piece_no)
            if self._defects.take("empty_envelope"):
                self._world.fact("envelope_missed", piece_no=piece.piece_no)
                piece.sheets, lost = [], piece.sheets
                self._world.lands_in_bin(Envelope(0, lost, 0, 0))
            if timing.franking:
                self._timers.after_belt(timing.envelope_us, lambda: self._frank(piece))
            self._timers.after_belt(timing.envelope_us + timing.to_c2_us, lambda: self._step(piece, Zone.C2))
        elif zone == Zone.C2:
            self._at_c2(piece)

    def _frank(self, piece: Envelope) -> None:
        """Print postage on the envelope that lies under the head, and say what came of it."""
        amount = self.mechanics.franking
        if piece not in self.inside.pieces or piece.jammed:
            return
        outcome = Postage.PRINTED
        if self._defects.take("franking_refuses"):
            amount, outcome = 0, Postage.REFUSED
        elif self._defects.take("franking_wrong"):
            amount += self._rng.choice((-20, 80, 300))
        elif self._defects.take("franking_unconfirmed"):
            outcome = Postage.UNCONFIRMED
        piece.postage += amount
        self._world.fact("franked", piece_no=piece.piece_no, amount=amount, outcome=outcome.name)
        if piece.piece_no:
            self._emit(EventCode.POSTAGE, (piece.piece_no, amount, outcome))

    def _at_c2(self, piece: Envelope) -> None:
        timing = self.mechanics
        if piece.piece_no:
            self._c2_trigger += 1
            piece.gate_at_us = self._timers.now_us + timing.c2_to_gate_us
            weight = self._weigh(piece) if timing.scale else 0
            self._world.c2_fires(self._c2_trigger, piece)
            self._world.fact("exit_shot", piece_no=piece.piece_no, trigger=self._c2_trigger)
            self._emit(EventCode.EXIT_SHOT, (piece.piece_no, self._c2_trigger, piece.gate_at_us, weight))
        self._timers.after_belt(timing.c2_to_gate_us, lambda: self._at_gate(piece))

    def _weigh(self, piece: Envelope) -> int:
        """Return the envelope's weight in mg, 0 when the scale does not settle."""
        extra = 5_000 * self._defects.take("extra_insert") + 2_000 * self._defects.take("scale_drift")
        weight = ENVELOPE_MG + SHEET_MG * len(piece.sheets) + extra + self._rng.randint(-60, 60)
        stable = not self._defects.take("scale_unstable")
        self._world.weighs(weight, stable)
        return weight if stable else 0

    def _at_gate(self, piece: Envelope) -> None:
        if piece not in self.inside.pieces:
            return
        piece.zone = Zone.GATE
        if self._jams(Zone.GATE):
            piece.jammed = True
            return
        piece.past_gate = True
        passes, why = self._gate_rule(piece.piece_no, self._timers.now_us)
        if piece.piece_no:
            self._emit(EventCode.GATE, (piece.piece_no, int(passes), why))
        piece.passed = self._defects.gate_moves_to(passes)
        self._world.fact("gate", piece_no=piece.piece_no, moved_to="pass" if piece.passed else "reject", why=why.name)
        self._timers.after_belt(self.mechanics.gate_to_eye_us, lambda: self._at_eye(piece))

    def _at_eye(self, piece: Envelope) -> None:
        if piece not in self.inside.pieces:
            return
        piece.zone = Zone.TRAY if piece.passed else Zone.REJECT
        sees_tray = piece.passed and not self._defects.take("tray_eye_miss")
        sees_bin = not piece.passed and not self._defects.take("reject_eye_miss")
        sees_tray = sees_tray or self._defects.take("tray_eye_ghost")
        sees_bin = sees_bin or self._defects.take("reject_eye_ghost")
        if sees_tray:
            self.tray_count += 1
            self._emit(EventCode.TRAY_EYE, (piece.piece_no, self.tray, self.tray_count))
        if sees_bin:
            self.bin_edges += 1
            self._emit(EventCode.REJECT_EYE, (piece.piece_no, self.bin_edges))
        self.inside.pieces.remove(piece)
        if piece.passed:
            self._world.lands_in_tray(self.standing_tray or self.tray, piece)
        else:
            self.bin_count += 1
            self._world.lands_in_bin(piece)
        if piece.piece_no:
            report = (piece.piece_no, int(sees_tray), int(sees_bin))
            boots = self._boots
            self._timers.after(self.mechanics.eye_to_settled_us, lambda: self._settled(boots, report))

    def _settled(self, boots: int, report: tuple[int, int, int]) -> None:
        if boots == self._boots:
            self._emit(EventCode.EXIT, report)

    # --- purge, hands, boot ---------------------------------------------------------------------------------------

    def purge(self) -> None:
        """Close whatever is unfinished, so that everything inside can leave through the reject."""
        inside = self.inside
        if inside.fed or inside.gathered:
            inside.gathered.extend(inside.fed)
            inside.fed.clear()
            self._form(PIECE_UNDECIDED)

    def take_out(self, zone: int, count: int | None = None) -> list[Envelope]:
        """A person takes what lies in ``zone`` (all, or ``count`` of it); sheets not yet enveloped come as one loose set."""
        taken: list[Envelope] = []
        inside = self.inside
        if zone <= Zone.ACCUMULATOR:
            loose = [fed for fed in (*inside.gathered, *inside.fed) if fed.zone == zone][:count]
            for fed in loose:
                (inside.gathered if fed in inside.gathered else inside.fed).remove(fed)
            if loose:
                taken.append(Envelope(0, [paper for fed in loose for paper in fed.papers], 0, 0))
        for piece in [piece for piece in inside.pieces if piece.zone == zone][:count]:
            inside.pieces.remove(piece)
            taken.append(piece)
        return taken

    def swap_tray(self, tray: int) -> None:
        """A person changes the tray silently: what was announced no longer stands under the belt."""
        self.standing_tray = tray

    def hand_into_tray(self, piece: Envelope) -> None:
        """A person puts a piece into the tray by hand: the tray eye sees something the device did not expect."""
        self.tray_count += 1
        self._emit(EventCode.TRAY_EYE, (0, self.tray, self.tray_count))
        self._world.lands_in_tray(self.standing_tray or self.tray, piece)

    def free_jam(self) -> None:
        """Nothing sticks any more; what is still inside goes on from the fold."""
        for piece in [piece for piece in self.inside.pieces if piece.jammed]:
            piece.jammed = False
            self._timers.after_belt(0, lambda piece=piece: self._step(piece, piece.zone))  # type: ignore[misc]

    def forget(self) -> None:
        """The device has rebooted: what is inside has no number any more, and all counts start again."""
        inside = self.inside
        loose = [paper for fed in (*inside.gathered, *inside.fed) for paper in fed.papers]
        self._timers.clear_belt()
        if loose:
            inside.pieces.append(Envelope(0, loose, 0, 0, zone=Zone.FOLD))
        inside.fed.clear()
        inside.gathered.clear()
        for piece in inside.pieces:
            piece.piece_no = 0
            piece.jammed = False
            self._timers.after_belt(
                self.mechanics.c2_to_gate_us,
                lambda piece=piece: self._at_gate(piece),  # type: ignore[misc]
            )
        self.sheet_no = self.piece_no = self._c1_trigger = self._c2_trigger = 0
        self.feed_limit = self.tray_count = self.bin_edges = 0
        self._next_feed_us = self._next_fold_us = self._timers.belt_us
        self._pump_due = False
        self._boots += 1
