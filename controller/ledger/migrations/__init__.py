"""Schema migrations of the ledger (Alembic). A released migration is never edited; stored old databases in tests/vectors/ledger prove it."""
