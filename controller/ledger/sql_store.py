"""The store in a database: SQLite (one file, WAL, synchronous=FULL) or PostgreSQL, same tables, same code but for bulk writing.

Bulk statements go to the driver as they are: building them through SQLAlchemy's expressions cost four times the write itself (measured).
Any error of the driver is a `LedgerFault`: after a failed commit or fsync nobody knows what is on the disk.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from controller.ledger import projection
from controller.ledger.chain import genesis
from controller.ledger.connect import connect, ledger_url, migrate
from controller.ledger.errors import FaultCode, LedgerFault
from controller.ledger.projection import Key, StateRow
from controller.ledger.records import Event
from controller.ledger.schema import EVENTS, HEAD, INBOX, LEASES, NOTES, STATE_TABLES, STATES, StateTable
from controller.ledger.store import Finished, Standing, Writing

READ_ROWS: Final = 5_000
KEYS_PER_QUERY: Final = 500

_PG_TYPES: Final = {
    "letter": "bigint",
    "job": "text",
    "piece": "bigint",
    "tray": "int",
    "batch": "int",
    "state": "text",
    "seq": "bigint",
}
_EVENT_TYPES: Final = ("bigint", "bigint", "text", "int", "bigint", "bigint", "int", "text", "text", "bytea")


@contextmanager
def storage_faults() -> Iterator[None]:
    """Turn what the database driver raises into `LedgerFault`."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        raise LedgerFault(FaultCode.STORAGE, f"the ledger could not be read or written: {reason}") from error


