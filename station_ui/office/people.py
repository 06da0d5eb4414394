"""People: add, roles, new PIN, revoke at once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from controller.service.entry import PeopleRefused
from controller.service.people import PinRefused, new_badge
from controller.service.rights import HUMAN_ROLES, Right, Role
from station_ui.door import go
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.station import station

pages = Blueprint("people", __name__)


@pages.get("/people")
@needs(Right.MANAGE_PEOPLE)
def page() -> Any:
    return render_template(
        "people.html",
        **page_context("people"),
        people=station().entry.people(),
        roles=HUMAN_ROLES,
        badge=new_badge(),
    )


@pages.post("/people")
@needs(Right.MANAGE_PEOPLE)
def add() -> Any:
    form = request.form
    return _try(
        lambda: station().entry.add(
            form.get("badge", ""),
            form.get("name", ""),
            _roles(),
            form.get("pin", ""),
            form.get("language", "zh"),
            by=here().person.badge,
        )
    )


@pages.post("/people/<badge>/roles")
@needs(Right.MANAGE_PEOPLE)
def roles(badge: str) -> Any:
    return _try(lambda: station().entry.set_roles(badge, _roles(), by=here().person.badge))


@pages.post("/people/<badge>/pin")
@needs(Right.MANAGE_PEOPLE)
def pin(badge: str) -> Any:
    return _try(lambda: station().entry.set_pin(badge, request.form.get("pin", ""), by=here().person.badge))


@pages.post("/people/<badge>/revoke")
@needs(Right.MANAGE_PEOPLE)
def revoke(badge: str) -> Any:
    return _try(lambda: station().entry.set_active(badge, active=False, by=here().person.badge))


@pages.post("/people/<badge>/restore")
@needs(Right.MANAGE_PEOPLE)
def restore(badge: str) -> Any:
    return _try(lambda: station().entry.set_active(badge, active=True, by=here().person.badge))


def _roles() -> list[Role]:
    chosen = request.form.getlist("roles")
    if any(one not in HUMAN_ROLES for one in chosen):
        raise PeopleRefused("roles", "not a role of the house")
    return [Role(one) for one in chosen]


def _try(change: Any) -> Any:
    try:
        change()
    except (PinRefused, PeopleRefused) as refused:
        return go("people.page", said=refused.code)
    except ValueError:
        return go("people.page", said="badge")
    return go("people.page", said="saved")
