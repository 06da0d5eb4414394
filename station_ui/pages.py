"""The list of all pages of the station."""

from __future__ import annotations

from typing import Final

from station_ui import door, stream
from station_ui.floor import exceptions, line, pieces
from station_ui.office import approvals

BLUEPRINTS: Final = (door.pages, stream.pages, line.pages, exceptions.pages, pieces.pages, approvals.pages)
