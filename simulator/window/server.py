"""The small web server behind the picture: page, live facts, state, console words, and the recorded world log. Loopback only.

``GET /`` page · ``GET /live`` server-sent events · ``GET /facts`` the world log · ``POST /say`` one console line ·
``GET /sayings`` what can be said · ``GET /frame/c1`` last frame. A recorder without a plant serves only the log.
"""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from simulator.console import SAYINGS, UnknownWords, execute, help_text
from simulator.loopback import LoopbackServer
from simulator.window.snapshot import snapshot

if TYPE_CHECKING:
    from simulator.plant import Plant

STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
SNAPSHOT_S = 0.2
LINES_WAITING_MAX = 4000
SAY_BYTES_MAX = 400
FACTS_BYTES_MAX = 32 * 1024 * 1024


class LiveFeed:
    """Passes facts and snapshots to whoever looks; a viewer too slow to follow loses lines, never the machine."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._lock = threading.Lock()
        self._viewers: list[queue.Queue[str | None]] = []
        plant.journal.listen(lambda fact: self._publish("fact", fact))

    def start(self) -> None:
        self._plant.device.post(self._snap)

    def close(self) -> None:
        with self._lock:
            viewers = list(self._viewers)
        for viewer in viewers:
            _offer(viewer, None)

    def watch(self) -> queue.Queue[str | None]:
        viewer: queue.Queue[str | None] = queue.Queue(LINES_WAITING_MAX)
        with self._lock:
            self._viewers.append(viewer)
        return viewer

    def unwatch(self, viewer: queue.Queue[str | None]) -> None:
        with self._lock:
            self._viewers.remove(viewer)

    def _snap(self) -> None:
        if self._viewers:
            self._publish("state", snapshot(self._plant))
        self._plant.device.firmware.timers.after(int(SNAPSHOT_S * 1e6), self._snap)

    def _publish(self, kind: str, content: dict[str, object]) -> None:
        if not self._viewers:
            return
        text = f"event: {kind}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n"
        with self._lock:
            for viewer in self._viewers:
                _offer(viewer, text)


def _offer(viewer: queue.Queue[str | None], text: str | None) -> None:
    try:
        viewer.put_nowait(text)
    except queue.Full:
        return


@dataclass(frozen=True, slots=True)
class Room:
    """What one window looks at: a running plant with its feed, or only what was recorded."""

    world_log: Path
    plant: Plant | None
    feed: LiveFeed | None
    ledger_events: Path | None


def _sayings() -> list[dict[str, str]]:
    return [{"form": saying.form, "zh": saying.zh, "en": saying.en} for saying in SAYINGS]


class Door(BaseHTTPRequestHandler):
    """Answers one browser; ``room`` says for which line."""

    room: ClassVar[Room]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        room = self.room
        if name == "/live" and room.feed is not None:
            self._live(room.feed)
        elif name == "/facts":
            self._lines(room.world_log)
        elif name == "/ledger":
            self._lines(room.ledger_events)
        elif name == "/sayings":
            self._json(200, {"live": room.plant is not None, "sayings": _sayings()})
        elif name.startswith("/frame/"):
            self._frame(name.removeprefix("/frame/"))
        else:
            self._static("page.html" if name == "/" else name.lstrip("/"))

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(size, SAY_BYTES_MAX))
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{self.headers.get('Host')}":
            self._json(403, {"said": "", "answer": "only this page and the terminal may speak to the console"})
        elif self.path != "/say" or self.room.plant is None or size > SAY_BYTES_MAX:
            self._json(404, {"said": "", "answer": "nothing listens here"})
        else:
            self._say(self.room.plant, body.decode("utf-8", "replace").strip())

    def _frame(self, name: str) -> None:
        camera = self.room.plant.cameras.get(name) if self.room.plant else None
        jpeg = camera.last_jpeg if camera else b""
        self._reply(200 if jpeg else 204, "image/jpeg", jpeg)

    def _say(self, running: Plant, line: str) -> None:
        try:
            done = help_text() if line in ("help", "?") else execute(running, line)
            self._json(200, {"said": line, "answer": done})
        except UnknownWords as problem:
            self._json(400, {"said": line, "answer": str(problem)})

    def _live(self, living: LiveFeed) -> None:
        self.close_connection = True
        viewer = living.watch()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            while (text := viewer.get()) is not None:
                self.wfile.write(text.encode())
        except OSError:
            return  # the viewer has gone
        finally:
            living.unwatch(viewer)

    def _lines(self, file: Path | None) -> None:
        body = b""
        if file is not None and file.is_file():
            with file.open("rb") as opened:
                body = opened.read(FACTS_BYTES_MAX)
        self._reply(200, "application/x-ndjson; charset=utf-8", body)

    def _static(self, name: str) -> None:
        file = STATIC / name
        if "/" in name or file.suffix not in KINDS or not file.is_file():
            self._reply(404, "text/plain; charset=utf-8", "SIMULATED 模拟: no such page\n".encode())
            return
        self._reply(200, KINDS[file.suffix], file.read_bytes())

    def _json(self, status: int, content: object) -> None:
        self._reply(status, "application/json; charset=utf-8", json.dumps(content, ensure_ascii=False).encode())

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Simulated", "yes")
        self.send_header("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""


class WindowServer:
    """Serves the picture of a running plant, or the replay of a folder's world log when ``plant`` is None."""

    def __init__(
        self, world_log: Path, plant: Plant | None, *, ledger_events: Path | None = None, port: int = 0
    ) -> None:
        self.feed = LiveFeed(plant) if plant is not None else None
        room = Room(world_log, plant, self.feed, ledger_events)
        self._server = LoopbackServer(port, type("RoomDoor", (Door,), {"room": room}))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sim-window", daemon=True)

    def start(self) -> None:
        if self.feed is not None:
            self.feed.start()
        self._thread.start()

    def join(self) -> None:
        """Wait until the server ends."""
        self._thread.join()

    def close(self) -> None:
        if self.feed is not None:
            self.feed.close()
        self._server.shutdown()
        self._server.server_close()
