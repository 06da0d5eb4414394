"""The exception station: the pieces to pull, in order; scan to take into custody, void, destroy. Every act is a command to the line."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext

from controller.model import piece_name
from controller.service.commands import Command, CommandRefused, send
from controller.service.packml import EXECUTE
from controller.service.rights import Right
from controller.service.scans import ScanKind, read_scan
from controller.service.views import PieceView
from station_ui import words
from station_ui.door import go
from station_ui.floor.pieces import find_piece, was_granted
from station_ui.menu import page_context, refusal_text
from station_ui.security.access import here, needs
from station_ui.station import station

pages = Blueprint("exceptions", __name__)

PULL: Final = ("EXIT_UNKNOWN", "SUSPECT", "DIVERTED")
CUSTODY: Final = ("QUARANTINED",)
DESTROY: Final = ("VOID",)


@pages.get("/exceptions")
@needs(Right.SEE_PIECES)
def page() -> Any:
    around = page_context("exceptions")
    door, live = station().door, station().hub.snapshot()
    zone = set(live.zone_to_scan) if live else set()
    pull = sorted(door.pieces(PULL, 60), key=lambda one: (one.uid not in zone, PULL.index(one.state), one.at_unix_ns))
    custody = door.pieces(CUSTODY, 60)
    granted = {piece.uid for piece in custody if was_granted(piece.uid)}
    return render_template(
        "exceptions.html",
        **around,
        zone=list(live.zone_to_scan) if live else [],
        zone_left=live.zone_left if live else 0,
        pull=pull,
        custody=custody,
        alone=[piece for piece in custody if piece.uid not in granted],
        destroy=door.pieces(DESTROY, 60),
        running=live is not None
        and any(machine.state == EXECUTE for machine in live.machines if machine.kind == "inserter"),
        reasons=words.CUSTODY_REASONS,
        granted=granted,
        scan_url="/exceptions/scan",
    )


@pages.post("/exceptions/scan")
@needs(Right.CUSTODY)
def scan() -> Any:
    """Take the scanned piece into custody. Foreign codes are refused here, in words; the rest is the line's decision."""
    code = request.form.get("code", "")
    seen = read_scan(code)
    if seen.kind is ScanKind.TRAY:
        return _said(False, seen.text, gettext("This is a tray. Scan the control mark in the window of an envelope."))
    piece = find_piece(code)
    if piece is None:
        return _said(False, seen.text[:40], gettext("Not one of our pieces. Put it aside and call the supervisor."))
    if piece.state in CUSTODY + DESTROY:
        return _said(True, piece_name(piece.uid), gettext("Already in custody."))
    if piece.state not in (*PULL, "SUBMITTED", "PRINTED"):
        return _said(False, piece_name(piece.uid), _wrong_piece(piece))
    if seen.kind is not ScanKind.MARK:
        return _said(
            False,
            piece_name(piece.uid),
            gettext("Scan the square control mark. If it cannot be read, ask for two-person custody."),
        )
    try:
        number = send(
            station().door, station().line, Command.CUSTODY_SCAN, here().person, {"payload": seen.text, "reason": ""}
        )
    except CommandRefused as refused:
        return _said(False, piece_name(piece.uid), refusal_text(refused))
    return {
        **_said(True, piece_name(piece.uid), gettext("In custody. Put it into the red box.")),
        "follow": url_for("stream.command", number=number),
    }


@pages.post("/exceptions/void")
@needs(Right.REPRINT)
def void_all() -> Any:
    """Void everything in custody that was never granted, for one reason: one command for each piece."""
    reason = request.form.get("reason", "")
    if reason not in words.CUSTODY_REASONS:
        return go("exceptions.page", said="reason")
    number = 0
    try:
        for piece in station().door.pieces(CUSTODY, 60):
            if not was_granted(piece.uid):
                arguments = {"uid": piece.uid, "reason": reason}
                number = send(station().door, station().line, Command.VOID, here().person, arguments)
    except CommandRefused as refused:
        return go("exceptions.page", said=refused.code)
    return go("exceptions.page", command=number) if number else go("exceptions.page", said="not-found")


@pages.post("/exceptions/<int:uid>/void")
@needs(Right.REPRINT)
def void(uid: int) -> Any:
    """Void a piece in custody: the line prints a new attempt by itself. After a grant only two people may (see approvals)."""
    piece = station().door.piece(uid)
    if piece is None:
        abort(HTTPStatus.NOT_FOUND)
    if was_granted(uid):
        return go("approvals.page", override="reprint-after-grant", subject=piece_name(uid))
    reason = request.form.get("reason", "")
    if reason not in words.CUSTODY_REASONS:
        return go("exceptions.page", said="reason")
    try:
        number = send(station().door, station().line, Command.VOID, here().person, {"uid": uid, "reason": reason})
    except CommandRefused as refused:
        return go("exceptions.page", said=refused.code)
    return go("exceptions.page", command=number)


def _wrong_piece(piece: PieceView) -> str:
    state = words.word(words.PIECE_STATES, piece.state)
    return str(gettext("Wrong piece: it is %(state)s. Put it back where it was.", state=state))


def _said(good: bool, title: str, text: str) -> Any:
    if not good:
        station().training.wrong_scan(here().person.badge)
    return {"good": good, "title": title, "text": text}
