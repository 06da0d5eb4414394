"""Case data: the personal part of the work, kept apart from the events so that it can be erased.

A case's key and content hash outlive the erasing (they are salted hashes made by the caller), because importing the same list twice
must be noticed even after the names are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, insert, select, update

from controller.ledger.schema import CASES
from controller.ledger.sql_store import KEYS_PER_QUERY, storage_faults


@dataclass(frozen=True, slots=True)
class StoredCase:
    """One case: ``document`` is its JSON, or None once erased; ``case_key`` and ``content_hash`` are salted hashes."""

    letter: int
    batch: int
    case_key: str
    content_hash: str
    document: str | None


class Cases:
    """The erasable table of cases; safe from any thread and process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, cases: Iterable[StoredCase]) -> None:
        """Store ``cases``; a letter that is already there is a `LedgerFault`, and none is stored then."""
        rows = [
            {
                "letter": case.letter,
                "batch": case.batch,
                "case_key": case.case_key,
                "content_hash": case.content_hash,
                "document": case.document,
            }
            for case in cases
        ]
        if rows:
            with storage_faults(), self._engine.begin() as connection:
                connection.execute(insert(CASES), rows)

    def get(self, letter: int) -> StoredCase | None:
        """Return the case of ``letter``, or None."""
        with storage_faults(), self._engine.connect() as connection:
            row = connection.execute(select(CASES).where(CASES.c.letter == letter)).one_or_none()
        return None if row is None else StoredCase(*row)

    def of_batch(self, batch: int) -> list[StoredCase]:
        """Return the cases of ``batch`` in letter order."""
        with storage_faults(), self._engine.connect() as connection:
            return [
                StoredCase(*row)
                for row in connection.execute(select(CASES).where(CASES.c.batch == batch).order_by(CASES.c.letter))
            ]

    def known(self, case_keys: Sequence[str], content_hashes: Sequence[str]) -> list[StoredCase]:
        """Return every stored case, erased or not, that has one of these keys or contents (fault matrix row 45)."""
        found: dict[int, StoredCase] = {}
        with storage_faults(), self._engine.connect() as connection:
            for column, wanted in ((CASES.c.case_key, case_keys), (CASES.c.content_hash, content_hashes)):
                for start in range(0, len(wanted), KEYS_PER_QUERY):
                    chosen = select(CASES).where(column.in_(wanted[start : start + KEYS_PER_QUERY]))
                    found.update((row[0], StoredCase(*row)) for row in connection.execute(chosen))
        return [found[letter] for letter in sorted(found)]

    def erase(self, batch: int) -> int:
        """Erase the personal data of ``batch``; return how many cases had any. The hashes stay.

        On SQLite the freed bytes are overwritten (secure_delete) and the write-ahead log is emptied; on PostgreSQL old row versions
        stay in the files until VACUUM has run, which this does not wait for.
        """
        with storage_faults(), self._engine.begin() as connection:
            chosen = update(CASES).where(CASES.c.batch == batch, CASES.c.document.is_not(None)).values(document=None)
            erased = int(connection.execute(chosen).rowcount)
        if self._engine.dialect.name == "sqlite":
            with storage_faults(), self._engine.connect() as connection:
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return erased
