"""A new operator's whole first shift at the screens of a real run: `letterline run --by-hand` drives SIMULATED machines over real wires,
nobody simulated decides anything, and the people in the browser know only what the screens say and what paper they hold in their hands.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError, expect, sync_playwright
from station_browser import PATIENCE_MS
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
SEARCH_S = 6.0
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
        written = (self._out / "sim" / "world.jsonl").read_text()
        whole = written[: written.rfind("\n") + 1]  # the last line may be half written
        return [fact for line in whole.splitlines() if (fact := json.loads(line))["what"] == what]

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
        self.next_tray = 1
        self.missing_since = 0.0

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
        expect(notice).not_to_contain_text("等待产线")
        return str(notice.first.inner_text())

    def put_tray(self, number: int) -> None:
        self.go("/trays")
        self.page.fill("input[name=tray]", str(number))
        self.page.get_by_role("button", name="启用").click()
        assert "完成" in self.answered()

    def next_step(self) -> None:
        """Do what the line screen says: its one button first, then the first task that can be done with what is in hand."""
        self.go("/")
        self.page.wait_for_timeout(450)  # a button just drawn is guarded
        resume = self.page.locator(".andon-press").get_by_role("button", name="继续")
        if resume.count():
            try:
                with self.page.expect_request("**/line/resume", timeout=3_000):
                    resume.first.click()
            except TimeoutError:
                return  # the banner changed under the finger: the press did not count
            self.page.wait_for_url("**command=*")
            self.note("resumed")
            if "完成" in self.answered():
                return
            self.go("/")
        asked = self.page.locator(".andon-press a.primary").evaluate_all("all => all.map(a => a.href)")
        if any("/exceptions" in address for address in asked):
            self.note("scans asked for")
        tasks = self.page.locator(".todo a").evaluate_all("all => all.map(a => [a.dataset.task, a.href])")
        if asked and not tasks:
            tasks = [["scan-bin", asked[0]]] if "/exceptions" in asked[0] else [["put-tray", asked[0]]]
        if not any(self.do(task, address.removeprefix(self.url)) for task, address in tasks):
            self.scan_what_lies_there()  # what fell on the floor is scanned though no list asks for it by name

    def do(self, task: str, path: str) -> bool:
        """Do one task on its own page; False when there is nothing in hand to do it with."""
        if task != "search":
            self.missing_since = 0.0
        match task:
            case "put-tray" | "change-tray":
                self.put_tray(self.next_tray)
                self.next_tray += 1
                return True
            case "audit-tray":
                return self.audit(path)
            case "scan-bin":
                return self.scan_what_lies_there()
            case "decide":
                return self.void_what_is_in_custody()
            case "destroy":
                return self.destroy_what_is_void()
            case "search":
                return self.end_the_search(path)
            case "close-tray":
                return self.press(path, "封筐")
            case "close-batch":
                return self.press(path, "关闭批次")
            case "hand-over":
                time.sleep(0.2)
                return True  # the batch is closed, the run is about to end; the carrier comes later (test_station_hand_over.py)
        raise AssertionError(f"a task nobody knows: {task}")

    def press(self, path: str, name: str) -> bool:
        self.go(path)
        button = self.page.locator("main").get_by_role("button", name=name)
        if not button.count():
            return False  # done meanwhile
        button.first.click()
        self.answered()
        self.note(name)
        return True

    def end_the_search(self, path: str) -> bool:
        """The floor is searched for a while; what is found is scanned, and only then is the search over."""
        self.missing_since = self.missing_since or time.monotonic()
        if self.scan_what_lies_there() or time.monotonic() - self.missing_since < SEARCH_S:
            return False
        self.missing_since = 0.0
        return self.press(path, "结束查找")

    def scan_what_lies_there(self) -> bool:
        new = [uid for uid in self.floor.in_hand() if uid not in self.scanned]
        if not new:
            return False
        self.go("/exceptions")
        if self.page.locator("#zone .zone-list").count():
            self.note("zone list")
        for uid in new:
            self.scan(uid)
        return True

    def scan(self, uid: int) -> None:
        self.wedge(self.floor.mark(uid))
        expect(self.page.locator("#toast")).to_contain_text(self.floor_name(uid))
        expect(self.page.locator("#toast")).not_to_contain_text("…")
        self.scanned.add(uid)

    def void_what_is_in_custody(self) -> bool:
        self.go("/exceptions")
        custody = self.page.locator("#custody")
        button = custody.get_by_role("button", name="作废并重印")  # the first one is for all of them
        if button.count():
            button.first.click()
            self.note("voided")
            assert "完成" in self.answered()
            self.go("/exceptions")
        granted = custody.locator("a[href*='reprint-after-grant']")
        if granted.count():
            self.two_people(granted.first.evaluate("link => link.href"))
            self.note("reprint after grant")
        return True

    def destroy_what_is_void(self) -> bool:
        """Two persons shred what is in hand, and answer for what was searched and not found."""
        self.go("/exceptions")
        void = self.page.locator("#destroy")
        rows = void.locator("article").evaluate_all("all => all.map(row => row.getAttribute('aria-label'))")
        held = {self.floor_name(uid) for uid in self.scanned}
        lost = [name for name in rows if name not in held]
        if lost:
            self.two_people(
                void.locator(f"article[aria-label='{lost[0]}'] a[href*='declare-lost']").evaluate("link => link.href")
            )
            self.note("declared lost")
        elif rows:
            self.two_people(void.locator("a[href*='override=destroy']").first.evaluate("link => link.href"))
            self.note("destroyed")
        return bool(rows)

    def two_people(self, address: str) -> None:
        self.page.goto(address)
        self.page.fill("form.card input[name=reason]", "已当面核对")
        self.page.get_by_role("button", name="提交申请").click()
        waiting = self.page.locator("#waiting")
        waiting.locator("input[name=badge]").first.fill(WITNESS)
        waiting.locator("input[name=pin]").first.fill(PIN)
        waiting.get_by_role("button", name="批准").first.click()
        assert "完成" in self.answered()

    def audit(self, path: str) -> bool:
        """A tray on HOLD is looked through envelope by envelope; what must come out is taken into custody."""
        number = int(path.split("/")[2])
        for _ in range(4):
            self.go(path)
            lying = self.floor.in_tray(number)
            for uid in lying:
                self.wedge(self.floor.mark(uid))
            expect(self.page.locator("[data-scanned]")).to_have_text(str(len(lying)))
            self.page.fill("input[name=counted]", str(len(lying)))
            self.page.get_by_role("button", name="结束核对").click()
            said = self.answered()
            if "完成" in said:
                self.note("audited")
                return True
            if "请稍候" in said:
                return False  # a piece is still on its way into it
            out = [uid for uid in lying if self.floor_name(uid) in said]
            assert out, said
            self.floor.pulled.update(out)
            self.go("/exceptions")
            for uid in out:
                self.scan(uid)
        raise AssertionError("the audit never ends")

    @staticmethod
    def floor_name(uid: int) -> str:
        return f"{uid // 10**9:06d}-{uid // 100 % 10**7:07d}-{uid % 100:02d}"


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
        with contextlib.suppress(OSError):  # the world has ended with the run, as it should
            pid = int((out / "sim" / "sim.pid").read_text())
            if str(out).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGTERM)


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
        page.set_default_timeout(PATIENCE_MS)
        url = f"http://127.0.0.1:{server.effective_port}"
        page.goto(url + "/login")
        page.fill("input[name=badge]", SUPERVISOR)
        page.fill("input[name=pin]", PIN)
        page.click("main button")
        page.wait_for_selector(".andon")
        shift = Shift(page, url, Floor(out))
        expect(page.locator(".andon h1")).not_to_have_text("产线没有上报", timeout=240_000)
        until = time.monotonic() + 400
        while process.poll() is None and time.monotonic() < until:
            shift.next_step()
        browser.close()
    store.close()
    assert process.wait(timeout=60) == 0, (tmp_path / "said.txt").read_text()[-2000:]
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["released"], summary["violations"], summary["balance"]) == (24, 0, 0)
    assert {"resumed", "voided", "destroyed", "audited"} <= set(shift.seen)


def wait_for(what, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.2)
