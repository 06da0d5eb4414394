"""Station screens: event-to-screen latency with 200 live clients, page times, memory after clients come and go; then the same beside a
line that delivers 36,000 envelopes an hour, whose deadlines must not notice.

The server is the real `letterline serve` in a process of its own. First the line is a publisher that overwrites the live picture as a
controller does, with everything changed; then it is the real `letterline run`. What a browser does with the HTML is not measured here.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.line_runs import Ran, run_lines
from benchmarks.screen_clients import Hand, Heard, Screens, rss_mb, served
from controller.ledger.errors import LedgerFault
from controller.ledger.inbox import Inbox
from controller.ledger.opening import open_desk, open_ledger
from controller.service.live import BeltPiece, Camera, LiveSnapshot, Machine, RecentVerdict

if TYPE_CHECKING:
    from benchmarks.report import Report

LINE = "bench-line"
CLIENTS = 200
PERIOD_S = 0.1
EXECUTE = 6
BROWSERS_NICE = 10


@dataclass
class Publisher:
    """Overwrites the live picture ten times a second with everything changed: the worst case of a running line."""

    inbox: Inbox
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        count = 0
        while not self.stop.wait(PERIOD_S):
            count += 1
            self.show(count)

    def show(self, count: int) -> None:
        now = time.time_ns()
        self.inbox.show(LINE, picture(count, now).plain(), now)


def picture(count: int, now: int) -> LiveSnapshot:
    uid = 7_000_000_101 + count * 100
    return LiveSnapshot(
        line=LINE,
        at_unix_ns=now,
        simulated=True,
        machines=(Machine("inserter", 6),),
        belt=tuple(BeltPiece(uid + n * 100, n % 7 + 1, "PASS") for n in range(7)),
        rate_now=36_000 + count % 50,
        rate_target=36_000,
        counts={"IN_TRAY": count, "SUBMITTED": 10_000 - count},
        batch="7",
        letters=10_000,
        cameras=(Camera("C1", 0.999, "A", tuple(0.99 + (count + n) % 9 / 1000 for n in range(40))),),
        verdicts=tuple(RecentVerdict(uid - n * 100, "PASS", "", now) for n in range(6)),
    )


def run(quick: bool, report: Report) -> None:
    """Measure and report; ``quick`` listens three seconds instead of fifteen, and to a line of 400 letters instead of 1,500."""
    with tempfile.TemporaryDirectory(prefix="letterline-screens-") as folder:
        out = Path(folder)
        with open_ledger(out / "ledger.db") as books:
            publisher = Publisher(books.inbox)
            publisher.show(0)
            thread = threading.Thread(target=publisher.run, daemon=True)
            thread.start()
            try:
                hand = Hand(out)
                hand.close()
                with served(out) as (pid, port):
                    measure(report, pid, port, hand.cookie, 3.0 if quick else 15.0)
            finally:
                publisher.stop.set()
                thread.join(timeout=5)
    with_a_line(report, 400 if quick else 1_500)


def with_a_line(report: Report, letters: int) -> None:
    """A line that delivers 36,000 an hour, once alone and once with 200 screens that also read pages: do the two disturb each other?"""
    for screens in (0, CLIENTS):
        name = "line with 200 screens" if screens else "line alone"
        with tempfile.TemporaryDirectory(prefix="letterline-bench-", dir="/tmp") as folder:
            watcher = _Watcher(Path(folder) / "line0", screens)
            watcher.start()
            try:
                ran, _ = run_lines(Path(folder), letters, 1, "full-speed", 1.0)
            finally:
                watcher.join()
        passage = ran[0].passage
        report.add(f"{name}: envelopes an hour at the gate", passage.per_hour(), "envelopes/h")
        latencies = sorted(passage.latencies_ms)
        report.add(f"{name}: exit shot to token, p99", _share(latencies, 0.99), "ms", {"gate": 304.0})
        report.add(f"{name}: camera result to grant, p99", ran[0].grant_ms("p99"), "ms")
        missed = passage.gates["reject NO_TOKEN"] + passage.gates["reject EXPIRED"] - _challenges(ran[0])
        report.add(f"{name}: deadlines missed, and diverted", missed, "envelopes")
        if screens:
            pictures, events = sorted(watcher.heard.picture_ms), sorted(watcher.heard.event_ms)
            report.add(f"{name}: picture to screen, p99", _share(pictures, 0.99), "ms")
            report.add(f"{name}: event to screen, p50", _share(events, 0.50), "ms")
            report.add(f"{name}: event to screen, p99", _share(events, 0.99), "ms", at_most=150.0)
            report.add(f"{name}: events heard by all screens together", len(events), "")
            report.add(f"{name}: longest silence of any screen", watcher.silence_s * 1000, "ms", at_most=3000.0)


class _Watcher(threading.Thread):
    """Waits until the line runs, opens so many screens on it, listens until it has ended."""

    def __init__(self, out: Path, screens: int) -> None:
        super().__init__(name="bench-screens", daemon=True)
        self._out, self._screens = out, screens
        self.heard, self.silence_s = Heard(), 0.0

    def run(self) -> None:
        if not self._screens or not _wait_for(lambda: _state(self._out) == EXECUTE):
            return
        hand = Hand(self._out)
        with contextlib.closing(hand), served(self._out) as (_, port):
            # On a floor the browsers are other computers; here they get what line and station leave.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BROWSERS_NICE)
            screens = Screens(port, hand.cookie, self._screens)
            screens.listen(3.0)
            screens.heard.clear()
            screens.forget_silence()
            use = threading.Thread(target=self._use, args=(port, hand), name="bench-hand", daemon=True)
            use.start()
            while use.is_alive():
                screens.listen(0.5)
            self.heard, self.silence_s = screens.heard, screens.silence_s
            screens.close()

    def _use(self, port: int, hand: Hand) -> None:
        """Somebody reads a page a second and keeps the screen unlocked; on a thread of its own, so that nobody listens late for it."""
        while not _ended(self._out):
            hand.touch()
            page_ms(port, hand.cookie)
            time.sleep(1.0)


def _state(out: Path) -> int:
    with contextlib.suppress(FileNotFoundError, LedgerFault), open_desk(out / "ledger.db") as desk:
        picture = next((desk.inbox.picture(line) for line in desk.inbox.lines()), None)
        machines = picture[1]["machines"] if picture else []
        return int(machines[0]["state"]) if machines else 0  # type: ignore[index]
    return 0


def _ended(out: Path) -> bool:
    with open_desk(out / "ledger.db") as desk:
        picture = next((desk.inbox.picture(line) for line in desk.inbox.lines()), None)
    return picture is not None and bool(picture[1]["finished"])


def _wait_for(what: Callable[[], bool], seconds: float = 120.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.3)
    return False


def measure(report: Report, pid: int, port: int, cookie: str, seconds: float) -> None:
    for clients, limit in ((1, None), (50, None), (CLIENTS, 150.0)):
        screens = Screens(port, cookie, clients)
        screens.listen(2.0)
        screens.heard.clear()
        screens.listen(seconds)
        taken = sorted(screens.heard.picture_ms)
        screens.close()
        time.sleep(1.5)
        expected = clients * seconds / PERIOD_S
        report.add(f"event to screen, {clients} screens, p50", _share(taken, 0.50), "ms")
        report.add(f"event to screen, {clients} screens, p99", _share(taken, 0.99), "ms", at_most=limit)
        report.add(f"pictures that arrived, {clients} screens", 100 * len(taken) / expected, "% of those published")
    before = rss_mb(pid)
    for _ in range(3):
        screens = Screens(port, cookie, CLIENTS)
        screens.listen(1.0)
        screens.close()
        time.sleep(1.5)
    report.add("memory grown by 600 screens that came and went", rss_mb(pid) - before, "MB", at_most=20.0)
    report.add("memory of the station", rss_mb(pid), "MB")
    report.add("line page, p95 of 40", _share(sorted(page_ms(port, cookie) for _ in range(40)), 0.95), "ms")


def page_ms(port: int, cookie: str) -> float:
    begun = time.perf_counter()
    call = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Cookie": f"__Host-letterline={cookie}"})
    with urllib.request.urlopen(call, timeout=10) as answer:
        answer.read()
    return (time.perf_counter() - begun) * 1000


def _challenges(ran: Ran) -> int:
    """Good pieces that the line refused on purpose, to prove its gate: no deadline was missed there."""
    diverted = ran.summary["diverted"]
    assert isinstance(diverted, dict)
    return int(diverted.get("challenge", 0))


def _share(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")
