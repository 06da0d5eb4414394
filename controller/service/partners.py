"""Partners: who may ask what about which batches, by token. Joins the partner rules to the station store.

A token is shown once and kept as its SHA-256. A partner sees only the batches it was given: what belongs to somebody else answers
exactly like what does not exist.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from controller.ledger.station import StationStore
from controller.ledger.station import partners as rows
from controller.service.sessions import key_of

TOKEN_LIFE_S: Final = 365 * 86400
WEBHOOKS_MAX: Final = 10
ATTEMPTS_MAX: Final = 8
FIRST_RETRY_S: Final = 10
_PARTNER: Final = re.compile(r"^[a-z][a-z0-9-]{1,38}$")


class Scope(StrEnum):
    MANIFEST_READ = "manifest:read"
    ACK_WRITE = "ack:write"
    TRACKING_WRITE = "tracking:write"
    RECALL_WRITE = "recall:write"
    WEBHOOKS = "webhooks"


class PartnerRefused(ValueError):
    """A change that may not be made. ``code`` names it for the screens."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the partner API, and what the token allows."""

    partner: str
    scopes: frozenset[Scope]
    batches: frozenset[int]


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer given to an idempotency key before."""

    request_sha256: str
    status: int
    body: str


class Partners:
    """Partners, tokens, tenancies, kept answers, webhooks. Safe from many threads; ``clock`` gives Unix seconds."""

    def __init__(self, store: StationStore, clock: Callable[[], float], *, local_webhooks: bool = False) -> None:
        self._store, self._clock, self._local = store, clock, local_webhooks

    # --- who -----------------------------------------------------------------------------------------------------

    def add(self, partner: str, name: str) -> None:
        """Add a partner.

        Raises:
            PartnerRefused: the short name is not one or is taken, or the name is empty.
        """
        if not _PARTNER.match(partner) or not 1 <= len(name.strip()) <= 80:
            raise PartnerRefused("partner", "a short name is 2 to 39 of a-z, 0-9 and '-', and a partner has a name")
        with self._store.begin() as db:
            if not rows.add_partner(db, {"partner": partner, "name": name.strip(), "active": True}):
                raise PartnerRefused("partner", f"{partner} is there already")

    def list(self) -> Sequence[Mapping[str, Any]]:
        with self._store.begin() as db:
            return [{**one, "batches": sorted(rows.batches_of(db, one["partner"]))} for one in rows.list_partners(db)]

    def tokens(self) -> Sequence[Mapping[str, Any]]:
        with self._store.begin() as db:
            return [{**one, "scopes": json.loads(one["scopes"])} for one in rows.list_tokens(db)]

    def make_token(self, partner: str, label: str, scopes: Sequence[Scope], *, by: str) -> str:
        """Make a token and return it; it is shown now and never again.

        Raises:
            PartnerRefused: no such partner, or no scope.
        """
        if not scopes:
            raise PartnerRefused("scopes", "choose at least one right of the token")
        token, now_s = "llp_" + secrets.token_urlsafe(32), int(self._clock())
        with self._store.begin() as db:
            if rows.find_partner(db, partner) is None:
                raise PartnerRefused("partner", f"there is no partner {partner}")
            rows.add_token(
                db,
                {
                    "key": key_of(token),
                    "partner": partner,
                    "label": label.strip()[:60],
                    "scopes": json.dumps(sorted(scopes)),
                    "since_s": now_s,
                    "until_s": now_s + TOKEN_LIFE_S,
                    "revoked": False,
                },
            )
        self._store.note(now_s, "token-made", by, f"{partner} {' '.join(sorted(scopes))}")
        return token

    def revoke_token(self, key_prefix: str, *, by: str) -> bool:
        if len(key_prefix) < 12:
            return False
        with self._store.begin() as db:
            revoked = rows.revoke_token(db, key_prefix)
        self._store.note(int(self._clock()), "token-revoked", by, key_prefix)
        return revoked

    def give_batch(self, partner: str, batch: int) -> None:
        """Let ``partner`` see ``batch``.

        Raises:
            PartnerRefused: no such partner.
        """
        with self._store.begin() as db:
            if rows.find_partner(db, partner) is None:
                raise PartnerRefused("partner", f"there is no partner {partner}")
            rows.add_tenancy(db, partner, batch)

    def caller(self, token: str) -> Caller | None:
        """Return who holds ``token``; None when it is unknown, revoked or too old."""
        with self._store.begin() as db:
            row = rows.find_token(db, key_of(token))
            if row is None or row["revoked"] or row["until_s"] <= self._clock():
                return None
            partner = rows.find_partner(db, row["partner"])
            if partner is None or not partner["active"]:
                return None
            batches = rows.batches_of(db, row["partner"])
        return Caller(row["partner"], frozenset(Scope(one) for one in json.loads(row["scopes"])), batches)

    # --- the same request twice ----------------------------------------------------------------------------------

    def kept_answer(self, partner: str, key: str) -> Kept | None:
        with self._store.begin() as db:
            row = rows.find_answer(db, partner, key)
        return None if row is None else Kept(row["request_sha256"], row["status"], row["body"])

    def keep_answer(self, partner: str, key: str, request_sha256: str, status: int, body: str) -> None:
        with self._store.begin() as db:
            rows.keep_answer(
                db,
                {
                    "partner": partner,
                    "idempotency_key": key,
                    "request_sha256": request_sha256,
                    "status": status,
                    "body": body,
                    "at_s": int(self._clock()),
                },
            )

    # --- tracking ------------------------------------------------------------------------------------------------

    def add_tracking(self, partner: str, events: Sequence[Mapping[str, str]]) -> int:
        """Store tracking events, raw; return how many were new."""
        now_s = int(self._clock())
        wanted = ("event_id", "item", "code", "at", "place")
        with self._store.begin() as db:
            return rows.add_tracking(
                db,
                [
                    {"partner": partner, "received_s": now_s, **{key: one.get(key, "") for key in wanted}}
                    for one in events
                ],
            )

    def tracking(self, partner: str, item: str) -> Sequence[Mapping[str, Any]]:
        with self._store.begin() as db:
            found = rows.tracking_of(db, partner, item)
        return [{key: one[key] for key in ("event_id", "code", "at", "place")} for one in found]

    # --- webhooks ------------------------------------------------------------------------------------------------

    def add_webhook(self, partner: str, url: str) -> tuple[int, str]:
        """Register a webhook; return (number, secret). The secret is shown once.

        Raises:
            PartnerRefused: the address may not be called, or there are ten already.
        """
        check_webhook_url(url, local=self._local)
        secret = secrets.token_bytes(32)
        with self._store.begin() as db:
            if len(rows.webhooks_of(db, partner)) >= WEBHOOKS_MAX:
                raise PartnerRefused("webhooks", f"a partner has at most {WEBHOOKS_MAX} webhooks")
            number = rows.add_webhook(db, {"partner": partner, "url": url, "secret": secret, "active": True})
        return number, secret.hex()

    def webhooks(self, partner: str) -> Sequence[Mapping[str, Any]]:
        with self._store.begin() as db:
            return [{"number": one["number"], "url": one["url"]} for one in rows.webhooks_of(db, partner)]

    def stop_webhook(self, partner: str, number: int) -> bool:
        with self._store.begin() as db:
            return rows.stop_webhook(db, partner, number)

    def announce(self, batch: int, event_id: str, kind: str, facts: Mapping[str, object]) -> int:
        """Queue an event to every webhook of every partner of ``batch``; return how many are new. No personal data in ``facts``."""
        queued, now_s = 0, int(self._clock())
        body = json.dumps({"id": event_id, "type": kind, "batch": batch, **facts}, sort_keys=True)
        with self._store.begin() as db:
            for partner in rows.partners_of(db, batch):
                for hook in rows.webhooks_of(db, partner):
                    row = {"webhook": hook["number"], "event_id": event_id, "body": body, "attempts": 0}
                    queued += rows.add_delivery(db, {**row, "next_at_s": now_s, "state": "waiting", "last_answer": ""})
        return queued

    def due(self) -> Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Return (delivery, webhook) of what is to be sent now."""
        with self._store.begin() as db:
            waiting = rows.due_deliveries(db, int(self._clock()))
            return [(one, hook) for one in waiting if (hook := rows.find_webhook(db, one["webhook"])) is not None]

    def delivered(self, number: int, attempts: int, answer: str, *, good: bool) -> None:
        """Note how an attempt ended; the next one comes after 10 s, 20 s, 40 s … until eight were made."""
        attempts += 1
        state = "delivered" if good else ("given-up" if attempts >= ATTEMPTS_MAX else "waiting")
        wait_s = FIRST_RETRY_S * 2 ** (attempts - 1)
        changes = {
            "attempts": attempts,
            "state": state,
            "last_answer": answer[:200],
            "next_at_s": int(self._clock()) + wait_s,
        }
        with self._store.begin() as db:
            rows.change_delivery(db, number, changes)

    def deliveries(self) -> Sequence[Mapping[str, Any]]:
        with self._store.begin() as db:
            return rows.list_deliveries(db)

    def may_call(self, url: str) -> bool:
        """Ask again before each call: the name may point elsewhere by now."""
        try:
            check_webhook_url(url, local=self._local)
        except PartnerRefused:
            return False
        return True


