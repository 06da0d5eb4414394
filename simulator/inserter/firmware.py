"""The firmware: states, commands, tokens, interlocks and the watchdog of the simulated inserter. Pure; time comes in as a value.

Safety inputs act here and never wait for the host. Source: docs/protocols/inserter.md, sections 1 to 4.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass

from simulator.defects import Defects
from simulator.inserter.mechanics import Mechanics, World
from simulator.inserter.packml import BELT_STANDS, ENDS_IN, ENDS_WHEN_EMPTY, PURGES, VERBS
from simulator.inserter.path import PaperPath
from simulator.inserter.ring import EventRing
from simulator.inserter.timers import Timers
from simulator.inserter.vocabulary import Code, Command, EventCode, GateWhy, Mode, Reason, Result, State, Verb, Zone
from simulator.paper import Envelope, Stack

TRANSIENT_US = 10_000
REMEMBERED_RESULTS = 1024


@dataclass(frozen=True, slots=True)
class Token:
    """Permission for one piece, void after ``deadline_us`` of the device clock."""

    uid: int
    deadline_us: int


class Firmware:
    """The whole machine behind the wire; call it from one thread."""

    def __init__(
        self, mechanics: Mechanics, world: World, defects: Defects, rng: random.Random, *, epoch: int, now_us: int
    ) -> None:
        self.timers = Timers(now_us)
        self.ring = EventRing()
        self.path = PaperPath(mechanics, self.timers, self._emit, self._gate_rule, self._jam, world, defects, rng)
        self.epoch = epoch
        self.state = State.ABORTED
        self.mode = Mode.PRODUCTION
        self.reason = Reason.BOOT
        self.interlocks: dict[Reason, int] = {}
        self._world = world
        self._tokens: dict[int, Token] = {}
        self._results: OrderedDict[int, Result] = OrderedDict()
        self._limited = False
        self._removed: dict[int, int] = {}
        self._report_state()

    # --- time -----------------------------------------------------------------------------------------------------

    def advance(self, now_us: int) -> None:
        """Let the machine run until ``now_us``."""
        self.timers.advance(now_us)
        self._settle()

    def next_us(self) -> int | None:
        """Return when something will happen next if nobody interferes."""
        return self.timers.next_us()

    def _settle(self) -> None:
        """Draw the conclusions that depend on the whole machine: purge ended, feeder empty, ring filling."""
        path = self.path
        if self.state in ENDS_WHEN_EMPTY and path.inside.is_empty():
            self._enter(ENDS_IN[self.state], self.reason)
        elif self.state is State.EXECUTE:
            if self.ring.nearly_full:
                self._interrupt(Reason.RING_FULL)
            elif path.bin_count >= path.mechanics.bin_capacity:
                self.block(Reason.BIN_FULL, Zone.REJECT)
            elif not path.has_sheets() and path.inside.is_empty():
                self._enter(State.SUSPENDING, Reason.NO_SHEETS)
            elif path.has_sheets() and path.at_limit() != self._limited:
                self._tell_limit()
        elif self.state is State.SUSPENDED and self.reason is Reason.NO_SHEETS and path.has_sheets():
            self._enter(State.UNSUSPENDING, Reason.NONE)

    def _tell_limit(self) -> None:
        """Report FEED_LIMIT as the reason once the feeder has rested at it with nothing inside."""
        if not self._limited and not self.path.inside.is_empty():
            return
        self._limited = self.path.at_limit()
        self.reason = Reason.FEED_LIMIT if self._limited else Reason.NONE
        self._report_state()

    # --- states ---------------------------------------------------------------------------------------------------

    def _report_state(self) -> None:
        self._emit(EventCode.STATE, (self.state, self.mode, self.reason))

    def _emit(self, code: int, values: tuple[int, ...]) -> None:
        self.ring.append(code, self.timers.now_us, values)

    def _enter(self, state: State, reason: Reason) -> None:
        self.state, self.reason = state, reason
        self._limited = False
        if state is not State.EXECUTE:
            self._tokens.clear()
        self.path.purging = state in PURGES
        self.path.feeding = state is State.EXECUTE
        self.timers.run_belt(running=state not in BELT_STANDS)
        self._report_state()
        self._world.fact("state", state=state.name, reason=reason.name)
        if self.path.purging:
            self.path.free_jam()
            self.path.purge()
        if state is State.EXECUTE:
            self.path.pump()
        elif state in ENDS_IN and state not in ENDS_WHEN_EMPTY:
            self.timers.after(TRANSIENT_US, lambda: self._leave(state))

    def _leave(self, state: State) -> None:
        if self.state is state:
            self._enter(ENDS_IN[state], self.reason)

    def _interrupt(self, reason: Reason) -> None:
        """Hold (or abort, for watchdog and emergency stop) by the machine's own decision."""
        if self.state in (State.ABORTING, State.ABORTED):
            return
        if reason in (Reason.WATCHDOG, Reason.ESTOP):
            self._enter(State.ABORTING, reason)
        elif self.state not in (State.HOLDING, State.HELD, State.STOPPED, State.IDLE, State.COMPLETE, State.RESETTING):
            self._enter(State.HOLDING, reason)

    def watchdog(self) -> None:
        """The host was silent for 300 ms."""
        self._interrupt(Reason.WATCHDOG)

    # --- interlocks and hands ---------------------------------------------------------------------------------------

    def block(self, reason: Reason, zone: int) -> None:
        """A safety input or a jam came."""
        if reason in self.interlocks:
            return
        self.interlocks[reason] = zone
        self._emit(EventCode.FAULT, (reason, zone, 1))
        self._world.fact("fault", reason=reason.name, zone=zone, active=1)
        self._interrupt(reason)

    def unblock(self, reason: Reason) -> None:
        """A safety input or a jam went; the machine waits for the host."""
        zone = self.interlocks.pop(reason, None)
        if zone is None:
            return
        self._emit(EventCode.FAULT, (reason, zone, 0))
        self._world.fact("fault", reason=reason.name, zone=zone, active=0)
        if reason is Reason.COVER_OPEN:
            for removed_zone, count in sorted(self._removed.items()):
                self._emit(EventCode.REMOVED, (removed_zone, count))
            self._removed.clear()

    def _jam(self, zone: int) -> None:
        self.block(Reason.JAM, zone)

    def take_out(self, zone: int, count: int | None = None) -> list[Envelope]:
        """A person takes paper out of ``zone``; possible only with the cover open, noticed when it closes."""
        if Reason.COVER_OPEN not in self.interlocks:
            return []
        taken = self.path.take_out(zone, count)
        for piece in taken:
            self._removed[zone] = self._removed.get(zone, 0) + (len(piece.sheets) if zone <= Zone.ACCUMULATOR else 1)
        return taken

    def swap_tray(self, tray: int) -> None:
        """A person takes the tray away and puts another in its place: the presence sensor sees it go, nobody says which one came."""
        gone, self.path.tray = self.path.tray, 0
        self.path.swap_tray(tray)
        self._emit(EventCode.TRAY, (gone, 0))
        self._world.fact("tray_swapped", gone=gone, standing=tray)
        self.block(Reason.TRAY_MISSING, Zone.TRAY)

    def load(self, stack: Stack) -> None:
        """A person puts a stack on the feeder."""
        self.path.load(stack)
        self._settle()

    def empty_bin(self) -> None:
        """A person empties the reject bin."""
        self.path.bin_count = 0
        self.unblock(Reason.BIN_FULL)

    def reboot(self, now_us: int, epoch: int) -> None:
        """Power goes and comes: ``epoch`` begins and nothing older is valid."""
        self.timers.advance(now_us)
        self.epoch = epoch & 0xFFFF
        self.ring = EventRing(self.ring.capacity)
        self._tokens.clear()
        self._results.clear()
        self._removed.clear()
        self.path.forget()
        self.path.tray = 0
        self.mode = Mode.PRODUCTION
        self._enter(State.ABORTED, Reason.BOOT)
        for reason, zone in self.interlocks.items():
            self._emit(EventCode.FAULT, (reason, zone, 1))

    # --- gate -------------------------------------------------------------------------------------------------------

    def _gate_rule(self, piece_no: int, now_us: int) -> tuple[bool, GateWhy]:
        """Return whether the gate opens for this piece: only with a valid token for exactly it."""
        token = self._tokens.pop(piece_no, None)
        if self.path.purging:
            return False, GateWhy.PURGE
        if self.state is not State.EXECUTE or self.mode is not Mode.PRODUCTION:
            return False, GateWhy.NOT_EXECUTE
        if token is None:
            return False, GateWhy.NO_TOKEN
        if now_us > token.deadline_us:
            return False, GateWhy.EXPIRED
        return True, GateWhy.TOKEN

    # --- commands ---------------------------------------------------------------------------------------------------

    def command(self, command: Command) -> Result:
        """Apply one command; the same id again changes nothing and is answered the same way."""
        known = self._results.get(command.command_id)
        if known is not None:
            return known
        result = self._apply(command)
        self._results[command.command_id] = result
        if len(self._results) > REMEMBERED_RESULTS:
            self._results.popitem(last=False)
        self._settle()
        return result

    def _apply(self, command: Command) -> Result:
        match command.code, command.values:
            case Code.PACKML, (verb,):
                return self._packml(verb)
            case Code.MODE, (mode,):
                return self._set_mode(mode)
            case Code.SET_TRAY, (tray,):
                return self._set_tray(tray)
            case _, (epoch, *_) if epoch != self.epoch:
                return Result.REFUSED_EPOCH
            case Code.END_SET, (_, sheet_no, ends):
                return self._end_set(sheet_no, ends)
            case Code.GRANT, (_, piece_no, uid, deadline_us):
                return self._grant(piece_no, Token(uid, deadline_us))
            case Code.REVOKE, (_, piece_no):
                return self._revoke(piece_no)
            case Code.FEED_LIMIT, (_, sheet_no):
                self.path.feed_limit = sheet_no
                self.path.pump()
                return Result.OK
        return Result.BAD_VALUE

    def _packml(self, number: int) -> Result:
        try:
            verb = Verb(number)
        except ValueError:
            return Result.BAD_VALUE
        rule = VERBS[verb]
        if self.state in (rule.via, rule.to):
            return Result.OK
        if self.state not in rule.heard_in:
            return Result.REFUSED_STATE
        if verb in (Verb.UNHOLD, Verb.START) and (self.interlocks or not self.path.tray):
            return Result.REFUSED_STATE
        if verb is Verb.CLEAR and (self.interlocks.keys() & {Reason.ESTOP, Reason.COVER_OPEN}):
            return Result.REFUSED_STATE
        going = verb in (Verb.START, Verb.UNHOLD, Verb.UNSUSPEND)
        self._enter(rule.via, Reason.NONE if going else Reason.HOST)
        return Result.OK

    def _set_mode(self, number: int) -> Result:
        try:
            mode = Mode(number)
        except ValueError:
            return Result.BAD_VALUE
        if mode is self.mode:
            return Result.OK
        if self.state not in (State.STOPPED, State.IDLE, State.ABORTED):
            return Result.REFUSED_STATE
        self.mode = mode
        self._report_state()
        return Result.OK

    def _set_tray(self, tray: int) -> Result:
        if tray == self.path.tray:
            return Result.OK
        self.path.tray = tray
        self.path.tray_count = 0
        self.path.standing_tray = None
        self._emit(EventCode.TRAY, (tray, int(tray != 0)))
        self._world.fact("tray", tray=tray)
        if tray:
            self.unblock(Reason.TRAY_MISSING)
        elif self.state is State.EXECUTE:
            self.block(Reason.TRAY_MISSING, Zone.TRAY)
        return Result.OK

    def _end_set(self, sheet_no: int, ends: int) -> Result:
        if ends not in (0, 1):
            return Result.BAD_VALUE
        if sheet_no == 0 or sheet_no > self.path.sheet_no:
            return Result.UNKNOWN_PIECE
        taken = self.path.decide(sheet_no, bool(ends))
        if taken is None:
            return Result.TOO_LATE
        return Result.OK if taken else Result.CONFLICT

    def _find(self, piece_no: int) -> Envelope | Result:
        if piece_no == 0 or piece_no > self.path.piece_no:
            return Result.UNKNOWN_PIECE
        for piece in self.path.inside.pieces:
            if piece.piece_no == piece_no:
                return Result.TOO_LATE if piece.past_gate else piece
        return Result.TOO_LATE

    def _grant(self, piece_no: int, token: Token) -> Result:
        if self.state is not State.EXECUTE or self.mode is not Mode.PRODUCTION:
            return Result.REFUSED_STATE
        piece = self._find(piece_no)
        if isinstance(piece, Result):
            return piece
        held = self._tokens.get(piece_no)
        if held is not None and held.uid != token.uid:
            return Result.CONFLICT
        if held is None:
            self._tokens[piece_no] = token
            self._world.fact("token", piece_no=piece_no)
        return Result.OK

    def _revoke(self, piece_no: int) -> Result:
        piece = self._find(piece_no)
        if isinstance(piece, Result):
            return piece
        if self._tokens.pop(piece_no, None) is not None:
            self._world.fact("revoked", piece_no=piece_no)
        return Result.OK

    def tokens(self) -> dict[int, int]:
        """Return the tokens held: piece number to deadline (device clock, µs)."""
        return {piece_no: token.deadline_us for piece_no, token in self._tokens.items()}
