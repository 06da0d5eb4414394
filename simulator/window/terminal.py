"""The terminal's way to a simulated line: the fault console, and the replay of a finished run. It passes words on."""

from __future__ import annotations

import http.client
import json
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import click

from simulator.console import help_text
from simulator.window.server import WindowServer


def _address(folder: Path) -> str:
    file = folder / "line.toml"
    try:
        return urlsplit(str(tomllib.loads(file.read_text(encoding="utf-8"))["console"])).netloc
    except (OSError, KeyError, tomllib.TOMLDecodeError) as problem:
        raise click.UsageError(
            f"no simulated line runs in {folder}; start one with: letterline sim --dir {folder}"
        ) from problem


def speak(address: str, words: str) -> tuple[bool, str]:
    """Say one line to the console at ``address`` (host:port); return whether it was understood, and the answer.

    Raises:
        OSError: nobody listens there any more.
    """
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("POST", "/say", words.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        reply = connection.getresponse()
        return reply.status == 200, str(json.loads(reply.read())["answer"])
    finally:
        connection.close()


def talk(folder: Path) -> None:
    """Read lines from the terminal (or a pipe) until it ends, and say each to the line in ``folder``."""
    address = _address(folder)
    asks = sys.stdin.isatty()
    if asks:
        click.echo("SIMULATED 模拟  故障台 fault console: 'help' lists what can be said, Ctrl-D ends")
    understood = True
    while True:
        if asks:
            click.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            break
        words = line.strip()
        if words in ("help", "?"):
            click.echo(help_text())
        elif words:
            try:
                good, answer = speak(address, words)
            except OSError as problem:
                raise click.ClickException(f"the simulated line has gone: {problem}") from problem
            understood = understood and good
            click.echo(answer, err=not good)
    if not understood and not asks:
        raise SystemExit(1)


def replay_folder(folder: Path, ledger_events: Path | None) -> None:
    """Serve the replay of ``folder/world.jsonl`` until Ctrl-C."""
    log = folder / "world.jsonl"
    if not log.is_file():
        raise click.UsageError(f"{log} does not exist: nothing was recorded there")
    server = WindowServer(log, None, ledger_events=ledger_events)
    server.start()
    click.echo(f"SIMULATED 模拟  回放 replay: {server.url}   (Ctrl-C)")
    try:
        server.join()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