def sign(secret: bytes, at_s: int, body: str) -> str:
    """Return the signature header of a delivery: ``t=<unix s>,v1=<HMAC-SHA256 hex over "t.body">``."""
    return f"t={at_s},v1={hmac.new(secret, f'{at_s}.{body}'.encode(), hashlib.sha256).hexdigest()}"


def check_webhook_url(url: str, *, local: bool) -> None:
    """Refuse addresses a partner must not make us call (server-side request forgery; ASVS 5.0, 1.3.6).

    Raises:
        PartnerRefused: not https (http only where ``local``), with a user or fragment, or it points into our own networks.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise PartnerRefused("url", "not a web address") from None
    if parts.scheme not in (("https", "http") if local else ("https",)) or not parts.hostname:
        raise PartnerRefused("url", "the address must start with https://")
    if (
        parts.username
        or parts.password
        or parts.fragment
        or len(url) > 500
        or not url.isascii()
        or not url.isprintable()
    ):
        raise PartnerRefused("url", "the address must have no user, no fragment, and at most 500 characters")
    if local:
        return
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PartnerRefused("url", "the host of the address is not known") from None
    if any(not ipaddress.ip_address(str(address[4][0]).partition("%")[0]).is_global for address in found):
        raise PartnerRefused("url", "the address points into a private network")
