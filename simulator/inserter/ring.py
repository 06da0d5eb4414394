"""The event ring: numbers events and keeps each until the host says it is durable. It never overwrites.

Source: docs/protocols/inserter.md, section 4.
"""

from __future__ import annotations

from collections import deque

from simulator.inserter.vocabulary import Event

CAPACITY = 1024
# Events a machine still has to report after it decided to stop because the ring fills.
RESERVE = 128


class EventRing:
    """Events of this epoch that the host has not acknowledged, oldest first."""

    __slots__ = ("capacity", "last_seq", "pending")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.pending: deque[Event] = deque()
        self.last_seq = 0

    @property
    def nearly_full(self) -> bool:
        return len(self.pending) >= self.capacity - RESERVE

    def append(self, code: int, time_us: int, values: tuple[int, ...]) -> Event:
        """Number and keep one event."""
        self.last_seq += 1
        event = Event(code, self.last_seq, time_us, values)
        self.pending.append(event)
        return event

    def acknowledge(self, seq: int) -> None:
        """Forget every event up to ``seq``; a number never sent is not believed."""
        if seq > self.last_seq:
            return
        while self.pending and self.pending[0].seq <= seq:
            self.pending.popleft()
