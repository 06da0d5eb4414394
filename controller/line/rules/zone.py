"""Losing knowledge: link, epoch, cover, jam, camera step, restart. What was inside is never good again (I8).

A piece without a grant becomes SUSPECT; a granted one keeps its grant only while the machine itself can still say where it
went, else it is EXIT_UNKNOWN and its tray is on HOLD.
"""

from __future__ import annotations

from controller.line.actions import AlarmCode, MachineCommand, SetTray
from controller.line.events import CameraReset, Fault, FrameGap, LinkLost, LinkUp, Removed, Restarted, TrayPresence
from controller.line.rules import bypass, doubt
from controller.line.state import LinePiece, LineState
from controller.model import Divert
from controller.states import PackState, PackVerb, PieceState, TrayState

COVER = "cover-opened"
TAKEN_AWAY = "taken-away-unannounced"
REMOVED = "removed-by-hand"
CAMERAS = "cameras-disagree"

REASON_COVER, REASON_JAM, REASON_TRAY_MISSING, REASON_BIN_FULL, REASON_ESTOP = 3, 4, 6, 7, 9
"""Fault numbers of docs/protocols/inserter.md section 2."""
ZONE_GATE, ZONE_TRAY = 7, 8


def lose(line: LineState, reason: Divert, *, grants: bool, hands: bool = False) -> None:
    """Flag everything inside the machine. ``grants``: granted pieces are unknown too; ``hands``: not even the eyes settle them."""
    for sheet in line.feed.sheets.values():
        sheet.flagged = sheet.flagged or reason
        fact = sheet.fact
        if fact is None:
            continue
        if fact.fault is None:
            sheet.fact = fact._replace(fault=reason)
        piece = line.book.pieces.get(fact.uid)
        if piece is not None:
            doubt.suspect(line, piece, reason)
    for envelope in line.inside.values():
        envelope.zone = envelope.zone or reason
        envelope.hands = envelope.hands or hands
        piece = envelope.owner
        if piece is None:
            continue
        if not envelope.granted:
            doubt.refuse(line, envelope, reason)
            doubt.suspect(line, piece, reason)
        elif grants:
            doubt.exit_unknown(line, envelope, piece, str(reason))


def forget_inside(line: LineState) -> None:
    """Drop every sheet and envelope: their numbers mean nothing in a new epoch."""
    line.feed.clear()
    line.inside.clear()
    line.uncollated.clear()
    line.exit_shots.clear()
    line.exit_reads.clear()
    line.last_sheet_taken = 0
    line.seq = 0
    line.seq_known = True


def link_lost(line: LineState, event: LinkLost) -> None:
    """No grant can be sent, no event comes: what is inside is unknown until the ring is replayed or people looked."""
    if not line.link:
        return
    line.link = False
    line.want_execute = False
    lose(line, Divert.LINK_LOST, grants=True)
    line.book.note("line.link-lost", {"epoch": line.epoch})
    line.alarm(AlarmCode.LINK_LOST)


def link_up(line: LineState, event: LinkUp) -> None:
    """The link stands. Another epoch means that the machine forgot everything."""
    if line.epoch and event.epoch != line.epoch:
        line.want_execute = False
        lose(line, Divert.EPOCH, grants=True, hands=True)
        line.alarm(AlarmCode.MACHINE_REBOOTED)
    if event.epoch != line.epoch:
        bypass.end(line, "epoch")
        forget_inside(line)
        line.book.note("line.epoch", {"epoch": event.epoch})
    line.link = True
    line.epoch = event.epoch
    line.state = PackState.ABORTED
    line.feed.limit = 0
    line.actions.append(SetTray(line.tray.number if line.tray else 0))


def ring_gap(line: LineState) -> None:
    """Event numbers jumped: the machine said something that we did not hear."""
    lose(line, Divert.LINK_LOST, grants=True, hands=True)
    line.book.note("line.ring-gap", {"epoch": line.epoch})
    line.actions.append(MachineCommand(PackVerb.ABORT))


def fault(line: LineState, event: Fault) -> None:
    """A cover opened, a jam, an emergency stop: hands are, or will be, inside."""
    if not event.active:
        return
    if event.reason == REASON_COVER:
        lose(line, Divert.ZONE, grants=True, hands=True)
        if line.tray is not None:
            line.book.place_hold(line.tray, COVER)
        line.alarm(AlarmCode.COVER_OPENED, f"zone {event.zone}")
    elif event.reason in (REASON_JAM, REASON_ESTOP):
        lose(line, Divert.ZONE, grants=True)
        line.alarm(AlarmCode.JAM, f"zone {event.zone}")
    elif event.reason == REASON_BIN_FULL:
        line.alarm(AlarmCode.BIN_FULL)
    elif event.reason == REASON_TRAY_MISSING:
        line.alarm(AlarmCode.TRAY_MISSING)


