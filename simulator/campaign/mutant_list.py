"""Which rules are switched off. Each line names the rule, the function it lives in, its text and what replaces it."""

from __future__ import annotations

from typing import Final

from simulator.campaign.mutants import Mutant, Switch

_I = "controller.integrity:"
_R = "controller.line.rules."

_F = "controller.intake.fields:"

_L = "controller.ledger.ledger:"

_OFF: Final = {
    # --- the witness of the ledger ---
    "patience with an absent witness": (
        _L + "Ledger._patience_is_over",
        "return self._at_ns",
        "return False and self._at_ns",
    ),
    # --- the case file ---
    "control characters in a case": (_F + "clean", 'category == "Cc"', "False"),
    "direction controls in a case": (_F + "clean", "character in BIDI_CONTROLS", "False"),
    "same case number twice": ("controller.intake.take_in:_judge", "case_no in first_row_of", "False"),
    # --- the set of sheets ---
    "faulty sheet in a set": (_I + "_sheets_clean", "fact.fault is not None", "False"),
    "set of another length": (_I + "_set_complete", " or len(facts) != facts[0].sheets", ""),
    "sheets of two pieces in a set": (_I + "_set_complete", "fact.uid != uid or fact.k != k or ", ""),
    "sheet order in a set": (_I + "_set_complete", " or fact.k != k", ""),
    "successor is sheet 1 and clean": (
        _I + "_successor_seen",
        "successor.fault is not None or successor.k != 1 or ",
        "",
    ),
    "stack end is whole": (_I + "_successor_seen", "None if facts[-1].ends_stack_whole else Divert.STACK_END", "None"),
    "successor rule": (
        _I + "_successor_seen",
        "if successor is None:",
        "if True:\n        return None\n    if successor is None:",
    ),
    "set closed by the machine itself": (_R + "pieces:piece_formed", "if event.undecided:", "if False:"),
    "gap between two envelopes": (_R + "pieces:piece_formed", "if line.last_sheet_taken and", "if False and"),
    "piece is in the feed": (_R + "pieces:_collate_first", " and piece.state == PieceState.IN_FEED", ""),
    "zone flag of a set": (
        _R + "pieces:_collate_first",
        "envelope.zone or envelope.refused or judge_set",
        "envelope.refused or judge_set",
    ),
    "wait for the successor": (
        _R + "pieces:_collate_first",
        "if not any(fact.fault for fact in facts):\n                return False",
        "pass",
    ),
    # --- the exit ---
    "zone flag at the exit": (_I + "_zone_flagged", "facts.zone is not None", "False"),
    "collated before verified": (_I + "_not_collated", "facts.piece_state != PieceState.COLLATED", "False"),
    "letter open": (_I + "_letter_not_open", "facts.letter_state != LetterState.OPEN", "False"),
    "letter recalled": (_I + "_recalled", "facts.recalled or facts.letter_state == LetterState.CANCELLED", "False"),
    "duplicate on the line": (_I + "_duplicate", "facts.duplicate", "False"),
    "exit unread": (_I + "_unread", "isinstance(facts.mark, Divert)", "False"),
    "exit shows another piece": (
        _I + "_other_piece",
        "mark.uid != facts.uid or mark.sheet != 1 or mark.sheets != facts.sheets",
        "False",
    ),
    "item code agrees": (_I + "_codes_disagree", "len(items) != 1 or items[0] != facts.item_id", "False"),
    "item code must be read": (_I + "_codes_disagree", "policy.both_codes", "False"),
    "weight": (_I + "_wrong_weight", "> policy.tolerance_mg", "> 10**12"),
    "postage is asked for": (_I + "_no_postage", "facts.postage != policy.postage", "False"),
    "postage amount is compared": (_I + "_no_postage", "facts.postage != policy.postage", "not facts.postage"),
    "postage must be booked": (_R + "postage:franked", "event.outcome == PRINTED", "event.outcome != REFUSED"),
    "postage is printed once": (_R + "postage:franked", " and envelope.franked == 1", ""),
    "postage is on the books": (_R + "postage:on_books", "if envelope.imprints", "if False"),
    "address in the window": (_I + "_address_doubt", "facts.address_ok is False", "False"),
    "producing": (_I + "_not_producing", "not facts.producing", "False"),
    "tray in place": (_I + "_no_tray", "not facts.tray_in_place", "False"),
    "too late": (_I + "_late", "facts.late", "False"),
    "the whole exit judgement": (_R + "pieces:consider", "reason = verdict.reason", "reason = None"),
    "cameras disagree": (_R + "zone:hold_for_cameras", "line.book.place_hold(tray, CAMERAS)", "pass"),
    "granted piece is under way": (_R + "pieces:grant", "line.tray.under_way.add(piece.uid)", "pass"),
    # --- single sheets ---
    "double-sheet sensor": (_R + "feed:_judge_sheet", "_thick(line, fed) or ", ""),
    "sheet flagged by the zone": (_R + "feed:_judge_sheet", "sheet.flagged or ", ""),
    "doubt the piece of a faulty sheet": (
        _R + "feed:_judge_sheet",
        "if fault is not None and piece is not None:",
        "if False:",
    ),
    "order of the stack": (_R + "feed:follows", "piece.index == feed.expect_index and k == feed.expect_k", "True"),
    "void sheet": (_R + "feed:_void", "piece.state in _DEAD", "False"),
    "sheet count of a mark": (_R + "feed:_other_count", "mark.sheets != piece.sheets", "False"),
    "sheet out of order": (_R + "feed:_out_of_order", "not in_order", "False"),
    "copy marks its piece": (_R + "feed:_count_copy", "piece.duplicate = True", "pass"),
    "copies are counted": (_R + "feed:_count_copy", "piece.copies += 1", "pass"),
    "stack end compares with the job": (_R + "feed:_note_stack_end", "whole = ", "whole = True or "),
    # --- doubt ---
    "doubt before the grant": (_R + "doubt:suspect", "if piece.state in SUSPECTABLE:", "if False:"),
    "refusal doubts the pieces": (_R + "doubt:refuse", "suspect(line, piece, reason)", "pass"),
    "refusal is final": (_R + "doubt:refuse", "envelope.judged = True", "pass"),
    "unknown exit holds the tray": (
        _R + "doubt:hold_for_unknown",
        "line.book.place_hold(tray, unknown_hold(piece.uid))",
        "False",
    ),
    "unknown exit is unknown": (_R + "doubt:exit_unknown", "if piece.state != PieceState.PASS_GRANTED:", "if True:"),
    # --- the eyes ---
    "both eyes see it": (_R + "exits:_conclude_granted", "if event.tray and not event.reject:", "if event.tray:"),
    "no eye sees it": (_R + "exits:_conclude_granted", "elif event.reject and not event.tray:", "elif not event.tray:"),
    "hands were inside": (_R + "exits:_conclude_granted", " and not envelope.hands", ""),
    "tray eye sees a stranger": (
        _R + "exits:tray_eye",
        "if envelope is None or not envelope.granted:",
        "if envelope is None:",
    ),
    "unknown piece fell into a tray": (_R + "exits:_doubt_fallen", "if tray is not None:", "if False:"),
    "void piece fell into a tray": (_R + "exits:_doubt_fallen", "foreign(line, envelope.piece_no, tray)", "pass"),
    "no eye saw a piece of unknown exit": (
        _R + "exits:_conclude_doubted",
        "if line.tray is not None and not envelope.tray_seen:",
        "if False:",
    ),
    "no eye saw a void piece": (_R + "exits:_conclude_doubted", "_unseen(line, envelope.piece_no)", "pass"),
    "audit while a piece may still fall": (_R + "trays:audit", " or _may_still_fall(line, tray)", ""),
    "fell into another tray": (_R + "exits:tray_eye", "envelope.tray = tray.number", "pass"),
    "stranger holds the tray": (_R + "exits:foreign", "line.book.place_hold(tray, FOREIGN)", "pass"),
    "unseen piece holds the tray": (_R + "exits:_unseen", "line.book.place_hold(line.tray, UNSEEN)", "False"),
    "recalled piece is pulled": (_R + "exits:in_tray", "if piece.letter.recalled:", "if False:"),
    "granted piece at the reject eye": (_R + "exits:_left_by_reject", "tray.under_way.discard(piece.uid)", "pass"),
    # --- loss of knowledge ---
    "zone loss flags sheets": (_R + "zone:lose", "sheet.flagged = sheet.flagged or reason", "continue"),
    "zone loss flags envelopes": (_R + "zone:lose", "envelope.zone = envelope.zone or reason", "continue"),
    "zone loss doubts grants": (_R + "zone:lose", "elif grants:", "elif False:"),
    "link lost": (_R + "zone:link_lost", "lose(line, Divert.LINK_LOST, grants=True)", "pass"),
    "another epoch": (_R + "zone:link_up", "lose(line, Divert.EPOCH, grants=True, hands=True)", "pass"),
    "another epoch forgets numbers": (_R + "zone:link_up", "forget_inside(line)", "pass"),
    "gap in the event numbers": (_R + "zone:ring_gap", "lose(line, Divert.LINK_LOST, grants=True, hands=True)", "pass"),
    "event numbers are compared": ("controller.line.core:_is_new", "line.seq_known and seq != line.seq + 1", "False"),
    "repeated events are dropped": ("controller.line.core:_is_new", "if seq <= line.seq:", "if False:"),
    "open cover holds the tray": (_R + "zone:fault", "line.book.place_hold(line.tray, COVER)", "pass"),
    "paper taken out": (_R + "zone:removed", "lose(line, Divert.ZONE, grants=True, hands=True)", "pass"),
    "tray taken away holds it": (_R + "zone:tray_presence", "line.book.place_hold(tray, TAKEN_AWAY)", "pass"),
    "tray taken away is not there": (_R + "zone:tray_presence", "line.tray_present = False", "pass"),
    "camera out of step": (_R + "zone:camera_out_of_step", "lose(line, Divert.NO_READ, grants=False)", "pass"),
    "restart doubts what was inside": (_R + "zone:restarted", "doubt.suspect(line, piece, Divert.RESTART)", "pass"),
    "restart doubts grants": (
        _R + "zone:restarted",
        "doubt.exit_unknown(line, None, piece, str(Divert.RESTART))",
        "pass",
    ),
    "stopped machine": (_R + "machine:machine_state", "zone.lose(line, Divert.ZONE, grants=False)", "pass"),
    "emptied belt": (_R + "machine:machine_state", "belt_emptied(line)", "pass"),
    "zone loss refuses envelopes": (_R + "zone:lose", "doubt.refuse(line, envelope, reason)", "pass"),
    "zone loss doubts pieces": (
        _R + "zone:lose",
        "doubt.refuse(line, envelope, reason)\n            doubt.suspect(line, piece, reason)",
        "pass",
    ),
    "tray under audit": (_R + "pieces:_facts", "line.tray_ready", "line.tray is not None and line.tray_present"),
    # --- trays ---
    "close waits for pieces under way": (_I + "tray_close_refusal", "if facts.under_way:", "if False:"),
    "close refuses a HOLD": (_I + "tray_close_refusal", "if facts.holds:", "if False:"),
    "close compares the counts": (_I + "tray_close_refusal", "if facts.edges != facts.listed:", "if False:"),
    "hand-over refuses a HOLD": (_R + "trays:hand_over", "elif tray.holds:", "elif False:"),
    "only closed trays are accepted": (
        _R + "trays:tray_accepted",
        "tray.state not in (TrayState.CLOSED, TrayState.HANDED_OVER)",
        "False",
    ),
    "audit pulls what is not trusted": (_I + "audit_tray", "if n > 1 or uid not in trusted", "if n > 1"),
    "audit pulls strangers": (_I + "audit_tray", "strangers += 1", "pass"),
    "audit must be clean": (_R + "trays:audit", "if not found.clean:", "if False:"),
    "audit says what is absent": (_R + "trays:_settle_unknown", "if uid in stay:", "if True:"),
    "recalled pieces may not stay": (_R + "trays:_may_stay", "and not piece.letter.recalled", ""),
    # --- people and accounts ---
    "two persons": (_I + "two_persons", "badge.strip().casefold() != second.strip().casefold()", "True"),
    "recall after the grant": (_R + "custody:recall", "piece is not None and piece.state in _HAD_A_GRANT", "False"),
    "recall of a posted letter": (
        _R + "custody:recall",
        "if letter.state not in (LetterState.OPEN, LetterState.HELD):",
        "if False:",
    ),
    "batch must balance": (_R + "custody:close_batch", "if not books.balanced:", "if False:"),
    "open pieces count": (_I + "account", "open_pieces.append(piece.uid)", "pass"),
    "open copies count": (_I + "account", "open_copies[piece.uid] = piece.copies_open", "pass"),
    "one live attempt": ("controller.line.book:Book.plan_job", " or letter.live is not None", ""),
    "ended attempts are not live": (
        "controller.line.book:Book.move",
        "if state not in LIVE and letter.live is piece:",
        "if letter.live is piece:",
    ),
    "a copy in the hand is not the piece of unknown exit": (
        _R + "custody:_may_be_the_copy",
        "piece.state in _HAD_A_GRANT",
        "piece.state == PieceState.IN_TRAY",
    ),
    "bin scan voids only what is in custody": (
        _R + "custody:_take",
        "if reason and piece.state == PieceState.QUARANTINED:",
        "if reason:",
    ),
    # --- restart ---
    "holds survive a restart": (
        "controller.line.restore:_hold_placed",
        'core.book.trays[event.tray].holds.add(data["reason"])',
        "pass",
    ),
    "copies survive a restart": ("controller.line.restore:_copy_seen", "piece.copies += 1", "pass"),
    "sheets seen before a restart": ("controller.line.restore:_seen_and_fallen", " else -1", " else 0"),
    "hands survive a restart": ("controller.line.restore:_recall_grants", "doubted.hands = True", "pass"),
    "tray of a fall survives a restart": (
        "controller.line.restore:_recall_grants",
        "envelope.tray = event.tray",
        "pass",
    ),
}

