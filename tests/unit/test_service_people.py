"""Badges, PINs, lock-out, sessions, roles."""

from __future__ import annotations

import pytest

from controller.service.entry import Entry, PeopleRefused
from controller.service.people import (
    LOCK_OUT_S,
    WRONG_PINS_MAX,
    PinRefused,
    PinVault,
    SignIn,
    check_badge,
    check_pin,
    new_badge,
)
from controller.service.rights import RIGHTS, Right, Role, mask_name, rights_of
from controller.service.sessions import IDLE_LOCK_S, LIFE_S, SessionState, form_token, key_of
from controller.service.store import StationStore

PIN = "835926"


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def entry(tmp_path, clock):
    store = StationStore(f"sqlite:///{tmp_path / 'station.db'}")
    entry = Entry(store, PinVault(memory_kib=8, passes=1, lanes=1), clock)
    entry.add("LBSUPE0001", "孙督明", [Role.SUPERVISOR], PIN, by="test")
    entry.add("LBOPER0001", "林晓雨", [Role.OPERATOR], PIN, by="test")
    yield entry
    store.close()


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567890123", "abcdef", "１２３４５６", "111111", "123456", "987654", "012345"]
)
def test_an_easy_or_malformed_pin_is_refused(pin):
    with pytest.raises(PinRefused):
        check_pin(pin)


def test_a_good_pin_is_kept_only_as_argon2id():
    assert PinVault().hash(PIN).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("badge", ["", "abc", "x" * 33, "工牌0001", "a b c d", "LB-1;--"])
def test_a_badge_a_scanner_cannot_type_is_refused(badge):
    with pytest.raises(ValueError):
        check_badge(badge)


def test_a_new_badge_can_be_typed_by_a_scanner_and_is_different_each_time():
    made = {check_badge(new_badge()) for _ in range(50)}
    assert len(made) == 50


def test_badge_and_pin_open_a_screen_and_the_store_never_holds_the_cookie(entry, tmp_path):
    answer, token = entry.sign_in("LBOPER0001", PIN)
    assert answer is SignIn.OK
    assert entry.visit(token).person.name == "林晓雨"
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.encode() not in content
    assert PIN.encode() not in content


def test_an_unknown_badge_and_a_wrong_pin_get_the_same_answer(entry):
    assert entry.sign_in("LBNOBODY01", PIN)[0] is entry.sign_in("LBOPER0001", "000111")[0] is SignIn.WRONG


def test_five_wrong_pins_lock_the_badge_even_for_the_right_one_until_the_time_is_over(entry, clock):
    for _ in range(WRONG_PINS_MAX - 1):
        assert entry.sign_in("LBOPER0001", "000111")[0] is SignIn.WRONG
    assert entry.sign_in("LBOPER0001", "000111")[0] is SignIn.LOCKED_OUT
    assert entry.sign_in("LBOPER0001", PIN)[0] is SignIn.LOCKED_OUT
    clock.now += LOCK_OUT_S
    assert entry.sign_in("LBOPER0001", PIN)[0] is SignIn.OK


def test_a_right_pin_forgets_the_wrong_ones_before_it(entry):
    for _ in range(3):
        for _ in range(WRONG_PINS_MAX - 1):
            entry.sign_in("LBOPER0001", "000111")
        assert entry.sign_in("LBOPER0001", PIN)[0] is SignIn.OK


def test_two_idle_minutes_lock_the_screen_and_the_pin_of_the_same_person_opens_it(entry, clock):
    _, token = entry.sign_in("LBOPER0001", PIN)
    clock.now += IDLE_LOCK_S - 1
    assert entry.visit(token).state is SessionState.OPEN
    entry.touch(entry.visit(token))
    clock.now += IDLE_LOCK_S
    locked = entry.visit(token)
    assert locked.state is SessionState.LOCKED
    entry.touch(locked)
    assert entry.visit(token).state is SessionState.LOCKED
    assert entry.unlock(locked, "000111") is SignIn.WRONG
    assert entry.unlock(locked, PIN) is SignIn.OK
    assert entry.visit(token).state is SessionState.OPEN


