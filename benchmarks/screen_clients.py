"""Raw clients of the live stream, many on one thread, and a served station: what the benches of the screens share."""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from controller.service.entry import Entry
from controller.service.people import PinVault
from controller.service.rights import Role
from controller.service.store import StationStore

PICTURE = re.compile(rb'data: \{"at": (\d+), "news": (\d+),')
PICTURE_BYTES_MAX = 80
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
    """Clients of ``/live``. ``lost``: streams that ended by themselves; ``deaf_s``: the longest that this listener itself did not listen,
    which every silence may contain; ``opening_s``: the longest from call to first word, a silence like any other."""

    def __init__(self, port: int, cookie: str, count: int) -> None:
        self.heard = Heard()
        self.lost = 0
        self.deaf_s = 0.0
        self.opening_s = 0.0
        self._silence_s = 0.0
        self._listened = time.monotonic()
        self._closing = threading.Event()
        self._ear: threading.Thread | None = None
        self._selector = selectors.DefaultSelector()
        self._last: dict[int, float] = {}
        self._shows: dict[int, bytes] = {}
        self._tail: dict[int, bytes] = {}
        request = f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: __Host-letterline={cookie}\r\nAccept: text/event-stream\r\n\r\n"
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=30)
            client.sendall(request.encode())
            client.setblocking(False)
            self._selector.register(client, selectors.EVENT_READ)
            self._last[client.fileno()] = time.monotonic()

    @property
    def silence_s(self) -> float:
        """The longest that any of them heard nothing at all, what still lasts included; counted from its call on."""
        now = time.monotonic()
        return max(self._silence_s, *(now - last for last in [*self._last.values(), now]))

    def forget_silence(self) -> None:
        """Count silence from now on."""
        now = time.monotonic()
        self._silence_s = self.deaf_s = 0.0
        self._listened = now
        self._last = dict.fromkeys(self._last, now)

    def listen(self, seconds: float) -> None:
        """Listen on this thread; only where `listen_always` was not called."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            self.deaf_s = max(self.deaf_s, now - self._listened - 0.05)
            ready = self._selector.select(min(0.05, until - now))
            self._listened = time.monotonic()
            for key, _ in ready:
                self._take(key.fileobj)  # type: ignore[arg-type]

    def behind(self) -> int:
        """How many of the screens that are still there do not show the newest picture that any of them shows."""
        newest = max((int(self._shows.get(number, b"0")) for number in self._last), default=0)
        return sum(int(self._shows.get(number, b"0")) != newest for number in self._last)

    def listen_always(self) -> None:
        """Listen on a thread of its own until `close`: whatever else the caller does, no screen goes unheard for it."""

        def work() -> None:
            while not self._closing.is_set():
                self.listen(0.5)

        self._ear = threading.Thread(target=work, name="bench-ear", daemon=True)
        self._ear.start()

    def _take(self, client: socket.socket) -> None:
        content = client.recv(262_144)
        arrived_ms, now = time.time() * 1000, time.monotonic()
        number = client.fileno()
        if number not in self._tail:
            self.opening_s = max(self.opening_s, now - self._last[number])
        self._silence_s = max(self._silence_s, now - self._last[number])
        self._last[number] = now
        if not content:
            self.lost += 1
            del self._last[number]  # it is counted as lost, and its number may be another's
            self._selector.unregister(client)
            client.close()
            return
        tail = self._tail.get(number, b"")
        self._tail[number] = content[-PICTURE_BYTES_MAX:]
        for found in PICTURE.finditer(tail + content):
            if found.end() <= len(tail):
                continue  # it was counted when it came
            at, news = found.groups()
            self._shows[number] = at
            self.heard.picture_ms.append(arrived_ms - int(at))
            if int(news):
                self.heard.event_ms.append(arrived_ms - int(news))

    def close(self) -> None:
        self._closing.set()
        if self._ear is not None:
            self._ear.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()


class Hand:
    """A supervisor at a screen of the station of ``out``: signed in once, and touching it often enough that it does not lock.

    The costly hash of a PIN is made here once: a hand that made one each second would take a quarter of a core from line and station.
    """

    def __init__(self, out: Path) -> None:
        self._store = StationStore(f"sqlite:///{out / 'station.db'}")
        self._entry = Entry(self._store, PinVault())
        if self._entry.person(BADGE) is None:
            self._entry.add(BADGE, "孙督明", [Role.SUPERVISOR], PIN, by="bench")
        self.cookie = self._entry.sign_in(BADGE, PIN)[1]

    def touch(self) -> None:
        visit = self._entry.visit(self.cookie)
        if visit is not None:
            self._entry.touch(visit)

    def close(self) -> None:
        self._store.close()


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
