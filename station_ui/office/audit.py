"""What people did: every command with its outcome, and who signed in. Read only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from controller.service.rights import Right
from station_ui.menu import outcome_text, page_context
from station_ui.security.access import needs
from station_ui.station import station

pages = Blueprint("audit", __name__)
SHOWN = 150


@pages.get("/audit")
@needs(Right.SEE_AUDIT)
def page() -> Any:
    done = [(one, outcome_text(one)) for one in station().door.sent(SHOWN)]
    return render_template(
        "audit.html",
        **page_context("audit"),
        done=done,
        log=station().store.notes(SHOWN),
    )
