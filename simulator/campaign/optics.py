"""The two cameras in virtual time: a trigger becomes a reading some milliseconds later, unless a fault has it otherwise.

A camera numbers its own frames. Nothing tells it the machine's trigger number, so a missed or doubled trigger shifts every later
reading to its neighbour (fault matrix row 23) until the camera is reset.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.line.events import CameraReset, ExitRead, FrameGap, SheetRead
from simulator.campaign.clockwork import Clockwork

RESET_US = 20_000


class Camera:
    """One camera. ``hear`` takes what its driver would tell the line core."""

    __slots__ = ("_clock", "_hear", "_life", "dead_until_us", "frames", "frozen_left", "last", "number")

    def __init__(self, number: int, clock: Clockwork, hear: Callable[[object], None]) -> None:
        self.number = number
        self.frames = 0
        self.frozen_left = 0
        self.dead_until_us = 0
        self.last: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._clock = clock
        self._hear = hear
        self._life = 0

    def shoot(self, payloads: tuple[str, ...], items: tuple[str, ...], delay_us: int) -> None:
        """Take a frame of what is before the lens; its reading comes in ``delay_us``."""
        if self._clock.now_us < self.dead_until_us:
            return
        self.frames += 1
        if self.frozen_left:
            self.frozen_left -= 1
            payloads, items = self.last
        else:
            self.last = (payloads, items)
        self._clock.after(delay_us, self._tell, self._life, self.frames, payloads, items)

    def miss(self) -> None:
        """A trigger did not reach the camera: it does not count it."""

    def ghost(self, delay_us: int) -> None:
        """A trigger that the machine never gave: a frame of an empty belt."""
        self.frames += 1
        self._clock.after(delay_us, self._tell, self._life, self.frames, (), ())

    def die(self, for_us: int) -> None:
        """The camera hangs and comes back, counting from 1; its driver notices."""
        self._life += 1
        self.dead_until_us = self._clock.now_us + for_us
        self._clock.after(for_us, self._back)

    def _back(self) -> None:
        if self._clock.now_us >= self.dead_until_us:
            self.frames = 0
            self._hear(FrameGap(self.number))

    def reset(self) -> None:
        """Count from 1 again; readings under way are dropped."""
        self._life += 1
        self.frames = 0
        self.frozen_left = 0
        self._clock.after(max(RESET_US, self.dead_until_us - self._clock.now_us), self._hear, CameraReset(self.number))

    def _tell(self, life: int, frame: int, payloads: tuple[str, ...], items: tuple[str, ...]) -> None:
        if life != self._life:
            return
        if self.number == 1:
            self._hear(SheetRead(frame, payloads))
        else:
            self._hear(ExitRead(frame, payloads, items, True if payloads else None))
