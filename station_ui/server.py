"""Runs the station in a process of its own: waitress threads, enough for every screen, on the loopback address only."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any, Final

import click

from controller.service.entry import Entry
from controller.service.ledger_door import open_door
from controller.service.people import PinVault
from controller.service.store import StationStore
from controller.service.views import LedgerDoor
from station_ui.app import build_app
from station_ui.live import STREAMS_MAX
from station_ui.partner.webhooks import WebhookSender

# Each live screen holds one thread; the rest serve pages. A gone screen holds its thread until the next heartbeat.
THREADS: Final = STREAMS_MAX + 36


class NoLedger(RuntimeError):
    """There is nothing to show yet, in words for the person at the shell."""


def open_entry(station_address: str) -> Entry:
    """Return the front door over the station store at ``station_address``."""
    return Entry(StationStore(station_address), PinVault())


def serve_station(
    out: Path, port: int, line: str | None, ledger: str, station_address: str, *, local_webhooks: bool = False
) -> None:
    """Serve until interrupted.

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
    with contextlib.closing(door), contextlib.closing(store):
        run_server(door, store, out, port, line, local_webhooks=local_webhooks)


def run_server(door: LedgerDoor, store: StationStore, out: Path, port: int, line: str | None, **options: Any) -> None:
    """Bind, say where, and serve until interrupted."""
    server, app = make_server(door, store, out, port, line, **options)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    url = f"http://127.0.0.1:{server.effective_port}/"
    with app.extensions["station"].hub, WebhookSender(door, app.extensions["station"].partners):
        click.echo(f"工位屏幕 Station screens: {url}  (Ctrl-C ends; the line goes on)")
        if not app.extensions["station"].entry.is_set_up():
            click.echo(f"首次使用 First use: open {url}setup and create the first supervisor.")
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            stop_server(server, app)


def stop_server(server: Any, app: Any) -> None:
    """End the live streams first, so that no thread writes to a closed server; then the threads, then the socket."""
    app.extensions["station"].hub.close()
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=5)
    server.close()


def make_server(
    door: LedgerDoor, store: StationStore, out: Path, port: int, line: str | None, **options: Any
) -> tuple[Any, Any]:
    """Return (bound waitress server, application); the caller runs both the server and the application's hub."""
    import waitress

    app = build_app(door, store, out, line=line, **options)
    server = waitress.create_server(
        app,
        host="127.0.0.1",
        port=port,
        threads=THREADS,
        connection_limit=THREADS * 2,
        channel_timeout=30,
        ident=None,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )
    return server, app
