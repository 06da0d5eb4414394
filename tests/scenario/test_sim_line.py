"""The simulated line as a whole, in real time: paper from a received PDF to a tray, on every transport, seen by its cameras."""

from __future__ import annotations

import http.client
import io
import json
import queue
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from reportlab.pdfgen.canvas import Canvas

from devices.camera import open_camera
from devices.inserter.opening import open_inserter
from devices.kinds import InserterEvent, LinkUp, MachineState, PieceAtExit, PieceExited, SheetFed, StateChanged, Verb
from devices.readers.reader import BarcodeReader, CodeRead, Dialect
from simulator.plant import Plant
from simulator.printing import ipp
from simulator.scenario import FaultPlan, MachinePlan, PeoplePlan, PrinterPlan, Scenario
from simulator.window.terminal import speak

MM = 72 / 25.4
NEXT = {MachineState.ABORTED: Verb.CLEAR, MachineState.STOPPED: Verb.RESET, MachineState.IDLE: Verb.START}


def marked_pdf(payloads: list[str]) -> bytes:
    """A simplex PDF with each payload as Data Matrix in window and margin."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(210 * MM, 297 * MM))
    for payload in payloads:
        barcode = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.DataMatrix)
        modules = np.array(zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False)) < 128
        for x, y in ((86, 52), (195, 52)):
            for row, column in zip(*np.nonzero(modules), strict=True):
                canvas.rect((x + column / 2) * MM, (297 - y - (row + 1) / 2) * MM, MM / 2, MM / 2, stroke=0, fill=1)
        canvas.setFont("Helvetica", 5)
        canvas.drawString(188 * MM, (297 - 64) * MM, "line " + payload[-4:])
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def print_job(uri: str, name: str, document: bytes) -> None:
    def one(tag: int, value: str) -> ipp.Attribute:
        return ipp.Attribute(tag, (value,))

    operation = {
        "attributes-charset": one(ipp.Tag.CHARSET, "utf-8"),
        "attributes-natural-language": one(ipp.Tag.LANGUAGE, "en"),
        "printer-uri": one(ipp.Tag.URI, uri),
        "job-name": one(ipp.Tag.NAME, name),
    }
    request = ipp.Message((2, 0), ipp.Operation.PRINT_JOB, 1, [(1, operation), (2, {"sides": one(0x44, "one-sided")})])
    connection = http.client.HTTPConnection(uri.split("/")[2], timeout=60)
    connection.request("POST", "/ipp/print", ipp.encode(request) + document, {"Content-Type": "application/ipp"})
    assert ipp.decode(connection.getresponse().read())[0].code == ipp.Status.OK
    connection.close()


def scenario(transport: str = "serial", *faults: FaultPlan) -> Scenario:
    return Scenario(
        "test",
        printers=(PrinterPlan("P1", 60.0),),
        machine=MachinePlan(transport=transport, baud=0),
        people=PeoplePlan(carry_s=0.1, clear_s=0.2, scan_s=0.01),
        faults=faults,
    )


class Host:
    """The smallest controller: starts the machine, ends every set, grants every piece it is shown."""

    def __init__(self, plant: Plant) -> None:
        self.heard: queue.Queue[object] = queue.Queue()
        self.events: list[object] = []
        self.driver = open_inserter(plant._inserter_url(), self.heard.put)
        self.epoch = 0

    def run(self, until: Callable[[], object], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, f"did not happen; last events: {self.events[-5:]}"
            try:
                event = self.heard.get(timeout=0.05)
            except queue.Empty:
                continue
            self.events.append(event)
            self._answer(event)

    def _answer(self, event: object) -> None:
        if isinstance(event, InserterEvent):
            self.driver.acknowledge(event.epoch, event.event_seq)
        if isinstance(event, LinkUp):
            self.epoch = event.epoch
            self.driver.set_tray(1)
            self.driver.feed_limit(event.epoch, 0xFFFFFFFF)
        elif isinstance(event, StateChanged) and event.state in NEXT:
            self.driver.packml(NEXT[event.state])
        elif isinstance(event, SheetFed):
            self.driver.end_set(self.epoch, event.sheet_no, True)
        elif isinstance(event, PieceAtExit):
            self.driver.grant(self.epoch, event.piece_no, 1000 + event.piece_no, event.gate_at_us)

    def exits(self) -> list[PieceExited]:
        return [event for event in self.events if isinstance(event, PieceExited)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sim"


def facts(folder: Path, what: str) -> list[dict[str, object]]:
    written = (folder / "world.jsonl").read_text(encoding="utf-8")
    whole = written[: written.rfind("\n") + 1]  # the last line may be half written
    return [fact for fact in map(json.loads, whole.splitlines()) if fact["what"] == what]


@pytest.mark.parametrize("transport", ["serial", "socket", "modbus"])
def test_printed_sheets_reach_the_tray_and_both_cameras_show_what_was_printed(transport: str, folder: Path) -> None:
    payloads = [f"1{number:035d}" for number in range(7)]
    with Plant(scenario(transport), folder, seed=3, speed=2.0) as plant:
        cameras = {name: open_camera(camera.url) for name, camera in plant.cameras.items()}
        host = Host(plant)
        with host.driver, cameras["c1"] as c1, cameras["c2"] as c2:
            seen: dict[str, list[str]] = {"c1": [], "c2": []}
            print_job(plant.servers[0].uri, "job-1", marked_pdf(payloads))
            host.run(lambda: len(host.exits()) == 7)
            for name, camera in (("c1", c1), ("c2", c2)):
                for _ in payloads:
                    image = camera.grab(30.0).image
                    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.DataMatrix)
                    seen[name] += [one.text for one in found]
    assert seen == {"c1": payloads, "c2": payloads}
    assert [(event.tray, event.reject) for event in host.exits()] == [(True, False)] * 7
    assert [fact["where"] for fact in facts(folder, "exit")] == ["tray"] * 7
    assert not (folder / "line.toml").exists()


def test_a_fixed_reader_says_what_stands_in_each_window_to_its_driver(folder: Path) -> None:
    payloads = [f"1{number:035d}" for number in range(4)]
    plan = scenario("serial", FaultPlan("printed", 2, "smear window"))
    heard: list[object] = []
    with Plant(replace(plan, machine=replace(plan.machine, reader=True)), folder, seed=3, speed=1.0) as plant:
        assert "[reader]" in (folder / "line.toml").read_text(encoding="utf-8")
        host = Host(plant)
        with host.driver, BarcodeReader(str(folder / "reader"), Dialect.LINES, heard.append):
            print_job(plant.servers[0].uri, "job-1", marked_pdf(payloads))
            host.run(lambda: len(host.exits()) == 4)
            host.run(lambda: sum(isinstance(notice, CodeRead) for notice in heard) == 4)
    read = [notice.text for notice in heard if isinstance(notice, CodeRead)]
    smeared = read.index("NOREAD")
    assert [text for text in read if text != "NOREAD"] == [p for n, p in enumerate(payloads) if n != smeared]


def test_faults_strike_when_planned_and_the_operator_clears_and_scans(folder: Path) -> None:
    plan = scenario(
        "serial",
        FaultPlan("printed", 2, "smear margin"),
        FaultPlan("fed", 3, "double feed"),
        FaultPlan("formed", 5, "jam after 1 at fold"),
    )
    with Plant(replace(plan), folder, seed=3, speed=2.0) as plant:
        host = Host(plant)
        with host.driver:
            print_job(plant.servers[0].uri, "job-1", marked_pdf([f"1{number:035d}" for number in range(9)]))
            host.run(lambda: facts(folder, "scanned"))
    assert [fact["said"] for fact in facts(folder, "fault_injected")] == [
        "smear margin",
        "double feed",
        "jam after 1 at fold",
    ]
    assert any(isinstance(event, SheetFed) and event.double for event in host.events)
    assert [fact["reason"] for fact in facts(folder, "fault")] == ["JAM", "COVER_OPEN", "JAM", "COVER_OPEN"]
    assert facts(folder, "taken_out")
    assert facts(folder, "smeared")[0]["where"] == ["margin"]


def test_the_console_answers_words_and_refuses_what_it_does_not_understand(folder: Path) -> None:
    with Plant(scenario(), folder, seed=3, speed=2.0) as plant:
        address = plant.window.url.split("/")[2]
        assert speak(address, "glare camera exit 2") == (True, "glare_c2 x2")
        understood, answer = speak(address, "make coffee")
        assert not understood
        assert "help" in answer
        assert "smear window" in speak(address, "help")[1]
        assert plant.defects.present() == {"glare_c2": 2}
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("POST", "/say", b"mend", {"Origin": "http://elsewhere.example"})
        assert connection.getresponse().status == 403
        connection.close()
    assert plant.defects.present() == {"glare_c2": 2}


def test_a_pulled_cable_comes_back_as_another_tty_under_the_same_link(folder: Path) -> None:
    with Plant(scenario(), folder, seed=3, speed=2.0) as plant:
        link = folder / "inserter"
        before = link.resolve()
        host = Host(plant)
        with host.driver:
            host.run(lambda: host.driver.is_up)
            assert speak(plant.window.url.split("/")[2], "unplug serial 0.2")[0]
            host.run(lambda: not host.driver.is_up)
            host.run(lambda: host.driver.is_up)
        assert link.exists()
        assert before != link.resolve() or before.exists()


def test_a_smeared_mark_is_unreadable_to_the_camera_but_not_to_a_person(folder: Path) -> None:
    from simulator.people import read_by_hand

    plan = scenario("serial", FaultPlan("printed", 1, "smear window"), FaultPlan("printed", 1, "smear margin"))
    stacks = []
    with Plant(plan, folder, seed=3, speed=2.0) as plant:
        plant.printers[0]._on_stack = stacks.append
        print_job(plant.servers[0].uri, "job-1", marked_pdf([f"1{number:035d}" for number in range(2)]))
        deadline = time.monotonic() + 60
        while not stacks and time.monotonic() < deadline:
            time.sleep(0.02)
    smeared, good = stacks[0].sheets
    for picture in (smeared.margin, smeared.panel):
        pixels = cv2.GaussianBlur(picture.pixels(), (3, 3), 0.6)
        assert not [one.text for one in zxingcpp.read_barcodes(pixels) if one.text]
    assert read_by_hand(smeared) == "line 0000"
    assert read_by_hand(good) == f"1{1:035d}"
