"""Tables of the station store. Times are Unix seconds; lists and maps are JSON text."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

VERSION: Final = 1

metadata = MetaData()

station_meta = Table(
    "station_meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False)
)

people = Table(
    "people",
    metadata,
    Column("badge", String(32), primary_key=True),
    Column("name", String(60), nullable=False),
    Column("roles", Text, nullable=False),
    Column("language", String(2), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("pin_hash", Text, nullable=False),
    Column("wrong_pins", Integer, nullable=False),
    Column("locked_until_s", Integer, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("badge", String(32), nullable=False, index=True),
    Column("since_s", Integer, nullable=False),
    Column("last_input_s", Integer, nullable=False),
    Column("locked", Boolean, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("override", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("args", Text, nullable=False),
    Column("asked_by", String(32), nullable=False),
    Column("asked_at_s", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("decided_by", String(32), nullable=False),
    Column("decided_at_s", Integer, nullable=False),
)

security_events = Table(
    "security_events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at_s", Integer, nullable=False),
    Column("what", String(40), nullable=False),
    Column("badge", String(32), nullable=False),
    Column("detail", Text, nullable=False),
)

partners = Table(
    "partners",
    metadata,
    Column("partner", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("active", Boolean, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("partner", String(40), ForeignKey("partners.partner"), nullable=False, index=True),
    Column("label", String(60), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("since_s", Integer, nullable=False),
    Column("until_s", Integer, nullable=False),
    Column("revoked", Boolean, nullable=False),
)

tenancies = Table(
    "tenancies",
    metadata,
    Column("partner", String(40), ForeignKey("partners.partner"), primary_key=True),
    Column("batch", Integer, primary_key=True),
)

answers = Table(
    "answers",
    metadata,
    Column("partner", String(40), primary_key=True),
    Column("idempotency_key", String(80), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at_s", Integer, nullable=False),
)

tracking_uploads = Table(
    "tracking_uploads",
    metadata,
    Column("partner", String(40), primary_key=True),
    Column("event_id", String(80), primary_key=True),
    Column("item", String(13), nullable=False, index=True),
    Column("code", String(20), nullable=False),
    Column("at", String(40), nullable=False),
    Column("place", String(80), nullable=False),
    Column("received_s", Integer, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("partner", String(40), ForeignKey("partners.partner"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("active", Boolean, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("webhook", Integer, ForeignKey("webhooks.number"), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at_s", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("last_answer", Text, nullable=False),
    Index("deliveries_due", "state", "next_at_s"),
    Index("deliveries_once", "webhook", "event_id", unique=True),
)

template_releases = Table(
    "template_releases",
    metadata,
    Column("template", String(80), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("badge", String(32), nullable=False),
    Column("at_s", Integer, nullable=False),
)

training_results = Table(
    "training_results",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("badge", String(32), nullable=False),
    Column("story", String(40), nullable=False),
    Column("at_s", Integer, nullable=False),
    Column("result", Text, nullable=False),
)
