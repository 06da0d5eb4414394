"""The franking head between envelope and exit camera, in virtual time: what it prints, and what it says it printed.

Row 39 of the fault matrix: it refuses, prints another amount, prints twice, does not confirm what it printed, or says nothing at all.
"""

from __future__ import annotations

from typing import Final

from controller.line.events import Franked
from simulator.campaign.faults import FaultPlan, Site
from simulator.campaign.paper import Envelope
from simulator.campaign.surroundings import Device, Floor

POSTAGE: Final = 120
"""What a letter costs on a line that franks, in 1/100 of the currency unit."""
REFUSED, PRINTED, UNCONFIRMED = 0, 1, 2
WAYS: Final = ("refuses", "wrong amount", "unconfirmed", "twice", "silent")


class FrankingHead:
    """Prints ``due`` on every envelope that passes it. The amount printed stays on the envelope, whatever is said of it."""

    def __init__(self, device: Device, floor: Floor, plan: FaultPlan, due: int) -> None:
        self.device, self.floor, self.plan, self.due = device, floor, plan, due

    def frank(self, envelope: Envelope) -> None:
        """Let an envelope pass under the head."""
        row = self.plan.draw(Site.FRANKING)
        if not row:
            self._print(envelope, self.due, PRINTED)
            return
        self.plan.struck(row, self.floor.state_of(envelope.sheets))
        way = self.plan.rng.choice(WAYS)
        if way == "refuses":
            self._print(envelope, 0, REFUSED)
        elif way == "wrong amount":
            self._print(envelope, self.due + self.plan.rng.choice((-self.due, -20, 1, 80)), PRINTED)
        elif way == "unconfirmed":
            self._print(envelope, self.due, UNCONFIRMED)
        elif way == "twice":
            self._print(envelope, self.due, PRINTED)
            self._print(envelope, self.due, PRINTED)
        else:
            envelope.postage += self.plan.rng.choice((0, self.due))

    def _print(self, envelope: Envelope, amount: int, outcome: int) -> None:
        envelope.postage += amount
        self.device.emit(Franked, envelope.piece_no, amount, outcome)
