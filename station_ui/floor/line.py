"""The line screen: what runs, what stopped, the one thing to press."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from controller.service.commands import Command, CommandRefused, send
from controller.service.rights import Right
from station_ui.door import go
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.station import station

pages = Blueprint("line", __name__)


@pages.get("/")
@needs(Right.SEE_LINE, locked=True)
def page() -> Any:
    return render_template(
        "line.html",
        **page_context("line"),
    )


@pages.post("/line/hold")
@needs(Right.CONTROL_LINE)
def hold() -> Any:
    return _ask(Command.HOLD)


@pages.post("/line/resume")
@needs(Right.CONTROL_LINE)
def resume() -> Any:
    """Resume; refused here already while pieces of a stop are unscanned (integrity.md §3.4)."""
    live = station().hub.snapshot()
    if live is not None and live.zone_to_scan:
        return go("exceptions.page", said="zone-not-empty", anchor="zone")
    return _ask(Command.RESUME)


def _ask(command: Command) -> Any:
    try:
        number = send(station().door, station().line, command, here().person, {})
    except CommandRefused as refused:
        return go("line.page", said=refused.code)
    return go("line.page", command=number)