def test_a_session_ends_after_eight_hours_even_in_use(entry, clock):
    _, token = entry.sign_in("LBOPER0001", PIN)
    for _ in range(LIFE_S // 100):
        clock.now += 100
        visit = entry.visit(token)
        if visit is None:
            break
        entry.touch(visit)
    assert entry.visit(token) is None


def test_revoking_a_badge_ends_its_open_screens_at_once(entry):
    _, token = entry.sign_in("LBOPER0001", PIN)
    entry.set_active("LBOPER0001", active=False, by="LBSUPE0001")
    assert entry.visit(token) is None
    assert entry.sign_in("LBOPER0001", PIN)[0] is SignIn.WRONG
    entry.set_active("LBOPER0001", active=True, by="LBSUPE0001")
    assert entry.visit(token) is None
    assert entry.sign_in("LBOPER0001", PIN)[0] is SignIn.OK


def test_a_new_pin_ends_open_screens_and_the_lock_out(entry):
    _, token = entry.sign_in("LBOPER0001", PIN)
    for _ in range(WRONG_PINS_MAX):
        entry.sign_in("LBOPER0001", "000111")
    entry.set_pin("LBOPER0001", "640917", by="LBSUPE0001")
    assert entry.visit(token) is None
    assert entry.sign_in("LBOPER0001", "640917")[0] is SignIn.OK


def test_the_last_supervisor_can_be_neither_revoked_nor_demoted(entry):
    with pytest.raises(PeopleRefused):
        entry.set_active("LBSUPE0001", active=False, by="LBSUPE0001")
    with pytest.raises(PeopleRefused):
        entry.set_roles("LBSUPE0001", [Role.OPERATOR], by="LBSUPE0001")
    entry.add("LBSUPE0002", "李协同", [Role.SUPERVISOR], PIN, by="test")
    entry.set_active("LBSUPE0001", active=False, by="LBSUPE0002")


def test_roles_change_what_an_open_screen_may_do_at_once(entry):
    _, token = entry.sign_in("LBOPER0001", PIN)
    entry.set_roles("LBOPER0001", [Role.AUDITOR], by="LBSUPE0001")
    assert Right.CONTROL_LINE not in entry.visit(token).person.rights


@pytest.mark.parametrize("roles", [[], [Role.PARTNER]])
def test_a_person_has_a_role_of_the_house(entry, roles):
    with pytest.raises(PeopleRefused):
        entry.add("LBNEW00001", "新人", roles, PIN, by="test")


def test_a_badge_belongs_to_one_person(entry):
    with pytest.raises(PeopleRefused):
        entry.add("LBOPER0001", "别人", [Role.OPERATOR], PIN, by="test")


def test_every_sign_in_and_refusal_is_noted_without_the_pin(entry):
    entry.sign_in("LBOPER0001", PIN)
    entry.sign_in("LBOPER0001", "000111")
    entry.sign_in("LBNOBODY01", "000111")
    told = entry._store.notes()
    assert {what for _, what, _, _ in told} >= {"sign-in", "sign-in-wrong", "unknown-badge"}
    assert not any(PIN in text or "000111" in text for note in told for text in map(str, note))


def test_nobody_but_a_supervisor_approves_and_no_role_is_without_limits():
    assert [role for role in Role if Right.APPROVE_OVERRIDE in RIGHTS[role]] == [Role.SUPERVISOR]
    assert all(RIGHTS[role] != frozenset(Right) for role in Role)
    assert not RIGHTS[Role.PARTNER]
    assert not {Right.CONTROL_LINE, Right.CUSTODY, Right.TRAYS} & RIGHTS[Role.AUDITOR]
    assert rights_of([Role.POSTAL, Role.QUALITY]) == RIGHTS[Role.POSTAL] | RIGHTS[Role.QUALITY]


def test_a_name_is_masked_but_for_its_first_character():
    assert mask_name("欧阳小满") == "欧＊＊＊"
    assert mask_name("") == ""


def test_form_tokens_belong_to_one_cookie_and_one_station():
    assert len({form_token(secret, token) for secret in (b"a", b"b") for token in ("x", "y")}) == 4
    assert key_of("x") != "x"


def test_two_processes_that_open_a_new_store_share_one_secret(tmp_path):
    url = f"sqlite:///{tmp_path / 's.db'}"
    first, second = StationStore(url), StationStore(url)
    assert first.secret() == second.secret()
    first.close()
    second.close()
