"""Words of the devices into words of the line core, one table, no judgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from controller.line import events as line
from devices import kinds


def _state(event: kinds.StateChanged) -> line.LineEvent:
    return line.MachineState(event.event_seq, int(event.state), int(event.mode), int(event.reason))


def _sheet(event: kinds.SheetFed) -> line.LineEvent:
    return line.SheetFed(
        event.event_seq, event.sheet_no, event.stack_no, event.c1_trigger, event.thickness_um, event.double
    )


def _stack(event: kinds.StackChanged) -> line.LineEvent:
    if event.change is kinds.StackChange.LOADED:
        return line.StackLoaded(event.event_seq, event.stack_no)
    return line.StackEnded(event.event_seq, event.stack_no)


def _formed(event: kinds.PieceFormed) -> line.LineEvent:
    return line.PieceFormed(event.event_seq, event.piece_no, event.first_sheet, event.last_sheet, event.undecided)


def _franked(event: kinds.PieceFranked) -> line.LineEvent:
    return line.Franked(event.event_seq, event.piece_no, event.amount, int(event.outcome))


def _at_exit(event: kinds.PieceAtExit) -> line.LineEvent:
    return line.PieceAtExit(event.event_seq, event.piece_no, event.c2_trigger, event.gate_at_us, event.weight_mg)


def _gate(event: kinds.GateSet) -> line.LineEvent:
    return line.GateSet(event.event_seq, event.piece_no, event.position is kinds.GatePosition.PASS, int(event.why))


def _tray_eye(event: kinds.TrayEye) -> line.LineEvent:
    return line.TrayEye(event.event_seq, event.piece_no, event.tray, event.count)


def _reject_eye(event: kinds.RejectEye) -> line.LineEvent:
    return line.RejectEye(event.event_seq, event.piece_no, event.count)


def _exited(event: kinds.PieceExited) -> line.LineEvent:
    return line.PieceExited(event.event_seq, event.piece_no, event.tray, event.reject)


def _fault(event: kinds.MachineFault) -> line.LineEvent:
    return line.Fault(event.event_seq, int(event.reason), int(event.zone), event.active)


def _tray(event: kinds.TrayPresence) -> line.LineEvent:
    return line.TrayPresence(event.event_seq, event.tray, event.present)


def _removed(event: kinds.Removed) -> line.LineEvent:
    return line.Removed(event.event_seq, int(event.zone), event.count)


def _link_up(event: kinds.LinkUp) -> line.LineEvent:
    return line.LinkUp(event.epoch)


def _link_lost(event: kinds.LinkLost) -> line.LineEvent:
    return line.LinkLost(f"{event.why.value}: {event.detail}")


_WORDS: Final[dict[type, Callable[[Any], line.LineEvent]]] = {
    kinds.StateChanged: _state,
    kinds.SheetFed: _sheet,
    kinds.StackChanged: _stack,
    kinds.PieceFormed: _formed,
    kinds.PieceFranked: _franked,
    kinds.PieceAtExit: _at_exit,
    kinds.GateSet: _gate,
    kinds.TrayEye: _tray_eye,
    kinds.RejectEye: _reject_eye,
    kinds.PieceExited: _exited,
    kinds.MachineFault: _fault,
    kinds.TrayPresence: _tray,
    kinds.Removed: _removed,
    kinds.LinkUp: _link_up,
    kinds.LinkLost: _link_lost,
}


def to_line_event(notice: kinds.InserterNotice) -> line.LineEvent | None:
    """Return what the line core is told about ``notice``; None for answers to commands, which the caller matches to what it sent."""
    word = _WORDS.get(type(notice))
    return word(notice) if word else None
