"""Clauses of inserter.md sections 2 and 3: states and commands."""

from __future__ import annotations

from itertools import pairwise

from devices.conformance.clauses import clause
from devices.conformance.host import TestHost, expect, ready, run_machine
from devices.inserter.messages import CommandCode
from devices.kinds import (
    MachineMode,
    MachineState,
    ResultCode,
    StateChanged,
)

_UID = 1
_LEGAL = {
    MachineState.CLEARING: {MachineState.STOPPED},
    MachineState.RESETTING: {MachineState.IDLE},
    MachineState.STARTING: {MachineState.EXECUTE},
    MachineState.HOLDING: {MachineState.HELD},
    MachineState.UNHOLDING: {MachineState.EXECUTE},
    MachineState.SUSPENDING: {MachineState.SUSPENDED},
    MachineState.UNSUSPENDING: {MachineState.EXECUTE},
    MachineState.STOPPING: {MachineState.STOPPED},
    MachineState.COMPLETING: {MachineState.COMPLETE},
    MachineState.ABORTING: {MachineState.ABORTED},
}
_INTERRUPTS = {MachineState.ABORTING, MachineState.STOPPING, MachineState.HOLDING}


@clause(
    "S01",
    "2",
    "Clear, Reset, Start lead from Aborted over Stopped and Idle to Execute, acting states end as PackML says",
)
def _way_up(host: TestHost) -> None:
    mark = len(host.events)
    ready(host)
    host.command(CommandCode.PACKML, 2)
    host.pump(
        3.0, lambda: host.state is not None and host.state.state in (MachineState.EXECUTE, MachineState.SUSPENDED)
    )
    states = [event.state for event in host.events[mark:] if isinstance(event, StateChanged)]
    for before, after in pairwise(states):
        if before in _LEGAL and after is not before:
            expect(after in _LEGAL[before] | _INTERRUPTS, f"{before.name} was followed by {after.name}")


@clause("S02", "2", "verbs that make no sense in a state are refused and change nothing")
def _refused(host: TestHost) -> None:
    ready(host)
    host.command(CommandCode.PACKML, 8)
    host.wait_for_state(MachineState.ABORTED)
    for verb in (1, 2, 5, 7):
        code = host.command(CommandCode.PACKML, verb)
        expect(code is ResultCode.REFUSED_STATE, f"verb {verb} in Aborted was answered {code.name}")
    expect(
        host.state is not None and host.state.state is MachineState.ABORTED,
        f"the machine left Aborted: {host.state_name()}",
    )


@clause("S03", "3", "a verb whose state is reached already is OK and changes nothing")
def _no_toggle(host: TestHost) -> None:
    ready(host)
    mark = len(host.events)
    for _ in range(3):
        code = host.command(CommandCode.PACKML, 1)
        expect(code is ResultCode.OK, f"Reset in Idle was answered {code.name}")
    host.pump(0.3)
    moved = [
        event
        for event in host.events[mark:]
        if isinstance(event, StateChanged) and event.state is not MachineState.IDLE
    ]
    expect(not moved, "Reset in Idle moved the machine")


@clause("S04", "3", "values outside the tables are BAD_VALUE")
def _bad_values(host: TestHost) -> None:
    ready(host)
    for code, values in (
        (CommandCode.PACKML, (0,)),
        (CommandCode.PACKML, (200,)),
        (CommandCode.MODE, (0,)),
        (CommandCode.MODE, (9,)),
    ):
        result = host.command(code, *values)
        expect(result is ResultCode.BAD_VALUE, f"{code.name} {values[0]} was answered {result.name}")


@clause("S05", "3", "commands of another epoch are REFUSED_EPOCH")
def _other_epoch(host: TestHost) -> None:
    ready(host)
    wrong = (host.epoch - 1) & 0xFFFF
    asked: list[tuple[CommandCode, tuple[int, ...]]] = [
        (CommandCode.END_SET, (wrong, 1, 1)),
        (CommandCode.GRANT, (wrong, 1, _UID, 2**62)),
        (CommandCode.REVOKE, (wrong, 1)),
        (CommandCode.FEED_LIMIT, (wrong, 5)),
    ]
    for code, values in asked:
        result = host.command(code, *values)
        expect(result is ResultCode.REFUSED_EPOCH, f"{code.name} of another epoch was answered {result.name}")


@clause("S06", "2", "tokens are refused outside Execute and outside Production")
def _tokens_only_in_execute(host: TestHost) -> None:
    ready(host)
    result = host.command(CommandCode.GRANT, host.epoch, 1, _UID, 2**62)
    expect(result is ResultCode.REFUSED_STATE, f"a GRANT in Idle was answered {result.name}")
    expect(host.command(CommandCode.MODE, MachineMode.MANUAL) is ResultCode.OK, "mode Manual is refused in Idle")
    result = host.command(CommandCode.GRANT, host.epoch, 1, _UID, 2**62)
    host.command(CommandCode.MODE, MachineMode.PRODUCTION)
    expect(result is ResultCode.REFUSED_STATE, f"a GRANT in mode Manual was answered {result.name}")


@clause("S07", "3", "a piece that has not been formed is UNKNOWN_PIECE", paper=True)
def _unknown_piece(host: TestHost) -> None:
    run_machine(host)
    far = 4_000_000_000
    for code, values in (
        (CommandCode.GRANT, (host.epoch, far, _UID, 2**62)),
        (CommandCode.REVOKE, (host.epoch, far)),
        (CommandCode.END_SET, (host.epoch, far, 1)),
    ):
        result = host.command(code, *values)
        expect(result is ResultCode.UNKNOWN_PIECE, f"{code.name} of piece or sheet {far} was answered {result.name}")
