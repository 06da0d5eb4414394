"""What the people at the simulated line are asked to do, over the hand scanner's own line: look through a tray, take pieces out.

The host writes one line to the scanner port, as it would to the display of a scanner; the person answers with scans:

    AUDIT <tray>      →  ``TRAY <tray>``, the mark of every envelope as seen through its window, ``COUNT <n>``
    PULL <payload>    →  the scan of the envelope, now in the person's hand, or ``NOT FOUND``

The errands are done by the person at the scan desk, one after another with what is brought there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

from simulator.journal import Journal
from simulator.paper import Envelope
from simulator.people import ScanDesk, read_by_hand

TRAYS_KEPT = 4
LINE_CHARS_MAX = 200


class Errands:
    """Remembers what lies in the last trays and does what the host asks. ``emit`` gets one scanned line each, ``taken_out`` every envelope pulled from a tray."""

    def __init__(
        self,
        scan_s: float,
        journal: Journal,
        desk: ScanDesk,
        emit: Callable[[str], None],
        taken_out: Callable[[int, Envelope], None],
    ) -> None:
        self._pause_s = scan_s
        self._journal = journal
        self._emit = emit
        self._lock = threading.Lock()
        self._trays: dict[int, list[Envelope]] = {}
        self._text = ""
        self._desk = desk
        self._taken_out = taken_out

    def landed(self, tray: int, envelope: Envelope) -> None:
        """An envelope fell into ``tray``."""
        with self._lock:
            self._trays.setdefault(tray, []).append(envelope)
            while len(self._trays) > TRAYS_KEPT:
                del self._trays[min(self._trays)]

    def heard(self, data: bytes) -> None:
        """Take bytes the host wrote to the scanner port."""
        self._text += data.decode("ascii", "replace")
        *lines, self._text = self._text.replace("\r", "\n").split("\n")
        self._text = self._text[-LINE_CHARS_MAX:]
        for line in lines:
            verb, _, rest = line.strip().partition(" ")
            if verb == "AUDIT" and rest.isdigit():
                self._desk.also(partial(self._audit, int(rest)))
            elif verb == "PULL":
                self._desk.also(partial(self._pull, rest))

    def _audit(self, tray: int) -> None:
        with self._lock:
            envelopes = list(self._trays.get(tray, ()))
        self._journal.write("tray_audited", tray=tray, envelopes=len(envelopes))
        self._emit(f"TRAY {tray}")
        for envelope in envelopes:
            time.sleep(self._pause_s)
            self._emit(read_by_hand(envelope.sheets[0]) if envelope.sheets else "?")
        self._emit(f"COUNT {len(envelopes)}")

    def _pull(self, payload: str) -> None:
        with self._lock:
            for tray, envelopes in self._trays.items():
                for envelope in envelopes:
                    if envelope.sheets and read_by_hand(envelope.sheets[0]) == payload:
                        envelopes.remove(envelope)
                        self._taken_out(tray, envelope)
                        sheets = [sheet.told() for sheet in envelope.sheets]
                        self._journal.write("pulled", tray=tray, piece_no=envelope.piece_no, sheets=sheets)
                        self._emit(payload)
                        return
        self._emit("NOT FOUND")
