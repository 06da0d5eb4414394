"""Virtual time: a heap of things to come. Same seed, same order: ties are broken by the order of asking."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush


class Clockwork:
    """Calls what was asked for when its time comes; time jumps from one call to the next. µs since the start of the run."""

    __slots__ = ("_heap", "_order", "now_us")

    def __init__(self) -> None:
        self.now_us = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = 0

    def after(self, delay_us: int, call: Callable[..., None], *arguments: object) -> None:
        """Call ``call(*arguments)`` in ``delay_us``."""
        self._order += 1
        heappush(self._heap, (self.now_us + delay_us, self._order, call, arguments))

    def run(self, until_us: int, done: Callable[[], bool]) -> bool:
        """Run until ``done()`` after some call, or nothing is left, or time is over; return whether it was done."""
        heap = self._heap
        while heap:
            at, _, call, arguments = heappop(heap)
            if at > until_us:
                return done()
            self.now_us = at
            call(*arguments)
            if done():
                return True
        return done()
