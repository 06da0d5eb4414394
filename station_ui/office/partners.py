"""Partner portal for the house: partners, their batches, tokens shown once, deliveries of webhooks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from controller.service.partners import PartnerRefused, Scope
from controller.service.rights import Right
from station_ui.door import go
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.station import station

pages = Blueprint("partners", __name__)


def _page(token: str = "") -> Any:
    partners = station().partners
    return render_template(
        "partners.html",
        **page_context("partners"),
        partners=partners.list(),
        tokens=partners.tokens(),
        deliveries=partners.deliveries(),
        scopes=list(Scope),
        batches=station().door.batches(50),
        fresh_token=token,
    )


@pages.get("/partners")
@needs(Right.MANAGE_PARTNERS)
def page() -> Any:
    return _page()


@pages.post("/partners")
@needs(Right.MANAGE_PARTNERS)
def add() -> Any:
    try:
        station().partners.add(request.form.get("partner", ""), request.form.get("name", ""))
    except PartnerRefused as refused:
        return go("partners.page", said=refused.code)
    return go("partners.page", said="saved")


@pages.post("/partners/<partner>/batches")
@needs(Right.MANAGE_PARTNERS)
def give(partner: str) -> Any:
    batch = request.form.get("batch", "")
    if not (batch.isascii() and batch.isdigit() and len(batch) < 7):
        return go("partners.page", said="subject")
    try:
        station().partners.give_batch(partner, int(batch))
    except PartnerRefused as refused:
        return go("partners.page", said=refused.code)
    return go("partners.page", said="saved")


@pages.post("/partners/<partner>/tokens")
@needs(Right.MANAGE_PARTNERS)
def make_token(partner: str) -> Any:
    """Show a fresh token once, in the answer itself: it is in no address, no log and no cache."""
    chosen = request.form.getlist("scopes")
    if any(one not in set(Scope) for one in chosen):
        return go("partners.page", said="scopes")
    try:
        label = request.form.get("label", "")
        token = station().partners.make_token(partner, label, [Scope(one) for one in chosen], by=here().person.badge)
    except PartnerRefused as refused:
        return go("partners.page", said=refused.code)
    return _page(token)


@pages.post("/partners/tokens/<key>/revoke")
@needs(Right.MANAGE_PARTNERS)
def revoke(key: str) -> Any:
    done = station().partners.revoke_token(key, by=here().person.badge)
    return go("partners.page", said="saved" if done else "not-found")
