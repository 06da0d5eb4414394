"""``letterline piece``, ``reprint`` and ``recall``: one letter, its attempts, and what may be asked about it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from controller.commands.desk import Place, Signature, ask, open_desk_of, person_options, place_options


def _uid(text: str) -> int:
    from controller.model import parse_piece_name

    try:
        return int(text) if text.isdigit() else parse_piece_name(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@click.command()
@click.argument("name")
@place_options
def piece(name: str, place: Place) -> None:
    """一件的来龙去脉。Print everything the ledger says of one piece.

    NAME is a piece name such as 000001-0000123-01, or its uid.

    \b
    Example: letterline piece 000001-0000017-02
    """
    desk = open_desk_of(place)
    uid = _uid(name)
    view = desk.piece(uid)
    if view is None:
        raise click.ClickException(f"{name}: 台账中没有这一件 / the ledger knows no such piece")
    click.echo(f"{name}  {view.state}  tray {view.tray or '—'}  item {view.item_id or '—'}  {view.reason}")
    for moment in desk.timeline(uid):
        at = datetime.fromtimestamp(moment.at_unix_ns / 1e9, UTC).isoformat(timespec="milliseconds")
        click.echo(f"{moment.seq:>8}  {at}  {moment.kind:<24} {dict(moment.data) or ''}")


@click.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; it goes into the ledger.")
@place_options
@person_options
def reprint(name: str, reason: str, place: Place, signature: Signature) -> None:
    """作废在管件并重印。Void a piece in custody, so that its letter is printed again. Never possible before the piece is in hand.

    \b
    Example: letterline reprint 000001-0000017-01 --reason torn --badge 8800000001
    """
    from controller.service.commands import Command

    arguments = {"uid": _uid(name), "reason": reason}
    raise SystemExit(ask(place, signature, Command.VOID, arguments))


@click.command()
@click.argument("letter", type=int)
@click.option("--reason", required=True, help="Why; it goes into the ledger.")
@place_options
@person_options
def recall(letter: int, reason: str, place: Place, signature: Signature) -> None:
    """撤回一封信函。Take a letter back: before the grant it never leaves; later the answer says which tray to pull.

    LETTER is batch and number as one integer: 10000123 is letter 123 of batch 1.

    \b
    Example: letterline recall 10000123 --reason "client paid" --badge 8800000001
    """
    from controller.service.commands import Command

    arguments = {"letter": letter, "reason": reason}
    raise SystemExit(ask(place, signature, Command.RECALL, arguments))
