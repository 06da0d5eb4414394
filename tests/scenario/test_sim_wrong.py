"""A maker at a desk: the conformance kit against the simulated machine on its real port, right and made wrong on purpose."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.commands import conformance
from simulator.commands import sim

PROGRAM = Path(sys.executable).with_name("letterline")


@contextmanager
def machine(folder: Path, *wrong: str, scenario: str = "conformance", line: str = "") -> Iterator[Path]:
    """`letterline sim SCENARIO` as a process of its own; gives its port."""
    command = [str(PROGRAM), "sim", scenario, *wrong, "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 100
        while not (folder / line / "line.toml").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield folder / "inserter"
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.mark.slow
def test_the_kit_keeps_the_right_machine_and_fails_the_wrong_one_on_a_real_port(tmp_path: Path) -> None:
    asked = ["--only", "W01", "--only", "P04", "--only", "P05"]
    with machine(tmp_path / "right") as port:
        judged = CliRunner().invoke(conformance, ["--port", str(port), *asked])
        assert judged.exit_code == 0, judged.output
        assert "3 kept, 0 not kept" in judged.output
    with machine(tmp_path / "wrong", "--wrong", "opens-without-token") as port:
        judged = CliRunner().invoke(conformance, ["--port", str(port), *asked])
        assert judged.exit_code == 1, judged.output
        assert "P04" in next(line for line in judged.output.splitlines() if "not kept" in line)
    assert "made_wrong" in (tmp_path / "wrong" / "world.jsonl").read_text()


def test_a_wrong_machine_that_does_not_exist_is_answered_with_those_that_do() -> None:
    answer = CliRunner().invoke(sim, ["conformance", "--wrong", "nonsense"])
    assert answer.exit_code == 2
    assert "opens-without-token" in answer.output


def test_a_machine_wrong_in_its_frames_is_not_offered_on_registers(tmp_path: Path) -> None:
    scenario = tmp_path / "registers.toml"
    scenario.write_text('[machine]\ntransport = "modbus"\n')
    answer = CliRunner().invoke(sim, [str(scenario), "--wrong", "trusts-checksums"])
    assert answer.exit_code == 2
    assert "Modbus" in answer.output


def test_scenarios_and_wrong_machines_are_listed_in_two_languages() -> None:
    answer = CliRunner().invoke(sim, ["--list"])
    assert answer.exit_code == 0
    for word in ("conformance", "working-day", "没有令牌也开闸", "the gate opens without a token", "P04"):
        assert word in answer.output


@pytest.mark.slow
def test_the_kit_judges_registers_on_a_real_rtu_wire(tmp_path: Path) -> None:
    scenario = tmp_path / "rtu.toml"
    scenario.write_text('[machine]\ntransport = "modbus-rtu"\n\n[people]\ntest_sheets = 500\n')
    asked = ["--only", "S01", "--only", "P04", "--only", "P05"]
    for wrong, exit_code in ([], 0), (["--wrong", "opens-without-token"], 1):
        folder = tmp_path / str(exit_code)
        with machine(folder, *wrong, scenario=str(scenario)) as port:
            url = f"modbus-rtu://{port}-rtu"
            judged = CliRunner().invoke(conformance, ["--port", url, *asked])
            assert judged.exit_code == exit_code, judged.output
            assert "not tested" not in judged.output.replace("0 not tested", "")


@pytest.mark.slow
def test_two_lines_in_one_process_have_names_ports_and_logs_of_their_own(tmp_path: Path) -> None:
    with machine(tmp_path / "floor", "--lines", "2", line="line2"):
        files = [tomllib.loads((tmp_path / f"floor/line{n}/line.toml").read_text("utf-8")) for n in (1, 2)]
        assert [file["name"] for file in files] == ["SIMULATED conformance 1", "SIMULATED conformance 2"]
        for read in (lambda f: f["inserter"]["url"], lambda f: f["camera"]["c2"]["url"], lambda f: f["console"]):
            assert read(files[0]) != read(files[1])
        for file in files:
            judged = CliRunner().invoke(conformance, ["--port", file["inserter"]["url"], "--only", "W01"])
            assert judged.exit_code == 0, judged.output
