"""The list of all pages of the station."""

from __future__ import annotations

from typing import Final

from station_ui import door, stream
from station_ui.floor import batches, exceptions, line, pieces, returns, trays
from station_ui.office import approvals, audit, kpi, letter_templates, partners, people, training
from station_ui.partner import api

BLUEPRINTS: Final = (
    door.pages,
    stream.pages,
    line.pages,
    exceptions.pages,
    pieces.pages,
    batches.pages,
    trays.pages,
    returns.pages,
    approvals.pages,
    audit.pages,
    kpi.pages,
    letter_templates.pages,
    partners.pages,
    people.pages,
    training.pages,
    api.pages,
)
