"""One piece: its audit trail with pictures, and the pictures themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, send_from_directory

from controller.model import attempt_of, letter_of, piece_uid
from controller.service.rights import Right, mask_name
from controller.service.scans import ScanKind, read_scan
from controller.service.views import PieceView
from station_ui.door import go
from station_ui.menu import page_context
from station_ui.security.access import may, needs
from station_ui.small_pictures import small_picture
from station_ui.station import station

pages = Blueprint("pieces", __name__)
UID_MAX = 10**15


@pages.get("/pieces/<int:uid>")
@needs(Right.SEE_PIECES)
def page(uid: int) -> Any:
    """Everything the ledger says about one piece, as a timeline, and its other attempts."""
    found = station().door.piece(uid) if uid < UID_MAX else None
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    return render_template(
        "piece.html",
        **page_context("exceptions"),
        piece=found,
        recipient=recipient_of(found),
        attempts=_attempts(found),
        moments=station().door.timeline(uid),
    )


@pages.get("/find")
@needs(Right.SEE_PIECES)
def find() -> Any:
    """Find a piece by mark, postal number, printed number or client's reference."""
    found = find_piece(request.args.get("q", ""))
    if found is None:
        return go("exceptions.page", said="not-found")
    return go("pieces.page", uid=found.uid)


def find_piece(text: str) -> PieceView | None:
    """Return the piece a scan or a typed reference names; of several attempts the newest."""
    door, scan = station().door, read_scan(text)
    if scan.kind in (ScanKind.MARK, ScanKind.PIECE):
        return door.piece(scan.number)
    if scan.kind is ScanKind.ITEM:
        return door.find_item(scan.text)
    attempts = door.find_case(scan.text) if scan.text else ()
    return attempts[-1] if attempts else None


def was_granted(uid: int) -> bool:
    """Return whether the gate was ever opened for a piece: then only two people may have it printed again (I4)."""
    return any(moment.kind == "piece.granted" for moment in station().door.timeline(uid))


def recipient_of(piece: PieceView) -> str:
    """Return the recipient's name, masked unless this person may see personal data."""
    name = station().door.case(piece.letter).get("recipient", "")
    return name if may(Right.SEE_PERSONAL_DATA) else mask_name(name)


def _attempts(piece: PieceView) -> list[PieceView]:
    batch, number = piece.batch, letter_of(piece.uid) % 10_000_000
    others = (
        station().door.piece(piece_uid(batch, number, attempt)) for attempt in range(1, attempt_of(piece.uid) + 3)
    )
    return [one for one in others if one is not None]


@pages.get("/frames/<int:uid>.jpg")
@needs(Right.SEE_PIECES)
def frame(uid: int) -> Any:
    """The exit camera's picture of a piece."""
    return _picture("frames", f"{uid}.jpg")


@pages.get("/letters/<int:uid>.png")
@needs(Right.SEE_PIECES)
def letter(uid: int) -> Any:
    """The window of the letter as it was rendered."""
    return _picture("letters", f"{uid}.png")


@pages.get("/frames/small/<int:uid>.jpg")
@needs(Right.SEE_PIECES)
def frame_small(uid: int) -> Any:
    """The exit camera's picture of a piece, as small as lists show it."""
    return _small("frames", f"{uid}.jpg")


@pages.get("/letters/small/<int:uid>.jpg")
@needs(Right.SEE_PIECES)
def letter_small(uid: int) -> Any:
    """The window of the letter as it was rendered, as small as lists show it."""
    return _small("letters", f"{uid}.png")


def _small(folder: str, name: str) -> Any:
    made = small_picture(station().out / folder / name)
    if made is None:
        abort(HTTPStatus.NOT_FOUND)
    return Response(made, mimetype="image/jpeg")


def _picture(folder: str, name: str) -> Any:
    directory = station().out / folder
    if not (directory / name).is_file():
        abort(HTTPStatus.NOT_FOUND)
    return send_from_directory(directory.resolve(), name, max_age=0)
