"""The station store as the screens may name it; its tables stay in the ledger package."""

from controller.ledger.station import StationStore, StationStoreTooNew

__all__ = ["StationStore", "StationStoreTooNew"]
