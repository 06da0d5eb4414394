"""The piece side of a line: is the envelope one whole piece, does it show what it should, may it pass.

An envelope gets a grant only here, and only after its VERIFIED and PASS_GRANTED records: the caller makes records durable
before it performs actions.
"""

from __future__ import annotations

from controller.integrity import ExitFacts, judge, judge_set, read_mark
from controller.line.actions import AlarmCode, Grant, MachineCommand
from controller.line.book import PieceEntry
from controller.line.events import ExitRead, PieceAtExit, PieceFormed
from controller.line.rules import challenge, postage, zone
from controller.line.rules.doubt import refuse, suspect
from controller.line.state import LinePiece, LineState
from controller.model import ControlMark, Divert
from controller.states import PackVerb, PieceEvent, PieceState

_EXIT_BAD = frozenset({Divert.NO_READ, Divert.MAC_BAD, Divert.MISMATCH, Divert.CODES_DISAGREE})


def piece_formed(line: LineState, event: PieceFormed) -> None:
    """The machine closed a set; from now on its sheets travel as one envelope."""
    envelope = LinePiece(event.piece_no, event.first_sheet, event.last_sheet)
    if event.undecided:
        envelope.refused = Divert.UNDECIDED_SET
    if line.last_sheet_taken and event.first_sheet != line.last_sheet_taken + 1:
        envelope.refused = Divert.GAP
    line.last_sheet_taken = event.last_sheet
    line.inside[event.piece_no] = envelope
    line.uncollated.append(envelope)
    collate(line)


def collate(line: LineState) -> None:
    """Judge the sets of formed envelopes in their order, as far as their sheets and successors are known."""
    waiting = line.uncollated
    while waiting and _collate_first(line, waiting[0]):
        waiting.popleft()


def _collate_first(line: LineState, envelope: LinePiece) -> bool:
    """Judge one set; return False when something it needs is not known yet."""
    sheets = line.feed.sheets
    facts = []
    last = None
    for number in range(envelope.first, envelope.last + 1):
        last = sheets.get(number)
        if last is None:
            continue
        if last.fact is None:
            return False
        facts.append(last.fact)
    successor = None
    if last is not None and not last.ended:
        after = sheets.get(envelope.last + 1)
        if after is None or (after.fact is None and after.fed.stack_no == last.fed.stack_no):
            if not any(fact.fault for fact in facts):
                return False
        elif after.fed.stack_no == last.fed.stack_no:
            successor = after.fact
    reason = envelope.zone or envelope.refused or judge_set(envelope.first, envelope.last, facts, successor)
    envelope.uids = tuple(dict.fromkeys(fact.uid for fact in facts if fact.uid))
    piece = line.book.pieces.get(facts[0].uid) if facts else None
    if reason is None and piece is not None and piece.state == PieceState.IN_FEED:
        line.book.move(piece, PieceEvent.COLLATED, {"no": envelope.piece_no, "sheets": [envelope.first, envelope.last]})
        envelope.owner = piece
        consider(line, envelope)
    else:
        # A whole set of a piece that is doubted already is refused for what it was doubted for.
        doubted = Divert(piece.reason) if piece is not None and piece.reason else Divert.DUPLICATE
        refuse(line, envelope, reason or doubted)
    return True


# --- the exit camera --------------------------------------------------------------------------------------------------


def piece_at_exit(line: LineState, event: PieceAtExit) -> None:
    """The exit camera was fired for an envelope; its gate is set at a known time."""
    envelope = line.inside.get(event.piece_no)
    eye = line.eyes[2]
    if eye.fresh:
        eye.offset, eye.fresh = event.trigger - 1, False
    if envelope is None:
        return
    envelope.at_exit = event
    frame = event.trigger - eye.offset
    reading = line.exit_reads.pop(frame, None)
    if reading is None:
        line.exit_shots[frame] = envelope
        return
    _take_reading(line, envelope, reading)


def exit_read(line: LineState, event: ExitRead) -> None:
    """The reading of an exit frame came, perhaps before the machine said which piece was shot."""
    envelope = line.exit_shots.pop(event.trigger, None)
    if envelope is not None:
        _take_reading(line, envelope, event)
        return
    line.exit_reads[event.trigger] = event
    if len(line.exit_reads) > READS_MAX:
        line.exit_reads.clear()
        zone.camera_out_of_step(line, 2)


READS_MAX = 32
"""Exit readings that no shot claims; more means that the camera counts otherwise than the machine."""


