"""Events, the head of their chain, the states that follow from them, and line leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _events()
    op.create_table(
        "chain_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ledger_id", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("line", sa.String, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("at_unix_ns", sa.BigInteger, nullable=False),
    )
    _states()
    _append_only()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", BIG, primary_key=True, autoincrement=False),
        sa.Column("at_unix_ns", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("letter", sa.BigInteger, nullable=False),
        sa.Column("piece", sa.BigInteger, nullable=False),
        sa.Column("tray", sa.Integer, nullable=False),
        sa.Column("job", sa.String, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    about_piece, about_letter = sa.text("piece != 0"), sa.text("letter != 0")
    op.create_index("events_by_piece", "events", ["piece"], sqlite_where=about_piece, postgresql_where=about_piece)
    op.create_index("events_by_letter", "events", ["letter"], sqlite_where=about_letter, postgresql_where=about_letter)


def _states() -> None:
    integer, text, big = sa.Integer, sa.String, sa.BigInteger
    for table, key, key_type, carried in (
        ("letters", "letter", BIG, ()),
        ("pieces", "piece", BIG, (("tray", integer), ("job", text))),
        ("trays", "tray", integer, (("batch", integer),)),
        ("batches", "batch", integer, ()),
        ("print_jobs", "job", text, (("batch", integer),)),
    ):
        op.create_table(
            table,
            sa.Column(key, key_type, primary_key=True, autoincrement=False),
            *(sa.Column(name, kind, nullable=False) for name, kind in carried),
            sa.Column("state", sa.String, nullable=False),
            sa.Column("seq", big, nullable=False),
        )
    in_tray = sa.text("tray != 0")
    op.create_index("pieces_by_tray", "pieces", ["tray"], sqlite_where=in_tray, postgresql_where=in_tray)


def _append_only() -> None:
    """Refuse change and removal inside the database too: a bug of ours or a hand at the console must break something to alter history."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events "
                "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change()"
    )
