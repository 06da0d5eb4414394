"""``letterline tray``: trays, opening, closing, hand-over."""

from __future__ import annotations

from pathlib import Path

import click

from controller.commands.desk import ask, open_desk_of, out_option, person_options, sign


@click.group()
def tray() -> None:
    """邮筐：列表、启用、关闭、交寄。Trays: list, open, close, hand over."""


@tray.command("list")
@out_option
def list_trays(out: Path) -> None:
    """List the trays of a ledger.

    \b
    Example: letterline tray list --out out/run
    """
    for view in open_desk_of(out).trays():
        click.echo(f"T{view.tray}  {view.state}  {view.hold}".rstrip())


@tray.command("open")
@click.argument("number", type=int)
@out_option
@person_options
def open_tray(number: int, out: Path, badge: str, second: str) -> None:
    """Say that a new tray stands at the exit."""
    from controller.service.commands import Command

    raise SystemExit(ask(open_desk_of(out), sign(out, badge, second), Command.TRAY_OPEN, {"tray": number}))


@tray.command("close")
@click.argument("number", type=int)
@out_option
@person_options
def close_tray(number: int, out: Path, badge: str, second: str) -> None:
    """Close a tray: its pieces are released when eyes, ledger and scale agree."""
    from controller.service.commands import Command

    raise SystemExit(ask(open_desk_of(out), sign(out, badge, second), Command.TRAY_CLOSE, {"tray": number}))
