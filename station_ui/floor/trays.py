"""Trays and hand-over: open and close by scan, labels, audit, hand-over with signature and photo, manifest, acceptance."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, render_template, request, send_from_directory, url_for
from flask_babel import gettext

from controller.service.commands import Command, CommandRefused, send
from controller.service.rights import Right
from controller.service.scans import ScanKind, read_scan, tray_label
from controller.service.views import TrayView
from station_ui.door import go
from station_ui.floor.pieces import find_piece
from station_ui.menu import page_context, refusal_text
from station_ui.security.access import here, needs
from station_ui.station import station
from station_ui.uploads import UploadRefused, keep_photo, keep_signature

pages = Blueprint("trays", __name__)
MANIFESTS = {"xlsx": "manifest.xlsx", "pdf": "manifest.pdf"}
AUDIT_ENVELOPES_MAX = 2000


@pages.get("/trays")
@needs(Right.SEE_TRAYS)
def page() -> Any:
    return render_template(
        "trays.html",
        **page_context("trays"),
        trays=station().door.trays(100),
        scan_url="/trays/scan",
    )


@pages.get("/trays/<int:number>")
@needs(Right.SEE_TRAYS)
def one(number: int) -> Any:
    tray = _tray(number)
    return render_template(
        "tray.html",
        **page_context("trays"),
        tray=tray,
        label=tray_label(number),
        pieces=station().door.tray_pieces(number),
    )


@pages.get("/trays/<int:number>/label")
@needs(Right.SEE_TRAYS)
def label(number: int) -> Any:
    """A label to print and stick on the tray."""
    return render_template(
        "tray_label.html",
        **page_context("trays"),
        tray=_tray(number),
        label=tray_label(number),
    )


@pages.post("/trays/scan")
@needs(Right.TRAYS)
def scan() -> Any:
    """A tray label opens its page, or a new tray is put in place; an envelope shows which tray it belongs to."""
    seen = read_scan(request.form.get("code", ""))
    if seen.kind is ScanKind.TRAY:
        if any(tray.tray == seen.number for tray in station().door.trays(1000)):
            return {"good": True, "title": seen.text, "text": gettext("Tray found."), "go": f"/trays/{seen.number}"}
        try:
            number = send(station().door, station().line, Command.TRAY_OPEN, here().person, {"tray": seen.number})
        except CommandRefused as refused:
            return {"good": False, "title": seen.text, "text": refusal_text(refused)}
        text = gettext("New tray: put it under the exit.")
        return {"good": True, "title": seen.text, "text": text, "follow": url_for("stream.command", number=number)}
    piece = find_piece(seen.text)
    if piece is not None and piece.tray:
        return {"good": True, "title": tray_label(piece.tray), "text": gettext("This envelope belongs to that tray.")}
    return {"good": False, "title": seen.text[:40], "text": gettext("Scan the label of a tray.")}


@pages.post("/trays/open")
@needs(Right.TRAYS)
def open_tray() -> Any:
    seen = read_scan(request.form.get("tray", ""))
    number = (
        seen.number
        if seen.kind is ScanKind.TRAY
        else int(seen.text)
        if seen.text.isdigit() and len(seen.text) < 10
        else 0
    )
    if not number:
        return go("trays.page", said="subject")
    return _send(Command.TRAY_OPEN, {"tray": number}, 0)


@pages.post("/trays/<int:number>/close")
@needs(Right.TRAYS)
def close(number: int) -> Any:
    return _send(Command.TRAY_CLOSE, {"tray": number}, number)


@pages.get("/trays/<int:number>/audit")
@needs(Right.TRAYS)
def audit(number: int) -> Any:
    """Scan every envelope of the tray; the list stays on this screen until it is sent with the separate count."""
    return render_template(
        "tray_audit.html",
        **page_context("trays"),
        tray=_tray(number),
        scan_url=f"/trays/{number}/audit/scan",
    )


@pages.post("/trays/<int:number>/audit/scan")
@needs(Right.TRAYS)
def audit_scan(number: int) -> Any:
    seen = read_scan(request.form.get("code", ""))
    if seen.kind is not ScanKind.MARK:
        return {"good": False, "title": seen.text[:40], "text": gettext("Scan the square control mark in the window.")}
    piece = station().door.piece(seen.number)
    known = piece is not None and piece.tray == number
    text = gettext("In this tray.") if known else gettext("Does not belong here: take it out. It stays in the list.")
    return {"good": known, "title": seen.text[1:16], "text": text, "payload": seen.text}


@pages.post("/trays/<int:number>/audit")
@needs(Right.TRAYS)
def audit_end(number: int) -> Any:
    payloads = request.form.get("payloads", "").split()
    counted = request.form.get("counted", "")
    if not counted.isdigit() or len(counted) > 5 or len(payloads) > AUDIT_ENVELOPES_MAX:
        return go("trays.audit", said="count", number=number)
    return _send(Command.TRAY_AUDIT, {"tray": number, "payloads": payloads, "counted": int(counted)}, number)


@pages.post("/trays/<int:number>/hand-over")
@needs(Right.HAND_OVER)
def hand_over(number: int) -> Any:
    """Hand a closed tray to the carrier, who signs on the screen."""
    taken_by = " ".join(request.form.get("taken_by", "").split())[:60]
    folder = station().out / "hand-over"
    try:
        signature = keep_signature(folder, request.form.get("signature", ""))
    except UploadRefused:
        return go("trays.one", said="signature", number=number)
    try:
        photo = keep_photo(folder, request.files.get("photo"))
    except UploadRefused:
        return go("trays.one", said="photo", number=number)
    if not taken_by:
        return go("trays.one", said="name", number=number)
    arguments: dict[str, object] = {
        "tray": number,
        "taken_by": taken_by,
        "signature_sha256": signature,
        "photo_sha256": photo,
    }
    return _send(Command.HAND_OVER, arguments, number)


@pages.post("/trays/<int:number>/accepted")
@needs(Right.HAND_OVER)
def accepted(number: int) -> Any:
    """The post gave a receipt for the tray."""
    receipt = " ".join(request.form.get("receipt", "").split())[:60]
    if not receipt:
        return go("trays.one", said="subject", number=number)
    return _send(Command.TRAY_ACCEPTED, {"tray": number, "receipt": receipt}, number)


@pages.get("/manifest/<int:batch>")
@needs(Right.HAND_OVER)
def manifest(batch: int) -> Any:
    """The manifest of the run as a spreadsheet (``?as=pdf``: as paper to sign)."""
    name = MANIFESTS.get(request.args.get("as", "xlsx"))
    if name is None or not (station().out / name).is_file():
        return go("trays.page", said="no-manifest")
    return send_from_directory(
        station().out.resolve(), name, as_attachment=True, download_name=f"manifest-{batch}-{name}"
    )


def _tray(number: int) -> TrayView:
    found = next((tray for tray in station().door.trays(5000) if tray.tray == number), None)
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return found


def _send(command: Command, arguments: dict[str, object], number: int) -> Any:
    try:
        sent = send(station().door, station().line, command, here().person, arguments)
    except CommandRefused as refused:
        return go("trays.page", said=refused.code)
    return go("trays.one", command=sent, number=number) if number else go("trays.page", command=sent)
