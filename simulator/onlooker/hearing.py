"""What each word that reaches a line means to the onlooker: what it remembers of it, and what the line then owes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from simulator.onlooker.duties import Duties
from simulator.onlooker.memory import DEAD, Memory, Papers, SeenPiece, SeenSheet

READ_WAIT_US: Final = 250_000
STARTING, SUSPENDED, EXECUTE, ABORTING, ABORTED, CLEARING, UNHOLDING = 3, 5, 6, 8, 9, 1, 12
PURGING: Final = frozenset({1, 2, 4, 7, 8, 9, 10, 11, 12, 15})
"""States in which the belt is, or will be, run empty into the bin."""
COVER, JAM, ESTOP = 3, 4, 9
PRINTED = 1
GATE, TRAY = 7, 8
EARLY_MAX: Final = 256

Hear = Callable[[Memory, Papers, Duties, Any], None]


def spoil(memory: Memory, duties: Duties, why: str, *, grants: bool, hands: bool = False) -> None:
    """Knowledge of what is inside was lost."""
    for sheet in memory.sheets.values():
        sheet.spoiled = sheet.spoiled or why
    for piece in memory.inside.values():
        piece.spoiled = piece.spoiled or why
        piece.hands = piece.hands or hands
    duties.spoiled = why
    if grants:
        duties.unknown = why


def number(memory: Memory, duties: Duties, seq: int) -> bool:
    """Return whether a machine event is new; a jump in the numbers spoils everything."""
    if memory.seq is not None:
        if seq <= memory.seq:
            duties.silent = True
            return False
        if seq != memory.seq + 1:
            spoil(memory, duties, "event numbers jumped", grants=True, hands=True)
            duties.kinds.append(("line.ring-gap", 0, "event numbers jumped"))
    memory.seq = seq
    return True


# --- link, machine ----------------------------------------------------------------------------------------------------


def link_up(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if event.epoch != memory.epoch:
        if memory.epoch:
            spoil(memory, duties, "another epoch", grants=True, hands=True)
        memory.forget_inside()
        memory.seq = 0
        memory.epoch = event.epoch
    memory.link = True
    memory.state = memory.told_state = ABORTED


def link_lost(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if memory.link:
        memory.link = False
        spoil(memory, duties, "link lost", grants=True)


def machine_state(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    before = memory.state
    memory.state, memory.mode = event.state, event.mode
    if event.state in PURGING or before in PURGING:
        spoil(memory, duties, f"machine state {event.state}", grants=False)
    if before in (CLEARING, UNHOLDING) and event.state not in (before, ABORTING, ABORTED):
        duties.unknown = "the belt was run empty"
        memory.inside.clear()
        memory.sheets.clear()
        memory.shots.clear()
    if memory.told_state and event.state != memory.told_state:
        duties.kinds.append(("line.state", 0, f"the machine went to state {event.state}"))
    memory.told_state = event.state


def command_refused(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if event.command == "PACKML":
        memory.told_state = 0


def fault(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if not event.active:
        return
    if event.reason == COVER:
        spoil(memory, duties, "cover opened", grants=True, hands=True)
        duties.hold.append((memory.tray, "a cover was opened"))
    elif event.reason in (JAM, ESTOP):
        spoil(memory, duties, "jam or emergency stop", grants=True)


def removed(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    spoil(memory, duties, "paper was taken out", grants=True, hands=True)
    if event.zone in (GATE, TRAY):
        duties.hold.append((memory.tray, "paper was taken out at the tray"))


def tray_presence(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if memory.tray and not event.present and event.tray in (0, memory.tray):
        memory.tray_present = False
        duties.hold.append((memory.tray, "the tray was taken away"))


def frame_gap(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    spoil(memory, duties, f"camera {event.camera} lost count", grants=False)


def camera_reset(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    memory.fresh[event.camera] = True
    if event.camera == 1:
        memory.early.clear()
        # Frames are counted anew: none of them can be of a sheet that was shot before.
        while memory.waiting:
            judge_sheet(memory, papers, duties, memory.waiting.popleft(), ())
    else:
        memory.views.clear()
        memory.shots.clear()


def restarted(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    spoil(memory, duties, "restart", grants=True)


def taken_over(memory: Memory) -> None:
    """Another controller: it knows the books and nothing else. What was granted may still be settled by the machine's own words."""
    again = {no: piece for no, piece in memory.gone.items() if memory.pieces.get(piece.granted_uid) == "EXIT_UNKNOWN"}
    kept = again | {no: piece for no, piece in memory.inside.items() if piece.granted_uid}
    memory.read_before -= {(uid, k) for uid, k in memory.read_before if k > 1 and memory.pieces.get(uid) == "IN_FEED"}
    memory.forget_inside()
    memory.inside.update(kept)
    for piece in kept.values():
        piece.edge_counted = False
    memory.seq = None
    memory.link = False
    memory.state = memory.told_state = ABORTED
    memory.offset, memory.fresh = {1: 0, 2: 0}, {1: False, 2: False}
    if memory.trays.get(memory.tray) not in ("OPEN", "AUDIT"):
        memory.tray = 0
    memory.tray_present = True
    for tray in memory.edges:
        memory.edges[tray] = len(memory.listed[tray])


