"""Four eyes: ask for an act that needs two people, and agree to it with a second badge and PIN, at this screen or another."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, render_template, request

from controller.model import piece_name
from controller.service.approvals import BYPASS_MINUTES_MAX, ApprovalState, Override, Refusal
from controller.service.commands import CommandRefused
from controller.service.overrides import MANY_AT_ONCE, SUBJECT_OF, SUBJECTS_MAX
from controller.service.people import Person, SignIn
from controller.service.rights import Right
from station_ui import words
from station_ui.door import go
from station_ui.floor.pieces import find_piece, was_granted
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.security.limits import SIGN_IN
from station_ui.station import station

pages = Blueprint("approvals", __name__)
ALL: Final = "all"
NOT_FOUND: Final = "not-found"


@pages.get("/approvals")
@needs(Right.REQUEST_OVERRIDE)
def page() -> Any:
    requests = station().overrides.requests()
    return render_template(
        "approvals.html",
        **page_context("approvals"),
        waiting=station().overrides.groups(),
        decided=[one for one in requests if one.state is not ApprovalState.WAITING][:30],
        overrides=words.OVERRIDES,
        chosen=request.args.get("override", ""),
        subject=_whole_box(request.args.get("override", ""), request.args.get("subject", "")[:80]),
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
    named = form.get("subject", "").split() if override in MANY_AT_ONCE else [form.get("subject", "")]
    subjects = [found for one in dict.fromkeys(named) if (found := _subject(override, one)) is not None]
    if not subjects or len(subjects) < len(set(named)):
        return go("approvals.page", said="not-found", override=override, subject=form.get("subject", "")[:80])
    minutes = form.get("minutes", "10")
    try:
        station().overrides.ask_all(
            override,
            subjects,
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
    sent = 0
    try:
        for one in [number, *_others(number)]:
            done = station().overrides.approve(one, approver, station().line)
            if isinstance(done, Refusal):
                return go("approvals.page", said=f"approval-{done}")
            sent = done
    except KeyError:
        abort(HTTPStatus.NOT_FOUND)
    except CommandRefused as refused:
        return go("approvals.page", said=refused.code)
    return go("approvals.page", command=sent)


@pages.post("/approvals/<int:number>/refuse")
@needs(Right.REQUEST_OVERRIDE)
def refuse(number: int) -> Any:
    try:
        decided = [station().overrides.refuse(one, here().person) for one in [number, *_others(number)]]
    except KeyError:
        abort(HTTPStatus.NOT_FOUND)
    except CommandRefused as refused:
        return go("approvals.page", said=refused.code)
    return go("approvals.page", said="refused-by-person" if all(decided) else "approval-already-decided")


def _others(number: int) -> list[int]:
    """Return the other requests that the form decides in the same go; only such as stood together with ``number`` on the page."""
    said = {
        int(one) for one in request.form.get("others", "").split() if one.isascii() and one.isdigit() and len(one) < 15
    }
    for group in station().overrides.groups():
        numbers = [one.number for one in group]
        if number in numbers:
            return [one for one in numbers if one in said and one != number]
    return []


def _whole_box(override: str, subject: str) -> str:
    """``subject=all`` names every piece that waits for this act, by its printed number, for people to read before they ask."""
    if subject != ALL or override not in MANY_AT_ONCE:
        return subject
    door = station().door
    if override == Override.REPRINT_AFTER_GRANT:
        found = [piece for piece in door.pieces(("QUARANTINED",), SUBJECTS_MAX) if was_granted(piece.uid)]
    else:
        missing = override == Override.DECLARE_LOST
        found = [piece for piece in door.pieces(("VOID",), SUBJECTS_MAX) if (piece.reason == NOT_FOUND) is missing]
    return " ".join(piece_name(piece.uid) for piece in found)


def _subject(override: Override, text: str) -> str | None:
    """Return what the ledger calls the thing a person named, or None when there is no such thing."""
    key = SUBJECT_OF[override]
    if key == "camera":
        live = station().hub.last_snapshot()
        known = {camera.name for camera in live.cameras} if live else set()
        return text if text in known else None
    if key == "job":
        batch = text[1:7]
        open_pieces = station().door.unaccounted(int(batch)) if batch.isascii() and batch.isdigit() else ()
        return text if text in {piece.job for piece in open_pieces} else None
    piece = find_piece(text)
    if piece is None:
        return None
    return str(piece.uid if key == "uid" else piece.letter)
