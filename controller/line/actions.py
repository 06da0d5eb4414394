"""What a line core answers with: records to make durable first, and actions to perform after. Plain values.

The caller commits ``Step.records`` and only then performs ``Step.actions`` in order; records of several steps may be committed
together as long as no action overtakes its records (group commit).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from controller.ledger.records import Record


@dataclass(frozen=True, slots=True)
class EndSet:
    """Sheet ``sheet_no`` is, or is not, the last of its set."""

    epoch: int
    sheet_no: int
    ends: bool


@dataclass(frozen=True, slots=True)
class Grant:
    """Piece ``piece_no`` may pass; void after ``deadline_us`` of the device clock."""

    epoch: int
    piece_no: int
    uid: int
    deadline_us: int


@dataclass(frozen=True, slots=True)
class Revoke:
    epoch: int
    piece_no: int


@dataclass(frozen=True, slots=True)
class MachineCommand:
    """``verb`` is a `controller.states.PackVerb`."""

    verb: int


@dataclass(frozen=True, slots=True)
class SetMode:
    """``mode`` is a `controller.states.PackMode`."""

    mode: int


@dataclass(frozen=True, slots=True)
class FeedLimit:
    """Feed no sheet beyond ``sheet_no``."""

    epoch: int
    sheet_no: int


@dataclass(frozen=True, slots=True)
class SetTray:
    """Tell the machine which tray is in place (0: none)."""

    tray: int


@dataclass(frozen=True, slots=True)
class ResetCamera:
    """Make camera 1 or 2 count from 1 again; answer with `events.CameraReset` when it does."""

    camera: int


@dataclass(frozen=True, slots=True)
class PrintJobNow:
    """Submit the job to its queue; its intent is durable."""

    job: str


class AlarmCode(StrEnum):
    """What a person must know and where to look. The words, in both languages, belong to who shows them."""

    LINK_LOST = "link-lost"
    MACHINE_REBOOTED = "machine-rebooted"
    MACHINE_STOPPED = "machine-stopped"
    COVER_OPENED = "cover-opened"
    JAM = "jam"
    REMOVED_BY_HAND = "removed-by-hand"
    BIN_FULL = "bin-full"
    NO_SHEETS = "no-sheets"
    TRAY_MISSING = "tray-missing"
    TRAY_FULL = "tray-full"
    TRAY_HOLD = "tray-hold"
    FOREIGN_IN_TRAY = "foreign-in-tray"
    CONSECUTIVE_NO_READS = "consecutive-no-reads"
    CONSECUTIVE_EXIT_FAULTS = "consecutive-exit-faults"
    POSTAGE_REFUSED = "postage-refused"
    GATE_NOT_PASSING = "gate-not-passing"
    CHALLENGE_FAILED = "challenge-failed"
    CAMERA_OUT_OF_STEP = "camera-out-of-step"
    WRONG_STACK = "wrong-stack"
    PRINT_DOUBTFUL = "print-doubtful"
    VOID_SHEET_FED = "void-sheet-fed"
    PULL_FROM_TRAY = "pull-from-tray"
    TOO_LATE_TO_RECALL = "too-late-to-recall"
    LETTER_AT_REST = "letter-at-rest"
    TRAY_NOT_ACCEPTED = "tray-not-accepted"
    PRINT_FADING = "print-fading"
    NOZZLE_MISSING = "nozzle-line-missing"
    LIGHT_DRIFT = "light-drift"
    LENS_DIRTY = "lens-dirty"
    WITNESS_AWAY = "witness-away"
    CLOCK_JUMPED = "clock-jumped"


@dataclass(frozen=True, slots=True)
class Alarm:
    """``where``: which tray, piece, camera or job; ``detail``: the rest of the sentence. No personal data."""

    code: AlarmCode
    where: str = ""
    detail: str = ""


class Answer(StrEnum):
    """How an operator's command ended."""

    DONE = "done"
    REFUSED = "refused"
    WAITING = "waiting"
    """Accepted; it takes effect by itself when what is under way has ended."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to command ``command``. ``why`` names the rule in the way; ``subjects`` say which pieces, letters, trays …"""

    command: int
    answer: Answer
    why: str = ""
    subjects: tuple[str, ...] = ()


Action = (
    EndSet | Grant | Revoke | MachineCommand | SetMode | FeedLimit | SetTray | ResetCamera | PrintJobNow | Alarm | Reply
)


class Step(NamedTuple):
    """The answer to one event."""

    records: list[Record]
    actions: list[Action]
