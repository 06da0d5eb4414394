"""Rows of the partner API: partners, tokens, tenancies, kept answers, tracking uploads, webhooks. Plain reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from controller.ledger.station import schema

Row = Mapping[str, Any]


def _all(db: Connection, statement: Any) -> list[Row]:
    return [dict(row) for row in db.execute(statement).mappings()]


def _one(db: Connection, statement: Any) -> Row | None:
    row = db.execute(statement).mappings().first()
    return None if row is None else dict(row)


def _insert_once(db: Connection, table: Any, row: Row) -> bool:
    """Insert ``row``; False when its key is already there. A savepoint keeps the outer transaction usable."""
    try:
        with db.begin_nested():
            db.execute(insert(table).values(**row))
    except IntegrityError:
        return False
    return True


def add_partner(db: Connection, row: Row) -> bool:
    return _insert_once(db, schema.partners, row)


def find_partner(db: Connection, partner: str) -> Row | None:
    return _one(db, select(schema.partners).where(schema.partners.c.partner == partner))


def list_partners(db: Connection) -> list[Row]:
    return _all(db, select(schema.partners).order_by(schema.partners.c.partner))


def add_token(db: Connection, row: Row) -> None:
    db.execute(insert(schema.tokens).values(**row))


def find_token(db: Connection, key: str) -> Row | None:
    return _one(db, select(schema.tokens).where(schema.tokens.c.key == key))


def list_tokens(db: Connection) -> list[Row]:
    return _all(db, select(schema.tokens).order_by(schema.tokens.c.partner, schema.tokens.c.since_s))


def revoke_token(db: Connection, key_prefix: str) -> bool:
    """Revoke the one token whose key starts with ``key_prefix`` (at least 12 characters; the screens show no more)."""
    where = schema.tokens.c.key.startswith(key_prefix, autoescape=True)
    return bool(db.execute(update(schema.tokens).where(where).values(revoked=True)).rowcount)


def add_tenancy(db: Connection, partner: str, batch: int) -> None:
    _insert_once(db, schema.tenancies, {"partner": partner, "batch": batch})


def batches_of(db: Connection, partner: str) -> frozenset[int]:
    return frozenset(db.scalars(select(schema.tenancies.c.batch).where(schema.tenancies.c.partner == partner)))


def partners_of(db: Connection, batch: int) -> tuple[str, ...]:
    return tuple(db.scalars(select(schema.tenancies.c.partner).where(schema.tenancies.c.batch == batch)))


def find_answer(db: Connection, partner: str, key: str) -> Row | None:
    table = schema.answers
    return _one(db, select(table).where(table.c.partner == partner, table.c.idempotency_key == key))


def keep_answer(db: Connection, row: Row) -> bool:
    return _insert_once(db, schema.answers, row)


def add_tracking(db: Connection, rows: Sequence[Row]) -> int:
    """Insert uploads; return how many were new. A repeated (partner, event_id) is the same event told twice."""
    return sum(_insert_once(db, schema.tracking_uploads, row) for row in rows)


def tracking_of(db: Connection, partner: str, item: str) -> list[Row]:
    table = schema.tracking_uploads
    return _all(db, select(table).where(table.c.partner == partner, table.c.item == item).order_by(table.c.at))


def add_webhook(db: Connection, row: Row) -> int:
    result = db.execute(insert(schema.webhooks).values(**row).returning(schema.webhooks.c.number))
    return int(result.scalar_one())


def webhooks_of(db: Connection, partner: str) -> list[Row]:
    table = schema.webhooks
    return _all(db, select(table).where(table.c.partner == partner, table.c.active).order_by(table.c.number))


def find_webhook(db: Connection, number: int) -> Row | None:
    return _one(db, select(schema.webhooks).where(schema.webhooks.c.number == number))


def stop_webhook(db: Connection, partner: str, number: int) -> bool:
    table = schema.webhooks
    where = (table.c.partner == partner, table.c.number == number, table.c.active)
    return db.execute(update(table).where(*where).values(active=False)).rowcount == 1


def add_delivery(db: Connection, row: Row) -> bool:
    """Queue a delivery; False when this webhook already has this event."""
    return _insert_once(db, schema.deliveries, row)


def due_deliveries(db: Connection, now_s: int, limit: int = 20) -> list[Row]:
    table = schema.deliveries
    due = select(table).where(table.c.state == "waiting", table.c.next_at_s <= now_s)
    return _all(db, due.order_by(table.c.next_at_s, table.c.number).limit(limit))


def change_delivery(db: Connection, number: int, changes: Row) -> None:
    db.execute(update(schema.deliveries).where(schema.deliveries.c.number == number).values(**changes))


def list_deliveries(db: Connection, limit: int = 50) -> list[Row]:
    return _all(db, select(schema.deliveries).order_by(schema.deliveries.c.number.desc()).limit(limit))
