"""The batch board: progress per state, estimated finish, balance to zero, close; recall of a case with the line's true answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext

from controller.service.commands import Command, CommandRefused, send
from controller.service.rights import Right
from controller.service.views import EXCEPTION_STATES, OUT_STATES, BatchView
from station_ui import charts
from station_ui.door import go
from station_ui.floor.pieces import find_piece
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.station import station

pages = Blueprint("batches", __name__)
ORDER = (
    "PLANNED", "RENDERED", "SUBMITTED", "PRINTED", "IN_FEED", "COLLATED", "VERIFIED", "PASS_GRANTED", "IN_TRAY", "RELEASED", "ACCEPTED",
    "SUSPECT", "EXIT_UNKNOWN", "DIVERTED", "QUARANTINED", "VOID", "DESTROYED", "LOST", "NEVER_PRINTED",
)  # fmt: skip


@pages.get("/batches")
@needs(Right.SEE_BATCHES)
def page() -> Any:
    batches = station().door.batches(30)
    rows = [(batch, _bar(batch), station().finish.of(batch)) for batch in batches]
    return render_template(
        "batches.html",
        **page_context("batches"),
        rows=rows,
    )


@pages.get("/batches/<int:number>")
@needs(Right.SEE_BATCHES)
def one(number: int) -> Any:
    batch = station().door.batch(number) if number < 10**6 else None
    if batch is None:
        abort(HTTPStatus.NOT_FOUND)
    return render_template(
        "batch.html",
        **page_context("batches"),
        batch=batch,
        bar=_bar(batch),
        estimate=station().finish.of(batch),
        states=[(state, batch.pieces[state]) for state in ORDER if batch.pieces.get(state)],
        unaccounted=station().door.unaccounted(number, 100),
    )


@pages.post("/batches/<int:number>/close")
@needs(Right.CLOSE_BATCH)
def close(number: int) -> Any:
    return _send(Command.BATCH_CLOSE, {"batch": number}, number)


@pages.post("/batches/<int:number>/search-ended")
@needs(Right.CLOSE_BATCH)
def search_ended(number: int) -> Any:
    """Everything on the floor was looked for: what is still in doubt is not to be found."""
    return _send(Command.SEARCH_ENDED, {"batch": number}, number)


@pages.post("/recall")
@needs(Right.RECALL)
def recall() -> Any:
    """Ask a letter back; the line says whether it came in time (I5)."""
    found = find_piece(request.form.get("q", ""))
    reason = " ".join(request.form.get("reason", "").split())
    if found is None:
        return go("batches.page", said="not-found")
    if not 2 <= len(reason) <= 200:
        return go("batches.page", said="reason")
    return _send(Command.RECALL, {"letter": found.letter, "reason": reason}, 0)


def _send(command: Command, arguments: dict[str, object], number: int) -> Any:
    try:
        sent = send(station().door, station().line, command, here().person, arguments)
    except CommandRefused as refused:
        return go("batches.page", said=refused.code)
    return go("batches.one", command=sent, number=number) if number else go("batches.page", command=sent)


def _bar(batch: BatchView) -> str:
    out = sum(batch.pieces.get(state, 0) for state in OUT_STATES)
    off = sum(batch.pieces.get(state, 0) for state in EXCEPTION_STATES)
    rest = max(batch.letters_total - out - off, 0)
    return charts.stack(
        [
            ("part-out", out, gettext("Out")),
            ("part-off", off, gettext("Rejected")),
            ("part-rest", rest, gettext("To do")),
        ],
        gettext("%(out)s of %(all)s letters are out", out=out, all=batch.letters_total),
    )
