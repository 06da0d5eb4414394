"""Feeds test sheets to a machine and waits for what comes of them."""

from __future__ import annotations

from collections.abc import Callable

from devices.conformance.host import NotKept, TestHost, expect
from devices.inserter.messages import CommandCode
from devices.kinds import (
    InserterEvent,
    PieceAtExit,
    PieceExited,
    PieceFormed,
    ResultCode,
    SheetFed,
)

UID = 123_456_000_001_01
PATH_S = 10.0
"""Longest a piece may take from the feeder to the eyes behind the gate."""


class Feed:
    """Feeds test sheets and decides their sets. Each sheet ends its set unless ``decide`` says otherwise (None: say nothing)."""

    def __init__(self, host: TestHost) -> None:
        self.host = host
        host.pump(0.5)  # what pieces of an earlier clause still have to say
        self.mark = len(host.events)
        self.decide: Callable[[int], bool | None] = lambda index: True
        earlier = [event.sheet_no for event in host.events if isinstance(event, SheetFed)]
        self._limit = max(earlier) if earlier else self._last_sheet()
        self._decided = 0
        self._asked = 0

    def sheets(self, count: int, wait: bool = True) -> list[SheetFed]:
        self._asked += count
        self._limit += count
        result = self.host.command(CommandCode.FEED_LIMIT, self.host.epoch, self._limit)
        expect(result is ResultCode.OK, f"FEED_LIMIT was answered {result.name}")
        if not wait:
            return []
        if not self.host.pump(PATH_S, self._all_decided):
            raise NotKept(
                f"{self._asked} sheets were allowed, {self._decided} were fed; the machine is {self.host.state_name()}"
            )
        return self._fed()

    def end(self, sheet: SheetFed, ends: bool) -> None:
        """Say it again: a statement said twice changes nothing."""
        result = self.host.command(CommandCode.END_SET, self.host.epoch, sheet.sheet_no, int(ends))
        expect(result in (ResultCode.OK, ResultCode.TOO_LATE), f"END_SET said again was answered {result.name}")

    def piece(self) -> PieceAtExit:
        self.sheets(1)
        return self.shots(1)[0]

    def formed(self) -> int:
        """The number of the first piece formed of these sheets."""
        (piece,) = self._seen(PieceFormed, 1)
        assert isinstance(piece, PieceFormed)
        return piece.piece_no

    def shots(self, count: int) -> list[PieceAtExit]:
        return [event for event in self._seen(PieceAtExit, count) if isinstance(event, PieceAtExit)]

    def exits(self, count: int) -> None:
        self._seen(PieceExited, count)

    def _seen(self, kind: type[InserterEvent], count: int) -> list[InserterEvent]:
        def found() -> list[InserterEvent]:
            return [event for event in self.host.events[self.mark :] if isinstance(event, kind)]

        if not self.host.pump(PATH_S, lambda: len(found()) >= count):
            raise NotKept(
                f"{count} {kind.__name__} events were due, {len(found())} came; the machine is {self.host.state_name()}"
            )
        return found()[:count]

    def _fed(self) -> list[SheetFed]:
        return [event for event in self.host.events[self.mark :] if isinstance(event, SheetFed)]

    def _all_decided(self) -> bool:
        fed = self._fed()
        while self._decided < len(fed):
            ends = self.decide(self._decided)
            if ends is not None:
                self.host.send_command(CommandCode.END_SET, self.host.epoch, fed[self._decided].sheet_no, int(ends))
            self._decided += 1
        return self._decided >= self._asked

    def _last_sheet(self) -> int:
        """The last sheet fed in this boot, found by asking: END_SET of a sheet that has not been fed is UNKNOWN_PIECE."""
        low, high = 0, 2**32 - 2
        while low < high:
            middle = (low + high + 1) // 2
            unknown = self.host.command(CommandCode.END_SET, self.host.epoch, middle, 1) is ResultCode.UNKNOWN_PIECE
            low, high = (low, middle - 1) if unknown else (middle, high)
        return low
