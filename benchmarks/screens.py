"""Station screens: event-to-screen latency with 200 live clients, page times, and memory after clients come and go.

The server is the real `letterline serve` in a process of its own; the line is a publisher that overwrites the live picture as a
controller does. What a client does with the HTML is not measured here.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from controller.ledger.inbox import Inbox
from controller.ledger.opening import open_ledger
from controller.service.entry import Entry
from controller.service.live import BeltPiece, Camera, LiveSnapshot, Machine, RecentVerdict
from controller.service.people import PinVault
from controller.service.rights import Role
from controller.service.store import StationStore

if TYPE_CHECKING:
    from benchmarks.report import Report

LINE = "bench-line"
CLIENTS = 200
PERIOD_S = 0.1
AT = re.compile(rb'data: \{"at": (\d+)')


@dataclass
class Publisher:
    """Overwrites the live picture ten times a second with everything changed: the worst case of a running line."""

    inbox: Inbox
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        count = 0
        while not self.stop.wait(PERIOD_S):
            count += 1
            now = time.time_ns()
            self.inbox.show(LINE, json.loads(picture(count, now).to_json()), now)


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


class Screens:
    """Many raw clients of ``/live`` on one thread; keeps the latency of every event of every client in ms."""

    def __init__(self, port: int, cookie: str, count: int) -> None:
        self.latencies: list[float] = []
        self._selector = selectors.DefaultSelector()
        request = f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: __Host-letterline={cookie}\r\nAccept: text/event-stream\r\n\r\n"
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            client.sendall(request.encode())
            client.setblocking(False)
            self._selector.register(client, selectors.EVENT_READ)

    def listen(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for key, _ in self._selector.select(0.05):
                content = key.fileobj.recv(262_144)  # type: ignore[union-attr]
                arrived_ms = time.time() * 1000
                self.latencies += [arrived_ms - int(at) for at in AT.findall(content)]

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()


def run(quick: bool, report: Report) -> None:
    """Measure and report; ``quick`` listens three seconds instead of fifteen."""
    with tempfile.TemporaryDirectory(prefix="letterline-screens-") as folder:
        out = Path(folder)
        books = open_ledger(out / "ledger.db")
        store = StationStore(f"sqlite:///{out / 'station.db'}")
        entry = Entry(store, PinVault())
        entry.add("LBSUPE0001", "孙督明", [Role.SUPERVISOR], "835926", by="bench")
        _, cookie = entry.sign_in("LBSUPE0001", "835926")
        publisher = Publisher(books.inbox)
        books.inbox.show(LINE, json.loads(picture(0, time.time_ns()).to_json()), time.time_ns())
        thread = threading.Thread(target=publisher.run, daemon=True)
        thread.start()
        server, port = serve(out)
        try:
            measure(report, server.pid, port, cookie, 3.0 if quick else 15.0)
        finally:
            publisher.stop.set()
            thread.join(timeout=5)
            server.terminate()
            server.wait(timeout=10)
            store.close()
            books.close()


def serve(out: Path) -> tuple[subprocess.Popen[str], int]:
    """Start the station on a free port; return (process, port) when it answers."""
    command = [
        sys.executable,
        "-u",
        "-c",
        "from controller.cli import main; main()",
        "serve",
        "--out",
        str(out),
        "--port",
        "0",
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for said in server.stdout:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
        if found:
            return server, int(found[1])
    raise RuntimeError("the station did not start")


def measure(report: Report, pid: int, port: int, cookie: str, seconds: float) -> None:
    for clients, limit in ((1, None), (50, None), (CLIENTS, 150.0)):
        screens = Screens(port, cookie, clients)
        screens.listen(2.0)
        screens.latencies.clear()
        screens.listen(seconds)
        taken = sorted(screens.latencies)
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


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def _share(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else float("nan")
