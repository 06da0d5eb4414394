"""The sheet side of a line: pair sheets with their readings, check their order, decide where a set ends.

Order is judged against the stack: a stack is one print job, its first readable sheet says which, and its paper lies as it was
printed. A gap costs the pieces on both sides of it and nothing more: expectation always continues after the last mark read.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.integrity import SheetFact, read_mark
from controller.line.actions import AlarmCode, EndSet, FeedLimit, MachineCommand
from controller.line.book import PieceEntry
from controller.line.events import SheetFed, SheetRead, StackEnded, StackLoaded
from controller.line.rules import pieces, zone
from controller.line.rules.doubt import suspect
from controller.line.state import Feed, LineState, Sheet
from controller.model import ControlMark, Divert, piece_name
from controller.states import PackState, PackVerb, PieceEvent, PieceState

READS_MAX = 64
"""Readings for shots that the machine has not announced; more means that the camera counts otherwise than the machine."""

_FRESH = frozenset({PieceState.SUBMITTED, PieceState.PRINTED})
_DEAD = frozenset({PieceState.VOID, PieceState.DESTROYED, PieceState.LOST, PieceState.NEVER_PRINTED})
_COUNTS_AS_BAD = frozenset(
    {Divert.NO_READ, Divert.MAC_BAD, Divert.CODES_DISAGREE, Divert.UNKNOWN_PIECE, Divert.GAP, Divert.FOREIGN_SHEET}
)
"""Faults that say the stack or the camera is wrong. A known second copy, or a double sheet, is dealt with piece by piece; only the
same frame content again and again (a camera that stands still) counts as unread."""


def sheet_fed(line: LineState, event: SheetFed) -> None:
    """A sheet passed the sheet camera; its reading may be here already or come later."""
    eye = line.eyes[1]
    if eye.fresh:
        # The camera was reset with the belt empty: this shot is its frame 1.
        eye.offset, eye.fresh = event.trigger - 1, False
    feed = line.feed
    feed.last_no = event.sheet_no
    sheet = Sheet(event, line.now_us)
    feed.sheets[event.sheet_no] = sheet
    feed.waiting.append(sheet)
    settle_readings(line)
    renew_limit(line)


def sheet_read(line: LineState, event: SheetRead) -> None:
    """A reading of the sheet camera came. One that comes too late, when its sheet counts as unread, is dropped."""
    eye = line.eyes[1]
    if not eye.fresh and event.trigger + eye.offset <= line.feed.settled_trigger:
        return
    line.feed.reads[event.trigger] = event.payloads
    settle_readings(line)


def settle_readings(line: LineState) -> None:
    """Judge waiting sheets in their order: each with its reading, or as unread when its time is over."""
    feed = line.feed
    waiting = feed.waiting
    while waiting:
        sheet = waiting[0]
        payloads = feed.reads.pop(sheet.fed.trigger - line.eyes[1].offset, None)
        if payloads is None and line.now_us - sheet.fed_at_us < line.config.read_wait_us:
            break
        waiting.popleft()
        feed.settled_trigger = sheet.fed.trigger
        _judge_sheet(line, sheet, payloads or ())
        if payloads is None and line.link:
            # A shot without a frame: the camera counts otherwise than the machine, or is dead.
            zone.camera_out_of_step(line, 1)
    if len(feed.reads) > READS_MAX:
        feed.reads.clear()
        zone.camera_out_of_step(line, 1)


def give_up_waiting(line: LineState) -> None:
    """The sheet camera counts anew with the belt empty: a sheet that was shot before is unread, and no later frame can be of it."""
    feed = line.feed
    while feed.waiting:
        sheet = feed.waiting.popleft()
        feed.settled_trigger = sheet.fed.trigger
        _judge_sheet(line, sheet, ())


def _judge_sheet(line: LineState, sheet: Sheet, payloads: tuple[str, ...]) -> None:
    feed = line.feed
    fed = sheet.fed
    if fed.stack_no != feed.stack_no:
        _begin_stack(feed, fed.stack_no)
    mark = read_mark(payloads, line.config.key)
    uid, sheets = 0, 1
    if isinstance(mark, ControlMark):
        piece, fault = _place_read_sheet(line, mark)
        uid, k, sheets = mark.uid, mark.sheet, mark.sheets
    else:
        piece, k = _expected(feed)
        fault = mark
        if piece is not None:
            # Enough to say where its set ends, and to doubt it; that it is this piece is not known, so the fact does not say so.
            sheets = piece.sheets
        _expect_after(feed, piece, k)
    frozen = bool(payloads) and payloads == feed.last_payloads
    feed.last_payloads = payloads
    fault = sheet.flagged or _thick(line, fed) or fault
    sheet.fact = SheetFact(fed.sheet_no, uid, k, sheets, fault)
    last_of_stack = fed.sheet_no in feed.stack_ended_at
    if last_of_stack:
        feed.stack_ended_at.discard(fed.sheet_no)
        _note_stack_end(line, sheet)
    # No set goes on in another stack: one that is not whole here would wait in the machine for ever.
    line.actions.append(EndSet(line.epoch, fed.sheet_no, k == sheets or last_of_stack))
    if fault is not None and piece is not None:
        suspect(line, piece, fault)
    _count_bad(line, Divert.NO_READ if frozen and fault is Divert.DUPLICATE else fault)
    pieces.collate(line)


def _begin_stack(feed: Feed, stack_no: int) -> None:
    feed.stack_no = stack_no
    feed.stack_runs = True
    feed.job = None
    feed.expect_index, feed.expect_k = 0, 1


def _expected(feed: Feed) -> tuple[PieceEntry | None, int]:
    """Return the piece and sheet number that should come next; None before the stack is known or after its last piece."""
    job = feed.job
    if job is None or feed.expect_index >= len(job.pieces):
        return None, 1
    return job.pieces[feed.expect_index], feed.expect_k


def _expect_after(feed: Feed, piece: PieceEntry | None, k: int) -> None:
    if piece is None:
        return
    feed.job = piece.job
    if k < piece.sheets:
        feed.expect_index, feed.expect_k = piece.index, k + 1
    else:
        feed.expect_index, feed.expect_k = piece.index + 1, 1


def _place_read_sheet(line: LineState, mark: ControlMark) -> tuple[PieceEntry | None, Divert | None]:
    """Judge a read mark by its place in the stack and by what is known of its piece; enter it as seen."""
    piece = line.book.pieces.get(mark.uid)
    if piece is None:
        return None, Divert.UNKNOWN_PIECE
    feed = line.feed
    in_order = follows(feed, piece, mark.sheet)
    _expect_after(feed, piece, mark.sheet)
    fault = sheet_fault(piece, mark, in_order)
    bit = 1 << mark.sheet
    if piece.seen & bit:
        _count_copy(line, piece, mark.sheet)
    elif piece.state in _DEAD:
        line.book.note("sheet.void-fed", {"sheet": mark.sheet}, piece=piece)
        line.alarm(AlarmCode.VOID_SHEET_FED, piece_name(piece.uid))
    piece.seen |= bit
    if piece.state in _FRESH:
        line.book.move(piece, PieceEvent.FED)
    return piece, fault


def follows(feed: Feed, piece: PieceEntry, k: int) -> bool:
    """Return whether sheet ``k`` of ``piece`` is the one expected next in this stack."""
    if feed.job is None:
        return piece.index == 0 and k == 1
    return piece.job is feed.job and piece.index == feed.expect_index and k == feed.expect_k


SheetRule = Callable[[PieceEntry, ControlMark, bool], bool]


def _void(piece: PieceEntry, mark: ControlMark, in_order: bool) -> bool:
    return piece.state in _DEAD


def _seen_before(piece: PieceEntry, mark: ControlMark, in_order: bool) -> bool:
    """This very sheet was read before: there are two copies of it."""
    return bool(piece.seen & (1 << mark.sheet))


def _other_count(piece: PieceEntry, mark: ControlMark, in_order: bool) -> bool:
    return mark.sheets != piece.sheets


def _out_of_order(piece: PieceEntry, mark: ControlMark, in_order: bool) -> bool:
    return not in_order


SHEET_RULES: tuple[tuple[Divert, SheetRule], ...] = (
    (Divert.VOID, _void),
    (Divert.DUPLICATE, _seen_before),
    (Divert.FOREIGN_SHEET, _other_count),
    (Divert.GAP, _out_of_order),
)


def sheet_fault(piece: PieceEntry, mark: ControlMark, in_order: bool) -> Divert | None:
    """Return the first reason why a sheet that was read cannot be trusted in its place, or None."""
    for reason, broken in SHEET_RULES:
        if broken(piece, mark, in_order):
            return reason
    return None


def _count_copy(line: LineState, piece: PieceEntry, k: int) -> None:
    """Enter a second copy of a sheet; a new copy of the piece begins where the sheet numbers stop rising."""
    if piece.copies == 0 or k <= piece.copy_k:
        piece.copies += 1
        line.book.note("copy.seen", {"copy": piece.copies, "sheet": k}, piece=piece)
    piece.copy_k = k
    # Both copies may be on the line: nobody can tell which envelope is the one that was verified.
    piece.duplicate = True


def _thick(line: LineState, fed: SheetFed) -> Divert | None:
    limit = line.config.sheet_um_max
    if fed.double or (limit and fed.thickness_um > limit):
        return Divert.DOUBLE_FEED
    return None


def _count_bad(line: LineState, fault: Divert | None) -> None:
    feed = line.feed
    if fault not in _COUNTS_AS_BAD:
        if fault is None:
            feed.bad_in_row = 0
        return
    if line.is_bypassed(1):
        return
    feed.bad_in_row += 1
    if feed.bad_in_row == line.config.consecutive_max and line.state == PackState.EXECUTE:
        feed.bad_in_row = 0
        line.actions.append(MachineCommand(PackVerb.HOLD))
        code = AlarmCode.CONSECUTIVE_NO_READS if fault in (Divert.NO_READ, Divert.MAC_BAD) else AlarmCode.WRONG_STACK
        line.alarm(code, f"stack {feed.stack_no}", str(fault))


# --- stacks -----------------------------------------------------------------------------------------------------------


def stack_loaded(line: LineState, event: StackLoaded) -> None:
    """Paper was put in. Which job it is, its first sheet will say."""


def stack_ended(line: LineState, event: StackEnded) -> None:
    """The last sheet of the stack has passed the camera; its piece is whole only if nothing of the job is missing behind it."""
    feed = line.feed
    last = feed.sheets.get(feed.last_no)
    if last is None or last.fed.stack_no != event.stack_no:
        return
    if last.fact is None:
        feed.stack_ended_at.add(feed.last_no)
        return
    _note_stack_end(line, last)
    pieces.collate(line)


def _note_stack_end(line: LineState, last: Sheet) -> None:
    feed = line.feed
    last.ended = True
    feed.stack_runs = False
    job = feed.job
    if job is None or last.fact is None:
        # Not one sheet of it could be read: nobody knows which job it was.
        line.book.stacks_unknown += 1
        line.book.note("stack.ended", {"job": "", "whole": False})
        return
    whole = feed.expect_index == len(job.pieces) and last.fact.k == last.fact.sheets
    last.fact = last.fact._replace(ends_stack_whole=whole)
    job.stacks += 1
    line.book.note("stack.ended", {"job": job.name, "whole": whole})


# --- back-pressure ----------------------------------------------------------------------------------------------------


def renew_limit(line: LineState) -> None:
    """Let the machine feed further when it has used half of its allowance and what it fed is being dealt with."""
    feed = line.feed
    ahead = line.config.feed_ahead
    target = feed.last_no + ahead
    if target - feed.limit >= ahead // 2 and may_feed(line):
        feed.limit = target
        # On the books because after a restart nothing else says how far the machine may have counted.
        line.book.note("line.feed-limit", {"sheet": target})
        line.actions.append(FeedLimit(line.epoch, target))


def may_feed(line: LineState) -> bool:
    """Return whether more paper may go in: producing, a tray in place with room, readings keeping up."""
    tray = line.tray
    if tray is None or not line.tray_ready or not line.link:
        return False
    if len(line.feed.waiting) > line.config.feed_ahead // 2:
        return False
    return len(tray.pieces) + len(line.inside) < line.config.tray_capacity
