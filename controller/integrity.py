"""The one judgement of the line: may this piece pass? And the one account: is everything where the books say?

Pure and small on purpose: this is the only file that can join the wrong letter to the wrong envelope. A judgement is a table of
named rules; the first rule that is broken gives the reason. No rule ever assumes: what is not proven is broken.
Nothing here remembers anything; the caller states facts and gets a value back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from controller.model import PASS, ControlMark, Divert, ItemId, MarkFault, Verdict, parse_mark
from controller.states import LetterState, PieceState

# --- one frame --------------------------------------------------------------------------------------------------------


def read_mark(payloads: Sequence[str], key: bytes) -> ControlMark | Divert:
    """Return the one mark a frame shows, or why it proves nothing.

    Several different payloads in one frame prove nothing: one of them belongs to another sheet.
    """
    if not payloads:
        return Divert.NO_READ
    if len(payloads) > 1:
        return Divert.CODES_DISAGREE
    mark = parse_mark(payloads[0], key)
    if isinstance(mark, MarkFault):
        return Divert.MAC_BAD
    return mark


# --- one set of sheets ------------------------------------------------------------------------------------------------


class SheetFact(NamedTuple):
    """What is known of one sheet that passed the sheet camera. ``uid`` 0: unread; ``k`` and ``sheets`` are then what was expected."""

    sheet_no: int
    uid: int
    k: int
    sheets: int
    fault: Divert | None
    ends_stack_whole: bool = False
    """It was the last sheet of its stack, and the stack's last expected sheet."""


def judge_set(
    first_sheet: int, last_sheet: int, facts: Sequence[SheetFact], successor: SheetFact | None
) -> Divert | None:
    """Return why sheets ``first_sheet`` … ``last_sheet``, which the machine put into one envelope, are not proven to be one whole piece.

    ``facts`` are those of the sheets in order; ``successor`` is the sheet after the last, None only where the stack ended.
    """
    for rule in SET_RULES:
        reason = rule(first_sheet, last_sheet, facts, successor)
        if reason is not None:
            return reason
    return None


def _sheets_clean(first: int, last: int, facts: Sequence[SheetFact], successor: SheetFact | None) -> Divert | None:
    """No sheet carries a fault: unread, bad MAC, double, out of order, duplicate, void, zone flag."""
    for fact in facts:
        if fact.fault is not None:
            return fact.fault
    return None


def _set_complete(first: int, last: int, facts: Sequence[SheetFact], successor: SheetFact | None) -> Divert | None:
    """Exactly sheets 1..N of one piece, in order, as many as the machine says it took."""
    if not facts or len(facts) != last - first + 1 or len(facts) != facts[0].sheets:
        return Divert.INCOMPLETE
    uid, number = facts[0].uid, first
    for k, fact in enumerate(facts, 1):
        if fact.uid != uid or fact.k != k or fact.sheet_no != number:
            return Divert.INCOMPLETE
        number += 1
    return None


def _successor_seen(first: int, last: int, facts: Sequence[SheetFact], successor: SheetFact | None) -> Divert | None:
    """The next sheet is sheet 1 of the next expected piece (its own order was judged when it was read), or the stack ended whole.

    Without this rule a sheet hidden under the last one (double feed, blind thickness sensor) would leave with this piece.
    """
    if successor is None:
        return None if facts[-1].ends_stack_whole else Divert.STACK_END
    if successor.fault is not None or successor.k != 1 or successor.sheet_no != last + 1:
        return Divert.SUCCESSOR_UNSEEN
    return None


SetRule = Callable[[int, int, Sequence[SheetFact], SheetFact | None], Divert | None]
SET_RULES: tuple[SetRule, ...] = (_sheets_clean, _set_complete, _successor_seen)


# --- one piece at the exit --------------------------------------------------------------------------------------------


class ExitFacts(NamedTuple):
    """Everything the exit judgement may look at. ``mark`` and ``items`` are what the exit frame shows; the rest is what is expected here."""

    uid: int
    sheets: int
    item_id: ItemId
    piece_state: str
    letter_state: str
    recalled: bool
    duplicate: bool
    zone: Divert | None
    mark: ControlMark | Divert
    items: Sequence[str]
    address_ok: bool | None
    weight_mg: int
    postage: int
    """The amount the franking head confirmed for it, once and once only; 0: none."""
    producing: bool
    tray_in_place: bool
    late: bool


