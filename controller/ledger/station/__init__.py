"""The station's own tables: people, signed-in screens, approvals, partners. Beside the ledger, never inside its chain.

Names of people live here and nowhere else, so that they can be erased; the ledger knows badges only. What people *do* goes
through the ledger's inbox. This package holds the SQL and no rule: the rules are in `controller.service`.
"""

from __future__ import annotations

from controller.ledger.station.store import StationStore, StationStoreTooNew

__all__ = ["StationStore", "StationStoreTooNew"]
