"""What may be erased (cases), what operators ask for (inbox), what screens show (live)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("letter", BIG, primary_key=True, autoincrement=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("case_key", sa.String, nullable=False),
        sa.Column("content_hash", sa.String, nullable=False),
        sa.Column("document", sa.Text),
    )
    op.create_index("cases_by_key", "cases", ["case_key"])
    op.create_index("cases_by_batch", "cases", ["batch"])
    op.create_index("cases_by_content", "cases", ["content_hash"])
    op.create_table(
        "inbox",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("line", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("badge", sa.String, nullable=False),
        sa.Column("arguments", sa.Text, nullable=False),
        sa.Column("at_unix_ns", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("event_seq", sa.BigInteger),
    )
    still_open = sa.text("outcome IS NULL")
    op.create_index("inbox_open", "inbox", ["line", "id"], sqlite_where=still_open, postgresql_where=still_open)
    op.create_table(
        "live",
        sa.Column("line", sa.String, primary_key=True),
        sa.Column("at_unix_ns", sa.BigInteger, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
    )
