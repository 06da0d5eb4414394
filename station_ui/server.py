"""Runs the station in a process of its own, on the loopback address only: threads for the pages, one event loop for all live streams."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click
import uvicorn
from a2wsgi import WSGIMiddleware
from flask import Flask

from controller.service.entry import Entry
from controller.service.ledger_door import open_door
from controller.service.people import PinVault
from controller.service.store import StationStore
from controller.service.views import LedgerDoor
from station_ui.app import build_app
from station_ui.broadcast import Broadcast
from station_ui.live import STREAMS_MAX, LiveHub
from station_ui.partner.webhooks import WebhookSender

PAGE_THREADS: Final = 16
CONNECTIONS_MAX: Final = STREAMS_MAX * 3
SWITCH_S: Final = 0.0005
"""Every write of a stream lets go of the interpreter; a page that is being drawn must give it back sooner than after 5 ms."""


BEHIND_THE_LINE: Final = 5
"""Niceness of this process: a screen may wait for a piece, never a piece for a screen."""


class NoLedger(RuntimeError):
    """There is nothing to show yet, in words for the person at the shell."""


def open_entry(station_address: str) -> Entry:
    """Return the front door over the station store at ``station_address``."""
    return Entry(StationStore(station_address), PinVault())


def serve_station(
    out: Path,
    port: int,
    line: str | None,
    ledger: str,
    station_address: str,
    *,
    local_webhooks: bool = False,
    books: bool = True,
) -> None:
    """Serve until interrupted. ``books``: have the books of the line kept while it stands still.

    Raises:
        NoLedger: the ledger cannot be opened.
        OSError: the port is taken.
    """
    try:
        door = open_door(ledger)
    except FileNotFoundError:
        raise NoLedger(
            f"没有台账 There is no ledger at {ledger}.\nStart a run first (letterline run CASES --out {out}), or name another directory with --out."
        ) from None
    store = StationStore(station_address)
    keeping = bookkeeper(out) if books and ledger == str(out / "ledger.db") else contextlib.nullcontext()
    with contextlib.closing(door), contextlib.closing(store), keeping:
        run_server(door, store, out, port, line, local_webhooks=local_webhooks)


@contextlib.contextmanager
def bookkeeper(out: Path) -> Iterator[None]:
    """Run ``letterline books`` beside the screens, which themselves never write into the ledger. It ends with this process, however that ends."""
    command = [sys.executable, "-c", "from controller.cli import main; main()", "books", "--with-parent", "--out"]
    keeper = subprocess.Popen([*command, str(out)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(timeout=30)


def run_server(door: LedgerDoor, store: StationStore, out: Path, port: int, line: str | None, **options: Any) -> None:
    """Bind, say where, and serve until interrupted."""
    server, app = make_server(door, store, out, port, line, **options)
    sys.setswitchinterval(SWITCH_S)
    os.nice(BEHIND_THE_LINE)
    with app.extensions["station"].hub, WebhookSender(door, app.extensions["station"].partners):
        click.echo(f"工位屏幕 Station screens: {server.url}  (Ctrl-C ends; the line goes on)")
        if not app.extensions["station"].entry.is_set_up():
            click.echo(f"首次使用 First use: open {server.url}setup and create the first supervisor.")
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            server.close()


class StationServer:
    """A bound socket on the loopback address and the server behind it. The caller runs the hub beside it."""

    def __init__(self, app: Flask, port: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", port), backlog=512)
        self.effective_port: int = self._socket.getsockname()[1]
        self._hub: LiveHub = app.extensions["station"].hub
        wsgi: Any = (
            app.wsgi_app
        )  # werkzeug, a2wsgi and ours each name the same WSGI and ASGI shapes with types of their own
        pages: Any = WSGIMiddleware(wsgi, workers=PAGE_THREADS)
        asgi = Broadcast(pages, self._hub, app.extensions["station"].entry)
        self._server = uvicorn.Server(
            uvicorn.Config(
                asgi,
                http="h11",
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=CONNECTIONS_MAX,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=3,
            )
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.effective_port}/"

    def run(self) -> None:
        """Serve on this thread until `close`, or until the process is interrupted."""
        self._server.run(sockets=[self._socket])

    def close(self) -> None:
        """End the live streams, then the server; may be called from any thread, and again."""
        self._hub.close()
        self._server.should_exit = True


def make_server(
    door: LedgerDoor, store: StationStore, out: Path, port: int, line: str | None, **options: Any
) -> tuple[StationServer, Flask]:
    """Return the bound server and its application; the caller runs both the server and the application's hub."""
    app = build_app(door, store, out, line=line, **options)
    return StationServer(app, port), app
