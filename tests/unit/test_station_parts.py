"""A part of the screens is drawn again exactly when something that it shows has changed."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.ledger.opening import open_ledger
from controller.service.ledger_door import open_door
from controller.service.live import (
    Alarm,
    BeltPiece,
    Bypass,
    Camera,
    LiveSnapshot,
    Machine,
    Press,
    RecentVerdict,
    Severity,
    Task,
    TaskKind,
    Words,
)
from controller.service.store import StationStore
from station_ui.app import build_app
from station_ui.parts import PARTS, PartRenderer

QUIET = LiveSnapshot(line="line-1", at_unix_ns=1, simulated=False, machines=(Machine("inserter", 6),))
CHANGES = (
    {"simulated": True},
    {"machines": (Machine("inserter", 11, "JAM"),)},
    {"belt": (BeltPiece(7_000_000_101, 5),)},
    {"rate_now": 200.0},
    {"rate_shift": 100.0},
    {"rate_target": 36_000.0},
    {"counts": {"IN_TRAY": 3, "SUSPECT": 1}},
    {"batch": "7", "letters": 40},
    {"cameras": (Camera("C1", 0.9),)},
    {"alarms": (Alarm("jam", Words("卡纸", "Paper jam"), Words("装封", "inserter"), Words("开盖", "Open")),)},
    {"verdicts": (RecentVerdict(7_000_000_101, "PASS", "", 5),)},
    {"zone_to_scan": (7_000_000_101,)},
    {"tray": 3, "tray_count": 4},
    {"tasks": tuple(Task(kind, 3, 1) for kind in TaskKind)},
    {"verdicts": (RecentVerdict(7_000_000_101, "PASS", "", 5),), "rate_now": 36_000.0},
    {"bypass": Bypass("C2", ("A", "B"), 9)},
    {"finished": True},
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_renderer_that_remembers_shows_what_a_fresh_one_shows(tmp_path: Path, language: str) -> None:
    with open_ledger(tmp_path / "ledger.db"):
        pass
    door, store = open_door(tmp_path / "ledger.db"), StationStore(f"sqlite:///{tmp_path / 's.db'}")
    try:
        app = build_app(door, store, tmp_path, line="line-1")
        kept = PartRenderer(app)
        snapshots = [None, QUIET]
        for change in CHANGES:
            snapshots += [dataclasses.replace(QUIET, **change), QUIET]  # type: ignore[arg-type]
        for snapshot in snapshots:
            shown = kept(snapshot, language)
            assert set(shown) == set(PARTS)
            assert shown == PartRenderer(app)(snapshot, language)
    finally:
        store.close()
        door.close()


@pytest.fixture
def renderer(tmp_path: Path) -> Iterator[PartRenderer]:
    with open_ledger(tmp_path / "ledger.db"):
        pass
    door, store = open_door(tmp_path / "ledger.db"), StationStore(f"sqlite:///{tmp_path / 's.db'}")
    try:
        yield PartRenderer(build_app(door, store, tmp_path, line="line-1"))
    finally:
        store.close()
        door.close()


def test_a_line_that_stands_offers_resume_whatever_has_been_warned_of(renderer: PartRenderer) -> None:
    for press, severity, state in itertools.product(Press, (Severity.WARN, Severity.NOTE), (2, 4, 9, 11, 17)):
        warned = Alarm(
            "tray-hold", Words("冻结", "On hold"), Words("邮筐", "tray"), Words("扫描", "Scan"), severity, press
        )
        standing = dataclasses.replace(QUIET, machines=(Machine("inserter", state),), alarms=(warned,))
        shown = renderer(standing, "en")["andon"]
        assert 'action="/line/resume"' in shown, (press, severity, state)
        assert "On hold" in shown
