"""What the screens read of the ledger, as plain values. Times are Unix nanoseconds, states are the names of design §5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from controller.service.commands import Inbox, Sent

EXCEPTION_STATES: Final = ("SUSPECT", "EXIT_UNKNOWN", "DIVERTED", "QUARANTINED", "VOID")
"""Where a piece waits for a hand, most urgent last step first. VOID waits to be destroyed."""

OUT_STATES: Final = ("IN_TRAY", "RELEASED", "ACCEPTED")
ENDED_STATES: Final = ("RELEASED", "ACCEPTED", "DESTROYED", "LOST", "NEVER_PRINTED")


@dataclass(frozen=True, slots=True)
class BatchView:
    """One batch: its letters and pieces per state, and where it stands. ``refused`` counts rows the intake sent back."""

    batch: int
    state: str
    letters: Mapping[str, int]
    pieces: Mapping[str, int]
    since_unix_ns: int
    client: str = ""
    refused: int = 0

    @property
    def letters_total(self) -> int:
        return sum(self.letters.values())

    @property
    def pieces_total(self) -> int:
        return sum(self.pieces.values())

    @property
    def balance(self) -> int:
        """Pieces minted that have no counted end yet; a batch closes only at 0 (I6)."""
        return self.pieces_total - sum(self.pieces.get(state, 0) for state in ENDED_STATES)


@dataclass(frozen=True, slots=True)
class PieceView:
    """One piece where it stands. ``reason`` is why it left the path, ``case_id`` the client's reference."""

    uid: int
    batch: int
    letter: int
    state: str
    tray: int
    job: str
    at_unix_ns: int
    reason: str = ""
    case_id: str = ""
    item_id: str = ""


@dataclass(frozen=True, slots=True)
class TrayView:
    """One tray. ``hold`` is why it may not leave, "" if it may."""

    tray: int
    batch: int
    state: str
    pieces: int
    hold: str
    at_unix_ns: int


@dataclass(frozen=True, slots=True)
class Moment:
    """One event. ``subject`` is the number of the batch, tray or letter it names when it is about no piece, else 0; ``job`` its print job."""

    seq: int
    at_unix_ns: int
    kind: str
    data: Mapping[str, object] = field(default_factory=dict)
    subject: int = 0
    job: str = ""


class LedgerDoor(Inbox, Protocol):
    """All that screens may read, and the one table they may write. Every call is short and safe from many threads."""

    def lines(self) -> tuple[str, ...]:
        """Return the lines that ever published a live picture."""

    def live(self, line: str) -> tuple[int, str] | None:
        """Return (published at, JSON of `LiveSnapshot`) of a line, or None."""

    def batches(self, limit: int = 50) -> tuple[BatchView, ...]:
        """Return the newest batches, newest first."""

    def batch(self, batch: int) -> BatchView | None: ...

    def unaccounted(self, batch: int, limit: int = 200) -> tuple[PieceView, ...]:
        """Return the pieces that keep this batch from balancing."""

    def pieces(self, states: tuple[str, ...], limit: int = 200) -> tuple[PieceView, ...]:
        """Return pieces in ``states``, oldest change first."""

    def piece(self, uid: int) -> PieceView | None: ...

    def find_item(self, item_id: str) -> PieceView | None:
        """Return the piece that carries this postal number."""

    def find_case(self, case_id: str) -> tuple[PieceView, ...]:
        """Return every attempt at the letter of this client's reference, newest last."""

    def timeline(self, uid: int) -> tuple[Moment, ...]: ...

    def trays(self, limit: int = 200) -> tuple[TrayView, ...]: ...

    def trays_to_hand_over(self, limit: int = 20) -> tuple[int, ...]:
        """Return the closed trays that may leave and that no carrier has signed for, by number."""

    def released(self, batch: int) -> tuple[PieceView, ...]:
        """Return the pieces of ``batch`` that left in closed trays."""

    def tray_pieces(self, tray: int) -> tuple[PieceView, ...]: ...

    def case(self, letter: int) -> Mapping[str, str]:
        """Return recipient, address and reference of a letter; empty when erased. Personal data: ask the right first."""

    def moments(
        self, kinds: tuple[str, ...], since_unix_ns: int, limit: int = 20_000
    ) -> tuple[tuple[int, Moment], ...]:
        """Return (piece uid or 0, event) of the given kinds since a time, oldest first."""

    def sent(self, limit: int = 100) -> tuple[Sent, ...]:
        """Return the newest commands, newest first."""
