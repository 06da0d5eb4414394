"""Moves a learner's story on whenever they open or refresh any page, not only the training page: they are working at the other screens."""

from __future__ import annotations

from controller.service.commands import Command
from controller.service.packml import PACKML, Look, worst
from controller.service.training import Seen
from controller.service.training_room import TrainingRefused
from station_ui.security.access import visit
from station_ui.station import station


def move_on() -> str:
    """Look at the line for the story of whoever asks, if they are in one; return why its next fault cannot be made, or ""."""
    who, room = visit(), station().training
    if who is None or room.run_of(who.person.badge) is None:
        return ""
    try:
        room.look(who.person.badge, seen(who.person.badge))
    except TrainingRefused as problem:
        return problem.code
    return ""


def seen(badge: str) -> Seen:
    """Return what a story is judged by: the line as the screens show it, and what this person has scanned."""
    live = station().hub.snapshot()
    if live is None:
        return Seen(running=False, held=False, zone=0, custody=_custody(badge))
    state = worst(tuple(machine.state for machine in live.machines if machine.kind == "inserter"))
    look = PACKML[state][1]
    return Seen(
        running=look is Look.RUN,
        held=look is Look.STOP,
        zone=len(live.zone_to_scan),
        custody=_custody(badge),
    )


def _custody(badge: str) -> int:
    wanted = (Command.CUSTODY_SCAN, Command.CUSTODY_TYPED)
    return sum(
        sent.badge == badge
        and sent.name in wanted
        and bool(sent.outcome)
        and (sent.outcome or {}).get("answer") != "refused"
        for sent in station().door.sent(500)
    )
