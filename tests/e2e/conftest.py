"""The floor of the station tests: one per module, and a browser on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from station_browser import ARGUMENTS
from station_world import Floor, floor


@pytest.fixture(scope="module")
def ground(tmp_path_factory) -> Iterator[Floor]:
    with floor(tmp_path_factory.mktemp("floor")) as built:
        yield built


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=list(ARGUMENTS))
        yield chromium
        chromium.close()
