"""How the stories look at a station: headless Chromium, and a person who signs in."""

from __future__ import annotations

from playwright.sync_api import Browser, Page, expect
from station_world import PIN, Floor

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip

PATIENCE_MS = 40_000
"""Everything is seen at once on a free machine; on one that does ten other things it only has to be seen at all."""
expect.set_options(timeout=PATIENCE_MS)


def sign_in(ground: Floor, browser: Browser, badge: str, **options) -> Page:
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 800}, "locale": "zh-CN", "color_scheme": "dark", **options}
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(ground.url + "/login")
    page.fill("input[name=badge]", badge)
    page.fill("input[name=pin]", PIN)
    page.click("main button")
    page.wait_for_selector(".andon")
    page.wait_for_load_state()  # the banner is there before the scripts are: keys pressed in between would be lost
    return page
