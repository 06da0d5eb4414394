"""The template room: list, pages with a made-up case, preflight, version, release."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, render_template, send_file

from controller.service.letter_templates import TemplateCard
from controller.service.rights import Right
from station_ui.door import go
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.station import station

pages = Blueprint("letter_templates", __name__)


@pages.get("/templates")
@needs(Right.SEE_TEMPLATES)
def page() -> Any:
    return render_template(
        "template_list.html",
        **page_context("templates"),
        cards=station().templates.cards(),
    )


@pages.get("/templates/<key>")
@needs(Right.SEE_TEMPLATES)
def one(key: str) -> Any:
    card = _card(key)
    preview = station().templates.preview(card)
    return render_template(
        "template_one.html",
        **page_context("templates"),
        card=card,
        preview=preview,
    )


@pages.get("/templates/<key>/page-<int:number>.png")
@needs(Right.SEE_TEMPLATES)
def picture(key: str, number: int) -> Any:
    preview = station().templates.preview(_card(key))
    if not 1 <= number <= len(preview.pages):
        abort(HTTPStatus.NOT_FOUND)
    return send_file(preview.pages[number - 1].resolve(), mimetype="image/png", max_age=0)


@pages.post("/templates/<key>/release")
@needs(Right.RELEASE_TEMPLATE)
def release(key: str) -> Any:
    """Release this version; only when its preview was made and preflight found nothing."""
    card = _card(key)
    preview = station().templates.preview(card)
    if not preview.ready or preview.faults:
        return go("letter_templates.one", said="not-clean", key=key)
    station().templates.release(card, here().person.badge)
    return go("letter_templates.one", said="saved", key=key)


def _card(key: str) -> TemplateCard:
    card = station().templates.card(key)
    if card is None:
        abort(HTTPStatus.NOT_FOUND)
    return card