class SqlStore:
    """One ledger in one database. Use from one thread at a time; other threads and processes open their own."""

    resident: projection.States | None = None

    def __init__(self, address: str | Path, *, new_id: str = "") -> None:
        """Open the database, creating or migrating it; ``new_id`` is the id of a ledger that is created (else a random one).

        Raises:
            LedgerFault: STORAGE when it cannot be opened, SCHEMA when it is newer than this program.
        """
        self.engine: Engine = connect(address)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self.path: Path | None = Path(str(ledger_url(address).database)) if self.is_sqlite else None
        with storage_faults():
            with self.engine.begin() as connection:
                migrate(connection)
                self.ledger_id = _found_or_new_id(connection, new_id)
            self._connection: Connection = self.engine.connect()
        self._bulk = _SqliteBulk() if self.is_sqlite else _PostgresBulk()

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        with storage_faults(), self._connection.begin():
            yield _SqlWriting(self._connection, self._bulk, is_sqlite=self.is_sqlite)

    def read(self, first_seq: int = 1, last_seq: int | None = None) -> Iterator[Event]:
        """Yield the events of that range in order, in one snapshot; raises `LedgerFault` when they cannot be read."""
        wanted = select(EVENTS).where(EVENTS.c.seq >= first_seq).order_by(EVENTS.c.seq)
        if last_seq is not None:
            wanted = wanted.where(EVENTS.c.seq <= last_seq)
        statement = str(wanted.compile(self.engine, compile_kwargs={"literal_binds": True}))
        with storage_faults(), self.engine.connect() as connection:
            connection = connection.execution_options(read_only=True)
            with connection.begin():
                yield from self._read_raw(connection, statement)

    def read_notes(self) -> Iterator[Event]:
        """Yield the events that are not about a single piece or letter, in order; few, found through their own index."""
        statement = str(select(EVENTS).where(text(NOTES)).order_by(EVENTS.c.seq).compile(self.engine))
        with storage_faults(), self.engine.connect() as connection:
            connection = connection.execution_options(read_only=True)
            with connection.begin():
                yield from self._read_raw(connection, statement)

    def _read_raw(self, connection: Connection, statement: str) -> Iterator[Event]:
        # The driver's own cursor: SQLAlchemy's rows cost more than the hash that is checked over them.
        raw = connection.connection.driver_connection
        assert raw is not None
        try:
            cursor = raw.execute(statement) if self.is_sqlite else _server_side(raw, statement)
            while rows := cursor.fetchmany(READ_ROWS):
                yield from map(Event._make, rows)
        except Exception as error:
            if isinstance(error, (GeneratorExit, LedgerFault)):
                raise
            raise LedgerFault(FaultCode.STORAGE, f"the ledger could not be read: {error}") from error

    def all_states(self) -> projection.States:
        with storage_faults(), self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            # The driver's own rows, as in `_read_raw`: a large batch has millions, and a restart waits for them.
            return {
                noun: {row[0]: row for row in raw.execute(str(select(table).compile(self.engine))).fetchall()}
                for noun, table in STATES.items()
            }

    @contextmanager
    def standing(self) -> Iterator[Standing]:
        with storage_faults(), self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None

            def rows(what: str) -> Any:
                return raw.execute(f"SELECT {what}")

            # One snapshot of all: what is written meanwhile is not seen.
            raw.execute("BEGIN" if self.is_sqlite else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            try:
                yield Standing(
                    batches=dict(rows("batch, state FROM batches").fetchall()),
                    trays=dict(rows("tray, state FROM trays").fetchall()),
                    jobs=dict(rows("job, state FROM print_jobs").fetchall()),
                    letters=rows("letter, state FROM letters ORDER BY letter"),
                    pieces=rows("piece, tray, state FROM pieces ORDER BY piece"),
                )
            finally:
                raw.rollback()

    def replace_states(self, states: projection.States) -> None:
        with storage_faults(), self._connection.begin():
            for table in STATES.values():
                self._connection.execute(delete(table))
            for spec in STATE_TABLES:
                self._bulk.put_states(self._connection, spec, list(states[spec.noun].values()))

    def free_bytes(self) -> int | None:
        if self.path is None:
            return None
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize

    def release_writer(self) -> None:
        """Give up the writing connection; the engine stays usable for questions."""
        self._connection.close()

    def close(self) -> None:
        self._connection.close()
        self.engine.dispose()


def _found_or_new_id(connection: Connection, new_id: str) -> str:
    found = connection.execute(select(HEAD.c.ledger_id)).scalar()
    if found is not None:
        return str(found)
    ledger_id = new_id or uuid.uuid4().hex
    connection.execute(insert(HEAD).values(id=1, ledger_id=ledger_id, seq=0, hash=genesis(ledger_id)))
    return ledger_id


def _server_side(raw: Any, statement: str) -> Any:
    cursor = raw.cursor(name="letterline_events")
    cursor.execute(statement, binary=True)
    return cursor


class _SqlWriting:
    """The open transaction of an `SqlStore`."""

    def __init__(self, connection: Connection, bulk: _SqliteBulk | _PostgresBulk, *, is_sqlite: bool) -> None:
        self._connection = connection
        self._bulk = bulk
        # SQLite has one writer at a time by BEGIN IMMEDIATE; PostgreSQL serialises writers on the head row.
        self._head_sql = "SELECT seq, hash FROM chain_head WHERE id = 1" + ("" if is_sqlite else " FOR UPDATE")

    def head(self) -> tuple[int, bytes]:
        row = self._connection.exec_driver_sql(self._head_sql).one()
        return int(row[0]), bytes(row[1])

    def lease_epoch(self, line: str) -> int:
        return int(self._connection.execute(select(LEASES.c.epoch).where(LEASES.c.line == line)).scalar() or 0)

    def states(self, noun: str, keys: Iterable[Key]) -> dict[Key, StateRow]:
        table = STATES[noun]
        key = table.c[next(spec.key for spec in STATE_TABLES if spec.noun == noun)]
        wanted = list(keys)
        found: dict[Key, StateRow] = {}
        for start in range(0, len(wanted), KEYS_PER_QUERY):
            rows = self._connection.execute(select(table).where(key.in_(wanted[start : start + KEYS_PER_QUERY]))).all()
            found.update((row[0], tuple(row)) for row in rows)
        return found

    def put(self, events: Sequence[Event], states: projection.States, finished: Sequence[Finished]) -> None:
        if events:
            self._bulk.add_events(self._connection, events)
            last = events[-1]
            self._connection.execute(_SET_HEAD, {"seq": last.seq, "hash": last.hash})
        for spec in STATE_TABLES:
            rows = states.get(spec.noun)
            if rows:
                self._bulk.put_states(self._connection, spec, list(rows.values()))
        for command_id, outcome, seq in finished:
            self._connection.execute(
                update(INBOX).where(INBOX.c.id == command_id).values(outcome=outcome, event_seq=seq)
            )


_SET_HEAD: Final = text("UPDATE chain_head SET seq = :seq, hash = :hash WHERE id = 1")


def _upsert(spec: StateTable, source: str) -> str:
    columns = (spec.key, *spec.carried, "state", "seq")
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    return f"INSERT INTO {spec.table} ({', '.join(columns)}) {source} ON CONFLICT ({spec.key}) DO UPDATE SET {updates}"


class _SqliteBulk:
    """Bulk writes as SQLite likes them: one prepared statement, many rows."""

    def __init__(self) -> None:
        self._add = f"INSERT INTO events VALUES ({', '.join('?' * len(Event._fields))})"
        self._put = {
            spec.noun: _upsert(spec, f"VALUES ({', '.join('?' * (len(spec.carried) + 3))})") for spec in STATE_TABLES
        }

    def add_events(self, connection: Connection, events: Sequence[Event]) -> None:
        connection.exec_driver_sql(self._add, list(events))

    def put_states(self, connection: Connection, spec: StateTable, rows: list[StateRow]) -> None:
        if rows:
            connection.exec_driver_sql(self._put[spec.noun], rows)


class _PostgresBulk:
    """Bulk writes as PostgreSQL likes them: one statement, one array a column."""

    def __init__(self) -> None:
        self._add = f"INSERT INTO events SELECT * FROM unnest({', '.join(f'%s::{name}[]' for name in _EVENT_TYPES)})"
        self._put = {}
        for spec in STATE_TABLES:
            arrays = ", ".join(f"%s::{_PG_TYPES[name]}[]" for name in (spec.key, *spec.carried, "state", "seq"))
            self._put[spec.noun] = _upsert(spec, f"SELECT * FROM unnest({arrays})")

    def add_events(self, connection: Connection, events: Sequence[Event]) -> None:
        connection.exec_driver_sql(self._add, tuple(map(list, zip(*events, strict=True))))

    def put_states(self, connection: Connection, spec: StateTable, rows: list[StateRow]) -> None:
        if rows:
            connection.exec_driver_sql(self._put[spec.noun], tuple(map(list, zip(*rows, strict=True))))
