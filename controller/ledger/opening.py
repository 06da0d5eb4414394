"""Opens a ledger for use: `open_ledger` for the process that writes, `open_desk` for screens and the shell, which only ask.

An address is the path of an SQLite file or a database URL such as ``postgresql://user@host/database``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from controller.ledger.cases import Cases
from controller.ledger.checkpoint import WitnessFile
from controller.ledger.connect import ledger_url
from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.inbox import Inbox
from controller.ledger.lease import Lease, take_line
from controller.ledger.ledger import DISK_RESERVE_BYTES, VERIFY_AT_OPEN_EVENTS, WITNESS_PATIENCE_NS, Ledger
from controller.ledger.queries import Queries
from controller.ledger.sql_store import SqlStore, storage_faults
from controller.states import advance


@dataclass(slots=True)
class Desk:
    """What a process that is not the line may use: questions, commands to lines, case data."""

    engine: Engine
    inbox: Inbox = field(init=False)
    cases: Cases = field(init=False)
    queries: Queries = field(init=False)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.engine)
        self.cases = Cases(self.engine)
        self.queries = Queries(self.engine)

    def close(self) -> None:
        """Release the connections; idempotent."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True)
class OpenLedger(Desk):
    """A ledger that may be written, beside all that a desk offers."""

    ledger: Ledger = field(kw_only=True)
    directory: Path | None = field(kw_only=True)
    """Where the locks of lines lie; None when the database itself holds them."""

    def take_line(self, line: str, holder: str, at_unix_ns: int) -> Lease:
        """Take ``line`` for this process and fence out whoever ran it before; raises `LedgerBusy` when that one lives."""
        with storage_faults():
            return take_line(self.engine, self.directory, line, holder, at_unix_ns)

    def close(self) -> None:
        """Write the witness and release everything; idempotent."""
        self.ledger.close()
        self.engine.dispose()


def open_ledger(
    address: str | Path,
    *,
    witness: Path | None = None,
    disk_reserve_bytes: int = DISK_RESERVE_BYTES,
    verify_events: int | None = VERIFY_AT_OPEN_EVENTS,
) -> OpenLedger:
    """Open the ledger at ``address`` for writing, creating it when there is none, and check it before anything else.

    ``witness`` is the file of the witnessed checkpoint; for an SQLite ledger it lies beside the database unless said otherwise.
    One that lies elsewhere may be away for eight hours once the ledger is open, but must be there when it is opened.

    Raises:
        LedgerFault: it cannot be opened, is newer than this program, was altered, or is older than its witness.
    """
    if witness is not None and not witness.parent.is_dir():
        raise LedgerFault(
            FaultCode.ROLLBACK,
            f"{witness.parent}: 见证文件的目录不在 / the folder of the witness is not there, so nobody can tell whether this ledger is the newest: mount it",
        )
    patience_ns = 0 if witness is None else WITNESS_PATIENCE_NS
    store = SqlStore(address)
    try:
        if witness is None and store.path is not None:
            witness = store.path.with_suffix(".witness")
        ledger = Ledger(
            store,
            advance,
            witness=None if witness is None else WitnessFile(witness),
            witness_patience_ns=patience_ns,
            disk_reserve_bytes=disk_reserve_bytes,
            verify_events=verify_events,
        )
    except BaseException:
        store.close()
        raise
    if verify_events:
        ledger.verify_older()
    return OpenLedger(store.engine, ledger=ledger, directory=store.path.parent if store.path else None)


def open_desk(address: str | Path) -> Desk:
    """Open the ledger at ``address`` for questions and commands; it must exist.

    Raises:
        FileNotFoundError: there is no such ledger file.
        LedgerFault: it cannot be opened.
    """
    url = ledger_url(address)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise FileNotFoundError(f"there is no ledger at {url.database}")
    store = SqlStore(address)
    store.release_writer()
    return Desk(store.engine)
