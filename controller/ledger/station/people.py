"""Rows of people, signed-in screens and approvals. Plain reads and writes; every rule is in `controller.service`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from controller.ledger.station import schema

Row = Mapping[str, Any]


def _all(db: Connection, statement: Any) -> list[Row]:
    return [dict(row) for row in db.execute(statement).mappings()]


def _one(db: Connection, statement: Any) -> Row | None:
    row = db.execute(statement).mappings().first()
    return None if row is None else dict(row)


def count_people(db: Connection) -> int:
    return int(db.scalar(select(func.count()).select_from(schema.people)) or 0)


def add_person(db: Connection, row: Row) -> bool:
    """Insert a person; False when the badge is taken."""
    try:
        with db.begin_nested():
            db.execute(insert(schema.people).values(**row))
    except IntegrityError:
        return False
    return True


def find_person(db: Connection, badge: str) -> Row | None:
    return _one(db, select(schema.people).where(schema.people.c.badge == badge))


def list_people(db: Connection) -> list[Row]:
    return _all(db, select(schema.people).order_by(schema.people.c.badge))


def change_person(db: Connection, badge: str, changes: Row) -> bool:
    return db.execute(update(schema.people).where(schema.people.c.badge == badge).values(**changes)).rowcount == 1


def add_session(db: Connection, row: Row) -> None:
    db.execute(insert(schema.sessions).values(**row))


def find_session(db: Connection, key: str) -> Row | None:
    return _one(db, select(schema.sessions).where(schema.sessions.c.key == key))


def list_sessions(db: Connection, keys: Collection[str]) -> list[Row]:
    """Return the sessions of ``keys``, each with ``active`` of its person; a session or a person that is gone is left out."""
    joined = select(schema.sessions, schema.people.c.active).join(
        schema.people, schema.people.c.badge == schema.sessions.c.badge
    )
    return _all(db, joined.where(schema.sessions.c.key.in_(keys)))


def change_session(db: Connection, key: str, changes: Row) -> None:
    db.execute(update(schema.sessions).where(schema.sessions.c.key == key).values(**changes))


def end_session(db: Connection, key: str) -> None:
    db.execute(delete(schema.sessions).where(schema.sessions.c.key == key))


def end_sessions_of(db: Connection, badge: str) -> int:
    return int(db.execute(delete(schema.sessions).where(schema.sessions.c.badge == badge)).rowcount)


def end_sessions_before(db: Connection, since_s: int) -> None:
    db.execute(delete(schema.sessions).where(schema.sessions.c.since_s < since_s))


def add_approval(db: Connection, row: Row) -> int:
    result = db.execute(insert(schema.approvals).values(**row).returning(schema.approvals.c.number))
    return int(result.scalar_one())


def find_approval(db: Connection, number: int) -> Row | None:
    return _one(db, select(schema.approvals).where(schema.approvals.c.number == number))


def list_approvals(db: Connection, limit: int = 100) -> list[Row]:
    return _all(db, select(schema.approvals).order_by(schema.approvals.c.number.desc()).limit(limit))


def decide_approval(db: Connection, number: int, changes: Row) -> bool:
    """Write the decision if none is there yet; False when somebody was faster."""
    table = schema.approvals
    claim = update(table).where(table.c.number == number, table.c.state == "waiting").values(**changes)
    return db.execute(claim).rowcount == 1


def add_release(db: Connection, row: Row) -> None:
    db.execute(insert(schema.template_releases).values(**row))


def list_releases(db: Connection) -> list[Row]:
    return _all(db, select(schema.template_releases).order_by(schema.template_releases.c.at_s.desc()))


def add_training_result(db: Connection, row: Row) -> None:
    db.execute(insert(schema.training_results).values(**row))


def list_training_results(db: Connection, limit: int = 20) -> list[Row]:
    return _all(db, select(schema.training_results).order_by(schema.training_results.c.number.desc()).limit(limit))
