"""Trays: opened, filled, on HOLD, audited, closed, handed over. Closing a tray is the commit: its pieces leave."""

from __future__ import annotations

from controller.integrity import TrayFacts, audit_tray, tray_close_refusal, two_persons
from controller.line.actions import AlarmCode, Answer, SetTray
from controller.line.book import PieceEntry, TrayEntry
from controller.line.events import CloseTray, HandOverTray, OpenTray, TrayAccepted, TrayAudit
from controller.line.rules import doubt
from controller.line.state import LineState
from controller.model import Divert, piece_name
from controller.states import LetterEvent, LetterState, PieceEvent, PieceState, TrayEvent, TrayState

_NAMES_MAX = 50


def pull_hold(uid: int) -> str:
    """Return the reason for HOLD that one piece gives which must be taken out of its tray."""
    return f"pull:{piece_name(uid)}"


def open_tray(line: LineState, event: OpenTray) -> None:
    """A person put a new tray in place and says its number."""
    if event.tray in line.book.trays:
        line.reply(event.command, Answer.REFUSED, "tray-number-used", (str(event.tray),))
        return
    line.tray = line.book.open_tray(event.tray)
    line.tray_present = True
    line.tray_warned = False
    line.actions.append(SetTray(event.tray))
    line.reply(event.command, Answer.DONE)


def warn_when_full(line: LineState, tray: TrayEntry) -> None:
    """Ask for a new tray once, early enough to change it without stopping."""
    if tray is line.tray and not line.tray_warned and len(tray.pieces) * 10 >= line.config.tray_capacity * 9:
        line.tray_warned = True
        line.alarm(AlarmCode.TRAY_FULL, str(tray.number))


def close_tray(line: LineState, event: CloseTray) -> None:
    """Close a tray when sensors, ledger and scale agree; otherwise say what is in the way."""
    tray = line.book.trays.get(event.tray)
    if tray is None or tray.state not in (TrayState.OPEN, TrayState.CLOSING):
        line.reply(event.command, Answer.REFUSED, "tray-not-open", (str(event.tray),))
        return
    if tray is line.tray:
        if line.inside:
            line.reply(event.command, Answer.REFUSED, "pieces-on-their-way", (str(event.tray),))
            return
        line.tray = None
        line.actions.append(SetTray(0))
    if tray.state == TrayState.OPEN:
        line.book.move_tray(tray, TrayEvent.CLOSING, {"badge": event.badge})
    line.closing[tray.number] = event
    settle_closing(line)


def settle_closing(line: LineState) -> None:
    """Close every tray that is waiting for nothing any more; answer those that must not close."""
    for number, request in list(line.closing.items()):
        tray = line.book.trays[number]
        refusal = tray_close_refusal(_facts(tray, request.weight_mg), line.config.policy)
        if refusal == "pieces-under-way":
            continue
        del line.closing[number]
        if refusal is None:
            release(line, tray, request)
            line.reply(request.command, Answer.DONE)
        else:
            if refusal != "tray-on-hold":
                line.book.place_hold(tray, refusal)  # only a person who counts what is in it can settle this
            line.reply(request.command, Answer.REFUSED, refusal, tuple(sorted(tray.holds)))


def _facts(tray: TrayEntry, weight_mg: int) -> TrayFacts:
    sheets = sum(piece.sheets for piece in tray.pieces.values())
    return TrayFacts(len(tray.pieces), tray.edges, len(tray.under_way), tuple(tray.holds), sheets, weight_mg)


def release(line: LineState, tray: TrayEntry, request: CloseTray) -> None:
    """The commit: the tray is closed, its pieces are released, their letters are mailed, in one transaction."""
    book = line.book
    book.move_tray(
        tray, TrayEvent.CLOSED, {"badge": request.badge, "pieces": len(tray.pieces), "weight_mg": request.weight_mg}
    )
    for uid in sorted(tray.pieces):
        piece = tray.pieces[uid]
        book.move(piece, PieceEvent.RELEASED)
        book.move_letter(piece.letter, LetterEvent.MAILED)


