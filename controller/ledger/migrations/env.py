"""Runs the migrations on the connection `controller.ledger.connect` hands over. Run by Alembic only."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None, transactional_ddl=True)
context.run_migrations()
