"""Opening the station store, and the small things that belong to no other table: its secret, and the log of who signed in."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, event, insert, select
from sqlalchemy.exc import IntegrityError

from controller.ledger.connect import ledger_url
from controller.ledger.station import schema

BUSY_TIMEOUT_MS = 5000


class StationStoreTooNew(RuntimeError):
    """The store was written by a newer Letterline; this one must not touch it."""


class StationStore:
    """The station's database. Safe to use from many threads; every `begin` is one short transaction.

    ``url``: ``sqlite:///station.db`` on one machine, ``postgresql://…`` when stations share it.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(ledger_url(url), pool_size=16, max_overflow=48, pool_timeout=5)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
        schema.metadata.create_all(self._engine)
        self._check_version()

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Yield a connection inside one transaction; commit at the end, roll back on any error."""
        with self._engine.begin() as connection:
            yield connection

    def secret(self) -> bytes:
        """Return the 32 random bytes that sign form tokens, made once per store."""
        with self.begin() as db:
            found = db.scalar(select(schema.station_meta.c.value).where(schema.station_meta.c.key == "secret"))
        if found is not None:
            return bytes.fromhex(found)
        try:
            with self.begin() as db:
                db.execute(insert(schema.station_meta).values(key="secret", value=secrets.token_hex(32)))
        except IntegrityError:
            pass  # another process made it a moment ago: read theirs
        return self.secret()

    def note(self, at_s: int, what: str, badge: str, detail: str = "") -> None:
        """Write one line of the security log."""
        with self.begin() as db:
            db.execute(insert(schema.security_events).values(at_s=at_s, what=what, badge=badge, detail=detail))

    def notes(self, limit: int = 200) -> list[tuple[int, str, str, str]]:
        """Return (at_s, what, badge, detail) of the newest lines of the security log, newest first."""
        table = schema.security_events
        with self.begin() as db:
            rows = db.execute(select(table).order_by(table.c.number.desc()).limit(limit)).all()
        return [(row.at_s, row.what, row.badge, row.detail) for row in rows]

    def _check_version(self) -> None:
        with self.begin() as db:
            found = db.scalar(select(schema.station_meta.c.value).where(schema.station_meta.c.key == "version"))
            if found is None:
                db.execute(insert(schema.station_meta).values(key="version", value=str(schema.VERSION)))
        if found is not None and int(found) > schema.VERSION:
            raise StationStoreTooNew(
                f"the station store has version {found}, this Letterline knows {schema.VERSION}: install the newer Letterline"
            )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.close()
