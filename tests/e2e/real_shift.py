"""A new operator's whole first shift at the screens of a real run: `letterline run --by-hand` drives SIMULATED machines over real wires,
nobody simulated decides anything, and the people in the browser know only what the screens say and what paper they hold in their hands.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from station_world import PIN, serving

from controller.ledger.opening import open_desk
from controller.model import ControlMark, PieceUid
from controller.service.entry import Entry
from controller.service.people import PinVault
from controller.service.rights import Role
from controller.service.store import StationStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
LETTERLINE = Path(sys.executable).parent / "letterline"
SUPERVISOR, WITNESS = "LBSUPE0001", "LBSUPE0002"
DAY = """
title = "First shift: a window that cannot be read, and a jam"
seed = 11
speed = 1.0
[[printer]]
name = "P1"
[[fault]]
when = "printed 5"
do = "smear window"
[[fault]]
when = "formed 12"
do = "jam after 1 at envelope"
"""


class Floor:
    """What lies on the floor, from the simulator's own log of physical facts: what a person standing there would see."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._key = bytes.fromhex((out / "mark.key").read_text())
        self.pulled: set[int] = set()

    def in_hand(self) -> list[int]:
        """The pieces that people took out of the machine or the bin, in that order."""
        return list(dict.fromkeys(self._uid(sheet) for fact in self._facts("scanned") for sheet in [fact["sheet"]]))

    def in_tray(self, tray: int) -> list[int]:
        lying = [fact for fact in self._facts("exit") if fact["where"] == "tray" and fact["tray"] == tray]
        return [uid for fact in lying if (uid := self._uid(fact["sheets"][0])) not in self.pulled]

    def mark(self, uid: int) -> str:
        return ControlMark(PieceUid(uid), 1, self._jobs()[uid]).encode(self._key)

    def _facts(self, what: str) -> list[dict]:
        lines = (self._out / "sim" / "world.jsonl").read_text().splitlines()
        return [fact for line in lines if line.endswith("}") and (fact := json.loads(line))["what"] == what]

    def _uid(self, sheet: dict) -> int:
        place = sheet["index"]
        for uid, sheets in self._job(sheet["job"]):
            if place < sheets:
                return uid
            place -= sheets
        raise AssertionError(sheet)

    def _job(self, name: str) -> list[tuple[int, int]]:
        with open_desk(self._out / "ledger.db") as desk, desk.engine.connect() as connection:
            data = connection.exec_driver_sql(
                "SELECT data FROM events WHERE kind = 'job.planned' AND job = ?", (name,)
            ).scalar_one()
        return [(uid, sheets) for uid, sheets, _ in json.loads(data)["pieces"]]

    def _jobs(self) -> dict[int, int]:
        with open_desk(self._out / "ledger.db") as desk, desk.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT data FROM events WHERE kind = 'job.planned'").scalars().all()
        return {uid: sheets for data in found for uid, sheets, _ in json.loads(data)["pieces"]}


