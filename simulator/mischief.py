"""What may happen to paper on its way to the feeder: sheets swapped, dropped, mixed, or slipped in from elsewhere. Paper is conserved."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from simulator.inserter.device import InserterDevice
from simulator.journal import Journal
from simulator.paper import Envelope, Sheet, Stack
from simulator.people import ScanDesk


class StackMischief:
    """Disturbs the stack on the feeder, in the machine's thread."""

    def __init__(
        self,
        device: InserterDevice,
        waiting: Callable[[], deque[Stack]],
        desk: ScanDesk,
        journal: Journal,
        seed: int,
    ) -> None:
        self._device = device
        self._waiting = waiting
        self._desk = desk
        self._journal = journal
        self._rng = random.Random(seed)
        self._deeds: dict[str, Callable[[deque[Sheet]], None]] = {
            "swap next two": self._swap,
            "reverse": deque.reverse,
            "shuffle": self._shuffle,
            "drop next": self._drop,
            "slip old sheet": self._slip,
            "mix": self._mix,
        }

    def disturb(self, how: str) -> None:
        """Do ``how`` to the stack on the feeder, soon; nothing happens when the feeder is empty. Raises KeyError when unknown."""
        deed = self._deeds[how]
        self._device.post(lambda: self._do(how, deed))

    def _do(self, how: str, deed: Callable[[deque[Sheet]], None]) -> None:
        stack = self._device.firmware.path.stack
        if stack is None or not stack.sheets:
            self._journal.write("stack_not_disturbed", how=how, why="the feeder is empty")
            return
        deed(stack.sheets)
        self._journal.write("stack_disturbed", how=how, left=[sheet.told() for sheet in list(stack.sheets)[:4]])

    def _swap(self, sheets: deque[Sheet]) -> None:
        if len(sheets) > 1:
            sheets[0], sheets[1] = sheets[1], sheets[0]

    def _shuffle(self, sheets: deque[Sheet]) -> None:
        mixed = list(sheets)
        self._rng.shuffle(mixed)
        sheets.clear()
        sheets.extend(mixed)

    def _drop(self, sheets: deque[Sheet]) -> None:
        if len(sheets) > 1:
            self._desk.bring(Envelope(0, [sheets.popleft()], 0, 0), "floor")

    def _slip(self, sheets: deque[Sheet]) -> None:
        old = self._desk.take_old_sheet()
        if old is not None:
            sheets.appendleft(old)

    def _mix(self, sheets: deque[Sheet]) -> None:
        """Put the next waiting stack sheet by sheet between the sheets on the feeder."""
        waiting = self._waiting()
        if not waiting:
            return
        ours, theirs = list(sheets), list(waiting.popleft().sheets)
        sheets.clear()
        while ours or theirs:
            for pile in (ours, theirs):
                if pile:
                    sheets.append(pile.pop(0))
