"""Returned mail: scan the postal number, say why it came back, photograph the slip; the ledger keeps it beside the letter."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext

from controller.model import piece_name
from controller.service.commands import Command, CommandRefused, send
from controller.service.rights import Right
from station_ui import words
from station_ui.door import go
from station_ui.floor.pieces import find_piece, recipient_of
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.station import station
from station_ui.uploads import UploadRefused, keep_photo

pages = Blueprint("returns", __name__)


@pages.get("/returns")
@needs(Right.RETURNS)
def page() -> Any:
    found = find_piece(request.args.get("q", "")) if request.args.get("q") else None
    sent = [one for one in station().door.sent(200) if one.name == Command.RETURNED_MAIL][:20]
    return render_template(
        "returns.html",
        **page_context("returns"),
        found=found,
        recipient=recipient_of(found) if found else "",
        reasons=words.RETURN_REASONS,
        returned=sent,
        scan_url="/returns/scan",
    )


@pages.post("/returns/scan")
@needs(Right.RETURNS)
def scan() -> Any:
    found = find_piece(request.form.get("code", ""))
    if found is None:
        return {
            "good": False,
            "title": request.form.get("code", "")[:40],
            "text": gettext("Not one of our letters. Scan the postal number."),
        }
    return {
        "good": True,
        "title": piece_name(found.uid),
        "text": gettext("Found."),
        "go": f"/returns?q={piece_name(found.uid)}",
    }


@pages.post("/returns/<int:uid>")
@needs(Right.RETURNS)
def record(uid: int) -> Any:
    """Write down a return. What the case needs next is the client's decision and is told to the partner."""
    piece = station().door.piece(uid)
    reason = request.form.get("reason", "")
    if piece is None:
        return go("returns.page", said="not-found")
    if reason not in words.RETURN_REASONS:
        return go("returns.page", said="reason", q=piece_name(uid))
    try:
        photo = keep_photo(station().out / "returns", request.files.get("photo"))
    except UploadRefused:
        return go("returns.page", said="photo", q=piece_name(uid))
    arguments: dict[str, object] = {
        "item": piece.item_id,
        "letter": piece.letter,
        "uid": uid,
        "reason": reason,
        "photo_sha256": photo,
    }
    try:
        sent = send(station().door, station().line, Command.RETURNED_MAIL, here().person, arguments)
    except CommandRefused as refused:
        return go("returns.page", said=refused.code)
    return go("returns.page", command=sent)
