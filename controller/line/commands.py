"""What people may ask of a line: commands from the screens, the shell and the partner API. Frozen plain values.

``command`` is the number of the inbox row it came from; the answer (`controller.line.actions.Reply`) repeats it. ``badge`` is who asked,
``second`` the other person where two are needed; who may ask what was settled before it came here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartLine:
    """Bring the machine to Execute by whatever commands its state needs."""

    command: int
    badge: str


@dataclass(frozen=True, slots=True)
class HoldLine:
    command: int
    badge: str


@dataclass(frozen=True, slots=True)
class OpenTray:
    """Tray ``tray`` was put in place at the exit."""

    command: int
    badge: str
    tray: int


@dataclass(frozen=True, slots=True)
class CloseTray:
    """``weight_mg`` of all envelopes in the tray; 0: there is no scale."""

    command: int
    badge: str
    tray: int
    weight_mg: int = 0


@dataclass(frozen=True, slots=True)
class TrayAudit:
    """A person scanned every envelope of the tray through its window, and counted them separately."""

    command: int
    badge: str
    tray: int
    payloads: tuple[str, ...]
    counted: int


@dataclass(frozen=True, slots=True)
class HandOverTray:
    command: int
    badge: str
    tray: int


@dataclass(frozen=True, slots=True)
class TrayAccepted:
    """The post says it has the tray."""

    command: int
    badge: str
    tray: int


@dataclass(frozen=True, slots=True)
class CustodyScan:
    """A person holds a piece (or a sheet of it) that did not pass. With a ``reason`` it is voided at once."""

    command: int
    badge: str
    payload: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CustodyTyped:
    """As `CustodyScan` for paper whose mark cannot be read: two persons read the printed piece name."""

    command: int
    badge: str
    second: str
    uid: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VoidPiece:
    command: int
    badge: str
    uid: int
    reason: str


@dataclass(frozen=True, slots=True)
class SearchEnded:
    """Everything of the batch that was on the floor was looked for: what is still SUSPECT is not to be found."""

    command: int
    badge: str
    batch: int


@dataclass(frozen=True, slots=True)
class DestroyPiece:
    """One void piece, or one extra copy of it, was shredded before two persons, who counted its sheets (``sheets`` 0: all)."""

    command: int
    badge: str
    second: str
    uid: int
    sheets: int = 0


@dataclass(frozen=True, slots=True)
class DeclareLoss:
    """Two persons declare that a void piece cannot be found."""

    command: int
    badge: str
    second: str
    uid: int
    incident: str


@dataclass(frozen=True, slots=True)
class GiveUpJob:
    """Two persons declare that the paper of a print job will never come: its pieces that nobody has seen are void, and lost."""

    command: int
    badge: str
    second: str
    job: str
    incident: str


@dataclass(frozen=True, slots=True)
class RecallLetter:
    command: int
    badge: str
    letter: int


@dataclass(frozen=True, slots=True)
class FreeLetter:
    """Two persons decide that a held letter shall be posted."""

    command: int
    badge: str
    second: str
    letter: int


@dataclass(frozen=True, slots=True)
class ReturnedMail:
    """The post brought attempt ``uid`` back; ``reason`` is the keyword of the slip, ``photo_sha256`` names its photo ("" without)."""

    command: int
    badge: str
    uid: int
    reason: str
    photo_sha256: str = ""


@dataclass(frozen=True, slots=True)
class BypassCamera:
    """Two persons let the line run on although camera 1 or 2 reads badly, for 1 to 30 minutes."""

    command: int
    badge: str
    second: str
    camera: int
    minutes: int
    reason: str


@dataclass(frozen=True, slots=True)
class CloseBatch:
    command: int
    badge: str
    batch: int


Command = (
    StartLine
    | HoldLine
    | OpenTray
    | CloseTray
    | TrayAudit
    | HandOverTray
    | TrayAccepted
    | CustodyScan
    | CustodyTyped
    | VoidPiece
    | SearchEnded
    | DestroyPiece
    | DeclareLoss
    | GiveUpJob
    | RecallLetter
    | FreeLetter
    | ReturnedMail
    | BypassCamera
    | CloseBatch
)
