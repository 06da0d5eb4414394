"""Four eyes: two distinct living people, in time, with the right to it; and what commands need."""

from __future__ import annotations

import pytest

from controller.line import events
from controller.service.approvals import APPROVAL_LIFE_S, BYPASS_MINUTES_MAX, ApprovalState, Override, Refusal
from controller.service.commands import RULES, Command, CommandRefused, send
from controller.service.entry import Entry
from controller.service.overrides import SUBJECT_OF, Overrides
from controller.service.people import PinVault
from controller.service.rights import Role
from controller.service.store import StationStore
from controller.service.to_line import _BUILD, NotForTheLine, core_event

PIN = "835926"


class Inbox:
    def __init__(self):
        self.rows = []

    def put_command(self, line, name, badge, arguments, at_unix_ns):
        self.rows.append((line, name, badge, dict(arguments)))
        return len(self.rows)

    def command(self, number):
        return None


@pytest.fixture
def world(tmp_path):
    clock = [1_790_000_000.0]
    store = StationStore(f"sqlite:///{tmp_path / 'station.db'}")
    entry = Entry(store, PinVault(memory_kib=8, passes=1, lanes=1), lambda: clock[0])
    people = {
        name: entry.add(f"LB{name}", name, roles, PIN, by="test")
        for name, roles in {
            "SUPERA": [Role.SUPERVISOR],
            "SUPERB": [Role.SUPERVISOR],
            "OPER01": [Role.OPERATOR],
            "OPER02": [Role.OPERATOR],
            "AUDIT1": [Role.AUDITOR],
        }.items()
    }
    inbox = Inbox()
    yield Overrides(store, entry, inbox), entry, inbox, people, clock
    store.close()


def test_two_people_send_one_command_that_names_both(world):
    overrides, _, inbox, people, _ = world
    number = overrides.ask(Override.DECLARE_LOST, "70000001001", "找遍了", people["OPER01"])
    assert overrides.approve(number, people["SUPERA"], "line-1") == 1
    (row,) = inbox.rows
    assert row[:3] == ("line-1", "declare-lost", "LBOPER01")
    assert row[3] == {"uid": 70000001001, "reason": "找遍了", "approval": number, "second_badge": "LBSUPERA"}


def test_the_same_person_cannot_be_both(world):
    overrides, _, inbox, people, _ = world
    number = overrides.ask(Override.DESTROY, "70000001001", "作废", people["SUPERA"])
    assert overrides.approve(number, people["SUPERA"], "line-1") is Refusal.SAME_PERSON
    assert inbox.rows == []
    assert overrides.approve(number, people["SUPERB"], "line-1") == 1


def test_who_has_no_right_to_approve_cannot(world):
    overrides, _, inbox, people, _ = world
    number = overrides.ask(Override.DESTROY, "70000001001", "作废", people["OPER01"])
    assert overrides.approve(number, people["OPER02"], "line-1") is Refusal.NO_RIGHT
    assert inbox.rows == []


def test_a_request_is_worth_nothing_after_ten_minutes(world):
    overrides, _, inbox, people, clock = world
    number = overrides.ask(Override.DESTROY, "70000001001", "作废", people["OPER01"])
    clock[0] += APPROVAL_LIFE_S
    assert overrides.approve(number, people["SUPERA"], "line-1") is Refusal.EXPIRED
    assert overrides.requests()[0].state is ApprovalState.EXPIRED
    assert inbox.rows == []


def test_a_request_is_decided_once(world):
    overrides, _, inbox, people, _ = world
    number = overrides.ask(Override.DESTROY, "70000001001", "作废", people["OPER01"])
    overrides.approve(number, people["SUPERA"], "line-1")
    assert overrides.approve(number, people["SUPERB"], "line-1") is Refusal.DECIDED
    assert not overrides.refuse(number, people["SUPERB"])
    assert len(inbox.rows) == 1


def test_a_request_of_a_badge_revoked_meanwhile_is_refused(world):
    overrides, entry, inbox, people, _ = world
    number = overrides.ask(Override.DESTROY, "70000001001", "作废", people["OPER01"])
    entry.set_active("LBOPER01", active=False, by="test")
    assert overrides.approve(number, people["SUPERA"], "line-1") is Refusal.NOT_ACTIVE
    assert inbox.rows == []


def test_a_bypass_has_an_end_and_a_reason(world):
    overrides, _, _, people, _ = world
    for minutes in (0, BYPASS_MINUTES_MAX + 1):
        with pytest.raises(ValueError):
            overrides.ask(Override.BYPASS_CAMERA, "C2", "镜头坏", people["OPER01"], minutes)
    with pytest.raises(ValueError):
        overrides.ask(Override.BYPASS_CAMERA, "C2", "  ", people["OPER01"], 5)


