"""The routes of the partner API. Every one asks the token for its scope and keeps within the partner's own batches."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, TypeVar

from flask import Blueprint, Response, abort, g, jsonify, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import BadRequest, Unauthorized, UnprocessableEntity

from controller.service.commands import Command
from controller.service.partners import Caller, PartnerRefused, Partners, Scope
from controller.service.views import BatchView, PieceView
from station_ui.partner.openapi import SCHEMAS, document
from station_ui.partner.shape import fault_in
from station_ui.security.access import by_token, open_to_anyone
from station_ui.security.limits import API
from station_ui.station import station

pages = Blueprint("api", __name__, url_prefix="/api/v1")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{8,80}")
_ITEM: Final = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")

View = TypeVar("View", bound=Callable[..., Any])


def partners() -> Partners:
    return station().partners


def _scope(scope: Scope) -> Callable[[View], View]:
    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.caller = _caller(scope)
            return view(*args, **kwargs)

        return by_token(guarded)  # type: ignore[return-value]

    return guard


def _caller(scope: Scope) -> Caller:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    found = partners().caller(token.strip()) if kind.lower() == "bearer" else None
    if found is None:
        if not station().limits.take(f"api-stranger {request.remote_addr}", API, station().clock()):
            abort(HTTPStatus.TOO_MANY_REQUESTS, "too many attempts")
        raise Unauthorized(
            "give a valid token: Authorization: Bearer …",
            www_authenticate=WWWAuthenticate("bearer", {"realm": "letterline"}),
        )
    if not station().limits.take(f"api {found.partner}", API, station().clock()):
        abort(HTTPStatus.TOO_MANY_REQUESTS, "this partner asks too often: wait a minute")
    if scope not in found.scopes:
        abort(HTTPStatus.FORBIDDEN, f"this token lacks {scope}")
    return found


def _body(schema: str) -> Any:
    if request.mimetype != "application/json":
        abort(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    try:
        value = json.loads(request.get_data(cache=True))
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    fault = fault_in(value, SCHEMAS[schema])
    if fault:
        raise UnprocessableEntity(fault)
    return value


def _once(answer: Callable[[], tuple[Mapping[str, Any], int]]) -> Any:
    """Answer a request that acts: the same idempotency key acts once, and another body under it is refused."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise BadRequest("give an Idempotency-Key of 8 to 80 letters, digits, '_' or '-'")
    caller: Caller = g.caller
    asked = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.get_data(cache=True)).hexdigest()
    with station().turn(f"{caller.partner} {key}"):
        kept = partners().kept_answer(caller.partner, key)
        if kept is not None:
            if kept.request_sha256 != asked:
                abort(HTTPStatus.CONFLICT, "this Idempotency-Key was used for another request")
            return Response(kept.body, kept.status, mimetype="application/json")
        told, status = answer()
        body = json.dumps(told, ensure_ascii=False)
        partners().keep_answer(caller.partner, key, asked, status, body)
    return Response(body, status, mimetype="application/json")


def _batch(number: int) -> BatchView:
    caller: Caller = g.caller
    found = station().door.batch(number) if number in caller.batches else None
    if found is None:
        abort(HTTPStatus.NOT_FOUND, "there is no such batch")
    return found


def _piece(item: str) -> PieceView:
    caller: Caller = g.caller
    found = station().door.find_item(item) if _ITEM.fullmatch(item) else None
    if found is None or found.batch not in caller.batches:
        abort(HTTPStatus.NOT_FOUND, "there is no such letter")
    return found


def _told(batch: BatchView) -> dict[str, Any]:
    return {
        "batch": batch.batch,
        "state": batch.state,
        "letters": dict(batch.letters),
        "pieces": dict(batch.pieces),
        "balance": batch.balance,
    }


def _command(command: Command, arguments: Mapping[str, object]) -> tuple[Mapping[str, Any], int]:
    number = station().door.put_command(
        station().hub.line, command, f"partner:{g.caller.partner}", arguments, time.time_ns()
    )
    return {"command": number, "answered": False}, HTTPStatus.ACCEPTED


@pages.get("/openapi.json")
@open_to_anyone
def openapi() -> Any:
    return jsonify(document(request.host_url.rstrip("/") + "/api/v1"))


@pages.get("/batches")
@_scope(Scope.MANIFEST_READ)
def batches() -> Any:
    found = (station().door.batch(number) for number in sorted(g.caller.batches))
    return {"batches": [_told(batch) for batch in found if batch is not None]}


