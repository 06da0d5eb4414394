"""A screen that stands at a running line all day keeps nothing of the pictures that have gone by."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from station_browser import sign_in
from station_world import Floor, piece

from controller.service.live import RecentVerdict
from station_ui.small_pictures import SIZE_PX, small_picture

pytestmark = pytest.mark.browser

DRAWN = (9, 17, 18, 19, 20, 21, 22, 23, 31, 38, 39, 40)
"""The pieces of the floor that have pictures."""
ENVELOPES = 120
"""So many go by between the two figures. At rest the figures are equal to the node, after 480 envelopes and on a loaded machine too."""
AT_REST = 8
"""The screen is at rest when so many collections in a row freed nothing."""


def pass_by(ground: Floor, page: Page, envelopes: int) -> None:
    """Let so many envelopes go by, each a new card with two pictures on the screen."""
    for step in range(envelopes):
        now = time.time_ns()
        ground.line.rate = 200 + step % 50
        ground.line.verdicts = tuple(
            RecentVerdict(piece(DRAWN[(step - place) % len(DRAWN)]), "PASS", "", now - place) for place in range(6)
        )
        ground.line.publish()
        expect(page.locator(f".verdicts [data-key='{ground.line.verdicts[0].uid}-{now}']")).to_be_attached()


def held_now(cdp: CDPSession) -> tuple[int, int, float]:
    """Nodes, listeners and heap in MB that one collection leaves."""
    cdp.send("HeapProfiler.collectGarbage")
    held = cdp.send("Memory.getDOMCounters")
    told = {one["name"]: one["value"] for one in cdp.send("Performance.getMetrics")["metrics"]}
    return held["nodes"], held["jsEventListeners"], told["JSHeapUsedSize"] / 1e6


def kept(cdp: CDPSession, page: Page) -> tuple[int, int, float]:
    """Nodes, listeners and heap in MB that are still held when no further collection frees anything.

    One collection is not enough: a card that has left the screen is held while its picture loads, and what was drawn last goes with the next one.
    """
    least, idle = held_now(cdp), 0
    while idle < AT_REST:
        page.wait_for_timeout(50)
        nodes, listeners, heap = held_now(cdp)
        fell = nodes < least[0] or listeners < least[1] or heap < least[2] - 0.01
        least = min(nodes, least[0]), min(listeners, least[1]), min(heap, least[2])
        idle = 0 if fell else idle + 1
    return least


@pytest.mark.slow
def test_nodes_listeners_and_heap_stay_flat_while_envelopes_go_by(ground: Floor, browser: Browser):
    ground.line.calm()
    page = sign_in(ground, browser, "LBSUPE0001")
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    pass_by(ground, page, 30)
    nodes, listeners, heap = kept(cdp, page)
    pass_by(ground, page, ENVELOPES)
    after = kept(cdp, page)
    assert after[0] <= nodes + ENVELOPES // 2
    assert after[1] <= listeners + 3
    assert after[2] <= heap + 1.0
    sizes = page.evaluate(
        """() => Promise.all([...document.querySelectorAll('.verdicts img')].map(
            (one) => one.decode().then(() => one.naturalWidth)))"""
    )
    assert len(sizes) == 12
    assert max(sizes) <= SIZE_PX[0]
    ground.line.calm()
    page.context.close()


def test_a_picture_that_is_not_written_to_its_end_is_no_picture_yet(ground: Floor, tmp_path):
    whole = (ground.out / "frames" / f"{piece(9)}.jpg").read_bytes()
    path = tmp_path / "1.jpg"
    assert small_picture(path) is None
    path.write_bytes(whole[: len(whole) // 3])
    assert small_picture(path) is None
    path.write_bytes(whole)
    assert small_picture(path)
