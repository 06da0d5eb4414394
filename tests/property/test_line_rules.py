"""The line core, rule by rule, on a small floor."""

from __future__ import annotations

from line_floor import Floor, violations


def test_a_clean_run_mails_every_letter_once_and_balances() -> None:
    floor = Floor()
    floor.plan(1, [1, 2, 3] * 20, per_job=17)
    floor.start()
    floor.finish(1)
    assert violations(floor) == []
    assert floor.last_reply.answer == "done", floor.last_reply
    assert len(floor.left) == 60
    assert floor.bin == []