class Shift:
    """One person at one screen, with a witness standing by."""

    def __init__(self, page: Page, url: str, floor: Floor) -> None:
        self.page, self.url, self.floor = page, url, floor
        self.scanned: set[int] = set()
        self.seen: list[str] = []

    def wedge(self, code: str) -> None:
        """Scan: the keys come as fast as a scanner's even when this machine is busy (the stories type them one by one)."""
        self.page.evaluate(
            "(code) => [...code, 'Enter'].forEach((key) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true})))",
            code,
        )

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)
        self.page.keyboard.press("Shift")  # a hand on the screen: it locks after two minutes without one

    def note(self, what: str) -> None:
        if what not in self.seen:
            self.seen.append(what)

    def answered(self) -> str:
        """What the line answered to the last press."""
        notice = self.page.locator("main > .notice")
        expect(notice).not_to_contain_text("等待产线", timeout=15_000)
        return str(notice.first.inner_text())

    def put_tray(self, number: int) -> None:
        self.go("/trays")
        self.page.fill("input[name=tray]", str(number))
        self.page.get_by_role("button", name="启用").click()
        assert "完成" in self.answered()

    def mind_the_line(self) -> None:
        """Press the one button the banner offers, if it is Resume."""
        self.go("/")
        resume = self.page.get_by_role("button", name="继续")
        self.page.wait_for_timeout(450)  # a button just drawn is guarded
        if resume.count():
            resume.first.click()
            self.answered()
            self.note("resumed")
        elif self.page.locator(".andon-press a.primary").filter(has_text="扫描").count():
            self.note("scans asked for")

    def scan_what_lies_there(self) -> None:
        new = [uid for uid in self.floor.in_hand() if uid not in self.scanned]
        if not new:
            return
        self.go("/exceptions")
        if self.page.locator("#zone .zone-list").count():
            self.note("zone list")
        for uid in new:
            self.wedge(self.floor.mark(uid))
            expect(self.page.locator("#toast")).to_contain_text(self.floor_name(uid))
            expect(self.page.locator("#toast")).not_to_contain_text("…")
            self.scanned.add(uid)

    def void_what_is_in_custody(self) -> None:
        self.go("/exceptions")
        granted = self.page.locator("#custody a[href*='reprint-after-grant']").evaluate_all(
            "all => all.map(a => a.href)"
        )
        for _ in range(30):
            button = self.page.locator("#custody").get_by_role("button", name="作废并重印")
            if not button.count():
                break
            button.first.click()
            self.note("voided")
            assert "完成" in self.answered()
            self.go("/exceptions")
        for address in granted:
            self.two_people(address)
            self.note("reprint after grant")

    def destroy_what_is_void(self) -> None:
        self.go("/exceptions")
        for address in self.page.locator("#destroy a[href*='override=destroy']").evaluate_all(
            "all => all.map(a => a.href)"
        ):
            self.two_people(address)
            self.note("destroyed")

    def two_people(self, address: str) -> None:
        self.page.goto(address)
        self.page.fill("form.card input[name=reason]", "已当面核对")
        self.page.get_by_role("button", name="提交申请").click()
        waiting = self.page.locator("#waiting")
        waiting.locator("input[name=badge]").first.fill(WITNESS)
        waiting.locator("input[name=pin]").first.fill(PIN)
        waiting.get_by_role("button", name="批准").first.click()
        assert "完成" in self.answered()

    def settle_trays(self) -> None:
        """A tray on HOLD is replaced at the exit, then looked through envelope by envelope; what must come out is taken into custody."""
        self.go("/trays")
        rows = self.page.locator("#trays tbody tr")
        held = [row.locator("a").inner_text() for row in rows.all() if row.locator(".chip.look-stop").count()]
        for number in map(int, held):
            self.put_tray(100 + number)
            self.audit(number)

    def audit(self, number: int) -> None:
        for _ in range(4):
            self.go(f"/trays/{number}/audit")
            lying = self.floor.in_tray(number)
            for uid in lying:
                self.wedge(self.floor.mark(uid))
            expect(self.page.locator("[data-scanned]")).to_have_text(str(len(lying)), timeout=20_000)
            self.page.fill("input[name=counted]", str(len(lying)))
            self.page.get_by_role("button", name="结束核对").click()
            said = self.answered()
            if "完成" in said:
                self.note("audited")
                return
            out = [uid for uid in lying if self.floor_name(uid) in said]
            assert out, said
            self.floor.pulled.update(out)
            self.go("/exceptions")
            for uid in out:
                self.wedge(self.floor.mark(uid))
                self.page.wait_for_timeout(600)
                self.scanned.add(uid)
        raise AssertionError("the audit never ends")

    @staticmethod
    def floor_name(uid: int) -> str:
        return f"{uid // 10**9:06d}-{uid // 100 % 10**7:07d}-{uid % 100:02d}"

    def close_everything(self) -> None:
        self.go("/trays")
        trays = self.page.locator("#trays tbody tr a").all_inner_texts()
        for number in trays:
            self.go(f"/trays/{number}")
            close = self.page.get_by_role("button", name="封筐")
            if close.count():
                close.click()
                self.answered()
        self.go("/batches/1")
        self.page.get_by_role("button", name="关闭批次").click()
        self.answered()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen]]:
    tmp_path.chmod(0o755)
    cases, out, day = tmp_path / "cases.csv", tmp_path / "out", tmp_path / "day.toml"
    subprocess.run([sys.executable, str(ROOT / "examples/make_cases.py"), "24", str(cases)], check=True)
    day.write_text(DAY)
    command = [
        str(LETTERLINE),
        "run",
        str(cases),
        "--out",
        str(out),
        "--scenario",
        str(day),
        "--by-hand",
        "--client",
        "云海银行",
    ]
    with (tmp_path / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
    try:
        yield out, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
        pid = out / "sim" / "sim.pid"
        if pid.exists() and str(out).encode() in Path(f"/proc/{pid.read_text()}/cmdline").read_bytes():
            os.kill(int(pid.read_text()), signal.SIGTERM)


@pytest.mark.timeout(
    600
)  # the line runs in real time and waits for a busy machine; alone it takes about a minute and a half
def test_a_shift_from_the_screen_alone_ends_balanced_with_every_letter_released_once(run, tmp_path: Path) -> None:
    out, process = run
    wait_for(lambda: (out / "sim" / "world.jsonl").exists() and (out / "ledger.db").exists(), 120)
    store = StationStore(f"sqlite:///{out / 'station.db'}")
    vault = PinVault(memory_kib=8, passes=1, lanes=1)
    entry = Entry(store, vault)
    for badge, name in ((SUPERVISOR, "孙督明"), (WITNESS, "李协同")):
        entry.add(badge, name, [Role.SUPERVISOR], PIN, by="test")
    with serving(out, store, vault=vault, line=None) as (_, server), sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        page.set_default_timeout(20_000)
        url = f"http://127.0.0.1:{server.effective_port}"
        page.goto(url + "/login")
        page.fill("input[name=badge]", SUPERVISOR)
        page.fill("input[name=pin]", PIN)
        page.click("main button")
        page.wait_for_selector(".andon")
        shift = Shift(page, url, Floor(out))
        expect(page.locator(".andon h1")).not_to_have_text("产线没有上报", timeout=240_000)
        shift.put_tray(1)
        until = time.monotonic() + 480
        while process.poll() is None and time.monotonic() < until:
            shift.mind_the_line()
            shift.scan_what_lies_there()
            shift.void_what_is_in_custody()
            shift.settle_trays()
            shift.destroy_what_is_void()
            if everything_is_out(out):
                shift.close_everything()
        browser.close()
    store.close()
    assert process.wait(timeout=60) == 0, (tmp_path / "said.txt").read_text()[-2000:]
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["released"], summary["violations"], summary["balance"]) == (24, 0, 0)
    assert {"resumed", "voided", "destroyed", "audited"} <= set(shift.seen)


def everything_is_out(out: Path) -> bool:
    with open_desk(out / "ledger.db") as desk:
        counts, letters = desk.queries.piece_counts(1), desk.queries.letter_counts(1)
    ended = sum(counts.get(state, 0) for state in ("IN_TRAY", "RELEASED"))
    off = sum(counts.get(state, 0) for state in ("SUSPECT", "DIVERTED", "QUARANTINED", "VOID", "EXIT_UNKNOWN"))
    return ended == sum(letters.values()) and not off


def wait_for(what, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.2)
