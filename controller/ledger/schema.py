"""The tables of the ledger as the newest migration leaves them. Meaning of each column; how they come to be is in ``migrations/``.

Two kinds of table. ``events`` is the truth: rows are only ever added (triggers refuse anything else). All others follow from it or
serve it: the state tables are the events folded through the state tables of `controller.states`; ``cases`` holds what may be erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

# SQLite makes a rowid alias only of a column whose type reads exactly INTEGER; PostgreSQL needs 64 bits.
Big: Final = BigInteger().with_variant(Integer(), "sqlite")

METADATA: Final = MetaData()

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("at_unix_ns", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("letter", BigInteger, nullable=False),
    Column("piece", BigInteger, nullable=False),
    Column("tray", Integer, nullable=False),
    Column("job", String, nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
Index("events_by_piece", EVENTS.c.piece, sqlite_where=EVENTS.c.piece != 0, postgresql_where=EVENTS.c.piece != 0)
Index("events_by_letter", EVENTS.c.letter, sqlite_where=EVENTS.c.letter != 0, postgresql_where=EVENTS.c.letter != 0)

NOTES: Final = "substr(kind, 1, 6) <> 'piece.' AND substr(kind, 1, 7) <> 'letter.'"
"""Picks the few events that are not about a single piece or letter: what a line core is restored from, beside the state tables."""
Index("events_notes", EVENTS.c.seq, sqlite_where=text(NOTES), postgresql_where=text(NOTES))

HEAD: Final = Table(
    "chain_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("ledger_id", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

LEASES: Final = Table(
    "leases",
    METADATA,
    Column("line", String, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", String, nullable=False),
    Column("at_unix_ns", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StateTable:
    """Where the current state of one noun is kept. ``carried`` ids are overwritten by every event that names them."""

    noun: str
    table: str
    key: str
    carried: tuple[str, ...]


STATE_TABLES: Final = (
    StateTable("letter", "letters", "letter", ()),
    StateTable("piece", "pieces", "piece", ("tray", "job")),
    StateTable("tray", "trays", "tray", ("batch",)),
    StateTable("batch", "batches", "batch", ()),
    StateTable("job", "print_jobs", "job", ("batch",)),
)

_TYPES: Final[dict[str, Any]] = {"batch": Integer, "letter": Big, "piece": Big, "tray": Integer, "job": String}


def _state_table(spec: StateTable) -> Table:
    return Table(
        spec.table,
        METADATA,
        Column(spec.key, _TYPES[spec.key], primary_key=True, autoincrement=False),
        *(Column(name, _TYPES[name], nullable=False) for name in spec.carried),
        Column("state", String, nullable=False),
        Column("seq", BigInteger, nullable=False),
    )


STATES: Final = {spec.noun: _state_table(spec) for spec in STATE_TABLES}
LETTERS, PIECES, TRAYS = STATES["letter"], STATES["piece"], STATES["tray"]
BATCHES, PRINT_JOBS = STATES["batch"], STATES["job"]
Index("pieces_by_tray", PIECES.c.tray, sqlite_where=PIECES.c.tray != 0, postgresql_where=PIECES.c.tray != 0)

CASES: Final = Table(
    "cases",
    METADATA,
    Column("letter", Big, primary_key=True, autoincrement=False),
    Column("batch", Integer, nullable=False),
    Column("case_key", String, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("document", Text),
)
Index("cases_by_key", CASES.c.case_key)
Index("cases_by_batch", CASES.c.batch)
Index("cases_by_content", CASES.c.content_hash)

INBOX: Final = Table(
    "inbox",
    METADATA,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("line", String, nullable=False),
    Column("name", String, nullable=False),
    Column("badge", String, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("at_unix_ns", BigInteger, nullable=False),
    Column("outcome", Text),
    Column("event_seq", BigInteger),
)
Index(
    "inbox_open",
    INBOX.c.line,
    INBOX.c.id,
    sqlite_where=INBOX.c.outcome.is_(None),
    postgresql_where=INBOX.c.outcome.is_(None),
)

LIVE: Final = Table(
    "live",
    METADATA,
    Column("line", String, primary_key=True),
    Column("at_unix_ns", BigInteger, nullable=False),
    Column("snapshot", Text, nullable=False),
)