def test_an_auditor_asks_for_nothing(world):
    overrides, _, _, people, _ = world
    with pytest.raises(CommandRefused):
        overrides.ask(Override.DESTROY, "70000001001", "作废", people["AUDIT1"])


@pytest.mark.parametrize("command", list(Command))
def test_no_command_goes_out_without_the_right_or_whole(command, world):
    _, _, inbox, people, _ = world
    rule = RULES[command]
    whole = dict.fromkeys(rule.arguments, 1)
    with pytest.raises(CommandRefused):
        send(inbox, "line-1", command, people["AUDIT1"], whole, people["SUPERA"])
    if rule.arguments:
        with pytest.raises(CommandRefused):
            send(inbox, "line-1", command, people["SUPERA"], {}, people["SUPERB"])
    if rule.two_people:
        for second in (None, people["SUPERA"], people["OPER01"]):
            with pytest.raises(CommandRefused):
                send(inbox, "line-1", command, people["SUPERA"], whole, second)
    assert inbox.rows == []


@pytest.mark.parametrize("override", list(Override))
def test_every_override_is_a_command_for_two_people_about_its_subject(override):
    rule = RULES[Command(override)]
    assert rule.two_people
    assert SUBJECT_OF[override] in rule.arguments


SAMPLES = {
    "payload": "1" * 36, "uid": 70000001001, "reason": "r", "second_badge": "LB2", "tray": 4, "payloads": ["1" * 36], "counted": 1,
    "batch": 7, "letter": 70000001, "item": "XA1", "photo_sha256": "", "taken_by": "x", "signature_sha256": "", "receipt": "r",
    "camera": "C2", "minutes": 5, "job": "B7-J1",
}  # fmt: skip


@pytest.mark.parametrize("command", sorted(_BUILD))
def test_what_a_screen_sends_is_what_the_core_is_told(command):
    arguments = {name: SAMPLES[name] for name in RULES[command].arguments} | {"second_badge": "LB2"}
    event = core_event(9, command, "LB1", arguments)
    assert event.command == 9
    assert event.badge == "LB1"
    assert isinstance(event, events.Command)


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("make-tea", {}, "not-supported"),
        ("bypass-camera", {"camera": "C2"}, "bad-arguments"),
        ("bypass-camera", {"camera": "C9", "minutes": 5, "reason": "r", "second_badge": "LB2"}, "bad-arguments"),
        ("destroy", {"uid": 1}, "bad-arguments"),
        ("tray-open", {"tray": "4"}, "bad-arguments"),
        ("tray-open", {"tray": True}, "bad-arguments"),
        ("tray-audit", {"tray": 4, "payloads": "abc", "counted": 3}, "bad-arguments"),
    ],
)
def test_what_the_core_cannot_read_is_refused_with_a_reason(name, arguments, why):
    with pytest.raises(NotForTheLine) as refused:
        core_event(1, name, "LB1", arguments)
    assert refused.value.why == why


def test_a_box_of_paper_is_one_group_and_each_piece_a_command_of_its_own(world):
    overrides, _, inbox, people, clock = world
    overrides.ask_all(Override.DESTROY, ["70000001001", "70000002001"], "粉碎", people["SUPERA"])
    clock[0] += 1
    overrides.ask_all(Override.DESTROY, ["70000003001"], "粉碎", people["SUPERA"])
    overrides.ask(Override.RECALL_AFTER_CLOSE, "7000000100", "撤回", people["SUPERA"])
    assert [[one.subject for one in group] for group in overrides.groups()] == [
        ["7000000100"],
        ["70000003001"],
        ["70000001001", "70000002001"],
    ]
    for one in overrides.groups()[2]:
        assert overrides.approve(one.number, people["SUPERA"], "line-1") is Refusal.SAME_PERSON
        overrides.approve(one.number, people["SUPERB"], "line-1")
    assert [row[3]["uid"] for row in inbox.rows] == [70000001001, 70000002001]
    assert len(overrides.groups()) == 2


def test_only_acts_on_a_box_of_paper_take_many_subjects(world):
    overrides, _, _, people, _ = world
    for override, count in ((Override.CUSTODY_TYPED, 2), (Override.DESTROY, 51)):
        with pytest.raises(CommandRefused):
            overrides.ask_all(override, [str(70000001001 + n * 100) for n in range(count)], "核对", people["SUPERA"])
    assert overrides.requests() == ()
