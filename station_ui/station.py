"""Everything a running station needs, in one frozen value that the pages find on the application."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import current_app

from controller.service.entry import Entry
from controller.service.finish import Finish
from controller.service.letter_templates import TemplateRoom
from controller.service.overrides import Overrides
from controller.service.partners import Partners
from controller.service.store import StationStore
from controller.service.training_room import TrainingRoom
from controller.service.views import LedgerDoor
from station_ui.security.limits import Limits

if TYPE_CHECKING:
    from station_ui.live import LiveHub


@dataclass(frozen=True, slots=True)
class Station:
    """``out`` is the run directory (frames, letters, reports)."""

    door: LedgerDoor
    store: StationStore
    entry: Entry
    overrides: Overrides
    partners: Partners
    templates: TemplateRoom
    training: TrainingRoom
    finish: Finish
    hub: LiveHub
    limits: Limits
    out: Path
    clock: Callable[[], float]
    form_secret: bytes
    turns: tuple[threading.Lock, ...] = field(default_factory=lambda: tuple(threading.Lock() for _ in range(64)))

    @property
    def line(self) -> str:
        """Return the name of the line this station sends its commands to; "" as long as none was named and none has ever reported."""
        return self.hub.line_known

    def turn(self, key: str) -> threading.Lock:
        """Return the lock under which requests with the same ``key`` take turns."""
        return self.turns[zlib.crc32(key.encode()) % len(self.turns)]


def station() -> Station:
    """Return the station of the request being served."""
    return cast("Station", current_app.extensions["station"])
