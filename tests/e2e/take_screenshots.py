"""Takes the pictures of every screen in Chinese and English: ``python tests/e2e/take_screenshots.py docs/screens``.

The floor is the tests' own: a real ledger with made-up people, drawn pictures, and a stand-in for the line.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from station_browser import ARGUMENTS
from station_world import PIN, TASKS, TRAY, Floor, floor, mark_of, piece, serving

from controller.service.approvals import Override
from controller.service.store import StationStore

SHOTS = (
    ("line", "/"), ("exceptions", "/exceptions"), ("piece", f"/pieces/{piece(9)}"), ("batches", "/batches"), ("batch", "/batches/7"),
    ("trays", "/trays"), ("tray", "/trays/12"), ("tray-audit", "/trays/12/audit"), ("returns", "/returns?q=000007-0000020-01"),
    ("approvals", "/approvals"), ("figures", "/kpi"), ("templates", "/templates"), ("template", "/templates/lawyer_letter"),
    ("partners", "/partners"), ("people", "/people"), ("audit", "/audit"), ("training", "/training"),
)  # fmt: skip
COLOURS = 96
LOCALES = (("zh", "zh-CN"), ("en", "en-GB"))


def save(page: Page, target: Path) -> None:
    """Keep a screenshot small: a palette is enough for flat screens."""
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def take(ground: Floor, page: Page, language: str, out: Path) -> None:
    page.goto(ground.url + "/login")
    save(page, out / f"sign-in.{language}.png")
    page.fill("input[name=badge]", "LBSUPE0001")
    page.fill("input[name=pin]", PIN)
    page.click("main button")
    page.wait_for_selector(".andon")
    for name, path in SHOTS:
        page.goto(ground.url + path)
        page.wait_for_timeout(300)
        save(page, out / f"{name}.{language}.png")
    ground.line.tasks = TASKS
    page.goto(ground.url + "/")
    page.wait_for_selector(".todo")
    save(page, out / f"line-tasks.{language}.png")
    ground.line.tasks = ()
    ground.line.jam()
    page.goto(ground.url + "/")
    page.wait_for_selector(".andon.look-stop")
    page.wait_for_timeout(500)
    save(page, out / f"line-jam.{language}.png")
    page.goto(ground.url + "/exceptions")
    page.keyboard.type(mark_of(piece(20)) + "\n", delay=5)
    page.wait_for_selector("#toast.bad")
    page.wait_for_timeout(300)
    save(page, out / f"wrong-scan.{language}.png")
    page.goto(ground.url + "/")
    page.get_by_label({"zh": "锁定屏幕", "en": "Lock this screen"}[language]).click()
    page.wait_for_selector("#unlock-title")
    save(page, out / f"locked.{language}.png")
    ground.line.calm()


def sign_in(ground: Floor, page: Page, language: str) -> None:
    ground.entry.set_language("LBSUPE0001", language)
    page.goto(ground.url + "/login")
    page.fill("input[name=badge]", "LBSUPE0001")
    page.fill("input[name=pin]", PIN)
    page.click("main button")
    page.wait_for_selector(".andon")


def take_first_use(browser: Browser, folder: Path, out: Path) -> None:
    """The first-run set-up, of a station that knows nobody."""
    store = StationStore(f"sqlite:///{folder / 'nobody.db'}")
    with serving(folder, store) as (_, server):
        for language, locale in LOCALES:
            page = browser.new_page(viewport={"width": 1280, "height": 800}, locale=locale, color_scheme="dark")
            page.goto(f"http://127.0.0.1:{server.effective_port}/setup")
            save(page, out / f"setup.{language}.png")
            page.close()
    store.close()


def take_end_of_shift(ground: Floor, browser: Browser, out: Path) -> None:
    """The batch is closed: the line screen, the form to hand over, the tray's label."""
    ground.line.end_batch()
    for language, locale in LOCALES:
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale=locale, color_scheme="dark")
        sign_in(ground, page, language)
        page.wait_for_selector("[data-task=hand-over]")
        save(page, out / f"line-end.{language}.png")
        for name, path in (("hand-over", f"/trays/{TRAY}"), ("tray-label", f"/trays/{TRAY}/label")):
            page.goto(ground.url + path)
            page.wait_for_timeout(300)
            save(page, out / f"{name}.{language}.png")
        page.close()


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, floor(Path(folder)) as ground, sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=list(ARGUMENTS))
        ground.app.extensions["station"].partners.add("post", "平江邮政")
        room = ground.app.extensions["station"].templates
        while not room.preview(room.cards()[0]).ready:
            time.sleep(0.5)
        for number, subject in enumerate((31, 9)):
            asker = ground.entry.person("LBOPER0001")
            kind = ("declare-lost", "custody-typed")[number]
            ground.app.extensions["station"].overrides.ask(Override(kind), str(piece(subject)), "码被墨粉盖住", asker)
        take_first_use(browser, Path(folder), out)
        for language, locale in LOCALES:
            ground.entry.set_language("LBSUPE0001", language)
            context = browser.new_context(viewport={"width": 1280, "height": 800}, locale=locale, color_scheme="dark")
            take(ground, context.new_page(), language, out)
            context.close()
        context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN", color_scheme="light")
        page = context.new_page()
        sign_in(ground, page, "zh")
        time.sleep(0.5)
        save(page, out / "line-light-1920.zh.png")
        take_end_of_shift(ground, browser, out)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
