"""Raw clients of the live stream, many on one thread, and a served station: what the benches of the screens share."""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from controller.service.entry import Entry
from controller.service.people import PinVault
from controller.service.rights import Role
from controller.service.store import StationStore

PICTURE = re.compile(rb'data: \{"at": (\d+), "news": (\d+)')
BADGE, PIN = "LBSUPE0001", "835926"


@dataclass
class Heard:
    """What all clients together heard: ms from the drawing of each picture, and from the oldest event it shows, to its arrival."""

    picture_ms: list[float] = field(default_factory=list)
    event_ms: list[float] = field(default_factory=list)

    def clear(self) -> None:
        self.picture_ms.clear()
        self.event_ms.clear()


class Screens:
    """Clients of ``/live``. ``silence_s``: the longest that any of them heard nothing at all; ``lost``: streams that ended by themselves."""

    def __init__(self, port: int, cookie: str, count: int) -> None:
        self.heard = Heard()
        self.silence_s = 0.0
        self.lost = 0
        self._selector = selectors.DefaultSelector()
        self._last: dict[int, float] = {}
        request = f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: __Host-letterline={cookie}\r\nAccept: text/event-stream\r\n\r\n"
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=30)
            client.sendall(request.encode())
            client.setblocking(False)
            self._selector.register(client, selectors.EVENT_READ)
            self._last[client.fileno()] = time.monotonic()

    def listen(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            for key, _ in self._selector.select(min(0.05, until - now)):
                self._take(key.fileobj)  # type: ignore[arg-type]

    def _take(self, client: socket.socket) -> None:
        content = client.recv(262_144)
        arrived_ms, now = time.time() * 1000, time.monotonic()
        number = client.fileno()
        self.silence_s = max(self.silence_s, now - self._last[number])
        self._last[number] = now
        if not content:
            self.lost += 1
            self._selector.unregister(client)
            client.close()
            return
        for at, news in PICTURE.findall(content):
            self.heard.picture_ms.append(arrived_ms - int(at))
            if int(news):
                self.heard.event_ms.append(arrived_ms - int(news))

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()


def sign_in(out: Path) -> str:
    """Add a supervisor to the station of ``out`` and return the cookie of a screen of theirs."""
    store = StationStore(f"sqlite:///{out / 'station.db'}")
    try:
        entry = Entry(store, PinVault())
        if entry.person(BADGE) is None:
            entry.add(BADGE, "孙督明", [Role.SUPERVISOR], PIN, by="bench")
        return entry.sign_in(BADGE, PIN)[1]
    finally:
        store.close()


def touch(out: Path, cookie: str) -> None:
    """A hand on the screen, so that it does not lock in a long measurement."""
    store = StationStore(f"sqlite:///{out / 'station.db'}")
    try:
        entry = Entry(store, PinVault())
        visit = entry.visit(cookie)
        if visit is not None:
            entry.touch(visit)
    finally:
        store.close()


@contextmanager
def served(out: Path) -> Iterator[tuple[int, int]]:
    """Serve the station of ``out`` on a free port; give (pid, port) once it answers."""
    command = [sys.executable, "-u", "-c", "from controller.cli import main; main()", "serve", "--out", str(out), "--port", "0"]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield server.pid, _port(server)
    finally:
        server.terminate()
        server.wait(timeout=15)


def _port(server: subprocess.Popen[str]) -> int:
    assert server.stdout is not None
    for said in server.stdout:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
        if found:
            return int(found[1])
    raise RuntimeError("the station did not start")


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
