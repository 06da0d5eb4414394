"""Everything a line core may be told. Frozen plain values; times are µs of the device's clock unless named otherwise.

Machine events mirror docs/protocols/inserter.md section 4. ``seq`` is the device's event number in its epoch: an event that
comes again after a restart (the ring replays what was not acknowledged) carries the number it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.line.commands import (
    BypassCamera,
    CloseBatch,
    CloseTray,
    Command,
    CustodyScan,
    CustodyTyped,
    DeclareLoss,
    DestroyPiece,
    FreeLetter,
    GiveUpJob,
    HandOverTray,
    HoldLine,
    OpenTray,
    RecallLetter,
    ReturnedMail,
    SearchEnded,
    StartLine,
    TrayAccepted,
    TrayAudit,
    VoidPiece,
)
from controller.model import PrintJob

__all__ = [
    "BatchOpened",
    "BypassCamera",
    "CameraEvent",
    "CameraReset",
    "CloseBatch",
    "CloseTray",
    "Command",
    "CommandRefused",
    "CustodyScan",
    "CustodyTyped",
    "DeclareLoss",
    "DestroyPiece",
    "ExitRead",
    "Fault",
    "FrameGap",
    "Franked",
    "FreeLetter",
    "GateSet",
    "GiveUpJob",
    "HandOverTray",
    "HoldLine",
    "JobAbsent",
    "JobAccepted",
    "JobClaim",
    "JobDoubted",
    "JobPlanned",
    "LineEvent",
    "LinkLost",
    "LinkUp",
    "MachineEvent",
    "MachineState",
    "OpenTray",
    "PieceAtExit",
    "PieceExited",
    "PieceFormed",
    "PrintEvent",
    "RecallLetter",
    "RejectEye",
    "Removed",
    "Restarted",
    "ReturnedMail",
    "SearchEnded",
    "SheetFed",
    "SheetRead",
    "StackEnded",
    "StackLoaded",
    "StartLine",
    "Tick",
    "TrayAccepted",
    "TrayAudit",
    "TrayEye",
    "TrayPresence",
    "VoidPiece",
]

# --- the machine ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link to the machine stands; every machine event from now on belongs to ``epoch``."""

    epoch: int


@dataclass(frozen=True, slots=True)
class LinkLost:
    """No valid frame for 300 ms, or a command remained without answer: what happened to it is unknown."""

    why: str = ""


@dataclass(frozen=True, slots=True)
class MachineState:
    """State number, mode number and reason number as published."""

    seq: int
    state: int
    mode: int
    reason: int


@dataclass(frozen=True, slots=True)
class SheetFed:
    """A sheet passed the sheet camera. ``thickness_um`` 0: no sensor."""

    seq: int
    sheet_no: int
    stack_no: int
    trigger: int
    thickness_um: int
    double: bool


@dataclass(frozen=True, slots=True)
class StackLoaded:
    seq: int
    stack_no: int


@dataclass(frozen=True, slots=True)
class StackEnded:
    """The last sheet of the stack has passed the sheet camera."""

    seq: int
    stack_no: int


@dataclass(frozen=True, slots=True)
class PieceFormed:
    """The machine folded and enveloped sheets ``first_sheet`` … ``last_sheet``. ``undecided``: it closed the set by itself."""

    seq: int
    piece_no: int
    first_sheet: int
    last_sheet: int
    undecided: bool


@dataclass(frozen=True, slots=True)
class Franked:
    """The franking head had the envelope. ``outcome``: 0 nothing printed, 1 printed and ``amount`` booked, 2 printed, amount not confirmed."""

    seq: int
    piece_no: int
    amount: int
    outcome: int


@dataclass(frozen=True, slots=True)
class PieceAtExit:
    """The exit camera was fired; the gate is set at ``gate_at_us``. ``weight_mg`` 0: no scale."""

    seq: int
    piece_no: int
    trigger: int
    gate_at_us: int
    weight_mg: int


