"""Rate limits: one token bucket per key, in bounded memory. Pure but for its own lock; the caller brings the clock."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

KEYS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, then ``per_minute``."""

    burst: int
    per_minute: int


# A shift change behind one proxy address is many people at once; each badge has its own lock-out besides.
SIGN_IN = Rate(burst=60, per_minute=120)
API = Rate(burst=120, per_minute=600)


class Limits:
    """Counts uses per key. The oldest keys are forgotten first, so a stranger cannot fill the memory."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, rate: Rate, now_s: float) -> bool:
        """Use one token of ``key``; False when none is left."""
        with self._lock:
            left, since = self._left.pop(key, (float(rate.burst), now_s))
            left = min(rate.burst, left + max(now_s - since, 0) * rate.per_minute / 60)
            allowed = left >= 1
            self._left[key] = (left - 1 if allowed else left, now_s)
            while len(self._left) > KEYS_MAX:
                self._left.popitem(last=False)
        return allowed
