"""The picture of the simulated line in a real browser: live with its fault console, and replayed step by step with ledger events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from simulator.plant import Plant
from simulator.scenario import Scenario
from simulator.window.server import WindowServer

pytestmark = pytest.mark.browser

SHEET = {"id": 1, "job": "B000001-J01-0a0b0c0d", "index": 3}
RECORDED = [
    {"t": 0.0, "what": "SIMULATED", "scenario": "recorded"},
    {"t": 0.1, "what": "tray", "tray": 7},
    {"t": 0.2, "what": "stack_loaded", "stack": 1, "job": SHEET["job"], "sheets": 5},
    {"t": 0.3, "what": "fed", "sheet_no": 1, "stack": 1, "sheets": [SHEET]},
    {"t": 0.4, "what": "formed", "piece_no": 1, "sheets": [SHEET]},
    {"t": 0.5, "what": "exit_shot", "piece_no": 1, "trigger": 1},
    {"t": 0.6, "what": "token", "piece_no": 1},
    {"t": 0.7, "what": "gate", "piece_no": 1, "moved_to": "pass", "why": "TOKEN"},
    {"t": 0.8, "what": "exit", "piece_no": 1, "epoch": 1, "where": "tray", "sheets": [SHEET], "tray": 7},
]
LEDGER = [
    [1, 0, "job.planned", 1, 0, 0, 0, SHEET["job"], json.dumps({"pieces": [[111, 3, "A"], [222, 2, "B"]]}), ""],
    [2, 0, "piece.verified", 1, 0, 222, 1, SHEET["job"], "{}", ""],
    [3, 0, "piece.verified", 1, 0, 111, 1, SHEET["job"], "{}", ""],
]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1400, "height": 1000})
        problems: list[str] = []
        opened.on("pageerror", lambda problem: problems.append(str(problem)))
        yield opened
        browser.close()
        assert problems == []


def test_the_live_page_says_simulated_shows_the_machine_and_takes_words(page: Page, tmp_path: Path) -> None:
    with Plant(Scenario("quiet"), tmp_path / "sim", seed=1, speed=1.0) as plant:
        page.goto(plant.window.url)
        expect(page.locator("header .simulated")).to_have_text("SIMULATED 模拟")
        expect(page.locator("#state")).to_contain_text("Aborted")
        page.fill("#words", "glare camera exit 3")
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_have_text("glare_c2 x3")
        expect(page.locator("#defects")).to_contain_text("glare_c2")
        page.fill("#words", "make coffee")
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_contain_text("not understood")
        expect(page.locator("#log")).to_contain_text("glare camera exit 3")


def test_a_recorded_run_is_stepped_forward_and_back_and_a_piece_shows_its_ledger_events(
    page: Page, tmp_path: Path
) -> None:
    world, ledger = tmp_path / "world.jsonl", tmp_path / "ledger.jsonl"
    world.write_text("\n".join(map(json.dumps, RECORDED)), encoding="utf-8")
    ledger.write_text("\n".join(map(json.dumps, LEDGER)), encoding="utf-8")
    server = WindowServer(world, None, ledger_events=ledger)
    server.start()
    try:
        page.goto(server.url + "?step=5")
        expect(page.locator(".mover.envelope")).to_have_count(1)
        expect(page.locator("#tray-count")).to_have_text("0")
        page.click("#last")
        expect(page.locator("#tray-count")).to_have_text("1")
        expect(page.locator("#said")).to_contain_text("exit")
        page.click("#back")
        expect(page.locator("#flap")).to_have_class("pass")
        expect(page.locator(".mover.envelope.granted")).to_have_count(1)
        page.fill("#piece", "1")
        page.keyboard.press("Enter")
        expect(page.locator("#history")).to_contain_text("piece.verified 222")
        expect(page.locator("#history")).not_to_contain_text("111")
        page.click("#first")
        expect(page.locator(".mover:not(.gone)")).to_have_count(0)
    finally:
        server.close()