@dataclass(frozen=True, slots=True)
class GateSet:
    """``passing``: the gate opened. ``why``: 0 token, 1 no token, 2 expired, 3 not in Execute, 4 purge."""

    seq: int
    piece_no: int
    passing: bool
    why: int


@dataclass(frozen=True, slots=True)
class TrayEye:
    """``piece_no`` 0: the device expected nothing there. ``count`` is the eye's own count for ``tray``."""

    seq: int
    piece_no: int
    tray: int
    count: int


@dataclass(frozen=True, slots=True)
class RejectEye:
    seq: int
    piece_no: int
    count: int


@dataclass(frozen=True, slots=True)
class PieceExited:
    """Which eyes saw the piece, after both had their time."""

    seq: int
    piece_no: int
    tray: bool
    reject: bool


@dataclass(frozen=True, slots=True)
class Fault:
    seq: int
    reason: int
    zone: int
    active: bool


@dataclass(frozen=True, slots=True)
class TrayPresence:
    seq: int
    tray: int
    present: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """Pieces or sheets the device no longer finds after a cover was open."""

    seq: int
    zone: int
    count: int


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """The machine answered a command with another code than OK (docs/protocols/inserter.md section 3)."""

    command: str
    number: int
    code: int


# --- the cameras ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetRead:
    """Every different mark payload in the frame of sheet trigger ``trigger``; empty: nothing could be read."""

    trigger: int
    payloads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExitRead:
    """What the exit frame of ``trigger`` shows: different mark payloads, item codes, and whether the address lies in the window.

    ``address_ok`` None: not judged.
    """

    trigger: int
    payloads: tuple[str, ...]
    items: tuple[str, ...]
    address_ok: bool | None = None


@dataclass(frozen=True, slots=True)
class FrameGap:
    """Camera 1 or 2 lost frames, was restarted, or counts otherwise than the machine: its trigger numbers mean nothing now."""

    camera: int


@dataclass(frozen=True, slots=True)
class CameraReset:
    """Camera 1 or 2 counts from 1 again: its next frame will be trigger 1."""

    camera: int


# --- the batch and the printers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BatchOpened:
    """A case file was accepted. ``held``: letters that must wait for two persons, with the reason."""

    batch: int
    letters: tuple[int, ...]
    held: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class JobPlanned:
    """A rendered print job is to be printed; its pieces are in the order of the paper."""

    job: PrintJob


@dataclass(frozen=True, slots=True)
class JobAccepted:
    """Queue ``queue`` has the job under its number ``queue_job``."""

    job: str
    queue_job: int
    queue: str = ""


@dataclass(frozen=True, slots=True)
class JobClaim:
    """The queue says the job is completed after ``impressions`` (0: it does not say)."""

    job: str
    impressions: int


@dataclass(frozen=True, slots=True)
class JobDoubted:
    """The queue restarted, lost, aborted or repeated the job: nobody knows which of its sheets exist, or how often."""

    job: str
    why: str


@dataclass(frozen=True, slots=True)
class JobAbsent:
    """The queue answers that it has never had the job (asked after a crash between intent and call)."""

    job: str


# --- time -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tick:
    """``now_us`` is the device clock as the driver estimates it (monotonic within an epoch); at least 20 a second on a live line."""

    now_us: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """A controller took the line over and restored the core from the ledger; nothing it does not say is known."""


MachineEvent = (
    LinkUp
    | LinkLost
    | MachineState
    | SheetFed
    | StackLoaded
    | StackEnded
    | PieceFormed
    | Franked
    | PieceAtExit
    | GateSet
    | TrayEye
    | RejectEye
    | PieceExited
    | Fault
    | TrayPresence
    | Removed
    | CommandRefused
)
CameraEvent = SheetRead | ExitRead | FrameGap | CameraReset
PrintEvent = BatchOpened | JobPlanned | JobAccepted | JobClaim | JobDoubted | JobAbsent
LineEvent = MachineEvent | CameraEvent | PrintEvent | Command | Tick | Restarted
