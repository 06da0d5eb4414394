"""Ledgers written by older versions open, keep every event and hash, and gain what is new."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from ledger_stores import NOW, opened, uid
from sqlalchemy import inspect

from controller.ledger.records import Record
from controller.ledger.schema import METADATA

VECTORS = Path(__file__).parents[1] / "vectors" / "ledger"
HEADS = {"schema-0001.db": (30, "4878f9de6ee8412e8b5e256760ba05986688fb4cebce603651b55a46e5d99a82")}


@pytest.mark.parametrize("name", sorted(HEADS))
def test_a_stored_old_ledger_opens_with_the_hashes_it_had(tmp_path, name):
    shutil.copy(VECTORS / name, tmp_path / "ledger.db")
    with opened(tmp_path / "ledger.db") as books:
        assert (books.ledger.seq, books.ledger.hash.hex()) == HEADS[name]
        books.ledger.check_states()
        books.ledger.append([Record("piece.released", piece=uid(1))], NOW)
        books.inbox.ask("A", "hold", "b-1", {}, NOW)
        assert books.ledger.verify() == HEADS[name][0] + 1


@pytest.mark.parametrize("name", [*sorted(HEADS), ""])
def test_migrations_end_in_the_tables_the_program_believes_in(tmp_path, name):
    path = tmp_path / "ledger.db"
    if name:
        shutil.copy(VECTORS / name, path)
    with opened(path) as books:
        found = inspect(books.engine)
        assert set(found.get_table_names()) == {*METADATA.tables, "alembic_version"}
        for table in METADATA.tables.values():
            assert [column["name"] for column in found.get_columns(table.name)] == [
                column.name for column in table.columns
            ]
            assert {index["name"] for index in found.get_indexes(table.name)} == {index.name for index in table.indexes}


def test_the_append_only_triggers_survive_migration(tmp_path):
    shutil.copy(VECTORS / "schema-0001.db", tmp_path / "ledger.db")
    with opened(tmp_path / "ledger.db"):
        pass
    with sqlite3.connect(tmp_path / "ledger.db") as raw, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        raw.execute("DELETE FROM events")
    raw.close()