def removed(line: LineState, event: Removed) -> None:
    """Hands took paper out: every envelope inside is flagged, and what is gone must come back through a custody scan."""
    lose(line, Divert.ZONE, grants=True, hands=True)
    line.book.note("line.removed", {"zone": event.zone, "count": event.count})
    if event.zone in (ZONE_GATE, ZONE_TRAY) and line.tray is not None:
        line.book.place_hold(line.tray, REMOVED)
    line.alarm(AlarmCode.REMOVED_BY_HAND, f"zone {event.zone}", str(event.count))


def tray_presence(line: LineState, event: TrayPresence) -> None:
    """A tray that goes without having been replaced on the screen first goes on HOLD: nobody knows what came of it.

    A tray that then stands there is not believed to be the same one: only `OpenTray` says which it is.
    """
    tray = line.tray
    if tray is None or event.present or (event.tray and event.tray != tray.number):
        return
    line.tray_present = False
    line.book.place_hold(tray, TAKEN_AWAY)
    line.alarm(AlarmCode.TRAY_MISSING, str(tray.number))


# --- cameras ----------------------------------------------------------------------------------------------------------


def frame_gap(line: LineState, event: FrameGap) -> None:
    """A camera lost count: its readings may belong to the neighbour."""
    camera_out_of_step(line, event.camera)


def camera_out_of_step(line: LineState, camera: int) -> None:
    """Flag everything, hold the machine, and count again from 1 before the next start."""
    line.eyes[camera].out_of_step = True
    lose(line, Divert.NO_READ, grants=False)
    hold_for_cameras(line)
    if line.state == PackState.EXECUTE:
        line.actions.append(MachineCommand(PackVerb.HOLD))
    line.alarm(AlarmCode.CAMERA_OUT_OF_STEP, f"camera {camera}")


def hold_for_cameras(line: LineState) -> None:
    """One camera counts otherwise than the machine, or an exit frame shows a piece that by the sheet camera is not in that envelope (I8).

    Readings may have belonged to the neighbours for a while, and one misread frame is then enough to let a neighbour pass: every window
    in the tray must be looked at before it leaves.
    """
    trays = {envelope.tray for envelope in line.inside.values() if envelope.granted}
    if line.tray is not None:
        trays.add(line.tray.number)
    for number in sorted(trays):
        tray = line.book.trays.get(number)
        if tray is not None and tray.state in (TrayState.OPEN, TrayState.CLOSING, TrayState.AUDIT):
            line.book.place_hold(tray, CAMERAS)


def camera_reset(line: LineState, event: CameraReset) -> None:
    """The camera's next frame is number 1, and the belt is empty: the next shot pairs with it."""
    eye = line.eyes[event.camera]
    eye.fresh, eye.out_of_step = True, False
    if event.camera == 1:
        line.feed.reads.clear()
    else:
        line.exit_reads.clear()
        line.exit_shots.clear()


# --- restart ----------------------------------------------------------------------------------------------------------

_INSIDE = frozenset({PieceState.IN_FEED, PieceState.COLLATED, PieceState.VERIFIED, PieceState.PASS_GRANTED})


def restarted(line: LineState, event: Restarted) -> None:
    """A controller died and another took over: what it had inside is unknown; grants are unknown until the ring says otherwise."""
    # Two passes: nearly all of a million pieces are nowhere near the machine, and the machine waits for this.
    for piece in [piece for piece in line.book.pieces.values() if piece.state in _INSIDE]:
        if piece.state != PieceState.PASS_GRANTED:
            doubt.suspect(line, piece, Divert.RESTART)
        else:
            doubt.exit_unknown(line, None, piece, str(Divert.RESTART))
    line.want_execute = False
    line.book.note("line.restarted")


def resume_granted(line: LineState, epoch: int, piece_no: int, uid: int) -> None:
    """Enter a piece whose grant was on the books when the controller died, so that a replayed exit can settle it."""
    piece = line.book.pieces[uid]
    if epoch != line.epoch or piece.state not in (PieceState.PASS_GRANTED, PieceState.EXIT_UNKNOWN):
        return
    envelope = LinePiece(piece_no, 0, -1)
    envelope.owner, envelope.granted, envelope.judged, envelope.tray = piece, True, True, piece.tray
    line.inside[piece_no] = envelope