def hand_over(line: LineState, event: HandOverTray) -> None:
    """The carrier signed for the tray."""
    tray = line.book.trays.get(event.tray)
    if tray is None or tray.state != TrayState.CLOSED:
        line.reply(event.command, Answer.REFUSED, "tray-not-closed", (str(event.tray),))
    elif tray.holds:
        line.reply(event.command, Answer.REFUSED, "tray-on-hold", tuple(sorted(tray.holds)))
    else:
        line.book.move_tray(tray, TrayEvent.HANDED_OVER, {"badge": event.badge})
        line.reply(event.command, Answer.DONE)


def tray_accepted(line: LineState, event: TrayAccepted) -> None:
    """The post has the tray. Saying it twice changes nothing."""
    tray = line.book.trays.get(event.tray)
    if tray is not None and tray.state == TrayState.ACCEPTED:
        line.reply(event.command, Answer.DONE)
        return
    if tray is None or tray.state not in (TrayState.CLOSED, TrayState.HANDED_OVER):
        line.reply(event.command, Answer.REFUSED, "tray-not-closed", (str(event.tray),))
        return
    if tray.state == TrayState.CLOSED and tray.holds:
        # The post cannot have a tray that stands here on HOLD: it means another one.
        line.reply(event.command, Answer.REFUSED, "tray-on-hold", tuple(sorted(tray.holds)))
        return
    line.book.move_tray(tray, TrayEvent.ACCEPTED)
    for uid in sorted(tray.pieces):
        line.book.move(tray.pieces[uid], PieceEvent.ACCEPTED)
    line.reply(event.command, Answer.DONE)


# --- audit ------------------------------------------------------------------------------------------------------------


def audit(line: LineState, event: TrayAudit) -> None:
    """A person scanned every envelope in the tray: settle what was unknown, or say what must be taken out first."""
    tray = line.book.trays.get(event.tray)
    if tray is None or tray.state not in (TrayState.OPEN, TrayState.CLOSING, TrayState.AUDIT, TrayState.CLOSED):
        line.reply(event.command, Answer.REFUSED, "tray-not-open", (str(event.tray),))
        return
    if event.counted != len(event.payloads):
        line.reply(event.command, Answer.REFUSED, "audit-count-differs", (str(event.counted), str(len(event.payloads))))
        return
    if tray.under_way or (tray is line.tray and line.inside) or _may_still_fall(line, tray):
        line.reply(event.command, Answer.REFUSED, "pieces-on-their-way", (str(event.tray),))
        return
    unknown = _unknown_in(line, tray)
    listed = {**tray.pieces, **unknown}
    stays = [uid for uid, piece in listed.items() if _may_stay(piece)]
    found = audit_tray(listed, stays, event.payloads, line.config.key)
    if tray.state == TrayState.CLOSED:
        _audit_closed(line, event, tray, clean=found.clean and not found.absent)
        return
    line.book.move_tray(tray, TrayEvent.AUDIT_BEGUN, {"badge": event.badge, "counted": event.counted})
    if not found.clean:
        for uid in found.pull:
            line.book.place_hold(tray, pull_hold(uid))
        names = tuple(piece_name(uid) for uid in found.pull[:_NAMES_MAX])
        line.alarm(AlarmCode.PULL_FROM_TRAY, str(tray.number), ", ".join(names))
        line.reply(event.command, Answer.REFUSED, "pull-first", names + ("?",) * found.strangers)
        return
    missing = tuple(uid for uid in found.absent if uid in tray.pieces)
    if missing and not _counted_again(tray, event.badge, missing):
        tray.absent = (event.badge, missing)
        line.book.place_hold(tray, "recount")
        line.reply(event.command, Answer.REFUSED, "recount-by-another", tuple(map(piece_name, missing[:_NAMES_MAX])))
        return
    _settle_unknown(line, tray, unknown, set(found.stay))
    for uid in found.absent:
        if uid in tray.pieces:
            absent = tray.pieces.pop(uid)
            line.book.move(absent, PieceEvent.AUDIT_ABSENT, {"badge": event.badge})
    for reason in sorted(tray.holds):
        line.book.lift_hold(tray, reason)
    tray.edges = len(tray.pieces)
    line.book.move_tray(tray, TrayEvent.AUDIT_CLEAN, {"badge": event.badge, "pieces": len(tray.pieces)})
    if tray is not line.tray:
        line.book.move_tray(tray, TrayEvent.CLOSING, {"badge": event.badge})
    line.reply(event.command, Answer.DONE, "", tuple(piece_name(uid) for uid in found.absent[:_NAMES_MAX]))


