"""Asks the ledger once a minute what has been lying still too long, on a thread of its own: the question is slow, the line is not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final

from controller.ledger.errors import LedgerFault
from controller.line.actions import Alarm
from controller.silence import Ask, Patience, overdue

log = logging.getLogger(__name__)

EVERY_S: Final = 60.0
STOP_WAIT_S: Final = 5.0


class SilenceWatch:
    """Calls ``tell`` (from its own thread) with each alarm, as long as it is entered. Reads only."""

    def __init__(
        self, letters: Ask, trays: Ask, tell: Callable[[Alarm], None], patience: Patience | None = None
    ) -> None:
        self._letters, self._trays = letters, trays
        self._tell, self._patience = tell, patience
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="silence", daemon=True)

    def __enter__(self) -> SilenceWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(STOP_WAIT_S)

    def _watch(self) -> None:
        while not self._stopping.wait(EVERY_S):
            self.look(time.time_ns())

    def look(self, now_unix_ns: int) -> None:
        """Look once; a ledger that cannot be read is the line's own alarm, not this one's."""
        try:
            for alarm in overdue(self._letters, self._trays, now_unix_ns, self._patience):
                self._tell(alarm)
        except LedgerFault as fault:
            log.warning("the ledger could not be asked what rests: %s", fault)
