"""Opens the database a ledger lives in: driver settings, schema migration, exclusive hold on a line. Decides nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool

from controller.ledger.errors import FaultCode, LedgerFault

BUSY_TIMEOUT_S: Final = 5.0
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def ledger_url(address: str | Path) -> URL:
    """Return the database URL of ``address``: a URL as it is, anything else as the path of an SQLite file.

    Raises:
        ValueError: a URL of another kind of database.
    """
    if isinstance(address, str) and "://" in address:
        url = make_url(address)
        if url.drivername.partition("+")[0] not in ("sqlite", "postgresql", "postgres"):
            raise ValueError(f"a ledger is kept in sqlite or postgresql, not in {url.drivername}")
        return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url
    return URL.create("sqlite", database=str(address))


def connect(address: str | Path) -> Engine:
    """Return an engine on the database at ``address``; nothing is created or checked yet."""
    url = ledger_url(address)
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, pool_size=4, max_overflow=4, pool_timeout=BUSY_TIMEOUT_S, connect_args={"connect_timeout": 5}
        )
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=4,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL loses the last commits at power loss (sqlite.org/pragma.html#pragma_synchronous)
        "secure_delete=ON",  # erased case data shall not survive in free pages
        "cache_size=-16000",
        "temp_store=MEMORY",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # The sqlite3 module would begin late and shared, so that two writers could both read the old head of the chain.
    options = connection.get_execution_options()
    if options.get("read_only", False):
        connection.exec_driver_sql("BEGIN")
        return
    # A picture that is overwritten ten times a second is no record: it must not make the line wait for the disk. The write-ahead log
    # keeps its order, so the next commit of the ledger makes whatever lies before it durable too.
    connection.exec_driver_sql(f"PRAGMA synchronous={'NORMAL' if options.get('unsynced', False) else 'FULL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest version, or create it. The caller holds the transaction.

    Raises:
        LedgerFault: SCHEMA, the database was written by a newer Letterline.
    """
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return
    try:
        script.get_revision(current or "base")
    except CommandError:
        raise LedgerFault(
            FaultCode.SCHEMA,
            f"this ledger has schema {current}, written by a newer Letterline; this one knows up to {script.get_current_head()}. Update it",
        ) from None
    from alembic import command

    command.upgrade(config, "head")


def try_exclusive(connection: Connection, line: str) -> bool:
    """On PostgreSQL take the session's advisory lock of ``line``; return whether it is ours now."""
    return bool(
        connection.execute(
            text("SELECT pg_try_advisory_lock(hashtext(:line))"), {"line": "letterline " + line}
        ).scalar()
    )