def _take_reading(line: LineState, envelope: LinePiece, reading: ExitRead) -> None:
    if line.inside.get(envelope.piece_no) is not envelope:
        return  # it left before its reading came: too late for anything
    mark = read_mark(reading.payloads, line.config.key)
    envelope.read = (mark, reading)
    if envelope.judged and isinstance(mark, ControlMark) and envelope.uids and mark.uid not in envelope.uids:
        _count_exit_bad(line, Divert.MISMATCH)
        zone.hold_for_cameras(line)
    consider(line, envelope)


def consider(line: LineState, envelope: LinePiece) -> None:
    """Judge an envelope as soon as everything the judgement needs is there, once."""
    if envelope.judged or envelope.owner is None or envelope.read is None or envelope.at_exit is None:
        return
    envelope.judged = True
    piece = envelope.owner
    verdict = judge(_facts(line, envelope, piece), line.exit_policy)
    reason = verdict.reason
    _count_exit_bad(line, reason)
    postage.count(line, reason)
    if reason is None and challenge.is_due(line):
        challenge.begin(line, envelope)
        reason = Divert.CHALLENGE
    if reason is not None:
        envelope.refused = reason
        suspect(line, piece, reason)
        mark, _ = envelope.read
        if isinstance(mark, ControlMark) and mark.uid != piece.uid:
            zone.hold_for_cameras(line)
        return
    grant(line, envelope, piece)


def _facts(line: LineState, envelope: LinePiece, piece: PieceEntry) -> ExitFacts:
    assert envelope.read is not None
    assert envelope.at_exit is not None
    mark, reading = envelope.read
    shot = envelope.at_exit
    return ExitFacts(
        piece.uid,
        piece.sheets,
        piece.item_id,
        piece.state,
        piece.letter.state,
        piece.letter.recalled,
        piece.duplicate,
        envelope.zone,
        mark,
        reading.items,
        reading.address_ok,
        shot.weight_mg,
        envelope.postage,
        line.producing,
        line.tray_ready,
        line.now_us + line.config.grant_guard_us > shot.gate_at_us,
    )


def grant(line: LineState, envelope: LinePiece, piece: PieceEntry) -> None:
    """Record VERIFIED and the grant, then let the piece pass: for this epoch, this piece number, this uid, until its gate time."""
    assert envelope.at_exit is not None
    assert line.tray is not None
    deadline = envelope.at_exit.gate_at_us
    piece.granted = envelope.granted = True
    piece.tray = envelope.tray = line.tray.number
    line.tray.under_way.add(piece.uid)
    line.book.move(piece, PieceEvent.VERIFIED, {"shot": envelope.at_exit.trigger, **postage.on_books(envelope)})
    line.book.move(piece, PieceEvent.GRANTED, {"epoch": line.epoch, "no": envelope.piece_no, "until": deadline})
    line.actions.append(Grant(line.epoch, envelope.piece_no, piece.uid, deadline))


def _count_exit_bad(line: LineState, reason: Divert | None) -> None:
    if reason not in _EXIT_BAD:
        if reason is None:
            line.exit_bad_in_row = 0
        return
    if line.is_bypassed(2):
        return
    line.exit_bad_in_row += 1
    if line.exit_bad_in_row >= line.config.consecutive_max:
        line.exit_bad_in_row = 0
        # Several wrong envelopes in a row look like a camera that counts otherwise than the machine.
        line.eyes[2].out_of_step = True
        line.actions.append(MachineCommand(PackVerb.HOLD))
        line.alarm(AlarmCode.CONSECUTIVE_EXIT_FAULTS, "camera 2", str(reason))


def close_unjudged(line: LineState, envelope: LinePiece) -> None:
    """An envelope left the machine before it could be judged: say which proof was missing."""
    if envelope.judged:
        return
    if envelope.owner is None:
        if envelope in line.uncollated:
            line.uncollated.remove(envelope)
            gather_uids(line, envelope)
        refuse(line, envelope, envelope.zone or Divert.SUCCESSOR_UNSEEN)
    elif envelope.read is None:
        _count_exit_bad(line, Divert.NO_READ)
        refuse(line, envelope, envelope.zone or Divert.NO_READ)
    else:
        refuse(line, envelope, envelope.zone or Divert.LATE)


def gather_uids(line: LineState, envelope: LinePiece) -> None:
    """Say which pieces have sheets in an envelope that left before its set could be judged."""
    sheets = line.feed.sheets
    found = (sheets.get(number) for number in range(envelope.first, envelope.last + 1))
    facts = [sheet.fact for sheet in found if sheet is not None and sheet.fact is not None]
    envelope.uids = tuple(dict.fromkeys(fact.uid for fact in facts if fact.uid))
