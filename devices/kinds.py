"""What the devices of a line are called and what they say: machine states, reasons, events, and the verbs each kind of device offers.

Numbers are those on the wire: PackML states as in ISA-TR88.00.02 / PackTags v3, the rest as in ``docs/protocols/inserter.md`` §2–4.
Events are facts the device reported, not what anybody makes of them. All are frozen: the deciding thread may keep them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class MachineState(IntEnum):
    """PackML states, numbered as PackTags v3."""

    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETE = 17


class MachineMode(IntEnum):
    """PackML unit modes. Tokens are accepted only in PRODUCTION."""

    PRODUCTION = 1
    MAINTENANCE = 2
    MANUAL = 3


class Reason(IntEnum):
    """Why a machine is not executing (inserter.md §2)."""

    NONE = 0
    BOOT = 1
    WATCHDOG = 2
    COVER_OPEN = 3
    JAM = 4
    NO_SHEETS = 5
    TRAY_MISSING = 6
    BIN_FULL = 7
    HOST = 8
    ESTOP = 9
    RING_FULL = 10
    FEED_LIMIT = 11


class Zone(IntEnum):
    """Places along the paper path (inserter.md §2)."""

    NOWHERE = 0
    FEEDER = 1
    C1 = 2
    ACCUMULATOR = 3
    FOLD = 4
    ENVELOPE = 5
    C2 = 6
    GATE = 7
    TRAY = 8
    REJECT = 9


class Verb(IntEnum):
    """PackML commands."""

    RESET = 1
    START = 2
    STOP = 3
    HOLD = 4
    UNHOLD = 5
    SUSPEND = 6
    UNSUSPEND = 7
    ABORT = 8
    CLEAR = 9
    COMPLETE = 10


class ResultCode(IntEnum):
    """The device's answer to a command (inserter.md §3)."""

    OK = 0
    REFUSED_STATE = 1
    REFUSED_EPOCH = 2
    TOO_LATE = 3
    UNKNOWN_PIECE = 4
    CONFLICT = 5
    BAD_VALUE = 6


class GatePosition(IntEnum):
    REJECT = 0
    PASS = 1


class GateWhy(IntEnum):
    TOKEN = 0
    NO_TOKEN = 1
    EXPIRED = 2
    NOT_EXECUTING = 3
    PURGE = 4


class PostageOutcome(IntEnum):
    """What a franking head says of an envelope: nothing printed; printed and booked; printed, but the amount is not confirmed."""

    REFUSED = 0
    PRINTED = 1
    UNCONFIRMED = 2


class StackChange(IntEnum):
    LOADED = 1
    ENDED = 2


NO_LIMIT = 0xFFFF_FFFF
"""The sheet number that means "feed on without limit" in ``feed_limit``."""


@dataclass(frozen=True, slots=True)
class InserterEvent:
    """What every event of the inserter carries: the boot it belongs to, its number in that boot, the device's own time."""

    epoch: int
    event_seq: int
    device_us: int


@dataclass(frozen=True, slots=True)
class StateChanged(InserterEvent):
    state: MachineState
    mode: MachineMode
    reason: Reason


@dataclass(frozen=True, slots=True)
class SheetFed(InserterEvent):
    """A sheet has passed the C1 eye and camera C1 was fired as ``c1_trigger``; ``double``: the double-sheet sensor fired."""

    sheet_no: int
    stack_no: int
    c1_trigger: int
    thickness_um: int
    double: bool


@dataclass(frozen=True, slots=True)
class StackChanged(InserterEvent):
    """A stack was loaded, or its last sheet has passed C1."""

    stack_no: int
    change: StackChange


@dataclass(frozen=True, slots=True)
class PieceFormed(InserterEvent):
    """Sheets ``first_sheet``..``last_sheet`` were folded and enveloped; ``undecided``: the set was closed by time, not by the host."""

    piece_no: int
    first_sheet: int
    last_sheet: int
    undecided: bool


@dataclass(frozen=True, slots=True)
class PieceFranked(InserterEvent):
    """The franking head had this piece; ``amount`` in 1/100 of the currency unit. Only machines with such a head say it."""

    piece_no: int
    amount: int
    outcome: PostageOutcome


@dataclass(frozen=True, slots=True)
class PieceAtExit(InserterEvent):
    """Camera C2 was fired for this piece; the gate must be set by ``gate_at_us`` (device clock). ``weight_mg`` 0: no scale."""

    piece_no: int
    c2_trigger: int
    gate_at_us: int
    weight_mg: int


