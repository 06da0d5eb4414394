"""Machine states: what each means for what is inside, and which command brings the machine back to Execute."""

from __future__ import annotations

from typing import Final

from controller.line.actions import AlarmCode, Answer, MachineCommand, ResetCamera, SetMode
from controller.line.events import CameraReset, CommandRefused, HoldLine, MachineState, StartLine
from controller.line.rules import doubt, feed, pieces, zone
from controller.line.state import LineState
from controller.model import Divert
from controller.states import PackMode, PackState, PackVerb

_P = PackState

PURGING: Final = frozenset(
    {
        _P.HOLDING,
        _P.HELD,
        _P.UNHOLDING,
        _P.STOPPING,
        _P.STOPPED,
        _P.ABORTING,
        _P.ABORTED,
        _P.CLEARING,
        _P.RESETTING,
        _P.IDLE,
    }
)
"""States in which, or before leaving which, the belt is emptied into the reject bin: nothing inside is good any more."""

EMPTIES: Final = frozenset({_P.CLEARING, _P.UNHOLDING})
"""States that a machine leaves only when its belt has run empty (or by another abort)."""

TOWARDS_EXECUTE: Final = {
    _P.ABORTED: PackVerb.CLEAR,
    _P.STOPPED: PackVerb.RESET,
    _P.COMPLETE: PackVerb.RESET,
    _P.IDLE: PackVerb.START,
    _P.HELD: PackVerb.UNHOLD,
}
"""The command that brings the machine one step nearer to Execute from each state in which it waits."""

REASON_NO_SHEETS, REASON_HOST, REASON_WATCHDOG = 5, 8, 2


def machine_state(line: LineState, event: MachineState) -> None:
    """The machine says its state; what it means for the paper inside is settled before anything else."""
    before = line.state
    line.state, line.mode, line.reason = event.state, event.mode, event.reason
    if event.state in PURGING or before in PURGING:
        zone.lose(line, Divert.ZONE, grants=False)
    if before in EMPTIES and event.state not in (before, _P.ABORTING, _P.ABORTED):
        belt_emptied(line)
    if event.state != before:
        line.book.note("line.state", {"state": event.state, "mode": event.mode, "reason": event.reason})
    if event.state in (_P.ABORTED, _P.HELD) and before != event.state and event.reason != REASON_HOST:
        line.alarm(AlarmCode.MACHINE_STOPPED, str(PackState(event.state).name), str(event.reason))
    if event.state == _P.SUSPENDED and event.reason == REASON_NO_SHEETS:
        line.alarm(AlarmCode.NO_SHEETS)
    if event.state == _P.EXECUTE:
        line.want_execute = False
        feed.renew_limit(line)
    towards_execute(line)


def belt_emptied(line: LineState) -> None:
    """The belt was run empty: what has not left by now was taken out by hand, and only a custody scan can bring it back."""
    for envelope in line.inside.values():
        pieces.close_unjudged(line, envelope)
        if envelope.granted and envelope.owner is not None:
            doubt.exit_unknown(line, envelope, envelope.owner, "not on the belt")
    line.inside.clear()
    line.uncollated.clear()
    line.exit_shots.clear()
    line.feed.sheets.clear()


def towards_execute(line: LineState) -> None:
    """Send the next command on the way to Execute, if that is wanted and the machine waits for one."""
    if not (line.want_execute and line.link):
        return
    if line.mode != PackMode.PRODUCTION:
        line.actions.append(SetMode(PackMode.PRODUCTION))
    state = line.state
    if state == _P.HELD and any(eye.out_of_step for eye in line.eyes.values()):
        # Cameras can be counted anew only with an empty belt at rest: the way leads through Clearing and Idle.
        line.actions.append(MachineCommand(PackVerb.ABORT))
        return
    if state == _P.IDLE and not all(eye.fresh for eye in line.eyes.values()):
        line.actions.extend(ResetCamera(number) for number in line.eyes)
        return
    verb = TOWARDS_EXECUTE.get(PackState(state))
    if verb is not None:
        line.actions.append(MachineCommand(verb))


def start_line(line: LineState, event: StartLine) -> None:
    """A person asks for production."""
    if not line.link:
        line.reply(event.command, Answer.REFUSED, "no-link")
        return
    if line.tray is None:
        line.reply(event.command, Answer.REFUSED, "no-tray")
        return
    line.book.note("line.start", {"badge": event.badge})
    if line.state == _P.EXECUTE:
        line.reply(event.command, Answer.DONE)
        return
    line.want_execute = True
    line.verb_refused = False
    towards_execute(line)
    line.reply(event.command, Answer.WAITING)


def hold_line(line: LineState, event: HoldLine) -> None:
    """A person holds the line; what is inside will go to the reject bin."""
    line.book.note("line.hold", {"badge": event.badge})
    line.want_execute = False
    line.actions.append(MachineCommand(PackVerb.HOLD))
    line.reply(event.command, Answer.DONE)


def camera_reset(line: LineState, event: CameraReset) -> None:
    """A camera counts from 1 again; when both do, the machine may start."""
    zone.camera_reset(line, event)
    if event.camera == 1:
        feed.give_up_waiting(line)
    if all(eye.fresh for eye in line.eyes.values()):
        towards_execute(line)


def command_refused(line: LineState, event: CommandRefused) -> None:
    """The machine refused a command. A refused grant needs nothing: its piece goes to the bin and the eyes will say so."""
    line.book.note("line.refused", {"command": event.command, "number": event.number, "code": event.code})
    if event.command != "PACKML" or not line.want_execute:
        return
    if line.verb_refused:
        line.want_execute = False
        line.alarm(AlarmCode.MACHINE_STOPPED, f"verb {event.number}", f"refused: {event.code}")
        return
    # Its state is not the one we believed. Every state but Aborted can be aborted, and from Aborted the way is known.
    line.verb_refused = True
    line.state = _P.ABORTED
    line.actions.append(MachineCommand(PackVerb.ABORT))
    line.actions.append(MachineCommand(PackVerb.CLEAR))
