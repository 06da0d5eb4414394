"""The main job on real parts: a private cupsd, IPP printers, a serial pty, camera frames, and a world that breaks things. SIMULATED machines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import python_calamine

from simulator.post.cage import read_cage

ROOT = Path(__file__).parents[2]
LETTERLINE = Path(sys.executable).parent / "letterline"
PATIENCE_S = 300
"""For one run: about 15 s on a machine with nothing else to do."""
pytestmark = pytest.mark.timeout(2 * PATIENCE_S)

TROUBLE = """
title = "Every trouble of the default day, in a small batch"
seed = 7
speed = 1.0
[[printer]]
name = "P1"
[[printer]]
name = "P2"
[[fault]]
when = "printed 5"
do = "smear window"
[[fault]]
when = "fed 9"
do = "swap next two"
[[fault]]
when = "fed 14"
do = "double feed"
[[fault]]
when = "formed 22"
do = "jam after 1 at envelope"
[[fault]]
when = "fed 20"
do = "lose bytes 37"
[[fault]]
when = "printed 12"
do = "cupsd kill"
[post]
"""


def announced(out: Path) -> list[str]:
    """Return the postal numbers of the manifest, as the post would read them."""
    rows = python_calamine.load_workbook(str(out / "manifest.xlsx")).get_sheet_by_index(0).to_python()
    return sorted(str(row[1]) for row in rows[2:])


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    path = tmp_path / "cases.csv"
    subprocess.run([sys.executable, str(ROOT / "examples/make_cases.py"), "30", str(path)], check=True)
    return path


def command(cases: Path, out: Path, scenario: Path | None = None) -> list[str]:
    more = ["--scenario", str(scenario)] if scenario else []
    return [str(LETTERLINE), "run", str(cases), "--out", str(out), "--speed", "1", *more]


def end_world(out: Path) -> None:
    """End what a killed run left behind; the world outlives its controller on purpose."""
    for pid_file in (out / "sim" / "sim.pid", out / "cups" / "session"):
        try:
            os.kill(int(pid_file.read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            continue


def assert_whole(out: Path, letters: int) -> dict[str, object]:
    facts: dict[str, object] = json.loads((out / "summary.json").read_text())
    assert facts["released"] == facts["letters"] == facts["accepted"] == letters
    assert facts["balance"] == facts["open"] == facts["violations"] == 0
    return facts


def test_a_batch_with_every_trouble_of_the_day_ends_balanced(cases: Path, tmp_path: Path) -> None:
    scenario, out = tmp_path / "trouble.toml", tmp_path / "out"
    scenario.write_text(TROUBLE)
    try:
        done = subprocess.run(
            command(cases, out, scenario), capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        facts = assert_whole(out, 30)
        assert int(str(facts["reprinted"])) > 0
        for name in ("contact-sheet.png", "manifest.xlsx", "manifest.pdf", "refusals.json", "ledger.db"):
            assert (out / name).stat().st_size > 0
        verified = subprocess.run(
            [str(LETTERLINE), "ledger", "verify", str(out / "ledger.db")], capture_output=True, check=False
        )
        assert verified.returncode == 0, verified.stdout
        assert sorted(one.item for one in read_cage(out / "sim")) == announced(out), "what the post finds in the trays"
        again = subprocess.run(command(cases, out), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert again.returncode == 0
        assert "nothing is printed again" in " ".join(again.stdout.split())
    finally:
        end_world(out)


def test_a_stack_that_burns_before_the_feeder_is_given_up_by_two_persons_and_printed_again(
    cases: Path, tmp_path: Path
) -> None:
    scenario, out = tmp_path / "burnt.toml", tmp_path / "out"
    scenario.write_text(
        'title = "A stack burns"\nseed = 7\n[[printer]]\nname = "P1"\n'
        '[[fault]]\nwhen = "printed 1"\ndo = "burn stack"\n[post]\n'
    )
    try:
        done = subprocess.run(
            command(cases, out, scenario), capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        facts = assert_whole(out, 30)
        burnt = [line for line in (out / "sim" / "world.jsonl").read_text().splitlines() if '"stack_burnt"' in line]
        assert len(burnt) == 1
        assert int(str(facts["reprinted"])) > 0
        assert sorted(one.item for one in read_cage(out / "sim")) == announced(out), "what the post finds in the trays"
    finally:
        end_world(out)


def test_a_killed_controller_resumes_and_every_letter_leaves_once(cases: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    try:
        first = subprocess.Popen(command(cases, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        world = out / "sim" / "world.jsonl"
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and not (world.exists() and '"where":"tray"' in world.read_text()):
            time.sleep(0.05)
        assert '"where":"tray"' in world.read_text()
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert not (out / "summary.json").exists(), "the run was over before it could be killed"
        done = subprocess.run(command(cases, out), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert_whole(out, 30)
    finally:
        end_world(out)


@pytest.mark.parametrize("name", ["nothing.csv", "folder", "empty.csv", "binary.csv", "no-header.csv"])
def test_a_bad_case_file_ends_with_one_sentence_and_prints_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "no-header.csv").write_text("1,2,3\n4,5,6\n")
    out = tmp_path / "out"
    done = subprocess.run(
        command(tmp_path / name, out), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 1
    assert "Error" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (out / "print").exists()


def test_a_line_file_that_is_not_toml_is_refused(cases: Path, tmp_path: Path) -> None:
    line = tmp_path / "line.toml"
    line.write_text("this is = = not toml")
    arguments = [*command(cases, tmp_path / "out"), "--line", str(line)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 1
    assert "not valid TOML" in done.stderr
    assert "Traceback" not in done.stderr
