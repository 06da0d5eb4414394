"""The gate before every page: each route says who may use it, and a route that does not say is refused.

Source of the cookie rules: RFC 6265bis §4.1.3 (``__Host-``). Browsers treat loopback as trustworthy and keep a Secure cookie there
over plain http; anywhere else the station must stand behind TLS (docs/security/deployment.md).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for

from controller.service.entry import Visit
from controller.service.rights import Right
from controller.service.sessions import LIFE_S, SessionState, form_token, new_token
from station_ui.station import station

COOKIE: Final = "__Host-letterline"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a route. ``anyone``: without signing in; ``locked``: also while the screen is locked; ``api``: by token, no cookie."""

    right: Right | None = None
    anyone: bool = False
    locked: bool = False
    api: bool = False


def needs(right: Right, *, locked: bool = False) -> Callable[[View], View]:
    """Mark a view: signed in, with ``right``."""
    return _mark(Access(right=right, locked=locked))


def open_to_anyone(view: View) -> View:
    """Mark a view: no signing in."""
    return _mark(Access(anyone=True, locked=True))(view)


def signed_in(*, locked: bool = False) -> Callable[[View], View]:
    """Mark a view: signed in, whatever the role."""
    return _mark(Access(locked=locked))


def by_token(view: View) -> View:
    """Mark a view: the partner API checks its own bearer token."""
    return _mark(Access(api=True, anyone=True))(view)


def _mark(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def access_of(app: Flask, endpoint: str) -> Access | None:
    """Return what a route declares; None when it declares nothing (and is therefore refused)."""
    if endpoint == "static":
        return Access(anyone=True, locked=True)
    return getattr(app.view_functions.get(endpoint), "access", None)


def visit() -> Visit | None:
    """Return who is at this screen, once per request."""
    if "visit" not in g:
        g.visit = station().entry.visit(request.cookies.get(COOKIE, ""))
    found: Visit | None = g.visit
    return found


def here() -> Visit:
    """Return who is at this screen; only behind a view that needs somebody."""
    found = visit()
    assert found is not None
    return found


def drawn_for() -> str:
    """Return for whom this request draws: ``open``, ``locked``, or ``none`` for a stranger."""
    found = visit()
    return "none" if found is None else str(found.state)


def may(right: Right) -> bool:
    """Return whether the person at this screen has ``right`` and the screen is open."""
    found = visit()
    return found is not None and found.state is SessionState.OPEN and right in found.person.rights


def csrf() -> str:
    """Return the form token of this screen. A screen without a cookie gets one first."""
    token = request.cookies.get(COOKIE) or g.get("fresh_cookie")
    if not token:
        token = g.fresh_cookie = new_token()
    return form_token(station().form_secret, token)


def set_cookie(response: Response, token: str) -> None:
    response.set_cookie(COOKIE, token, max_age=LIFE_S, path="/", secure=True, httponly=True, samesite="Strict")


def drop_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="Strict")


def _check_request() -> Any:
    if request.endpoint is None:
        return None
    access = access_of(current_app, request.endpoint)
    if access is None:
        abort(HTTPStatus.FORBIDDEN)
    if access.api:
        return None
    if request.method not in _SAFE:
        _check_form_token()
    if access.anyone:
        return None
    found = visit()
    if found is None:
        return _ask_to_sign_in()
    if found.state is SessionState.LOCKED and not access.locked:
        return _ask_to_unlock()
    if access.right is not None and access.right not in found.person.rights:
        abort(HTTPStatus.FORBIDDEN)
    return None


def _check_form_token() -> None:
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        abort(HTTPStatus.FORBIDDEN, "origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(HTTPStatus.FORBIDDEN, "origin")
    token = request.cookies.get(COOKIE, "")
    given = request.headers.get("X-Form-Token") or request.form.get("csrf", "")
    if not token or not hmac.compare_digest(given.encode(), form_token(station().form_secret, token).encode()):
        abort(HTTPStatus.FORBIDDEN, "form")


def _wants_page() -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "text/html")


def _ask_to_sign_in() -> Any:
    if not _wants_page():
        abort(HTTPStatus.UNAUTHORIZED)
    if not station().entry.is_set_up():
        return redirect(url_for("door.setup"), HTTPStatus.SEE_OTHER)
    return redirect(url_for("door.login"), HTTPStatus.SEE_OTHER)


def _ask_to_unlock() -> Any:
    if not _wants_page():
        abort(HTTPStatus.LOCKED)
    return redirect(url_for("line.page"), HTTPStatus.SEE_OTHER)


def _send_fresh_cookie(response: Response) -> Response:
    fresh = g.get("fresh_cookie")
    if fresh and "Set-Cookie" not in response.headers:
        set_cookie(response, fresh)
    return response


def register(app: Flask) -> None:
    app.before_request(_check_request)
    app.after_request(_send_fresh_cookie)
