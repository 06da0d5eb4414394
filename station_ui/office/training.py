"""Training: a story on the simulated line, with hints and a score. Refused wherever a real device is connected."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from controller.service.rights import Right
from controller.service.training import hints_due, score
from controller.service.training_room import TrainingRefused
from station_ui.door import go
from station_ui.menu import page_context
from station_ui.security.access import here, needs
from station_ui.station import station
from station_ui.trainee import move_on, seen

pages = Blueprint("training", __name__)


@pages.get("/training")
@needs(Right.TRAIN)
def page() -> Any:
    room, badge = station().training, here().person.badge
    refused = move_on()
    found = room.run_of(badge)
    run, story = found if found else (None, None)
    live = station().hub.snapshot()
    return render_template(
        "training.html",
        **page_context("training"),
        stories=list(room.stories.values()),
        run=run,
        story=story,
        hints=hints_due(run, story, room.now_s()) if run and story else (),
        points=score(run, story) if run and story else 0,
        seconds=int(room.now_s() - run.task_began_s) if run else 0,
        simulated=live is not None and live.simulated,
        refused=refused,
        results=room.results(),
    )


@pages.post("/training/<key>/start")
@needs(Right.TRAIN)
def start(key: str) -> Any:
    live, badge = station().hub.snapshot(), here().person.badge
    if live is None or not live.simulated:
        return go("training.page", said="not-simulated")
    try:
        station().training.start(badge, key, seen(badge))
    except TrainingRefused as refused:
        return go("training.page", said=refused.code)
    return go("training.page")


@pages.post("/training/stop")
@needs(Right.TRAIN)
def stop() -> Any:
    station().training.stop(here().person.badge)
    return go("training.page")
