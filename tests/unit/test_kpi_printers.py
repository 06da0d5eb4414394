"""Read quality per printer: from the jobs each queue took and what the cameras made of their pieces."""

from __future__ import annotations

from controller.service.kpi import Fact, figures

SECOND = 10**9


def facts(printer: str, job: str, reads: list[bool]) -> list[Fact]:
    found = [Fact("job.accepted", SECOND, 0, {"queue": printer}, job)]
    for place, read in enumerate(reads):
        kind, data = ("piece.collated", {}) if read else ("piece.suspected", {"reason": "no-read"})
        found.append(Fact(kind, (2 + place) * SECOND, 100 + place, data, job))
    return found


def test_each_printer_answers_for_its_own_pieces_and_a_falling_one_is_named() -> None:
    good = facts("P1", "J1", [True] * 400)
    worn = facts("P2", "J2", [True] * 200 + [n % 10 > 0 for n in range(200)])
    p1, p2 = figures(sorted(good + worn, key=lambda fact: fact.at_unix_ns), 0, 500 * SECOND, 36_000).printers
    assert (p1.printer, p1.read, p1.unread, p1.falling) == ("P1", 400, 0, False)
    assert (p2.printer, p2.read, p2.unread, p2.falling) == ("P2", 380, 20, True)


def test_a_handful_of_pieces_is_no_trend_and_other_rejects_are_not_the_printers_fault() -> None:
    few = facts("P1", "J1", [True, True, False, False])
    jam = Fact("piece.suspected", 9 * SECOND, 300, {"reason": "zone"}, "J1")
    (one,) = figures([*few, jam], 0, 20 * SECOND, 36_000).printers
    assert (one.read, one.unread, one.falling) == (2, 2, False)
