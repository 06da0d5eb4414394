"""``letterline tray``: trays, opening, closing, hand-over."""

from __future__ import annotations

import click

from controller.commands.desk import Place, Signature, ask, open_desk_of, person_options, place_options


@click.group()
def tray() -> None:
    """邮筐：列表、启用、关闭、交寄。Trays: list, open, close, hand over."""


@tray.command("list")
@place_options
def list_trays(place: Place) -> None:
    """List the trays of a ledger.

    \b
    Example: letterline tray list --out out/run
    """
    for view in open_desk_of(place).trays():
        click.echo(f"T{view.tray}  {view.state}  {view.hold}".rstrip())


@tray.command("open")
@click.argument("number", type=int)
@place_options
@person_options
def open_tray(number: int, place: Place, signature: Signature) -> None:
    """Say that a new tray stands at the exit."""
    from controller.service.commands import Command

    raise SystemExit(ask(place, signature, Command.TRAY_OPEN, {"tray": number}))


@tray.command("close")
@click.argument("number", type=int)
@place_options
@person_options
def close_tray(number: int, place: Place, signature: Signature) -> None:
    """Close a tray: its pieces are released when eyes, ledger and scale agree."""
    from controller.service.commands import Command

    raise SystemExit(ask(place, signature, Command.TRAY_CLOSE, {"tray": number}))
