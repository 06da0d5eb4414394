"""``letterline doctor`` and ``letterline conformance`` as a person types them."""

from __future__ import annotations

import json
import random
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from devices.commands import conformance, doctor
from devices.doctor.findings import Health
from devices.doctor.host import check_host, check_spool
from devices.doctor.ports import check_port
from devices.link import Link
from devices.printing.spooler import Spooler
from simulator.defects import Defects
from simulator.inserter.device import InserterDevice, clock_us
from simulator.inserter.firmware import Firmware
from simulator.inserter.port import PtyPort
from simulator.paper import Picture, Sheet, Stack
from simulator.scenario import MachinePlan
from tests.protocol.model_inserter import Floor


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Path]:
    """The simulated machine behind a pty, in real time, with sheets in its feeder."""
    port, now_us = PtyPort(tmp_path / "inserter", baud=0), clock_us()
    firmware = Firmware(MachinePlan().at(1.0), Floor(), Defects(1), random.Random(1), epoch=3, now_us=now_us)
    blank = Picture(1, 1, b"")
    firmware.load(Stack("p1", "job", deque(Sheet(n, "p1", "job", n, blank, blank) for n in range(100)), 1))
    device = InserterDevice(firmware, port, Defects(1))
    device.start()
    yield port.link
    device.close()


def test_the_doctor_names_each_thing_and_ends_well_on_a_sound_machine(tmp_path: Path) -> None:
    result = CliRunner().invoke(doctor, ["--json"])
    findings = json.loads(result.output)
    assert result.exit_code == (1 if any(f["health"] == "bad" for f in findings) else 0)
    assert any("cupsd" in finding["seen"] for finding in findings)
    assert all("/" in finding["what"] for finding in findings), "each line speaks Chinese and English"


def test_the_doctor_says_what_to_do_about_a_line_whose_devices_are_gone(tmp_path: Path) -> None:
    line = tmp_path / "line.toml"
    line.write_text(
        '[[printer]]\nname="P1"\nuri="ipp://127.0.0.1:9/ipp/print"\n[inserter]\nurl="/dev/serial/by-id/none"\n[camera.c1]\nurl="http://127.0.0.1:9/stream"\n'
    )
    result = CliRunner().invoke(doctor, [str(line), "--json"])
    bad = {f["what"].partition(" / ")[2]: f for f in json.loads(result.output) if f["health"] == "bad"}
    assert result.exit_code == 1
    assert {"printer P1", "folder-inserter", "camera c1", "camera c2"} <= set(bad)
    assert all(finding["do"] for finding in bad.values())


def test_the_doctor_reads_any_file_as_a_line_file_without_falling_over(tmp_path: Path) -> None:
    for index, text in enumerate(
        ("", "not toml at all [", 'printer = 3\ncamera = "x"\ninserter = []', "[[printer]]\n")
    ):
        line = tmp_path / f"{index}.toml"
        line.write_text(text)
        result = CliRunner().invoke(doctor, [str(line)])
        assert result.exit_code == 1
        assert result.exception is None or isinstance(result.exception, SystemExit)
    assert CliRunner().invoke(doctor, [str(tmp_path)]).exit_code == 1


def test_a_port_that_a_controller_holds_is_told_from_a_free_one(tmp_path: Path) -> None:
    port = PtyPort(tmp_path / "device", baud=0)
    try:
        assert check_port("machine", str(port.link)).health is Health.GOOD
        with Link(str(port.link)):
            assert check_port("machine", str(port.link)).health is Health.WARN
    finally:
        port.close()
    assert check_port("machine", str(tmp_path / "device")).health is Health.BAD


def test_a_spooler_whose_run_was_deleted_is_found(tmp_path: Path) -> None:
    with Spooler(tmp_path / "cups") as spooler:
        shutil.rmtree(spooler.root)
        left = [finding for finding in check_host(tmp_path) if "left print spooler" in finding.what]
        assert f"kill {spooler.pid}" in [finding.do for finding in left]


def test_letters_left_in_a_spool_and_an_open_spool_are_told(tmp_path: Path) -> None:
    spool = tmp_path / "cups" / "spool"
    spool.mkdir(parents=True)
    (tmp_path / "cups").chmod(0o755)
    (spool / "d00001-001").write_bytes(b"letter")
    assert {finding.health for finding in check_spool(tmp_path)} == {Health.BAD, Health.WARN}
    (tmp_path / "cups").chmod(0o700)
    (spool / "d00001-001").unlink()
    assert [finding.health for finding in check_spool(tmp_path)] == [Health.GOOD]


def test_the_conformance_command_writes_its_report_and_ends_zero(machine: Path, tmp_path: Path) -> None:
    report, page = tmp_path / "r.json", tmp_path / "r.html"
    asked = ["W01", "W08", "S04", "P05"]
    arguments = [argument for clause in asked for argument in ("--only", clause)]
    result = CliRunner().invoke(
        conformance, ["--port", str(machine), *arguments, "--json", str(report), "--html", str(page)]
    )
    assert result.exit_code == 0, result.output
    assert [finding["clause"] for finding in json.loads(report.read_text())["findings"]] == asked
    assert "P05" in page.read_text()


def test_the_conformance_command_refuses_what_it_cannot_use(tmp_path: Path) -> None:
    gone = CliRunner().invoke(conformance, ["--port", str(tmp_path / "nothing")])
    assert gone.exit_code == 1
    assert "is not there" in gone.output
    assert CliRunner().invoke(conformance, ["--port", "x", "--only", "Z99"]).exit_code == 2
