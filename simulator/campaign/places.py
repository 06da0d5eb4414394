"""Where paper lies outside the machine, and the world's own log of what physically happened: the auditor's truth.

The log knows sheets by (uid, k, n) because here that is what is printed on them; it knows nothing of what the controller thinks.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.campaign.paper import Envelope, Sheet


class PhysicalTray:
    """A tray with a label; ``number`` 0: it has none."""

    __slots__ = ("envelopes", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.envelopes: list[Envelope] = []


class Places:
    """Trays, bin, hands, shredder, post. ``now`` says how far the ledger was, so that the log can be laid beside it."""

    def __init__(self, ledger_seq: Callable[[], int], piece_state: Callable[[int], str]) -> None:
        self._seq = ledger_seq
        self._state = piece_state
        self.standing = PhysicalTray(0)
        self.trays: dict[int, PhysicalTray] = {}
        self.nameless: list[PhysicalTray] = []
        self.bin: list[Envelope] = []
        self.hands: list[Envelope] = []
        self.loose: list[Sheet] = []
        self.pile: list[Sheet] = []
        """Scanned, waiting to be shredded."""
        self.log: list[dict[str, object]] = []

    def state_of(self, sheets: list[Sheet]) -> str:
        """Return the state the controller has the first sheet's piece in; for fault × state coverage only."""
        return self._state(sheets[0].uid) if sheets else "EMPTY"

    def into_tray(self, envelope: Envelope) -> None:
        self.standing.envelopes.append(envelope)

    def into_bin(self, envelope: Envelope) -> None:
        self.bin.append(envelope)

    def scrap(self, sheets: list[Sheet]) -> None:
        self.loose += sheets

    def place_tray(self, number: int) -> None:
        """Put tray ``number`` in place, an empty one unless it was there before; 0: an empty one without a label."""
        if number and self.standing.number == number:
            return
        if number in self.trays:
            self.standing = self.trays[number]
            return
        self.standing = PhysicalTray(number)
        if number:
            self.trays[number] = self.standing
        else:
            self.nameless.append(self.standing)

    def leave(self, number: int) -> None:
        """The carrier takes a tray: whatever is in it has left."""
        tray = self.trays.pop(number)
        self.log.append(
            {
                "what": "left",
                "tray": number,
                "seq": self._seq(),
                "envelopes": [
                    [
                        envelope.contents(),
                        envelope.shown.uid if envelope.shown else 0,
                        envelope.weight_off_mg,
                        envelope.postage,
                    ]
                    for envelope in tray.envelopes
                ],
            }
        )

    def franking(self, due: int) -> None:
        """The line has a franking head, set to print ``due`` on every envelope."""
        self.log.append({"what": "franking", "seq": self._seq(), "due": due})

    def shred(self, sheets: list[Sheet]) -> None:
        """Destroy paper."""
        self.log.append(
            {"what": "shredded", "seq": self._seq(), "sheets": [[sheet.uid, sheet.k, sheet.n] for sheet in sheets]}
        )

    def throw_away(self, sheets: list[Sheet]) -> None:
        """Paper goes into the waste without being scanned."""
        self.log.append(
            {"what": "thrown", "seq": self._seq(), "sheets": [[sheet.uid, sheet.k, sheet.n] for sheet in sheets]}
        )

    def printed(self, sheets: list[Sheet]) -> None:
        """Paper came into being."""
        self.log.append(
            {"what": "printed", "seq": self._seq(), "sheets": [[sheet.uid, sheet.k, sheet.n] for sheet in sheets]}
        )
