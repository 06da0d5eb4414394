"""The inserter in virtual time: states, commands, tokens, interlocks, watchdog, event ring. Written from docs/protocols/inserter.md.

Speaks the line core's own events, because the wire between them is tested elsewhere; everything behind that is the machine's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from controller.line.events import Fault, MachineState, Removed, TrayPresence
from simulator.campaign.belt import EXPIRED, NO_TOKEN, NOT_EXECUTE, Belt
from simulator.campaign.clockwork import Clockwork
from simulator.campaign.faults import FaultPlan
from simulator.campaign.franking import FrankingHead
from simulator.campaign.optics import Camera
from simulator.campaign.paper import Envelope, Stack
from simulator.campaign.surroundings import Floor

WATCHDOG_US = 300_000
ACTING_US = 10_000
PRODUCTION = 1


class State(IntEnum):
    """PackML numbers as docs/protocols/inserter.md section 2 has them."""

    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    RESETTING = 15


class Reason(IntEnum):
    """Why a state was entered, and which fault is active."""

    NONE = 0
    BOOT = 1
    WATCHDOG = 2
    COVER_OPEN = 3
    JAM = 4
    NO_SHEETS = 5
    TRAY_MISSING = 6
    BIN_FULL = 7
    HOST = 8
    RING_FULL = 10


RESET, START, HOLD, UNHOLD, ABORT, CLEAR = 1, 2, 4, 5, 8, 9
VERBS = {
    RESET: ({State.STOPPED}, State.RESETTING, State.IDLE),
    START: ({State.IDLE}, State.STARTING, State.EXECUTE),
    HOLD: ({State.EXECUTE, State.SUSPENDED}, State.HOLDING, State.HELD),
    UNHOLD: ({State.HELD}, State.UNHOLDING, State.EXECUTE),
    ABORT: (set(State) - {State.ABORTING, State.ABORTED}, State.ABORTING, State.ABORTED),
    CLEAR: ({State.ABORTED}, State.CLEARING, State.STOPPED),
}
"""Verb: heard in, acting state, resting state."""
OK, REFUSED_STATE, REFUSED_EPOCH, TOO_LATE, UNKNOWN_PIECE, CONFLICT = 0, 1, 2, 3, 4, 5


class Machine:
    """One inserter. ``hear`` takes each event while the link stands; the ring keeps those the host has not made durable."""

    def __init__(
        self,
        clock: Clockwork,
        floor: Floor,
        plan: FaultPlan,
        cameras: tuple[Camera, Camera],
        hear: Callable[[Any], None],
        belt_fault: Callable[[int, Envelope], None],
        *,
        scale: bool,
        postage: int = 0,
    ) -> None:
        self.clock = clock
        self.epoch = 1
        self.state = State.ABORTED
        self.reason = Reason.BOOT
        self.blocked: set[Reason] = set()
        self.linked = False
        self.seq = 0
        self.ring: deque[Any] = deque()
        self.tokens: dict[int, tuple[int, int]] = {}
        self.belt = Belt(clock, self, floor, plan, *cameras, scale=scale)
        if postage:
            self.belt.head = FrankingHead(self, floor, plan, postage)
        self.belt_fault = belt_fault
        self.tray_shown: Callable[[int], None] = lambda number: None
        """The number on the machine's display: whoever stands there puts exactly that tray in place."""
        self._hear = hear
        self._booted_us = 0
        self._silence = 0
        self._stacks = 0
        self._tell_state()

    # --- what the belt asks ---

    def device_us(self) -> int:
        return self.clock.now_us - self._booted_us

    def emit(self, event_type: type, *fields: object) -> None:
        self.seq += 1
        event = event_type(self.seq, *fields)
        self.ring.append(event)
        if self.linked:
            self._hear(event)

    def token_opens(self, piece_no: int) -> tuple[bool, int]:
        token = self.tokens.pop(piece_no, None)
        if self.state is not State.EXECUTE:
            return False, NOT_EXECUTE
        if token is None:
            return False, NO_TOKEN
        return (True, 0) if self.device_us() <= token[1] else (False, EXPIRED)

    def settle(self) -> None:
        """Suspend when the feeder and the belt are empty, go on when paper is there again."""
        belt = self.belt
        if self.state is State.EXECUTE and not belt.stacks and belt.is_empty():
            self._enter(State.SUSPENDED, Reason.NO_SHEETS)
        elif self.state is State.SUSPENDED and belt.stacks:
            self._enter(State.EXECUTE, Reason.NONE)

    # --- states ---

    def _tell_state(self) -> None:
        self.emit(MachineState, int(self.state), PRODUCTION, int(self.reason))

    def _enter(self, state: State, reason: Reason) -> None:
        self.state, self.reason = state, reason
        belt = self.belt
        if state is not State.EXECUTE:
            self.tokens.clear()
        if state is State.EXECUTE:
            belt.feeding = True
        elif state is State.SUSPENDED:
            belt.feeding = False
        elif belt.feeding or state in (State.HOLDING, State.ABORTING):
            belt.freeze()
        self._tell_state()
        if state is State.EXECUTE:
            belt.pump()
            self.settle()

    def _go(self, acting: State, resting: State, reason: Reason) -> None:
        self._enter(acting, reason)
        if acting in (State.CLEARING, State.UNHOLDING):
            self.belt.purge()
        self.clock.after(ACTING_US, self._arrive, acting, resting, self.epoch)

    def _arrive(self, acting: State, resting: State, epoch: int) -> None:
        if self.state is acting and epoch == self.epoch:
            self._enter(resting, self.reason if resting in (State.HELD, State.ABORTED) else Reason.NONE)

    def interrupt(self, reason: Reason) -> None:
        """Hold, or abort for the watchdog, by the machine's own decision."""
        if self.state in (State.ABORTED, State.ABORTING):
            return
        if reason is Reason.WATCHDOG:
            self._go(State.ABORTING, State.ABORTED, reason)
        elif self.state in (State.EXECUTE, State.SUSPENDED):
            self._go(State.HOLDING, State.HELD, reason)

    def block(self, reason: Reason, zone: int) -> None:
        """A safety input, a jam, a missing tray."""
        if reason not in self.blocked:
            self.blocked.add(reason)
            self.emit(Fault, int(reason), zone, True)
            self.interrupt(reason)

    def unblock(self, reason: Reason, zone: int) -> None:
        """The reason went; the machine waits for the host."""
        if reason in self.blocked:
            self.blocked.discard(reason)
            self.emit(Fault, int(reason), zone, False)

    # --- commands of the host ---

    def packml(self, verb: int) -> int:
        heard_in, acting, resting = VERBS[verb]
        if self.state is resting or self.state is acting:
            return OK
        if self.state not in heard_in or (self.blocked and verb in (START, UNHOLD, CLEAR, RESET)):
            return REFUSED_STATE
        self._go(acting, resting, Reason.HOST)
        return OK

    def end_set(self, epoch: int, sheet_no: int, ends: bool) -> int:
        if epoch != self.epoch:
            return REFUSED_EPOCH
        return OK if self.belt.decide(sheet_no, ends) else UNKNOWN_PIECE

    def grant(self, epoch: int, piece_no: int, uid: int, deadline_us: int) -> int:
        if epoch != self.epoch:
            return REFUSED_EPOCH
        if self.state is not State.EXECUTE:
            return REFUSED_STATE
        held = self.tokens.get(piece_no)
        if held is not None:
            return OK if held[0] == uid else CONFLICT
        envelope = next((envelope for envelope in self.belt.inside if envelope.piece_no == piece_no), None)
        if envelope is None:
            return TOO_LATE if piece_no <= self.belt.piece_no else UNKNOWN_PIECE
        if envelope.passes is not None or self.device_us() > deadline_us:
            return TOO_LATE
        self.tokens[piece_no] = (uid, deadline_us)
        return OK

    def revoke(self, epoch: int, piece_no: int) -> int:
        if epoch != self.epoch:
            return REFUSED_EPOCH
        self.tokens.pop(piece_no, None)
        return OK

    def feed_limit(self, epoch: int, sheet_no: int) -> int:
        if epoch != self.epoch:
            return REFUSED_EPOCH
        self.belt.feed_limit = sheet_no
        self.belt.pump()
        return OK

    def set_tray(self, tray: int) -> int:
        if tray != self.belt.tray_number:
            self.belt.tray_number, self.belt.tray_edges = tray, 0
        if tray:
            self.tray_shown(tray)
        return OK

    # --- link ---

    def host_silent(self) -> None:
        """No frame comes from the host any more: the watchdog will act."""
        self.linked = False
        self._silence += 1
        self.clock.after(WATCHDOG_US, self._watchdog, self._silence)

    def _watchdog(self, silence: int) -> None:
        if silence == self._silence and not self.linked:
            self.interrupt(Reason.WATCHDOG)

    def connect(self, last_event: int, known_epoch: int) -> list[Any]:
        """The host is back: return the events it has not made durable, oldest first."""
        self._silence += 1
        self.linked = True
        if known_epoch != self.epoch:
            last_event = 0
        return [event for event in self.ring if event.seq > last_event]

    def acknowledge(self, seq: int) -> None:
        ring = self.ring
        while ring and ring[0].seq <= seq:
            ring.popleft()

    # --- hands and power ---

    def load(self, stack: Stack) -> None:
        self._stacks += 1
        self.belt.load(stack, self._stacks)

    def tray_present(self, tray: int, *, present: bool) -> None:
        self.emit(TrayPresence, tray, present)

    def removed(self, zone: int, count: int) -> None:
        self.emit(Removed, zone, count)

    def reboot(self) -> None:
        """Power goes and comes: a new epoch, nothing older is valid, nothing inside has a number."""
        self.linked = False
        self._silence += 1
        self.belt.freeze()
        self.epoch += 1
        self.seq = 0
        self.ring.clear()
        self.tokens.clear()
        self.blocked.clear()
        self.belt.forget()
        self.belt.tray_number = 0
        self._booted_us = self.clock.now_us
        self.state, self.reason = State.ABORTED, Reason.BOOT
        self._tell_state()
