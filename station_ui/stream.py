"""Live updates, and what became of a command."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, request

from controller.service.sessions import SessionState
from station_ui.broadcast import BEGIN, OVER, TICKET, Ticket
from station_ui.catalogue import language
from station_ui.live import StreamsFull
from station_ui.menu import outcome_text
from station_ui.parts import PARTS, PERSONAL
from station_ui.security.access import COOKIE, drawn_for, here, open_to_anyone, signed_in, visit
from station_ui.station import station

pages = Blueprint("stream", __name__)
STRIP_ONLY = frozenset(PARTS) - {"strip", "notices"}


@pages.get("/live")
@open_to_anyone
def events() -> Any:
    """Server-sent events: every part to an open screen, no pictures to a locked one, the line's state alone to a stranger.

    ``?drawn=`` says for whom the page was drawn. When that is no longer so (a badge taken back between page and stream, a session that
    ran out while the server was away) the page is told it is over, at once: it must not live on with a stranger's stream.
    """
    found, token = visit(), request.cookies.get(COOKIE, "")
    state = None if found is None else found.state
    if request.args.get("drawn", drawn_for()) != drawn_for():
        return Response(OVER, mimetype="text/event-stream")
    hidden = STRIP_ONLY if found is None else (PERSONAL if state is SessionState.LOCKED else frozenset())
    hub, scope = station().hub, request.environ.get("asgi.scope", {})
    if TICKET not in scope:  # nobody streams (HEAD, another server): what there is now, and the screen asks again
        return Response([BEGIN, hub.delta(language(), 0, hidden).text], mimetype="text/event-stream")
    try:
        hub.join(language())
    except StreamsFull:
        abort(HTTPStatus.SERVICE_UNAVAILABLE)
    scope[TICKET] = Ticket(language(), hidden, token, state)
    return Response(mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


@pages.get("/commands/<int:number>")
@signed_in()
def command(number: int) -> Any:
    """What the line answered to a command."""
    sent = station().door.command(number)
    if sent is None or (sent.badge != here().person.badge and not here().person.rights):
        abort(HTTPStatus.NOT_FOUND)
    good, text = outcome_text(sent)
    return {"answered": sent.outcome is not None, "good": good, "text": text}