@pages.get("/batches/<int:number>")
@_scope(Scope.MANIFEST_READ)
def batch(number: int) -> Any:
    return _told(_batch(number))


@pages.get("/batches/<int:number>/manifest")
@_scope(Scope.MANIFEST_READ)
def manifest(number: int) -> Any:
    """Exactly the passed pieces of closed trays (never one that is only in an open tray)."""
    _batch(number)
    pieces = station().door.released(number)
    items = sorted(
        ({"item": one.item_id, "tray": one.tray, "state": one.state} for one in pieces),
        key=lambda one: str(one["item"]),
    )
    digest = hashlib.sha256("".join(f"{one['item']}\n" for one in items).encode()).hexdigest()
    return {"batch": number, "items": items, "sha256": digest}


@pages.post("/batches/<int:number>/trays/<int:tray>/acceptance")
@_scope(Scope.ACK_WRITE)
def acceptance(number: int, tray: int) -> Any:
    _batch(number)
    body = _body("Acceptance")
    held = station().door.tray_pieces(tray)
    if not held or any(piece.batch not in g.caller.batches for piece in held):
        abort(HTTPStatus.NOT_FOUND, "there is no such tray")
    return _once(lambda: _command(Command.TRAY_ACCEPTED, {"tray": tray, "receipt": body["receipt"]}))


@pages.post("/tracking")
@_scope(Scope.TRACKING_WRITE)
def tracking() -> Any:
    """Store what the post tells; events about letters of others are named back as unknown and not kept."""
    body = _body("Tracking")

    def answer() -> tuple[Mapping[str, Any], int]:
        known: list[dict[str, str]] = []
        unknown: list[dict[str, str]] = []
        for event in body["events"]:
            piece = station().door.find_item(event["item"])
            (known if piece and piece.batch in g.caller.batches else unknown).append(event)
        stored = partners().add_tracking(g.caller.partner, known)
        return {
            "stored": stored,
            "repeated": len(known) - stored,
            "unknown": [one["event_id"] for one in unknown],
        }, HTTPStatus.OK

    return _once(answer)


@pages.get("/letters/<item>")
@_scope(Scope.MANIFEST_READ)
def letter(item: str) -> Any:
    piece = _piece(item)
    return {"item": piece.item_id, "state": piece.state, "tracking": list(partners().tracking(g.caller.partner, item))}


@pages.post("/letters/<item>/recall")
@_scope(Scope.RECALL_WRITE)
def recall(item: str) -> Any:
    """Ask a letter back. The line's answer comes under ``/commands/{number}``: in time, to be pulled, or too late."""
    piece = _piece(item)
    body = _body("Recall")
    return _once(lambda: _command(Command.RECALL, {"letter": piece.letter, "reason": body["reason"]}))


@pages.get("/commands/<int:number>")
@_scope(Scope.MANIFEST_READ)
def command(number: int) -> Any:
    sent = station().door.command(number)
    if sent is None or sent.badge != f"partner:{g.caller.partner}":
        abort(HTTPStatus.NOT_FOUND, "there is no such request")
    outcome = sent.outcome or {}
    return {
        "command": number,
        "answered": sent.outcome is not None,
        "answer": str(outcome.get("answer", "")),
        "why": str(outcome.get("why", "")),
    }


@pages.get("/webhooks")
@_scope(Scope.WEBHOOKS)
def webhooks() -> Any:
    return {"webhooks": list(partners().webhooks(g.caller.partner))}


@pages.post("/webhooks")
@_scope(Scope.WEBHOOKS)
def add_webhook() -> Any:
    body = _body("Webhook")

    def answer() -> tuple[Mapping[str, Any], int]:
        try:
            number, secret = partners().add_webhook(g.caller.partner, body["url"])
        except PartnerRefused as refused:
            raise UnprocessableEntity(str(refused)) from None
        return {"number": number, "url": body["url"], "secret": secret}, HTTPStatus.CREATED

    return _once(answer)


@pages.delete("/webhooks/<int:number>")
@_scope(Scope.WEBHOOKS)
def stop_webhook(number: int) -> Any:
    if number > 10**9 or not partners().stop_webhook(g.caller.partner, number):
        abort(HTTPStatus.NOT_FOUND, "there is no such webhook")
    return "", HTTPStatus.NO_CONTENT
