"""The judgement, rule by rule: a perfect piece passes, and each single flaw diverts it for its own reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.integrity import (
    EXIT_RULES,
    SET_RULES,
    ExitFacts,
    ExitPolicy,
    PieceCount,
    SheetFact,
    TrayFacts,
    account,
    audit_tray,
    judge,
    judge_set,
    read_mark,
    tray_close_refusal,
    two_persons,
)
from controller.model import ControlMark, Divert, ItemId, piece_uid
from controller.states import LetterState, PieceState

KEY = b"unit test key"
UID, OTHER = piece_uid(1, 1, 1), piece_uid(1, 2, 1)
ITEM = ItemId("XA000000015CN")
POLICY = ExitPolicy()
GOOD = ExitFacts(
    uid=UID,
    sheets=2,
    item_id=ITEM,
    piece_state=PieceState.COLLATED,
    letter_state=LetterState.OPEN,
    recalled=False,
    duplicate=False,
    zone=None,
    mark=ControlMark(UID, 1, 2),
    items=(ITEM,),
    address_ok=True,
    weight_mg=0,
    postage=0,
    producing=True,
    tray_in_place=True,
    late=False,
)

FLAWS = {
    "zone flagged": ({"zone": Divert.ZONE}, Divert.ZONE),
    "recalled": ({"recalled": True}, Divert.RECALLED),
    "cancelled": ({"letter_state": LetterState.CANCELLED}, Divert.RECALLED),
    "held": ({"letter_state": LetterState.HELD}, Divert.LETTER_NOT_OPEN),
    "mailed already": ({"letter_state": LetterState.MAILED}, Divert.LETTER_NOT_OPEN),
    "second copy": ({"duplicate": True}, Divert.DUPLICATE),
    "not collated": ({"piece_state": PieceState.IN_FEED}, Divert.SUCCESSOR_UNSEEN),
    "void": ({"piece_state": PieceState.VOID}, Divert.SUCCESSOR_UNSEEN),
    "unread": ({"mark": Divert.NO_READ}, Divert.NO_READ),
    "bad MAC": ({"mark": Divert.MAC_BAD}, Divert.MAC_BAD),
    "two marks": ({"mark": Divert.CODES_DISAGREE}, Divert.CODES_DISAGREE),
    "another piece": ({"mark": ControlMark(OTHER, 1, 2)}, Divert.MISMATCH),
    "another attempt": ({"mark": ControlMark(piece_uid(1, 1, 2), 1, 2)}, Divert.MISMATCH),
    "sheet 2 shows": ({"mark": ControlMark(UID, 2, 2)}, Divert.MISMATCH),
    "other count": ({"mark": ControlMark(UID, 1, 3)}, Divert.MISMATCH),
    "item unread": ({"items": ()}, Divert.CODES_DISAGREE),
    "other item": ({"items": ("XA000000029CN",)}, Divert.CODES_DISAGREE),
    "two items": ({"items": (ITEM, "XA000000029CN")}, Divert.CODES_DISAGREE),
    "address hidden": ({"address_ok": False}, Divert.ADDRESS_DOUBT),
    "not in Execute": ({"producing": False}, Divert.NOT_PRODUCING),
    "no tray": ({"tray_in_place": False}, Divert.NO_TRAY),
    "late": ({"late": True}, Divert.LATE),
}


def test_a_perfect_piece_passes() -> None:
    assert judge(GOOD, POLICY).passes


@pytest.mark.parametrize("name", FLAWS)
def test_one_flaw_diverts_for_its_own_reason(name: str) -> None:
    change, reason = FLAWS[name]
    assert judge(GOOD._replace(**change), POLICY).reason is reason  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(sorted(FLAWS)), min_size=1, max_size=5))
def test_flaws_never_cancel_each_other_out(names: list[str]) -> None:
    facts = GOOD
    for name in names:
        facts = facts._replace(**FLAWS[name][0])  # type: ignore[arg-type]
    assert not judge(facts, POLICY).passes


@pytest.mark.parametrize("place", range(len(EXIT_RULES)))
def test_every_exit_rule_is_needed(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scale = ExitPolicy(sheet_mg=5_000, envelope_mg=6_000)
    cases = [(GOOD._replace(**change), POLICY) for change, _ in FLAWS.values()] + [
        (GOOD._replace(weight_mg=21_000), scale),
        (GOOD, ExitPolicy(postage=120)),
    ]  # type: ignore[arg-type]
    monkeypatch.setattr("controller.integrity.EXIT_RULES", EXIT_RULES[:place] + EXIT_RULES[place + 1 :])
    assert any(judge(facts, policy).passes for facts, policy in cases)


def test_by_policy_the_item_code_may_be_unread_but_never_disagree() -> None:
    lenient = ExitPolicy(both_codes=False)
    assert judge(GOOD._replace(items=()), lenient).passes
    assert judge(GOOD._replace(items=("XA000000029CN",)), lenient).reason is Divert.CODES_DISAGREE


@pytest.mark.parametrize(("sheets_inside", "passes"), [(1, False), (2, True), (3, False)])
def test_a_scale_tells_one_sheet_more_or_less(sheets_inside: int, passes: bool) -> None:
    scale = ExitPolicy(sheet_mg=4_990, envelope_mg=6_000)
    assert judge(GOOD._replace(weight_mg=6_000 + sheets_inside * 4_990), scale).passes is passes


def test_where_there_is_a_scale_no_weight_is_no_proof() -> None:
    assert judge(GOOD, ExitPolicy(sheet_mg=4_990)).reason is Divert.WEIGHT


@pytest.mark.parametrize(("confirmed", "passes"), [(0, False), (119, False), (120, True), (121, False), (240, False)])
def test_where_there_is_a_franking_head_only_exactly_the_postage_due_is_proof(confirmed: int, passes: bool) -> None:
    verdict = judge(GOOD._replace(postage=confirmed), ExitPolicy(postage=120))
    assert verdict.passes is passes
    assert passes or verdict.reason is Divert.NO_POSTAGE


def test_a_line_without_a_franking_head_asks_for_no_postage() -> None:
    assert judge(GOOD._replace(postage=0), POLICY).passes
    assert judge(GOOD._replace(postage=120), POLICY).passes


# --- frames and sets --------------------------------------------------------------------------------------------------


def test_a_frame_proves_something_only_with_exactly_one_mark_of_ours() -> None:
    mark = ControlMark(UID, 1, 2)
    payload = mark.encode(KEY)
    assert read_mark((payload,), KEY) == mark
    assert read_mark((), KEY) is Divert.NO_READ
    assert read_mark((payload, ControlMark(OTHER, 1, 1).encode(KEY)), KEY) is Divert.CODES_DISAGREE
    assert read_mark((payload[:-1] + str((int(payload[-1]) + 1) % 10),), KEY) is Divert.MAC_BAD


def fact(
    no: int, uid: int = UID, k: int = 1, sheets: int = 2, fault: Divert | None = None, *, ends: bool = False
) -> SheetFact:
    return SheetFact(no, uid, k, sheets, fault, ends)


WHOLE = [fact(7, k=1), fact(8, k=2)]
NEXT = fact(9, OTHER, 1, 1)


def test_a_whole_set_followed_by_the_first_sheet_of_the_next_is_good() -> None:
    assert judge_set(7, 8, WHOLE, NEXT) is None


def test_the_last_set_is_good_only_where_the_stack_ended_whole() -> None:
    assert judge_set(7, 8, WHOLE, None) is Divert.STACK_END
    assert judge_set(7, 8, [WHOLE[0], fact(8, k=2, ends=True)], None) is None


BROKEN_SETS = {
    "a faulty sheet": ([fact(7, k=1), fact(8, k=2, fault=Divert.DOUBLE_FEED)], NEXT),
    "a sheet short": ([fact(7, k=1)], NEXT),
    "no sheet known": ([], NEXT),
    "a sheet of another": ([fact(7, k=1), fact(8, OTHER, k=2)], NEXT),
    "two first sheets": ([fact(7, k=1), fact(8, k=1)], NEXT),
    "swapped": ([fact(7, k=2), fact(8, k=1)], NEXT),
    "a sheet too many": ([fact(7, k=1, sheets=1), fact(8, k=2, sheets=1)], NEXT),
    "not the sheets it took": ([fact(6, k=1), fact(7, k=2)], NEXT),
    "successor unread": (WHOLE, fact(9, OTHER, 1, 1, Divert.NO_READ)),
    "successor is a sheet 2": (WHOLE, fact(9, OTHER, 2, 2)),
    "successor not the next": (WHOLE, fact(10, OTHER, 1, 1)),
}


@pytest.mark.parametrize("name", BROKEN_SETS)
def test_a_broken_set_is_never_collated(name: str) -> None:
    facts, successor = BROKEN_SETS[name]
    assert judge_set(7, 8, facts, successor) is not None


@pytest.mark.parametrize("place", range(len(SET_RULES)))
def test_every_set_rule_is_needed(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.integrity.SET_RULES", SET_RULES[:place] + SET_RULES[place + 1 :])
    sets = [(facts, successor) for name, (facts, successor) in BROKEN_SETS.items() if facts]
    assert any(judge_set(7, 8, facts, successor) is None for facts, successor in sets)


# --- trays ------------------------------------------------------------------------------------------------------------


def tray(**changes: object) -> TrayFacts:
    return TrayFacts(**{"listed": 3, "edges": 3, "under_way": 0, "holds": (), "sheets": 4, "weight_mg": 0, **changes})  # type: ignore[arg-type]


def test_a_tray_closes_only_when_everything_agrees() -> None:
    scale = ExitPolicy(sheet_mg=5_000, envelope_mg=6_000)
    assert tray_close_refusal(tray(), POLICY) is None
    assert tray_close_refusal(tray(weight_mg=38_000), scale) is None
    assert tray_close_refusal(tray(under_way=1), POLICY) == "pieces-under-way"
    assert tray_close_refusal(tray(holds=("foreign-piece",)), POLICY) == "tray-on-hold"
    assert tray_close_refusal(tray(weight_mg=49_000), scale) == "weight-differs"


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_count_that_is_off_by_any_number_never_closes_a_tray(listed: int, edges: int) -> None:
    refusal = tray_close_refusal(tray(listed=listed, edges=edges), POLICY)
    assert (refusal is None) == (listed == edges)


PIECES = st.integers(1, 30).map(lambda n: piece_uid(1, n, 1))


@given(
    listed=st.frozensets(PIECES),
    present=st.lists(PIECES, max_size=30),
    distrusted=st.frozensets(PIECES),
    strangers=st.integers(0, 3),
)
def test_an_audit_accounts_for_every_listed_and_every_scanned_piece(
    listed: frozenset[int], present: list[int], distrusted: frozenset[int], strangers: int
) -> None:
    scans = [ControlMark(uid, 1, 1).encode(KEY) for uid in present] + ["7"] * strangers  # type: ignore[arg-type]
    found = audit_tray(listed, listed - distrusted, scans, KEY)
    assert set(found.stay) | set(found.pull) == set(present)
    assert not set(found.stay) & set(found.pull)
    assert set(found.absent) == listed - set(present)
    assert all(uid in listed and uid not in distrusted and present.count(uid) == 1 for uid in found.stay)
    assert found.clean == (not found.pull and not strangers)


def test_an_envelope_that_shows_another_sheet_than_the_first_is_a_stranger() -> None:
    assert audit_tray([UID], [UID], [ControlMark(UID, 2, 2).encode(KEY)], KEY).strangers == 1


# --- the account ------------------------------------------------------------------------------------------------------

ENDS = (PieceState.RELEASED, PieceState.ACCEPTED, PieceState.DESTROYED, PieceState.LOST, PieceState.NEVER_PRINTED)
COUNTS = st.builds(
    lambda n, state, copies, sheets: PieceCount(piece_uid(1, n, 1), state, copies, sheets),
    st.integers(1, 10**6),
    st.sampled_from(sorted(PieceState)),
    st.integers(0, 2),
    st.integers(0, 2),
)


@given(st.lists(COUNTS, unique_by=lambda count: count.uid, max_size=30))
def test_the_balance_is_zero_exactly_when_every_piece_copy_and_sheet_is_accounted_for(counts: list[PieceCount]) -> None:
    books = account(counts, [])
    settled = all(c.state in ENDS and not c.copies_open and not c.sheets_open for c in counts)
    assert books.balanced == settled
    assert books.minted == len(counts) == sum(books.by_state.values())
    assert set(books.open_pieces) == {c.uid for c in counts if c.state not in ENDS}


def test_an_open_letter_keeps_the_account_open_and_is_named() -> None:
    books = account([], [(10_000_001, LetterState.OPEN), (10_000_002, LetterState.MAILED)])
    assert not books.balanced
    assert books.open_letters == (10_000_001,)


@pytest.mark.parametrize(
    ("badge", "second", "two"), [("a", "b", True), ("a", "a", False), ("A ", "a", False), ("a", "", False)]
)
def test_two_persons_are_two(badge: str, second: str, two: bool) -> None:
    assert two_persons(badge, second) is two
