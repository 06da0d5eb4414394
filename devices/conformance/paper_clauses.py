"""Clauses of inserter.md sections 1, 3 and 4 that need sheets: feeding, sets, tokens, the gate, what is inside after a stop."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from devices.conformance.clauses import clause
from devices.conformance.feeding import PATH_S, UID, Feed
from devices.conformance.host import NotTested, TestHost, expect, run_machine
from devices.inserter.messages import CommandCode
from devices.kinds import (
    GatePosition,
    GateSet,
    GateWhy,
    InserterEvent,
    MachineState,
    PieceAtExit,
    PieceExited,
    PieceFormed,
    PieceFranked,
    RejectEye,
    ResultCode,
    SheetFed,
    StateChanged,
    TrayEye,
)


@clause(
    "P01", "1, 3", "exactly the sheets up to FEED_LIMIT are fed, numbered one by one like their triggers", paper=True
)
def _feed_limit(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    sheets = feed.sheets(3)
    host.pump(1.0)
    more = [event for event in host.events[feed.mark :] if isinstance(event, SheetFed)]
    expect(len(more) == 3, f"the limit allowed 3 sheets, {len(more)} were fed")
    for before, after in pairwise(sheets):
        expect(after.sheet_no == before.sheet_no + 1, "sheet numbers are not consecutive")
        expect(after.c1_trigger == before.c1_trigger + 1, "C1 triggers are not consecutive")
    for sheet in sheets:
        feed.end(sheet, True)
    feed.exits(3)


@clause("P02", "1", "END_SET closes the set: the piece names its first and last sheet", paper=True)
def _sets(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    feed.decide = lambda index: index == 2
    sheets = feed.sheets(3)
    piece = host.event_after(feed.mark, lambda e: isinstance(e, PieceFormed), PATH_S, "PIECE")
    assert isinstance(piece, PieceFormed)
    expected = (sheets[0].sheet_no, sheets[2].sheet_no, False)
    found = (piece.first_sheet, piece.last_sheet, piece.undecided)
    expect(found == expected, f"the piece has sheets and flag {found}, not {expected}")
    feed.exits(1)


@clause("P03", "1", "a sheet whose end of set nobody decides closes the set by itself, flagged UNDECIDED", paper=True)
def _undecided(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    feed.decide = lambda index: None
    sheet = feed.sheets(1)[0]
    piece = host.event_after(feed.mark, lambda e: isinstance(e, PieceFormed), PATH_S, "PIECE")
    assert isinstance(piece, PieceFormed)
    expect(piece.undecided, "the set was closed without the flag UNDECIDED")
    expect(piece.device_us - sheet.device_us >= 300_000, "the set was closed before the host had time to decide")
    feed.exits(1)


@clause("P04", "1", "without a token the gate stays in reject", paper=True)
def _no_token(host: TestHost) -> None:
    run_machine(host)
    _judge(host, Feed(host).piece(), GatePosition.REJECT, GateWhy.NO_TOKEN)


@clause("P05", "1", "with a token for exactly this piece the gate passes it, and the tray eye sees it", paper=True)
def _token(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    shot = feed.piece()
    _grant(host, shot.piece_no, UID, shot.gate_at_us)
    _judge(host, shot, GatePosition.PASS, GateWhy.TOKEN)


@clause("P06", "1, 3", "a token whose deadline is over before the gate does not open it", paper=True)
def _expired(host: TestHost) -> None:
    run_machine(host)
    shot = Feed(host).piece()
    _grant(host, shot.piece_no, UID, shot.gate_at_us - 1)
    _judge(host, shot, GatePosition.REJECT, GateWhy.EXPIRED)


@clause("P07", "1", "a token opens the gate for no other piece", paper=True)
def _other_piece(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    feed.sheets(2)
    first, second = feed.shots(2)
    _grant(host, first.piece_no, UID, first.gate_at_us + 10_000_000)
    _judge(host, first, GatePosition.PASS, GateWhy.TOKEN)
    _judge(host, second, GatePosition.REJECT, GateWhy.NO_TOKEN)


@clause(
    "P08",
    "3",
    "another uid for a granted piece is CONFLICT and leaves the token as it is; the same uid is OK",
    paper=True,
)
def _conflict(host: TestHost) -> None:
    run_machine(host)
    shot = Feed(host).piece()
    _grant(host, shot.piece_no, UID, shot.gate_at_us)
    again = host.command(CommandCode.GRANT, host.epoch, shot.piece_no, UID, shot.gate_at_us)
    other = host.command(CommandCode.GRANT, host.epoch, shot.piece_no, UID + 1, shot.gate_at_us)
    expect(again is ResultCode.OK, f"the same GRANT again was answered {again.name}")
    expect(other is ResultCode.CONFLICT, f"a GRANT with another uid was answered {other.name}")
    _judge(host, shot, GatePosition.PASS, GateWhy.TOKEN)


@clause("P09", "3", "REVOKE withdraws the token", paper=True)
def _revoke(host: TestHost) -> None:
    run_machine(host)
    shot = Feed(host).piece()
    _grant(host, shot.piece_no, UID, shot.gate_at_us)
    result = host.command(CommandCode.REVOKE, host.epoch, shot.piece_no)
    expect(result is ResultCode.OK, f"REVOKE was answered {result.name}")
    _judge(host, shot, GatePosition.REJECT, GateWhy.NO_TOKEN)


@clause("P10", "3", "GRANT and REVOKE of a piece past its gate are TOO_LATE", paper=True)
def _too_late(host: TestHost) -> None:
    run_machine(host)
    shot = Feed(host).piece()
    _judge(host, shot, GatePosition.REJECT, GateWhy.NO_TOKEN)
    for code, values in (
        (CommandCode.GRANT, (host.epoch, shot.piece_no, UID, 2**62)),
        (CommandCode.REVOKE, (host.epoch, shot.piece_no)),
    ):
        result = host.command(code, *values)
        expect(result is ResultCode.TOO_LATE, f"{code.name} past the gate was answered {result.name}")


@clause(
    "P11", "1, 4", "the gate acts at the time it announced, after the announcement, and its event says when", paper=True
)
def _gate_time(host: TestHost) -> None:
    run_machine(host)
    shot = Feed(host).piece()
    expect(shot.gate_at_us > shot.device_us, "gate_at_us is not after the exit shot")
    gate = host.event_after(0, lambda e: isinstance(e, GateSet) and e.piece_no == shot.piece_no, PATH_S, "GATE")
    off = gate.device_us - shot.gate_at_us
    expect(abs(off) <= 20_000, f"the gate acted {off / 1000:.1f} ms from the announced moment")


@clause("P12", "2", "what was inside when the host fell silent is purged: no token of before lives", paper=True)
def _silence_purges(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    feed.sheets(1)
    piece_no = feed.formed()
    mark = len(host.events)
    _grant(host, piece_no, UID, 2**62)
    host.pump(1.0, quiet=True)
    host.greet()
    host.wait_for_state(MachineState.ABORTED)
    aborting = host.event_after(mark, _is_state(MachineState.ABORTING, MachineState.ABORTED), 1.0, "STATE Aborting")
    if any(
        isinstance(e, GateSet) and e.piece_no == piece_no and e.device_us < aborting.device_us
        for e in host.events[mark:]
    ):
        raise NotTested("a piece reaches the gate of this machine before the watchdog can act")
    host.command(CommandCode.PACKML, 9)
    host.wait_for_state(MachineState.STOPPED, 15.0)
    _purged(host, mark, piece_no)


@clause("P13", "2", "Hold and Unhold purge what was inside", paper=True)
def _hold_purges(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    feed.sheets(1)
    piece_no = feed.formed()
    mark = len(host.events)
    _grant(host, piece_no, UID, 2**62)
    expect(host.command(CommandCode.PACKML, 4) is ResultCode.OK, "Hold is refused in Execute")
    host.wait_for_state(MachineState.HELD)
    if any(isinstance(e, GateSet) and e.piece_no == piece_no for e in host.events[mark:]):
        raise NotTested("a piece reaches the gate of this machine before it can be held")
    expect(host.command(CommandCode.PACKML, 5) is ResultCode.OK, "Unhold is refused in Held")
    host.wait_for_state(MachineState.EXECUTE, 15.0)
    _purged(host, mark, piece_no)


@clause(
    "P14",
    "4",
    "each piece tells its postage (once, before EXIT_SHOT, where the machine franks), gate, one eye and EXIT, and EXIT says what the eyes saw",
    paper=True,
)
def _eyes(host: TestHost) -> None:
    run_machine(host)
    feed = Feed(host)
    feed.sheets(4)
    for index, shot in enumerate(feed.shots(4)):
        if index % 2:
            _grant(host, shot.piece_no, UID + index, shot.gate_at_us)
    feed.exits(4)
    franks = any(isinstance(event, PieceFranked) for event in host.events)
    for index, shot in enumerate(feed.shots(4)):
        story = [e for e in host.events if getattr(e, "piece_no", None) == shot.piece_no]
        kinds = [type(e) for e in story]
        expected: list[type[InserterEvent]] = [
            PieceFormed,
            *((PieceFranked,) if franks else ()),
            PieceAtExit,
            GateSet,
            TrayEye if index % 2 else RejectEye,
            PieceExited,
        ]
        expect(
            kinds == expected,
            f"piece {shot.piece_no} told {[k.__name__ for k in kinds]}, not {[k.__name__ for k in expected]}",
        )
        last = story[-1]
        assert isinstance(last, PieceExited)
        expect(
            (last.tray, last.reject) == (bool(index % 2), not index % 2),
            f"EXIT of piece {shot.piece_no} contradicts its eyes",
        )


def _grant(host: TestHost, piece_no: int, uid: int, deadline_us: int) -> None:
    result = host.command(CommandCode.GRANT, host.epoch, piece_no, uid, deadline_us)
    expect(result is ResultCode.OK, f"GRANT of piece {piece_no} was answered {result.name}")


def _judge(host: TestHost, shot: PieceAtExit, position: GatePosition, why: GateWhy) -> None:
    gate = host.event_after(0, lambda e: isinstance(e, GateSet) and e.piece_no == shot.piece_no, PATH_S, "GATE")
    assert isinstance(gate, GateSet)
    expect(
        (gate.position, gate.why) == (position, why),
        f"GATE says {gate.position.name} {gate.why.name}, not {position.name} {why.name}",
    )
    out = host.event_after(0, lambda e: isinstance(e, PieceExited) and e.piece_no == shot.piece_no, PATH_S, "EXIT")
    assert isinstance(out, PieceExited)
    to_tray = position is GatePosition.PASS
    expect(
        (out.tray, out.reject) == (to_tray, not to_tray),
        f"EXIT says tray {out.tray}, reject {out.reject} after the gate was {position.name}",
    )


def _is_state(*states: MachineState) -> Callable[[InserterEvent], bool]:
    return lambda event: isinstance(event, StateChanged) and event.state in states


def _purged(host: TestHost, mark: int, piece_no: int) -> None:
    """The piece left by the reject gate and no eye of the tray saw it."""
    gate = host.event_after(
        mark, lambda e: isinstance(e, GateSet) and e.piece_no == piece_no, PATH_S, "GATE of the piece that was inside"
    )
    assert isinstance(gate, GateSet)
    found = f"{gate.position.name} {gate.why.name}"
    expect(gate.position is GatePosition.REJECT, f"the gate says {found} for a piece that was inside")
    expect(gate.why is GateWhy.PURGE, f"the gate says {found} for a purged piece, not REJECT PURGE")
    host.event_after(
        mark,
        lambda e: isinstance(e, RejectEye) and e.piece_no == piece_no,
        PATH_S,
        "REJECT_EYE of the piece that was inside",
    )
    expect(
        not any(isinstance(e, TrayEye) and e.piece_no == piece_no for e in host.events[mark:]),
        "a purged piece reached the tray",
    )
