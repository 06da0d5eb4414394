"""The onlooker sees an act without its right even when nothing comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from simulator.onlooker import Onlooker, Papers, Policy

UID, NEXT = 1_000_000_101, 1_000_000_201
ITEM = "XA000000016CN"


@dataclass
class Word:
    """Any word: the onlooker knows words by the name of their class and by their fields."""

    fields: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return self.fields[name]


def word(kind: str, /, **fields: Any) -> Any:
    return type(kind, (Word,), {})(fields)


def record(kind: str, /, *, letter: int = 0, piece: int = 0, tray: int = 0, **data: Any) -> Any:
    return word("Record", kind=kind, letter=letter, piece=piece, tray=tray, data=data)


class Told:
    """A line that was told everything a grant for the first piece needs."""

    def __init__(self) -> None:
        papers = Papers()
        papers.printed("job", [(UID, ITEM, ("mark-1",)), (NEXT, "XA000000020CN", ("mark-2",))])
        self.onlooker = Onlooker(papers, Policy())
        self.seq = 0

    def hears(self, kind: str, *records: Any, actions: tuple[Any, ...] = (), **fields: Any) -> None:
        self.onlooker.step(word(kind, **fields), records, actions)

    def machine(self, kind: str, *records: Any, **fields: Any) -> None:
        self.seq += 1
        self.hears(kind, *records, seq=self.seq, **fields)

    def until_the_exit(self, **twist: Any) -> None:
        self.hears("LinkUp", epoch=1)
        self.machine("MachineState", record("line.state"), state=twist.get("state", 6), mode=1)
        self.hears("OpenTray", record("tray.opened", tray=1))
        for uid in (UID, NEXT):
            self.hears("BatchOpened", record("letter.opened", letter=uid // 100))
            for kind in ("planned", "rendered", "submitted"):
                self.hears("JobPlanned", record(f"piece.{kind}", piece=uid))
        for number, payload in ((1, "mark-1"), (2, twist.get("successor", "mark-2"))):
            uid = (UID, NEXT)[number - 1]
            self.machine("SheetFed", sheet_no=number, stack_no=1, trigger=number, double=False)
            self.hears("SheetRead", record("piece.fed", piece=uid), trigger=number, payloads=(payload,))
        self.machine(
            "PieceFormed",
            record("piece.collated", piece=UID),
            piece_no=1,
            first_sheet=1,
            last_sheet=1,
            undecided=twist.get("undecided", False),
        )
        self.machine("PieceAtExit", piece_no=1, trigger=1, gate_at_us=300_000, weight_mg=0)
        self.hears("Tick", now_us=twist.get("now", 1_000))

    def grants(self, payload: str = "mark-1", item: str = ITEM, until: int = 300_000) -> list[str]:
        self.onlooker.step(
            word("ExitRead", trigger=1, payloads=(payload,), items=(item,), address_ok=True),
            [record("piece.verified", piece=UID), record("piece.granted", piece=UID, tray=1)],
            [word("Grant", epoch=1, piece_no=1, uid=UID, deadline_us=until)],
        )
        return self.onlooker.findings


def test_a_grant_with_every_condition_met_is_right():
    told = Told()
    told.until_the_exit()
    assert told.grants() == []


@pytest.mark.parametrize(
    ("twist", "complaint"),
    [
        ({"state": 5}, "state 5"),
        ({"successor": "smudge"}, "successor"),
        ({"undecided": True}, "closed its set by itself"),
        ({"now": 295_000}, "gate is set"),
    ],
)
def test_a_grant_without_one_of_its_conditions_is_named(twist, complaint):
    told = Told()
    told.until_the_exit(**twist)
    assert any(complaint in finding for finding in told.grants()), told.onlooker.findings


@pytest.mark.parametrize(("payload", "item"), [("mark-2", ITEM), ("", ITEM), ("mark-1", "XA000000020CN")])
def test_a_grant_for_what_the_window_does_not_show_is_named(payload, item):
    told = Told()
    told.until_the_exit()
    assert any("window" in finding for finding in told.grants(payload, item))


def test_a_piece_that_still_counts_as_good_after_a_lost_link_is_named():
    told = Told()
    told.until_the_exit()
    told.hears("LinkLost")
    assert any("still count as good" in finding for finding in told.onlooker.findings)


def test_a_word_heard_before_may_change_nothing():
    told = Told()
    told.until_the_exit()
    told.hears("PieceFormed", record("piece.suspected", piece=UID, reason="gap"), seq=told.seq - 1, piece_no=1)
    assert any("heard before" in finding for finding in told.onlooker.findings)
