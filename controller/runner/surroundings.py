"""What around the line is not as it should be, and is no word of any device: the witness of the ledger away, the computer's clock stepped.

Neither stops anything: deadlines run on the monotonic clock, the ledger is ordered by number (fault matrix rows 42 and 50). A person must know.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from controller.line.actions import Alarm, AlarmCode

CLOCK_STEP_NS: Final = 2 * 10**9
"""A time service slews; more than this between two looks is a step."""


@dataclass(slots=True)
class Surroundings:
    """Looks a few times a second. ``away`` says why the witness cannot be written, or ""; ``alarms`` are those shown at present."""

    away: Callable[[], str]
    note: Callable[[Alarm], None]
    alarms: MutableMapping[AlarmCode, Any]
    _offset_ns: int | None = field(default=None, init=False)

    def look(self, unix_ns: int, monotonic_ns: int) -> None:
        """Raise or take back the alarms; the two clocks are read at the same moment."""
        if why := self.away():
            if AlarmCode.WITNESS_AWAY not in self.alarms:
                self.note(Alarm(AlarmCode.WITNESS_AWAY, "", why))
        else:
            self.alarms.pop(AlarmCode.WITNESS_AWAY, None)
        offset_ns = unix_ns - monotonic_ns
        if self._offset_ns is not None and abs(offset_ns - self._offset_ns) > CLOCK_STEP_NS:
            self.note(Alarm(AlarmCode.CLOCK_JUMPED, "", f"{(offset_ns - self._offset_ns) / 1e9:+.0f} s"))
        self._offset_ns = offset_ns
