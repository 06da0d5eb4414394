"""The front door: first set-up, signing in and out, locking, the language. The only pages open to anyone."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for

from controller.service.entry import PeopleRefused
from controller.service.people import LANGUAGES, PinRefused, SignIn, new_badge
from controller.service.rights import Role
from station_ui.catalogue import LANGUAGE_COOKIE
from station_ui.menu import page_context
from station_ui.security.access import drop_cookie, here, open_to_anyone, set_cookie, signed_in, visit
from station_ui.security.limits import SIGN_IN
from station_ui.station import station

pages = Blueprint("door", __name__)
HOME: Final = "/"


def go(endpoint: str, *, said: str = "", command: int = 0, anchor: str = "", **values: Any) -> Any:
    """Return the answer to a form: go and look at ``endpoint``, which shows ``said`` or follows ``command``."""
    query = {name: value for name, value in (("said", said), ("command", command)) if value}
    url = url_for(endpoint, **values)
    url += ("&" if "?" in url else "?") + urlencode(query) if query else ""
    return redirect(url + (f"#{anchor}" if anchor else ""), HTTPStatus.SEE_OTHER)


def _limited() -> bool:
    return not station().limits.take(f"sign-in {request.remote_addr}", SIGN_IN, station().clock())


@pages.get("/setup")
@open_to_anyone
def setup() -> Any:
    if station().entry.is_set_up():
        return go("door.login")
    return render_template(
        "setup.html",
        **page_context("setup"),
        badge=new_badge(),
    )


@pages.post("/setup")
@open_to_anyone
def create_first() -> Any:
    entry, form = station().entry, request.form
    if entry.is_set_up():
        abort(HTTPStatus.FORBIDDEN)
    if form.get("pin", "") != form.get("pin_again", ""):
        return go("door.setup", said="pin-repeat")
    try:
        entry.add(
            form.get("badge", ""), form.get("name", ""), [Role.SUPERVISOR], form.get("pin", ""), by="first set-up"
        )
    except (PinRefused, PeopleRefused) as refused:
        return go("door.setup", said=refused.code)
    except ValueError:
        return go("door.setup", said="badge")
    return go("door.login", said="saved")


@pages.get("/login")
@open_to_anyone
def login() -> Any:
    if not station().entry.is_set_up():
        return go("door.setup")
    return render_template(
        "login.html",
        **page_context("login"),
    )


@pages.post("/login")
@open_to_anyone
def sign_in() -> Any:
    if _limited():
        return go("door.login", said="too-many")
    answer, token = station().entry.sign_in(request.form.get("badge", ""), request.form.get("pin", ""))
    if answer is not SignIn.OK:
        return go("door.login", said=answer.value)
    response = make_response(redirect(HOME, HTTPStatus.SEE_OTHER))
    set_cookie(response, token)
    return response


@pages.post("/logout")
@signed_in(locked=True)
def logout() -> Any:
    station().entry.sign_out(here())
    response = make_response(go("door.login", said="signed-out"))
    drop_cookie(response)
    return response


@pages.post("/session/lock")
@signed_in(locked=True)
def lock() -> Any:
    station().entry.lock(here())
    return redirect(HOME, HTTPStatus.SEE_OTHER)


@pages.post("/session/unlock")
@signed_in(locked=True)
def unlock() -> Any:
    if _limited():
        return go("line.page", said="too-many")
    answer = station().entry.unlock(here(), request.form.get("pin", ""))
    return go("line.page", said="" if answer is SignIn.OK else answer.value)


@pages.post("/session/touch")
@signed_in()
def touch() -> Any:
    station().entry.touch(here())
    return "", HTTPStatus.NO_CONTENT


@pages.post("/language")
@open_to_anyone
def language() -> Any:
    chosen = request.form.get("language", "")
    if chosen not in LANGUAGES:
        abort(HTTPStatus.BAD_REQUEST)
    back = request.form.get("next", HOME)
    safe = back.startswith("/") and not back.startswith("//") and "\\" not in back and back.isprintable()
    response = make_response(redirect(back if safe else HOME, HTTPStatus.SEE_OTHER))
    found = visit()
    if found is not None:
        station().entry.set_language(found.person.badge, chosen)
    response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=365 * 86400, secure=True, httponly=True, samesite="Strict")
    return response


@pages.get("/health")
@open_to_anyone
def health() -> Any:
    """Whether this process serves; says nothing about the line."""
    return {"serves": True}
