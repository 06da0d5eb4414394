"""Builds the station's Flask application. Every route must say who may use it; `build_app` refuses to start otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from controller.service.entry import Entry
from controller.service.finish import Finish
from controller.service.letter_templates import TemplateRoom
from controller.service.overrides import Overrides
from controller.service.partners import Partners
from controller.service.people import LANGUAGES, PinVault
from controller.service.store import StationStore
from controller.service.training_room import Inject, TrainingRoom, simulator_console
from controller.service.views import LedgerDoor
from station_ui import catalogue, looks, menu, pages
from station_ui.live import LiveHub
from station_ui.parts import PartRenderer
from station_ui.security import access, headers
from station_ui.security.limits import Limits
from station_ui.station import Station

STORIES = Path(__file__).parent / "training"
EXAMPLE_TEMPLATES = Path(__file__).parents[1] / "examples" / "templates"
BODY_BYTES_MAX = 12 * 1024 * 1024


class UnguardedRoute(RuntimeError):
    """A route without a statement of who may use it: a mistake in the program, found at start."""


class LedgerNumber(IntegerConverter):
    """A number in an address that the ledger could hold (63 bits); a larger one names nothing, so its page is not found."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": 2**63 - 1, **options})


def build_app(
    door: LedgerDoor,
    store: StationStore,
    out: Path,
    *,
    line: str | None = None,
    vault: PinVault | None = None,
    clock: Callable[[], float] = time.time,
    streams_max: int | None = None,
    local_webhooks: bool = False,
    templates: Path | None = None,
    inject: Inject | None = None,
) -> Flask:
    """Return the application. The caller starts and closes its live hub (``app.extensions["station"].hub``).

    ``out`` is the run directory with ``frames/`` and ``letters/``; ``templates`` the folder of letter templates; ``inject`` speaks to
    the fault console of the simulated line for training.
    """
    app = Flask(__name__)
    app.url_map.converters["int"] = LedgerNumber
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_BYTES_MAX
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    entry = Entry(store, vault or PinVault(), clock)
    more: dict[str, Any] = {} if streams_max is None else {"streams_max": streams_max}
    hub = LiveHub(door, line, PartRenderer(app), languages=LANGUAGES, clock=clock, **more)
    partners = Partners(store, clock, local_webhooks=local_webhooks)
    overrides = Overrides(store, entry, door)
    room = TemplateRoom(templates or EXAMPLE_TEMPLATES, out / "template-previews", store, clock)
    training = TrainingRoom(STORIES, store, inject or simulator_console(out), clock)
    app.extensions["station"] = Station(
        door,
        store,
        entry,
        overrides,
        partners,
        room,
        training,
        Finish(door, clock),
        hub,
        Limits(),
        out,
        clock,
        store.secret(),
    )
    for part in (catalogue, looks, menu, access, headers):
        part.register(app)
    for blueprint in pages.BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _say_error)
    app.register_error_handler(Exception, _say_mistake)
    _refuse_unguarded(app)
    hub.refresh()
    return app


def _refuse_unguarded(app: Flask) -> None:
    open_routes = [str(rule) for rule in app.url_map.iter_rules() if access.access_of(app, rule.endpoint) is None]
    if open_routes:
        raise UnguardedRoute(f"these routes do not say who may use them: {', '.join(open_routes)}")


def _say_error(error: HTTPException) -> Any:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(error.response, Response):
        return error.response
    if request.path.startswith("/api/"):
        return _problem(status, error.description or HTTPStatus(status).phrase, error)
    text = _words_for(status)
    if "application/json" in request.headers.get("Accept", ""):
        return jsonify(good=False, title=str(status), text=text), status
    try:
        page = render_template("error.html", status=status, text=text, **menu.page_context("error"))
    except Exception:
        page = f"{status} {text}"  # the page around the error failed too; the words still arrive
    return page, status, _kept_headers(error)


def _say_mistake(error: Exception) -> Any:
    """Answer an exception nobody expected: log it with its trace, show no inside of the program."""
    current_app.logger.error("unexpected error at %s", request.endpoint, exc_info=error)
    if request.path.startswith("/api/"):
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected error", None)
    text = _words_for(HTTPStatus.INTERNAL_SERVER_ERROR)
    if "application/json" in request.headers.get("Accept", ""):
        return jsonify(good=False, title="500", text=text), HTTPStatus.INTERNAL_SERVER_ERROR
    return f"500 {text}", HTTPStatus.INTERNAL_SERVER_ERROR


def _problem(status: int, detail: str, error: HTTPException | None) -> Any:
    answer = jsonify(type="about:blank", title=HTTPStatus(status).phrase, status=int(status), detail=detail)
    answer.status_code = status
    answer.content_type = "application/problem+json"
    for name, value in _kept_headers(error):
        answer.headers[name] = value
    return answer


def _kept_headers(error: HTTPException | None) -> Iterable[tuple[str, str]]:
    kept = ("allow", "www-authenticate", "retry-after")
    return [] if error is None else [(name, value) for name, value in error.get_headers() if name.lower() in kept]


def _words_for(status: int) -> str:
    words: dict[int, str] = {
        HTTPStatus.BAD_REQUEST: gettext("The form was not complete. Go back and fill it in."),
        HTTPStatus.UNAUTHORIZED: gettext("Nobody is signed in here. Sign in first."),
        HTTPStatus.FORBIDDEN: gettext("Your badge may not do that, or the page is too old. Reload it."),
        HTTPStatus.NOT_FOUND: gettext("There is nothing here."),
        HTTPStatus.METHOD_NOT_ALLOWED: gettext("This address cannot be used that way."),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: gettext("The upload is too large."),
        HTTPStatus.LOCKED: gettext("This screen is locked. Type your PIN first."),
        HTTPStatus.TOO_MANY_REQUESTS: gettext("Too many attempts. Wait a minute."),
        HTTPStatus.SERVICE_UNAVAILABLE: gettext("Too many screens are open. Close one and reload."),
    }
    return words.get(HTTPStatus(status)) or str(
        gettext("Something went wrong in the station. The line is not affected.")
    )
