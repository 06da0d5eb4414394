"""The host's side of transport B as a state machine: says which registers to read or write next, is given the answers.

Sans-IO, like ``session``; same notices, same rules: a command is written again with the same number until its result is seen, what was under way
when a session ends is unknown, events are taken in order and acknowledged only when durable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from devices.errors import Busy
from devices.inserter import registers
from devices.inserter.messages import Command
from devices.inserter.session import (
    BEAT_EVERY_US,
    MAX_TRIES,
    MAX_UNDELIVERED,
    MAX_WAITING_COMMANDS,
    RTO_MAX_US,
    RTO_MIN_US,
    SILENCE_US,
    WINDOW,
    ClockOffset,
    Phase,
)
from devices.kinds import CommandResult, CommandUnknown, InserterNotice, LinkLost, LinkLostWhy, LinkUp

STATUS_EVERY_US = 10_000
LINK_CHECK_US = 100_000


@dataclass(frozen=True, slots=True)
class Read:
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Write:
    address: int
    words: list[int]


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to ask before this time (or before a verb is said)."""

    until_us: int


@dataclass(slots=True)
class _Open:
    number: int
    command: Command
    due_us: int
    tries: int = 0


class RegisterSession:
    """See the module. Arguments as ``devices.inserter.session.Session``; ``new_session`` gives 32 bits, not 0."""

    def __init__(
        self, device: str, new_session: Callable[[], int], known_epoch: int = 0, last_durable: int = 0
    ) -> None:
        self._device = device
        self._new_session = new_session
        self._phase = Phase.CLOSED
        self._session = 0
        self._epoch = known_epoch
        self._durable = self._received = last_durable
        self._beat = 0
        self._told_durable = -1
        self._beat_due_us = 0
        self._status_due_us = 0
        self._heard_us = 0
        self._asked_us = 0
        self._fifo_last = 0
        self._next_number = 1
        self._waiting: deque[Command] = deque()
        self._open: deque[_Open] = deque()
        self.notices: deque[InserterNotice] = deque()
        self.clock = ClockOffset()
        self.retransmissions = 0
        self.dropped_frames = 0

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def epoch(self) -> int:
        return self._epoch

    # -- what the owner says -------------------------------------------------------------------------------------------

    def open(self, now_us: int) -> None:
        self._session = self._new_session()
        self._phase = Phase.GREETING
        self._next_number = 1
        self._told_durable = -1
        self._beat_due_us = self._status_due_us = now_us
        self._fifo_last = 0

    def port_lost(self, why: LinkLostWhy, detail: str) -> None:
        self._end(why, detail)
        self._phase = Phase.CLOSED

    def submit(self, command: Command) -> None:
        """As ``Session.submit``."""
        if self._phase is not Phase.UP:
            self.notices.append(CommandUnknown(command.command_id, sent=False))
            return
        if len(self._waiting) >= MAX_WAITING_COMMANDS:
            raise Busy(f"{self._device}: {MAX_WAITING_COMMANDS} commands wait already")
        self._waiting.append(command)

    def acknowledge(self, epoch: int, event_seq: int) -> None:
        """As ``Session.acknowledge``."""
        if epoch == self._epoch and self._durable < event_seq <= self._received:
            self._durable = event_seq

    # -- asking --------------------------------------------------------------------------------------------------------

    def next_request(self, now_us: int) -> Read | Write | Rest:
        """What to ask now. ``answer`` must be called before the next one."""
        if self._phase is Phase.CLOSED:
            return Rest(now_us + LINK_CHECK_US)
        if self._phase is Phase.UP and now_us - self._heard_us >= SILENCE_US:
            self._end(LinkLostWhy.SILENCE, f"no valid status block for {SILENCE_US // 1000} ms")
            self.open(now_us)
        self._asked_us = now_us
        if now_us >= self._beat_due_us or (self._phase is Phase.UP and self._durable > self._told_durable):
            return self._beat_block(now_us)
        command = self._command_due(now_us) if self._phase is Phase.UP else None
        if command is not None:
            return command
        if self._phase is Phase.UP and self._received < self._fifo_last and len(self.notices) < MAX_UNDELIVERED:
            return self._fifo_read()
        if now_us >= self._status_due_us:
            return Read(registers.STATUS_AT, registers.STATUS_WORDS)
        return Rest(min(self._status_due_us, self._beat_due_us))

    def _beat_block(self, now_us: int) -> Write:
        self._beat += 1
        self._beat_due_us = now_us + BEAT_EVERY_US
        self._told_durable = self._durable
        return Write(registers.BEAT_AT, registers.beat_to_words(self._session, self._epoch, self._durable, self._beat))

    def _command_due(self, now_us: int) -> Write | None:
        for one in self._open:
            if now_us >= one.due_us:
                if one.tries >= MAX_TRIES:
                    self._end(LinkLostWhy.NO_ANSWER, f"command {one.number} unanswered after {one.tries} tries")
                    self.open(now_us)
                    return None
                self.retransmissions += 1
                return self._command_block(one, now_us)
        if self._waiting and (not self._open or self._next_number - self._open[0].number < WINDOW):
            one = _Open(self._next_number, self._waiting.popleft(), now_us)
            self._next_number += 1
            self._open.append(one)
            return self._command_block(one, now_us)
        return None

    def _command_block(self, one: _Open, now_us: int) -> Write:
        one.due_us = now_us + min(RTO_MIN_US * 2**one.tries, RTO_MAX_US)
        one.tries += 1
        self._status_due_us = now_us
        return Write(registers.COMMAND_AT, registers.command_to_words(self._session, one.number, one.command))

    def _fifo_read(self) -> Read:
        slot = registers.slot_of(self._received + 1)
        count = min(self._fifo_last - self._received, registers.SLOTS_PER_READ, registers.SLOTS - slot)
        return Read(registers.FIFO_AT + slot * registers.SLOT_WORDS, count * registers.SLOT_WORDS)

    # -- being answered ------------------------------------------------------------------------------------------------

    def answer(self, request: Read | Write, words: list[int] | None, now_us: int) -> None:
        """``words`` of a read, empty for a write that was taken, None when the request failed."""
        if words is None:
            if isinstance(request, Write) and request.address == registers.BEAT_AT:
                self._beat_due_us, self._told_durable = now_us, -1
            return
        if isinstance(request, Write):
            return
        if request.address == registers.STATUS_AT:
            self._status_due_us = now_us + STATUS_EVERY_US
            status = registers.status_from_words(words)
            if status is None:
                self.dropped_frames += 1
            else:
                self._take_status(status, now_us)
        else:
            self._take_events(words)

    def _take_status(self, status: registers.Status, now_us: int) -> None:
        if self._phase is Phase.GREETING:
            if status.session != self._session or status.epoch == 0:
                return
            self._come_up(status, now_us)
        elif status.epoch != self._epoch or status.session != self._session:
            why = LinkLostWhy.REBOOT if status.epoch != self._epoch else LinkLostWhy.OTHER_SESSION
            self._end(why, f"the device is in boot {status.epoch} and session {status.session:x}")
            self.open(now_us)
            return
        self._heard_us = now_us
        self._fifo_last = status.fifo_last
        self.clock.offer(self._asked_us, now_us, status.device_us)
        for one in [one for one in self._open if one.number in status.results and one.number <= status.applied]:
            self._open.remove(one)
            self.notices.append(CommandResult(one.command.command_id, status.results[one.number]))
            if self._open and self._open[0].number == status.applied + 1:
                self._open[0].due_us = min(
                    self._open[0].due_us, now_us
                )  # it was written while its predecessor was missing

    def _come_up(self, status: registers.Status, now_us: int) -> None:
        rebooted = self._epoch not in (0, status.epoch)
        if status.epoch != self._epoch:
            self._epoch, self._durable, self._received = status.epoch, 0, 0
            self.clock = ClockOffset()
        missed = max(0, status.first_event - self._received - 1)
        if missed:
            self._durable = self._received = status.first_event - 1
        self._phase = Phase.UP
        self._beat_due_us = now_us  # now with the epoch it wants
        self.notices.append(LinkUp(self._device, status.epoch, rebooted, status.last_event, missed))

    def _take_events(self, words: list[int]) -> None:
        for at in range(0, len(words), registers.SLOT_WORDS):
            event = registers.event_from_words(words[at : at + registers.SLOT_WORDS], self._epoch)
            if event is None or event.event_seq != self._received + 1:
                self.dropped_frames += event is None
                return
            self._received = event.event_seq
            self.notices.append(event)

    def _end(self, why: LinkLostWhy, detail: str) -> None:
        for one in self._open:
            self.notices.append(CommandUnknown(one.command.command_id, sent=True))
        for command in self._waiting:
            self.notices.append(CommandUnknown(command.command_id, sent=False))
        self._open.clear()
        self._waiting.clear()
        if self._phase is Phase.UP:
            self.notices.append(LinkLost(self._device, why, detail))
