"""One line, one controller: an exclusive hold while the process lives, and an epoch that fences out whoever held the line before.

The hold (a locked file beside an SQLite ledger, a session lock in PostgreSQL) stops a second process on the same ledger at once. The
epoch is what is checked in every transaction: a controller that was cut off and comes back finds its epoch taken and stops (row 48).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError

from controller.ledger.connect import try_exclusive
from controller.ledger.errors import LedgerBusy
from controller.ledger.schema import LEASES


@dataclass(slots=True)
class Lease:
    """The right to write for ``line``, as long as ``epoch`` is the newest. Close it to let another process take the line."""

    line: str
    epoch: int
    _file: int | None = field(default=None, repr=False)
    _session: Connection | None = field(default=None, repr=False)

    def close(self) -> None:
        """Give the line back; idempotent."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._session is not None:
            # Let go at once: the server notices the end of a session only a moment later, and the next controller would find the line held.
            with contextlib.suppress(DBAPIError):
                self._session.execute(text("SELECT pg_advisory_unlock_all()"))
            # Back in the pool the session could take the lock along again: end it.
            self._session.invalidate()
            self._session.close()
            self._session = None


def take_line(engine: Engine, directory: Path | None, line: str, holder: str, at_unix_ns: int) -> Lease:
    """Take ``line`` for this process; every earlier lease of it is void from now on.

    Raises:
        LedgerBusy: a living process holds it.
    """
    file = _lock_file(directory, line) if directory is not None else None
    session = None
    if directory is None:
        session = engine.connect()
        with session.begin():
            ours = try_exclusive(session, line)
        if not ours:
            session.close()
            raise LedgerBusy(f"line {line!r} is run by another controller on this ledger. Stop that one first")
    with engine.begin() as connection:
        old = connection.execute(select(LEASES.c.epoch).where(LEASES.c.line == line)).scalar() or 0
        connection.execute(
            text(
                "INSERT INTO leases (line, epoch, holder, at_unix_ns) VALUES (:line, :epoch, :holder, :at) "
                "ON CONFLICT (line) DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder, at_unix_ns = excluded.at_unix_ns"
            ),
            {"line": line, "epoch": old + 1, "holder": holder, "at": at_unix_ns},
        )
    return Lease(line, int(old) + 1, file, session)


def _lock_file(directory: Path, line: str) -> int:
    path = directory / f"line-{line}.lock"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise LedgerBusy(
            f"line {line!r} is run by another controller ({path.name} is locked). Stop that one first"
        ) from None
    return file
