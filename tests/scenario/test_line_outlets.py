"""`letterline line` on a simulated line: its wire recorded and played back, its state read by an OPC UA client while it runs."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from pathlib import Path

import pytest
from asyncua.sync import Client
from asyncua.ua import UaError
from click.testing import CliRunner

from benchmarks.peers.foreign_printer import free_port
from devices.commands import wire
from devices.inserter.rehearsal import hear
from devices.kinds import LinkUp, PieceExited
from devices.plant import NAMESPACE
from tests.scenario.test_sim_wrong import PROGRAM

ROOT = Path(__file__).resolve().parents[2]


def states_seen(url: str, line: subprocess.Popen[bytes]) -> set[str]:
    """What a SCADA system reads until the line ends."""
    seen: set[str] = set()
    while line.poll() is None:
        with contextlib.suppress(OSError, TimeoutError, UaError), Client(url, timeout=20) as client:
            index = client.get_namespace_index(NAMESPACE)
            folder = client.nodes.objects.get_child([f"{index}:PackMLObjects"])
            (shown,) = folder.get_children()
            name = shown.get_child([f"{index}:Status", f"{index}:StateCurrentName"])
            while line.poll() is None:
                seen.add(name.read_value())
                time.sleep(0.02)
        time.sleep(0.05)
    return seen


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_line_records_its_wire_and_shows_itself_to_the_plant(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    rows = (ROOT / "examples" / "cases.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    cases, world = tmp_path / "cases.csv", tmp_path / "world"
    cases.write_text("".join(rows[:7]), encoding="utf-8")
    sim = subprocess.Popen(
        [str(PROGRAM), "sim", "clean", "--dir", str(world)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 100
        while not (world / "line.toml").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        port = free_port()  # asked for when the simulated devices have theirs
        command = [str(PROGRAM), "line", str(world / "line.toml"), str(cases), "--out", str(tmp_path / "out")]
        command += ["--record", str(tmp_path / "wire"), "--opcua", f"127.0.0.1:{port}"]
        with (tmp_path / "line.txt").open("w") as said:
            line = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        seen = states_seen(f"opc.tcp://127.0.0.1:{port}/letterline", line)
        assert line.returncode == 0, (tmp_path / "line.txt").read_text()[-2000:]
    finally:
        sim.terminate()
        sim.wait(timeout=60)
    assert {"EXECUTE"} <= seen
    (recording,) = (tmp_path / "wire").iterdir()
    told = hear(recording).told
    assert any(isinstance(notice, LinkUp) for notice in told)
    released = json.loads((tmp_path / "out" / "summary.json").read_text())["released"]
    assert sum(isinstance(notice, PieceExited) and notice.tray for notice in told) == released > 0
    answer = CliRunner().invoke(wire, [str(recording)])
    assert answer.exit_code == 0, answer.output
