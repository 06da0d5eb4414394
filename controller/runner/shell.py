"""The line thread: takes what became known, steps the core, commits, then acts. The only place that appends to the ledger while a line runs.

Group commit: everything known at one moment is one transaction. No action overtakes its records. Any fault of the ledger, and any step a
state table refuses, stops the line for good (I9): the machine is told to abort, and it would reach the same state by its watchdog.
"""

from __future__ import annotations

import json
import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from controller.ledger.inbox import OperatorCommand
from controller.ledger.lease import Lease
from controller.ledger.ledger import Ledger
from controller.ledger.records import Record
from controller.line import actions, events
from controller.line.core import LineCore
from controller.line.restore import HEARD_KIND
from controller.runner.translate import to_line_event
from controller.service.to_line import NotForTheLine, core_event
from devices import kinds

log = logging.getLogger(__name__)

QUEUE_MAX = 4096
STEPS_PER_COMMIT_MAX = 256
WAIT_S = 0.01
GRANTS_TIMED_MAX = 1_000_000
INBOX_EVERY_S = 0.1
HEARD_WITHOUT_COMMIT_MAX = 8
"""So many machine events that needed no record are written down as heard. A machine has at most 16 under way (inserter.md, section 5)
and says nothing more until the oldest is acknowledged: half of that must never be kept waiting for a record that need not come."""
HEARD_WAIT_S = 0.25
"""After so long fewer are written down too: the machine repeats each of them until then."""

Heard = kinds.InserterNotice | events.LineEvent


class LineStopped(Exception):
    """The line stopped for good; ``str(error)`` says why and what to do."""


class CommandDesk(Protocol):
    """Where operator commands wait."""

    def open_commands(self, line: str, limit: int = 32) -> list[OperatorCommand]: ...


@dataclass(slots=True)
class Hands:
    """What the shell needs to act. Each callable returns at once."""

    inserter: kinds.Inserter
    print_job: Callable[[str], None]
    reset_camera: Callable[[int], None]


@dataclass(slots=True)
class Told:
    """What the core told people, newest last; bounded by who reads it."""

    alarms: dict[actions.AlarmCode, tuple[actions.Alarm, int]] = field(default_factory=dict)
    replies: list[actions.Reply] = field(default_factory=list)