def tick(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    memory.now = event.now_us
    if memory.waiting:
        settle(memory, papers, duties)


# --- sheets -----------------------------------------------------------------------------------------------------------


def sheet_fed(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if memory.fresh[1]:
        memory.offset[1], memory.fresh[1] = event.trigger - 1, False
    frame = event.trigger - memory.offset[1]
    sheet = SeenSheet(event.sheet_no, event.stack_no, frame, memory.now, double=event.double)
    memory.sheets[event.sheet_no] = sheet
    memory.last_no = event.sheet_no
    memory.waiting.append(sheet)
    settle(memory, papers, duties)


def sheet_read(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if len(memory.early) > EARLY_MAX:
        memory.early.clear()
    memory.early[event.trigger] = event.payloads
    settle(memory, papers, duties)


def settle(memory: Memory, papers: Papers, duties: Duties) -> None:
    """Judge sheets in their order, each with its reading, or as unread when its time is over."""
    waiting = memory.waiting
    while waiting:
        sheet = waiting[0]
        payloads = memory.early.pop(sheet.frame, None)
        if payloads is None and memory.now - sheet.fed_at < READ_WAIT_US:
            return
        waiting.popleft()
        judge_sheet(memory, papers, duties, sheet, payloads or ())
        if payloads is None and memory.link:
            spoil(memory, duties, "a shot without a frame", grants=False)


def judge_sheet(memory: Memory, papers: Papers, duties: Duties, sheet: SeenSheet, payloads: tuple[str, ...]) -> None:
    """Say what one sheet proves in its place."""
    sheet.shown, sheet.judged = payloads, True
    if sheet.stack != memory.stack:
        memory.stack, memory.expect = sheet.stack, None
    mark = papers.marks.get(payloads[0]) if len(payloads) == 1 else None
    known = mark is not None and mark[0] in memory.pieces
    if mark is not None and known:
        sheet.mark = mark
        sheet.fault = _place(memory, papers, duties, mark)
    else:
        sheet.fault = "unread" if mark is None else "of an unknown piece"
        if mark is None and memory.expect is not None:
            memory.expect = (memory.expect[0], memory.expect[1] + 1)
    if sheet.double:
        sheet.fault = sheet.fault or "double"
    if sheet.spoiled:
        sheet.fault = sheet.fault or sheet.spoiled
    if sheet.fault and mark is not None and known:
        duties.doubt.append((mark[0], f"sheet {sheet.no}: {sheet.fault}"))


def _place(memory: Memory, papers: Papers, duties: Duties, mark: tuple[int, int, int]) -> str:
    uid, k, count = mark
    job, start = papers.place[uid]
    place = start + k - 1
    in_order = place == 0 if memory.expect is None else memory.expect == (job, place)
    memory.expect = (job, place + 1)
    repeated = (uid, k) in memory.read_before
    memory.read_before.add((uid, k))
    if repeated:
        if uid not in memory.copies and uid not in memory.copies_noted:
            duties.kinds.append(("copy.seen", uid, f"sheet {k} of {uid} came a second time"))
        memory.copies.add(uid)
    if memory.pieces[uid] in DEAD:
        return "of a void piece"
    if repeated:
        return "a second copy"
    if count != papers.sheets[uid]:
        return "counts other sheets than its piece has"
    return "" if in_order else "out of order"


def stack_ended(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    last = memory.sheets.get(memory.last_no)
    if last is not None and last.stack == event.stack_no:
        last.ended = True


# --- envelopes --------------------------------------------------------------------------------------------------------


def piece_formed(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    piece = SeenPiece(event.piece_no, event.first_sheet, event.last_sheet)
    if event.undecided:
        piece.refusable = "the machine closed its set by itself"
    if memory.last_taken and event.first_sheet != memory.last_taken + 1:
        piece.refusable = "sheets are missing before it"
    memory.last_taken = event.last_sheet
    memory.inside[event.piece_no] = piece


def franked(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    piece = memory.inside.get(event.piece_no)
    if piece is not None:
        piece.franked += 1
        piece.postage = event.amount if event.outcome == PRINTED else 0


def piece_at_exit(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    if memory.fresh[2]:
        memory.offset[2], memory.fresh[2] = event.trigger - 1, False
    piece = memory.inside.get(event.piece_no)
    if piece is None:
        return
    piece.gate_at, piece.weight = event.gate_at_us, event.weight_mg
    frame = event.trigger - memory.offset[2]
    piece.view = memory.views.pop(frame, None)
    if piece.view is None:
        memory.shots[frame] = piece


def exit_read(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    view = (event.payloads, event.items, event.address_ok)
    piece = memory.shots.pop(event.trigger, None)
    if piece is None:
        if len(memory.views) > EARLY_MAX:
            memory.views.clear()
        memory.views[event.trigger] = view
    else:
        piece.view = view


def gate_set(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    piece = memory.inside.get(event.piece_no)
    if event.passing and (piece is None or not piece.granted_uid):
        _foreign(memory, duties, memory.tray, f"the gate opened for no. {event.piece_no}")


def tray_eye(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    tray = event.tray if event.tray in memory.trays else memory.tray
    memory.edges[tray] += 1
    piece = memory.inside.get(event.piece_no)
    if piece is not None:
        piece.eye_tray, piece.edge_counted = tray, True
    if piece is None or not piece.granted_uid:
        _foreign(memory, duties, tray, f"no. {event.piece_no} fell into tray {tray} without a grant")
        return
    state = memory.pieces.get(piece.granted_uid)
    if state == "EXIT_UNKNOWN":
        duties.look_for.append((tray, f"{piece.granted_uid} fell into it, and nobody knew where it was"))
    elif state != "PASS_GRANTED":
        _foreign(memory, duties, tray, f"{piece.granted_uid} fell into tray {tray}, but the books have it as {state}")


def _foreign(memory: Memory, duties: Duties, tray: int, why: str) -> None:
    duties.abort = why
    duties.hold.append((tray, why))


def piece_exited(memory: Memory, papers: Papers, duties: Duties, event: Any) -> None:
    piece = memory.inside.pop(event.piece_no, None)
    if piece is not None:
        for no in range(piece.first, piece.last + 1):
            memory.sheets.pop(no, None)
    granted = piece.granted_uid if piece is not None else 0
    if piece is not None and memory.pieces.get(granted) == "EXIT_UNKNOWN":
        memory.gone[piece.no] = piece
    if not granted:
        if event.tray:
            if piece is None or not piece.eye_tray:  # else the eye said into which, and that one was put on HOLD then
                duties.hold.append((memory.tray, f"no. {event.piece_no} left by the tray without a grant"))
        elif not event.reject:
            duties.hold.append((memory.tray, f"no eye saw no. {event.piece_no}"))
    elif event.tray == event.reject and memory.pieces.get(granted) == "PASS_GRANTED":
        duties.kinds.append(("piece.exit-unknown", granted, "not exactly one eye saw it"))
    elif memory.pieces.get(granted) != "PASS_GRANTED" and not event.tray and not event.reject:
        unknown = memory.pieces.get(granted) == "EXIT_UNKNOWN"
        assert piece is not None
        if not unknown or not piece.eye_tray:
            duty = duties.look_for if unknown else duties.hold
            duty.append((memory.tray, f"no eye saw {granted}, which is {memory.pieces.get(granted)}"))


HEARD: Final[dict[str, Hear]] = {
    "LinkUp": link_up,
    "LinkLost": link_lost,
    "CommandRefused": command_refused,
    "FrameGap": frame_gap,
    "CameraReset": camera_reset,
    "Restarted": restarted,
    "Tick": tick,
    "SheetRead": sheet_read,
    "ExitRead": exit_read,
    "MachineState": machine_state,
    "SheetFed": sheet_fed,
    "StackEnded": stack_ended,
    "PieceFormed": piece_formed,
    "Franked": franked,
    "PieceAtExit": piece_at_exit,
    "GateSet": gate_set,
    "TrayEye": tray_eye,
    "PieceExited": piece_exited,
    "Fault": fault,
    "Removed": removed,
    "TrayPresence": tray_presence,
}
NUMBERED: Final = frozenset(
    {
        "MachineState",
        "SheetFed",
        "StackLoaded",
        "StackEnded",
        "PieceFormed",
        "Franked",
        "PieceAtExit",
        "GateSet",
        "TrayEye",
        "RejectEye",
        "PieceExited",
        "Fault",
        "TrayPresence",
        "Removed",
    }
)
