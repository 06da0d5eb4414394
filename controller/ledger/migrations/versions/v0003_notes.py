"""An index over the events that are not about a single piece or letter: a line is restored from them in seconds, however large the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NOTES = "substr(kind, 1, 6) <> 'piece.' AND substr(kind, 1, 7) <> 'letter.'"


def upgrade() -> None:
    few = sa.text(NOTES)
    op.create_index("events_notes", "events", ["seq"], sqlite_where=few, postgresql_where=few)
