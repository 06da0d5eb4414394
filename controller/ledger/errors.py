"""Why the ledger refuses. `LedgerFault` stops the line; the others refuse one request and leave the ledger as it was.

::

    LedgerError
    ├── LedgerFault      the ledger cannot vouch for itself: stop feeding, gate to reject, Aborted (invariant I9)
    ├── LedgerBusy       another process runs this line
    └── LedgerRefused    the request contradicts what is already written
"""

from __future__ import annotations

from enum import StrEnum


class FaultCode(StrEnum):
    """What went wrong with the ledger itself."""

    STORAGE = "storage"
    """A write, a commit or an fsync failed."""
    DISK_RESERVE = "disk-reserve"
    """Less free space than the reserve."""
    CHAIN = "chain"
    """A stored event does not have the hash it must have."""
    ROLLBACK = "rollback"
    """The witnessed checkpoint is newer than the database: an old copy was put back."""
    FENCED = "fenced"
    """Another controller has taken this line."""
    STATES = "states"
    """The state columns differ from what the events say."""
    SCHEMA = "schema"
    """The database was written by a newer version."""


class LedgerError(Exception):
    """Anything the ledger refuses."""


class LedgerFault(LedgerError):
    """The ledger cannot vouch for itself. After this every further call on the same `Ledger` fails in the same way."""

    def __init__(self, code: FaultCode, message: str, *, seq: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.seq = seq
        """The event it was found at; 0 when it is about no single event."""


class LedgerBusy(LedgerError):
    """Another process holds this line."""


class LedgerRefused(LedgerError):
    """The request contradicts what is already written; nothing was written."""