def _may_still_fall(line: LineState, tray: TrayEntry) -> bool:
    """Return whether a piece this tray is on HOLD for is still inside the machine: who looks now sees it nowhere, and then it falls."""
    return any(
        envelope.owner is not None and doubt.unknown_hold(envelope.owner.uid) in tray.holds
        for envelope in line.inside.values()
        if envelope.granted
    )


def _counted_again(tray: TrayEntry, badge: str, missing: tuple[int, ...]) -> bool:
    """Return whether another person found the same pieces missing that the eye saw fall in.

    One person alone may have counted before the last piece fell, and its letter would be printed again.
    """
    return tray.absent is not None and tray.absent[1] == missing and two_persons(tray.absent[0], badge)


def _unknown_in(line: LineState, tray: TrayEntry) -> dict[int, PieceEntry]:
    """Return the pieces of unknown exit that may lie in this tray. They are few: each is a reason for HOLD."""
    prefix = "exit-unknown:"
    found = {}
    for reason in tray.holds:
        if reason.startswith(prefix):
            uid = int(reason[len(prefix) :].replace("-", ""))
            piece = line.book.pieces.get(uid)
            if piece is not None and piece.state == PieceState.EXIT_UNKNOWN:
                found[uid] = piece
    return found


def _may_stay(piece: PieceEntry) -> bool:
    """Contents are trusted when tracking brought it here: verified, granted, and nothing held against it since."""
    if piece.state == PieceState.RELEASED:
        return True  # its tray is closed already: it can only be confirmed
    return (
        piece.state in (PieceState.IN_TRAY, PieceState.EXIT_UNKNOWN)
        and piece.letter.state == LetterState.OPEN
        and not piece.letter.recalled
    )


def _settle_unknown(line: LineState, tray: TrayEntry, unknown: dict[int, PieceEntry], stay: set[int]) -> None:
    for uid, piece in sorted(unknown.items()):
        if uid in stay:
            piece.tray = tray.number
            line.book.move(piece, PieceEvent.AUDIT_PRESENT)
            tray.pieces[uid] = piece
            doubt.lift_unknown(line, piece)
        elif any(doubt.unknown_hold(uid) in other.holds for other in line.book.trays.values() if other is not tray):
            continue  # it may lie in the tray that was put in place while it was under way: absent only when it is not there either
        else:
            piece.reason = Divert.NOT_FOUND
            line.book.move(piece, PieceEvent.AUDIT_ABSENT)


def _audit_closed(line: LineState, event: TrayAudit, tray: TrayEntry, *, clean: bool) -> None:
    """A closed tray can only be confirmed: what is in it was released."""
    if not clean:
        line.book.place_hold(tray, "audit-differs")
        line.reply(event.command, Answer.REFUSED, "closed-tray-differs", (str(tray.number),))
        return
    line.book.note("tray-audit.confirmed", {"badge": event.badge, "counted": event.counted}, tray=tray.number)
    for reason in sorted(tray.holds):
        line.book.lift_hold(tray, reason)
    line.reply(event.command, Answer.DONE)


def pull(line: LineState, piece: PieceEntry) -> None:
    """A piece must be taken out of its tray: HOLD until it is in somebody's hand."""
    tray = line.book.trays.get(piece.tray)
    if tray is not None and line.book.place_hold(tray, pull_hold(piece.uid)):
        line.alarm(AlarmCode.PULL_FROM_TRAY, str(tray.number), piece_name(piece.uid))