@dataclass(frozen=True, slots=True)
class GateSet(InserterEvent):
    piece_no: int
    position: GatePosition
    why: GateWhy


@dataclass(frozen=True, slots=True)
class TrayEye(InserterEvent):
    """The tray eye saw a piece; ``piece_no`` 0: the device expected nothing there."""

    piece_no: int
    tray: int
    count: int


@dataclass(frozen=True, slots=True)
class RejectEye(InserterEvent):
    piece_no: int
    count: int


@dataclass(frozen=True, slots=True)
class PieceExited(InserterEvent):
    """Which eyes saw the piece, after both had their time. Both or neither is a conflict, not a fact about the piece."""

    piece_no: int
    tray: bool
    reject: bool


@dataclass(frozen=True, slots=True)
class MachineFault(InserterEvent):
    """A fault came (``active``) or went."""

    reason: Reason
    zone: Zone
    active: bool


@dataclass(frozen=True, slots=True)
class TrayPresence(InserterEvent):
    tray: int
    present: bool


@dataclass(frozen=True, slots=True)
class Removed(InserterEvent):
    """Pieces or sheets the device no longer finds in ``zone`` after a cover was open."""

    zone: Zone
    count: int


class LinkLostWhy(StrEnum):
    SILENCE = "silence"
    UNPLUGGED = "unplugged"
    NO_ANSWER = "no_answer"
    REBOOT = "reboot"
    OTHER_SESSION = "other_session"
    NEVER_UP = "never_up"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkLost:
    """No conversation with the device any more. Everything in its zone is unknown from here on (I8)."""

    device: str
    why: LinkLostWhy
    detail: str


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A conversation has begun. ``epoch`` is the device's boot counter; ``rebooted``: it is not the one known before.

    ``missed``: events of this boot the device no longer has and this host has never seen; what they told is unknown for good (I8).
    """

    device: str
    epoch: int
    rebooted: bool
    last_event: int
    missed: int = 0


@dataclass(frozen=True, slots=True)
class CommandResult:
    command_id: int
    code: ResultCode


@dataclass(frozen=True, slots=True)
class CommandUnknown:
    """No answer will come any more. ``sent`` False: it never left the host, so it certainly was not done; True: it may have been."""

    command_id: int
    sent: bool


InserterNotice = InserterEvent | LinkLost | LinkUp | CommandResult | CommandUnknown
"""Everything an inserter driver tells its sink. Only ``InserterEvent`` needs an acknowledgement."""

InserterSink = Callable[[InserterNotice], None]
"""Takes one notice. May raise ``queue.Full``: the driver then keeps it and offers it again, and the device's ring fills instead of ours."""


class Inserter(Protocol):
    """A folder-inserter. Verbs return a command id at once and never block; what came of it arrives as a notice.

    Every verb states what is wanted, so saying it twice changes nothing. Verbs that speak of sheets or pieces carry the epoch they were decided
    in: a decision about the boot before is refused by the device instead of hitting another sheet with the same number.
    """

    def packml(self, verb: Verb) -> int: ...
    def mode(self, mode: MachineMode) -> int: ...
    def end_set(self, epoch: int, sheet_no: int, ends: bool) -> int: ...
    def grant(self, epoch: int, piece_no: int, uid: int, deadline_us: int) -> int: ...
    def revoke(self, epoch: int, piece_no: int) -> int: ...
    def feed_limit(self, epoch: int, sheet_no: int) -> int: ...
    def set_tray(self, tray: int) -> int: ...
    def acknowledge(self, epoch: int, event_seq: int) -> None:
        """Say that all events up to this one of this boot are on durable storage; the device may forget them."""
        ...

    def device_now_us(self) -> int | None:
        """The device's clock now, as the BEAT exchange tells it; None before the first exchange."""
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: ``image`` uint8 [height, width] (grey). ``trigger`` counts the camera's own triggers, so a gap shows lost frames.

    ``encoder`` is where the belt was at the exposure, in pulses of its encoder; None when the camera has none on its input.
    """

    image: NDArray[np.uint8]
    trigger: int
    frame_id: int
    device_us: int
    received_ns: int
    encoder: int | None = None


class Camera(Protocol):
    def grab(self, timeout_s: float) -> Frame:
        """Return the next frame.

        Raises:
            CameraTimeout: none came in time.
            LinkError: the camera is not reachable at present; the next call tries again.
        """
        ...

    def close(self) -> None: ...