COVERED: Final[dict[str, tuple[str, ...]]] = {
    "faulty sheet in a set": (
        "the piece of a faulty sheet is SUSPECT at once, and no longer in the feed",
        "feed._judge_sheet, pieces._collate_first",
    ),
    "set of another length": (
        "a set that is short or long leaves a sheet behind or takes one along; its successor is then not sheet 1 in order",
        "_successor_seen",
    ),
    "sheets of two pieces in a set": (
        "sheets of two pieces side by side are out of order unless the first piece is whole, and then the set is too long",
        "_out_of_order",
    ),
    "sheet order in a set": (
        "sheets of one piece that were read in order of the stack are in order in the set",
        "_out_of_order",
    ),
    "zone flag of a set": ("whoever flags the envelope flags and doubts its sheets in the same breath", "zone.lose"),
    "zone flag at the exit": ("whoever flags an envelope refuses it in the same breath", "zone.lose"),
    "zone loss refuses envelopes": (
        "the envelope's own zone flag refuses it, and its pieces are doubted by their sheets",
        "_zone_flagged, zone.lose",
    ),
    "zone loss doubts pieces": ("its sheets are still on the list, and doubt their piece as well", "zone.lose"),
    "letter open": (
        "a letter that is cancelled is refused as recalled; one that is held or mailed has no attempt that may leave (I4)",
        "_recalled, Book.plan_job",
    ),
    "duplicate on the line": ("the piece of a sheet that comes twice is SUSPECT at once", "feed._judge_sheet"),
    "copy marks its piece": ("the piece of a sheet that comes twice is SUSPECT at once", "feed._judge_sheet"),
    "refusal is final": (
        "a refused envelope has no owner, or carries a zone flag, or its piece is SUSPECT: judged again, it is refused again",
        "_zone_flagged, _not_collated",
    ),
}
"""Rules that nothing can notice alone, because another one provably stands behind: the reason, and which one. Each is hunted together with it."""