@dataclass(frozen=True, slots=True)
class ExitPolicy:
    """What a line can and must prove at the exit. Weights in mg; ``sheet_mg`` 0: the line has no scale."""

    both_codes: bool = True
    """The item code must be read too. False: it may be unread, but never disagree."""
    sheet_mg: int = 0
    envelope_mg: int = 0
    tolerance_mg: int = 2_400
    """Just under half an A4 sheet of 80 g/m² (4.99 g): tells N from N±1."""
    postage: int = 0
    """What the franking head must confirm, in 1/100 of the currency unit (分); 0: the line has no such head."""


def judge(facts: ExitFacts, policy: ExitPolicy) -> Verdict:
    """Return whether the piece at the exit may pass the gate, or the first reason why not."""
    for reason, broken in EXIT_RULES:
        if broken(facts, policy):
            if reason is Divert.NO_READ and isinstance(facts.mark, Divert):
                return Verdict(facts.mark)
            return Verdict(reason)
    return PASS


def _zone_flagged(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """Knowledge about the zone was lost while the piece was in it."""
    return facts.zone is not None


def _not_collated(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """Its sheets and its successor were not all seen in order."""
    return facts.piece_state != PieceState.COLLATED


def _letter_not_open(facts: ExitFacts, policy: ExitPolicy) -> bool:
    return facts.letter_state != LetterState.OPEN


def _recalled(facts: ExitFacts, policy: ExitPolicy) -> bool:
    return facts.recalled or facts.letter_state == LetterState.CANCELLED


def _duplicate(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """A second copy of the same piece was seen while this one is on the line: nobody knows which is which."""
    return facts.duplicate


def _unread(facts: ExitFacts, policy: ExitPolicy) -> bool:
    return isinstance(facts.mark, Divert)


def _other_piece(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """The envelope shows another piece, or another sheet, than the one formed here."""
    mark = facts.mark
    return isinstance(mark, ControlMark) and (mark.uid != facts.uid or mark.sheet != 1 or mark.sheets != facts.sheets)


def _codes_disagree(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """The postal number in the window is not the one issued to this piece, or (by policy) unread."""
    items = facts.items
    if not items:
        return policy.both_codes
    return len(items) != 1 or items[0] != facts.item_id


def _address_doubt(facts: ExitFacts, policy: ExitPolicy) -> bool:
    return facts.address_ok is False


def _wrong_weight(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """Where there is a scale: the weight is not that of an envelope with this many sheets; no weight is no proof."""
    if not policy.sheet_mg:
        return False
    return abs(facts.weight_mg - policy.envelope_mg - facts.sheets * policy.sheet_mg) > policy.tolerance_mg


def _no_postage(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """Where there is a franking head: it did not confirm exactly the amount due, or said more than one word of this envelope."""
    return policy.postage > 0 and facts.postage != policy.postage


def _not_producing(facts: ExitFacts, policy: ExitPolicy) -> bool:
    """Grants are legal only in Execute and Production."""
    return not facts.producing


def _no_tray(facts: ExitFacts, policy: ExitPolicy) -> bool:
    return not facts.tray_in_place


def _late(facts: ExitFacts, policy: ExitPolicy) -> bool:
    return facts.late


ExitRule = Callable[[ExitFacts, ExitPolicy], bool]
EXIT_RULES: tuple[tuple[Divert, ExitRule], ...] = (
    (Divert.ZONE, _zone_flagged),
    (Divert.RECALLED, _recalled),
    (Divert.LETTER_NOT_OPEN, _letter_not_open),
    (Divert.DUPLICATE, _duplicate),
    (Divert.SUCCESSOR_UNSEEN, _not_collated),
    (Divert.NO_READ, _unread),
    (Divert.MISMATCH, _other_piece),
    (Divert.CODES_DISAGREE, _codes_disagree),
    (Divert.ADDRESS_DOUBT, _address_doubt),
    (Divert.WEIGHT, _wrong_weight),
    (Divert.NO_POSTAGE, _no_postage),
    (Divert.NOT_PRODUCING, _not_producing),
    (Divert.NO_TRAY, _no_tray),
    (Divert.LATE, _late),
)


# --- one tray ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What a whole-tray scan says: which pieces are there and may stay, must be taken out, or are missing."""

    stay: tuple[int, ...]
    pull: tuple[int, ...]
    absent: tuple[int, ...]
    strangers: int
    """Envelopes whose mark is not ours or unreadable: they must be taken out too."""

    @property
    def clean(self) -> bool:
        return not self.pull and not self.strangers


def audit_tray(listed: Iterable[int], may_stay: Iterable[int], scans: Sequence[str], key: bytes) -> AuditFinding:
    """Compare the scans of every envelope in a tray with the pieces ``listed`` in it.

    ``may_stay`` are the pieces whose contents are trusted: verified, granted, not recalled, not void.
    A piece that was scanned twice is taken out altogether: one of the two copies is not the verified one.
    """
    counts: Counter[int] = Counter()
    strangers = 0
    for payload in scans:
        mark = parse_mark(payload, key)
        if isinstance(mark, ControlMark) and mark.sheet == 1:
            counts[mark.uid] += 1
        else:
            strangers += 1
    trusted = set(may_stay)
    return AuditFinding(
        stay=tuple(sorted(uid for uid, n in counts.items() if n == 1 and uid in trusted)),
        pull=tuple(sorted(uid for uid, n in counts.items() if n > 1 or uid not in trusted)),
        absent=tuple(sorted(uid for uid in listed if not counts[uid])),
        strangers=strangers,
    )


@dataclass(frozen=True, slots=True)
class TrayFacts:
    """``listed``: pieces IN_TRAY by the ledger; ``under_way``: granted pieces that may still fall into it."""

    listed: int
    edges: int
    under_way: int
    holds: tuple[str, ...]
    sheets: int
    weight_mg: int


def tray_close_refusal(facts: TrayFacts, policy: ExitPolicy) -> str | None:
    """Return why the tray must not be closed, or None."""
    if facts.under_way:
        return "pieces-under-way"
    if facts.holds:
        return "tray-on-hold"
    if facts.edges != facts.listed:
        return "counts-differ"
    if policy.sheet_mg and facts.weight_mg:
        expected = facts.listed * policy.envelope_mg + facts.sheets * policy.sheet_mg
        # Tolerances of independent envelopes add up as their root; half a sheet is the least that must be seen.
        if abs(facts.weight_mg - expected) > max(policy.tolerance_mg, int(policy.tolerance_mg * facts.listed**0.5 / 4)):
            return "weight-differs"
    return None


# --- one batch --------------------------------------------------------------------------------------------------------

ACCOUNTED: Final = frozenset(
    {PieceState.RELEASED, PieceState.ACCEPTED, PieceState.DESTROYED, PieceState.LOST, PieceState.NEVER_PRINTED}
)
SETTLED: Final = frozenset({LetterState.MAILED, LetterState.CANCELLED, LetterState.DELIVERED, LetterState.RETURNED})


@dataclass(frozen=True, slots=True)
class Account:
    """I6: minted = released + destroyed + lost + never printed, in counted ids; and what stands in the way, by name."""

    minted: int
    by_state: Mapping[str, int]
    open_pieces: tuple[int, ...]
    open_letters: tuple[int, ...]
    open_copies: Mapping[int, int]
    """Extra copies of a piece that were seen and are not destroyed."""
    open_sheets: Mapping[int, int]
    """Sheets of a destroyed piece that nobody has seen destroyed, nor declared lost."""

    @property
    def balance(self) -> int:
        """0 when every minted piece, copy and sheet is accounted for."""
        return len(self.open_pieces) + sum(self.open_copies.values()) + sum(self.open_sheets.values())

    @property
    def balanced(self) -> bool:
        return not self.balance and not self.open_letters


class PieceCount(NamedTuple):
    """The books of one piece. ``sheets_open``: see `Account.open_sheets`."""

    uid: int
    state: str
    copies_open: int
    sheets_open: int


def account(pieces: Iterable[PieceCount], letters: Iterable[tuple[int, str]]) -> Account:
    """Balance a batch: ``letters`` are (id, state)."""
    by_state: Counter[str] = Counter()
    open_pieces: list[int] = []
    open_copies: dict[int, int] = {}
    open_sheets: dict[int, int] = {}
    for piece in pieces:
        by_state[str(piece.state)] += 1
        if piece.state not in ACCOUNTED:
            open_pieces.append(piece.uid)
        if piece.copies_open:
            open_copies[piece.uid] = piece.copies_open
        if piece.sheets_open:
            open_sheets[piece.uid] = piece.sheets_open
    return Account(
        minted=sum(by_state.values()),
        by_state=dict(by_state),
        open_pieces=tuple(sorted(open_pieces)),
        open_letters=tuple(sorted(letter for letter, state in letters if state not in SETTLED)),
        open_copies=open_copies,
        open_sheets=open_sheets,
    )


def two_persons(badge: str, second: str) -> bool:
    """Return whether two badges are two different persons."""
    return bool(badge) and bool(second) and badge.strip().casefold() != second.strip().casefold()
