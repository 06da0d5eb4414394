"""The line core: one event in, records and actions out. It only sends each event to the function that knows what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from controller.line import events
from controller.line.actions import Step
from controller.line.book import Book
from controller.line.rules import bypass, custody, exits, feed, machine, pieces, postage, printing, returns, trays, zone
from controller.line.state import LineConfig, LineState
from controller.states import PackState

Handler = Callable[[LineState, Any], None]


def _tick(line: LineState, event: events.Tick) -> None:
    line.now_us = event.now_us
    if line.bypass is not None:
        bypass.expire(line)
    if line.feed.waiting:
        feed.settle_readings(line)
    if line.state == PackState.EXECUTE:
        feed.renew_limit(line)


FROM_MACHINE: Final[dict[type, Handler]] = {
    events.MachineState: machine.machine_state,
    events.SheetFed: feed.sheet_fed,
    events.StackLoaded: feed.stack_loaded,
    events.StackEnded: feed.stack_ended,
    events.PieceFormed: pieces.piece_formed,
    events.Franked: postage.franked,
    events.PieceAtExit: pieces.piece_at_exit,
    events.GateSet: exits.gate_set,
    events.TrayEye: exits.tray_eye,
    events.RejectEye: exits.reject_eye,
    events.PieceExited: exits.piece_exited,
    events.Fault: zone.fault,
    events.TrayPresence: zone.tray_presence,
    events.Removed: zone.removed,
}
"""Numbered events of the machine, each handled once per epoch however often it is replayed."""

FROM_ELSEWHERE: Final[dict[type, Handler]] = {
    events.LinkUp: zone.link_up,
    events.LinkLost: zone.link_lost,
    events.CommandRefused: machine.command_refused,
    events.SheetRead: feed.sheet_read,
    events.ExitRead: pieces.exit_read,
    events.FrameGap: zone.frame_gap,
    events.CameraReset: machine.camera_reset,
    events.BatchOpened: printing.batch_opened,
    events.JobPlanned: printing.job_planned,
    events.JobAccepted: printing.job_accepted,
    events.JobClaim: printing.job_claim,
    events.JobDoubted: printing.job_doubted,
    events.JobAbsent: printing.job_absent,
    events.StartLine: machine.start_line,
    events.HoldLine: machine.hold_line,
    events.OpenTray: trays.open_tray,
    events.CloseTray: trays.close_tray,
    events.TrayAudit: trays.audit,
    events.HandOverTray: trays.hand_over,
    events.TrayAccepted: trays.tray_accepted,
    events.CustodyScan: custody.custody_scan,
    events.CustodyTyped: custody.custody_typed,
    events.VoidPiece: custody.void_piece,
    events.SearchEnded: custody.search_ended,
    events.DestroyPiece: custody.destroy_piece,
    events.DeclareLoss: custody.declare_loss,
    events.GiveUpJob: custody.give_up_job,
    events.RecallLetter: custody.recall,
    events.FreeLetter: custody.free_letter,
    events.ReturnedMail: returns.returned_mail,
    events.BypassCamera: bypass.bypass_camera,
    events.CloseBatch: custody.close_batch,
    events.Tick: _tick,
    events.Restarted: zone.restarted,
}


class LineCore:
    """Decides for one line. Not thread-safe: one thread feeds it, in the order in which things became known."""

    __slots__ = ("book", "line")

    def __init__(self, config: LineConfig, book: Book | None = None) -> None:
        self.book = book or Book()
        self.line = LineState(config, self.book)

    def step(self, event: events.LineEvent) -> Step:
        """Return what must be recorded, then done, because of ``event``.

        Raises:
            RefusedEvent: a noun would have to take a step its table does not allow; nothing may be performed, the line must stop (I9).
        """
        line = self.line
        kind = type(event)
        handler = FROM_MACHINE.get(kind)
        if handler is None:
            FROM_ELSEWHERE[kind](line, event)
        elif _is_new(line, event.seq):  # type: ignore[union-attr]
            handler(line, event)
        records, actions = self.book.out, line.actions
        self.book.out, line.actions = [], []
        return Step(records, actions)


def _is_new(line: LineState, seq: int) -> bool:
    """Return whether a machine event has not been heard yet; notice when one before it was not."""
    if seq <= line.seq:
        return False
    if line.seq_known and seq != line.seq + 1:
        line.seq = seq
        zone.ring_gap(line)
    line.seq = seq
    line.seq_known = True
    return True