_TOGETHER: Final = (
    ("faulty sheet in a set", "doubt the piece of a faulty sheet"),
    ("set of another length", "successor is sheet 1 and clean"),
    ("set of another length", "sheet count of a mark"),
    ("sheet order in a set", "sheet out of order"),
    ("sheets of two pieces in a set", "sheet out of order"),
    ("zone flag of a set", "zone loss flags sheets"),
    ("zone loss doubts pieces", "zone loss flags sheets"),
    ("zone loss refuses envelopes", "zone flag at the exit", "collated before verified"),
    ("zone flag at the exit", "refusal is final", "collated before verified"),
    ("duplicate on the line", "doubt the piece of a faulty sheet"),
    ("copy marks its piece", "doubt the piece of a faulty sheet"),
    ("void sheet", "piece is in the feed"),
    ("exit unread", "exit shows another piece"),
    ("exit shows another piece", "item code agrees"),
    ("letter recalled", "letter open"),
    ("set of another length", "successor rule"),
    ("sheets of two pieces in a set", "order of the stack", "successor rule"),
    ("double-sheet sensor", "successor rule"),
    ("double-sheet sensor", "stack end is whole"),
    ("stack end compares with the job", "sheet out of order"),
    ("order of the stack", "successor rule"),
    ("set of another length", "sheets of two pieces in a set"),
    ("void sheet", "sheet out of order"),
    ("duplicate on the line", "copies are counted"),
    ("zone loss flags sheets", "zone loss flags envelopes"),
    ("zone flag at the exit", "refusal is final"),
    ("zone flag of a set", "zone flag at the exit"),
    ("close refuses a HOLD", "close compares the counts"),
    ("stranger holds the tray", "close compares the counts"),
    ("tray in place", "tray taken away holds it"),
    ("producing", "stopped machine"),
    ("another epoch", "another epoch forgets numbers"),
    ("gap in the event numbers", "event numbers are compared"),
    ("one live attempt", "ended attempts are not live"),
    ("item code agrees", "item code must be read"),
    ("unknown exit holds the tray", "close waits for pieces under way"),
    ("collated before verified", "piece is in the feed"),
)


def singles() -> list[Mutant]:
    """Return every rule switched off alone that can be noticed alone."""
    return [Mutant(name, (Switch(*switch),)) for name, switch in _OFF.items() if name not in COVERED]


def combinations() -> list[Mutant]:
    """Return rules that stand in for each other, switched off together."""
    return [Mutant(" + ".join(names), tuple(Switch(*_OFF[name]) for name in names)) for names in _TOGETHER]


def mutants() -> list[Mutant]:
    """Return all that are hunted."""
    return [*singles(), *combinations()]
