"""Frame counters of cameras are narrow and wrap; trigger counts here never do."""

from __future__ import annotations


class WrappingCount:
    """Unwraps a counter that runs ``first`` .. ``last`` and then starts at ``first`` again.

    GigE Vision block ids run 1..65535 (GigE Vision 1.2, 5.3: zero is reserved). A step back by less than half the
    range is taken for what it is: an older frame.
    """

    def __init__(self, first: int = 1, last: int = 65535) -> None:
        if last <= first:
            raise ValueError("the counter's range is empty")
        self._span = last - first + 1
        self._first = first
        self._last_raw: int | None = None
        self._count = 0

    def follow(self, raw: int) -> int:
        """Return the unwrapped count (from 1) of the frame with counter value ``raw``."""
        if self._last_raw is None:
            self._count = raw - self._first + 1
        else:
            step = (raw - self._last_raw) % self._span
            self._count += step if step <= self._span // 2 else step - self._span
        self._last_raw = raw
        return self._count