class LineShell:
    """One line's thread of decisions. ``hear`` may be called from any thread; everything else belongs to the thread that runs `turn`."""

    def __init__(
        self, name: str, core: LineCore, ledger: Ledger, lease: Lease, desk: CommandDesk, hands: Hands
    ) -> None:
        self.name = name
        self.core = core
        self.told = Told()
        self.refuse: Callable[[OperatorCommand], str] = lambda _: ""
        """Why a command must not even reach the core, or ""."""
        self.after_commit: list[Callable[[Sequence[Record], Sequence[events.LineEvent]], None]] = []
        self._ledger = ledger
        self._lease = lease
        self._desk = desk
        self._hands = hands
        self._heard: queue.Queue[tuple[int, Heard]] = queue.Queue(QUEUE_MAX)
        self._sent: dict[int, tuple[str, int]] = {}
        self._finished: list[tuple[int, str]] = []
        self._taken: set[int] = set()
        self._inbox_at = 0.0
        self._failure = ""
        self._heard_up_to = self._durable_up_to = self._acknowledged = (core.line.epoch, core.line.seq)
        self._unheard = 0
        self._unheard_since_s = 0.0
        self._seen_ns = 0
        self.grant_us: deque[int] = deque(maxlen=GRANTS_TIMED_MAX)
        """µs from hearing a camera's result to handing the grant it led to to the driver: decision and commit."""

    # -- what became known -------------------------------------------------------------------------------------------------

    def hear(self, word: Heard) -> None:
        """Take one word of a device, a camera or a queue.

        Raises:
            queue.Full: the line thread is behind; the device keeps it and its own ring fills, which holds the machine.
        """
        self._heard.put_nowait((time.monotonic_ns(), word))

    def hear_or_stop(self, word: Heard) -> None:
        """As `hear`, for those who cannot keep a word: when there is no room the line stops instead of forgetting."""
        try:
            self._heard.put((time.monotonic_ns(), word), timeout=1.0)
        except queue.Full:
            self._failure = "the line thread did not keep up: a word of a device would have been lost"

    # -- one turn ----------------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Take what is there (waiting a little for the first), decide, commit, act.

        Raises:
            LineStopped: the ledger cannot be trusted, a table refused a step, or a queue overran.
        """
        stamped = self._take()
        heard = [word for _, word in stamped]
        self._seen_ns = min(
            (at for at, word in stamped if isinstance(word, events.ExitRead | events.SheetRead)), default=0
        )
        try:
            if self._failure:
                raise LineStopped(self._failure)
            self._note_heard(heard)
            told = [*self._commands(), *self._words(heard), self._tick()]
            self._step(told)
        except LineStopped:
            self._abort()
            raise
        except Exception as error:
            self._abort()
            raise LineStopped(f"{type(error).__name__}: {error}") from error
        self._acknowledge()

    def note_alarm(self, alarm: actions.Alarm) -> None:
        """Show an alarm that did not come from the core; may be called from any thread."""
        log.warning("alarm %s %s %s", alarm.code, alarm.where, alarm.detail)
        self.told.alarms[alarm.code] = (alarm, time.time_ns())

    def step_now(self, event: events.LineEvent) -> None:
        """Decide about one event at once, on the calling (line) thread."""
        self._step([event])

    def _take(self) -> list[tuple[int, Heard]]:
        try:
            taken = [self._heard.get(timeout=WAIT_S)]
        except queue.Empty:
            return []
        while len(taken) < STEPS_PER_COMMIT_MAX:
            try:
                taken.append(self._heard.get_nowait())
            except queue.Empty:
                break
        return taken

    def _step(self, told: Iterable[events.LineEvent]) -> None:
        records: list[Record] = []
        todo: list[actions.Action] = []
        stepped = []
        for event in told:
            step = self.core.step(event)
            records += step.records
            todo += step.actions
            stepped.append(event)
        replies = [action for action in todo if isinstance(action, actions.Reply)]
        finished = [*self._finished, *((reply.command, outcome_text(reply)) for reply in replies if reply.command)]
        self._finished.clear()
        if self._heard_up_to != self._durable_up_to and (records or self._must_note_heard()):
            epoch, seq = self._heard_up_to
            records.append(Record(HEARD_KIND, data={"epoch": epoch, "seq": seq}))
        if records or finished:
            self._ledger.append(records, time.time_ns(), lease=self._lease, finished=finished)
            self._taken.difference_update(command for command, _ in finished)
        if records:
            self._durable_up_to, self._unheard = self._heard_up_to, 0
        for listener in self.after_commit:
            listener(records, stepped)
        for action in todo:
            self._perform(action)

    # -- words into events -------------------------------------------------------------------------------------------------

    def _commands(self) -> Iterable[events.LineEvent]:
        now = time.monotonic()
        if now - self._inbox_at < INBOX_EVERY_S:
            return
        self._inbox_at = now
        for command in self._desk.open_commands(self.name):
            if command.id in self._taken:
                continue
            self._taken.add(command.id)
            try:
                if why := self.refuse(command):
                    raise NotForTheLine(why)
                yield core_event(command.id, command.name, command.badge, command.arguments)
            except NotForTheLine as refusal:
                self._finished.append((command.id, json.dumps({"answer": "refused", "why": refusal.why})))

    def _words(self, heard: Iterable[Heard]) -> Iterable[events.LineEvent]:
        for word in heard:
            if isinstance(word, kinds.CommandResult):
                name, number = self._sent.pop(word.command_id, ("", 0))
                if word.code is not kinds.ResultCode.OK:
                    yield events.CommandRefused(name, number, int(word.code))
            elif isinstance(word, kinds.CommandUnknown):
                self._sent.pop(word.command_id, None)
            else:
                event = word if isinstance(word, events.LineEvent) else to_line_event(word)
                if event is not None:
                    yield event

    def _tick(self) -> events.Tick:
        device_us = self._hands.inserter.device_now_us()
        return events.Tick(device_us if device_us is not None else time.monotonic_ns() // 1000)

    # -- actions -----------------------------------------------------------------------------------------------------------

    def _perform(self, action: actions.Action) -> None:
        inserter = self._hands.inserter
        match action:
            case actions.EndSet(epoch, sheet_no, ends):
                self._remember("END_SET", sheet_no, inserter.end_set(epoch, sheet_no, ends))
            case actions.Grant(epoch, piece_no, uid, deadline_us):
                self._remember("GRANT", piece_no, inserter.grant(epoch, piece_no, uid, deadline_us))
                if self._seen_ns:
                    self.grant_us.append((time.monotonic_ns() - self._seen_ns) // 1000)
            case actions.Revoke(epoch, piece_no):
                self._remember("REVOKE", piece_no, inserter.revoke(epoch, piece_no))
            case actions.MachineCommand(verb):
                self._remember("PACKML", verb, inserter.packml(kinds.Verb(verb)))
            case actions.SetMode(mode):
                self._remember("MODE", mode, inserter.mode(kinds.MachineMode(mode)))
            case actions.FeedLimit(epoch, sheet_no):
                self._remember("FEED_LIMIT", sheet_no, inserter.feed_limit(epoch, sheet_no))
            case actions.SetTray(tray):
                self._remember("SET_TRAY", tray, inserter.set_tray(tray))
            case _:
                self._tell(action)

    def _tell(self, action: actions.Action) -> None:
        match action:
            case actions.ResetCamera(camera):
                self._hands.reset_camera(camera)
            case actions.PrintJobNow(job):
                self._hands.print_job(job)
            case actions.Alarm():
                self.note_alarm(action)
            case actions.Reply():
                self.told.replies.append(action)

    def _remember(self, name: str, number: int, command_id: int) -> None:
        self._sent[command_id] = (name, number)

    def _note_heard(self, heard: Iterable[Heard]) -> None:
        for word in heard:
            if isinstance(word, kinds.InserterEvent):
                self._heard_up_to = (word.epoch, word.event_seq)
                self._unheard += 1
                if self._unheard == 1:
                    self._unheard_since_s = time.monotonic()

    def _must_note_heard(self) -> bool:
        waited_s = time.monotonic() - self._unheard_since_s
        return self._unheard >= HEARD_WITHOUT_COMMIT_MAX or (self._unheard > 0 and waited_s >= HEARD_WAIT_S)

    def _acknowledge(self) -> None:
        """Let the machine forget what is durable here, and only that: a controller that restarts asks for what comes after."""
        if self._durable_up_to != self._acknowledged:
            self._hands.inserter.acknowledge(*self._durable_up_to)
            self._acknowledged = self._durable_up_to

    def _abort(self) -> None:
        self._hands.inserter.packml(kinds.Verb.ABORT)


def outcome_text(reply: actions.Reply) -> str:
    """Return the outcome of a command as it stands in the inbox."""
    return json.dumps(
        {"answer": str(reply.answer), "why": reply.why, "subjects": list(reply.subjects)}, ensure_ascii=False
    )
