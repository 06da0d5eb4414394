"""Timers on two clocks: the device's own, and the belt's, which stands still when the belt does. Pure; time comes as a value."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[], None]


class Timers:
    """Runs actions in order of device time; equal times run in the order they were asked for. All times in µs."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us
        self._ids = count()
        self._device: list[tuple[int, int, Action]] = []
        self._belt: list[tuple[int, int, Action]] = []
        self._belt_lag_us = now_us
        self._belt_rest_us: int | None = 0

    @property
    def belt_us(self) -> int:
        """Distance the belt has run, as time."""
        return self.now_us - self._belt_lag_us if self._belt_rest_us is None else self._belt_rest_us

    @property
    def belt_runs(self) -> bool:
        return self._belt_rest_us is None

    def run_belt(self, *, running: bool) -> None:
        """Start or stop the belt; stating the present state changes nothing."""
        if running and self._belt_rest_us is not None:
            self._belt_lag_us = self.now_us - self._belt_rest_us
            self._belt_rest_us = None
        elif not running and self._belt_rest_us is None:
            self._belt_rest_us = self.now_us - self._belt_lag_us

    def after(self, delay_us: int, action: Action) -> None:
        """Run ``action`` when ``delay_us`` of device time has passed."""
        heapq.heappush(self._device, (self.now_us + delay_us, next(self._ids), action))

    def after_belt(self, delay_us: int, action: Action) -> None:
        """Run ``action`` when the belt has run for another ``delay_us``."""
        heapq.heappush(self._belt, (self.belt_us + delay_us, next(self._ids), action))

    def clear_belt(self) -> None:
        """Forget everything that waits for the belt."""
        self._belt.clear()

    def _due(self) -> tuple[int, int, list[tuple[int, int, Action]]] | None:
        heads = [(self._device[0][0], self._device[0][1], self._device)] if self._device else []
        if self._belt and self.belt_runs:
            heads.append((self._belt[0][0] + self._belt_lag_us, self._belt[0][1], self._belt))
        return min(heads, key=lambda head: head[:2]) if heads else None

    def next_us(self) -> int | None:
        """Return the device time of the next action, or None."""
        due = self._due()
        return None if due is None else due[0]

    def advance(self, now_us: int) -> None:
        """Run everything due until ``now_us``, each at its own time."""
        while (due := self._due()) is not None and due[0] <= now_us:
            self.now_us = max(self.now_us, due[0])
            heapq.heappop(due[2])[2]()
        self.now_us = max(self.now_us, now_us)
