"""Four eyes: ask for an act that needs two people, and agree to it with a second badge and PIN, at this screen or another."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, render_template, request

from controller.service.approvals import BYPASS_MINUTES_MAX, ApprovalState, Override, Refusal
from controller.service.commands import CommandRefused
from controller.service.overrides import SUBJECT_OF
from controller.service.people import Person, SignIn
from controller.service.rights import Right
from station_ui import words
from station_ui.door import go
from station_ui.floor.pieces import find_piece
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.security.limits import SIGN_IN
from station_ui.station import station

pages = Blueprint("approvals", __name__)


@pages.get("/approvals")
@needs(Right.REQUEST_OVERRIDE)
def page() -> Any:
    requests = station().overrides.requests()
    return render_template(
        "approvals.html",
        **page_context("approvals"),
        waiting=[one for one in requests if one.state is ApprovalState.WAITING],
        decided=[one for one in requests if one.state is not ApprovalState.WAITING][:30],
        overrides=words.OVERRIDES,
        chosen=request.args.get("override", ""),
        subject=request.args.get("subject", "")[:80],
        minutes_max=BYPASS_MINUTES_MAX,
    )


@pages.post("/approvals")
@needs(Right.REQUEST_OVERRIDE)
def ask() -> Any:
    form = request.form
    try:
        override = Override(form.get("override", ""))
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)
    subject = _subject(override, form.get("subject", ""))
    if subject is None:
        return go("approvals.page", said="not-found", override=override, subject=form.get("subject", "")[:80])
    minutes = form.get("minutes", "10")
    try:
        station().overrides.ask(
            override,
            subject,
            form.get("reason", ""),
            here().person,
            int(minutes) if minutes.isdigit() and len(minutes) < 4 else 0,
        )
    except CommandRefused as refused:
        return go("approvals.page", said=refused.code)
    except ValueError:
        return go("approvals.page", said="reason", override=override, subject=form.get("subject", "")[:80])
    return go("approvals.page", said="asked")


@pages.post("/approvals/<int:number>/approve")
@needs(Right.REQUEST_OVERRIDE)
def approve(number: int) -> Any:
    """Agree. With badge and PIN in the form it is the second person at this very screen; without, the one who is signed in."""
    form = request.form
    approver: Person | None = here().person
    if form.get("badge") or form.get("pin"):
        if not station().limits.take(f"sign-in {request.remote_addr}", SIGN_IN, station().clock()):
            return go("approvals.page", said="too-many")
        answer, approver = station().entry.prove(form.get("badge", ""), form.get("pin", ""))
        if answer is not SignIn.OK:
            return go("approvals.page", said=answer.value)
    assert approver is not None
    if not station().line:
        return go("approvals.page", said="no-line")  # agreeing now would use the request up for nothing
    try:
        done = station().overrides.approve(number, approver, station().line)
    except KeyError:
        abort(HTTPStatus.NOT_FOUND)
    except CommandRefused as refused:
        return go("approvals.page", said=refused.code)
    if isinstance(done, Refusal):
        return go("approvals.page", said=f"approval-{done}")
    return go("approvals.page", command=done)


@pages.post("/approvals/<int:number>/refuse")
@needs(Right.REQUEST_OVERRIDE)
def refuse(number: int) -> Any:
    try:
        decided = station().overrides.refuse(number, here().person)
    except KeyError:
        abort(HTTPStatus.NOT_FOUND)
    except CommandRefused as refused:
        return go("approvals.page", said=refused.code)
    return go("approvals.page", said="refused-by-person" if decided else "approval-already-decided")


def _subject(override: Override, text: str) -> str | None:
    """Return what the ledger calls the thing a person named, or None when there is no such thing."""
    key = SUBJECT_OF[override]
    if key == "camera":
        live = station().hub.last_snapshot()
        known = {camera.name for camera in live.cameras} if live else set()
        return text if text in known else None
    piece = find_piece(text)
    if piece is None:
        return None
    return str(piece.uid if key == "uid" else piece.letter)
