"""Frame counters of cameras are narrow and wrap; trigger counts here never do."""

from __future__ import annotations

LOST_AT_START_MAX = 256
"""More frames than this are not lost before the first one comes: such a camera did not begin to count where it should."""


class WrappingCount:
    """Unwraps a counter that runs ``first`` .. ``last`` and then starts at ``first`` again; the first frame is 1.

    GigE Vision block ids run 1..65535 (GigE Vision 1.2, 5.3: zero is reserved). A step back by less than half the
    range is taken for what it is: an older frame. A stream begins with ``first``, so what lacks before the first frame
    was lost; but some cameras count on when a stream starts: ``before`` is the last value of the stream before.
    """

    def __init__(self, first: int = 1, last: int = 65535, before: int | None = None) -> None:
        if last <= first:
            raise ValueError("the counter's range is empty")
        self._span = last - first + 1
        self._first = first
        self._before = before
        self.last_raw: int | None = None
        """The counter's value at the last frame; None before the first."""
        self._count = 0

    def follow(self, raw: int) -> int:
        """Return the unwrapped count (from 1) of the frame with counter value ``raw``."""
        if self.last_raw is None:
            begun = raw - self._first + 1
            counts_on = self._before is not None and 0 < (raw - self._before) % self._span <= LOST_AT_START_MAX
            self._count = 1 if counts_on or begun > LOST_AT_START_MAX else begun
        else:
            step = (raw - self.last_raw) % self._span
            self._count += step if step <= self._span // 2 else step - self._span
        self.last_raw = raw
        return self._count
