"""``letterline batch``: batches, what is still open in one, and closing it."""

from __future__ import annotations

import click

from controller.commands.desk import Place, Signature, ask, open_desk_of, person_options, place_options


@click.group()
def batch() -> None:
    """批次：列表、未结项、关闭。Batches: list, what is unaccounted, close."""


@batch.command("list")
@place_options
def list_batches(place: Place) -> None:
    """List the batches of a ledger with the state of their letters and pieces.

    \b
    Example: letterline batch list --out out/run
    """
    for view in open_desk_of(place).batches():
        pieces = ", ".join(f"{state} {count}" for state, count in sorted(view.pieces.items()))
        click.echo(f"{view.batch:06d}  {view.state}  letters {view.letters_total}  balance {view.balance}  [{pieces}]")


@batch.command("open-items")
@click.argument("number", type=int)
@place_options
def open_items(number: int, place: Place) -> None:
    """Name every piece that keeps a batch from closing, with its print job. Exit code 1 when there is any.

    \b
    Example: letterline batch open-items 1
    """
    from controller.model import piece_name

    desk = open_desk_of(place)
    if desk.batch(number) is None:
        raise click.ClickException(
            f"{number}: 台账中没有这一批 / the ledger knows no such batch; letterline batch list names them"
        )
    pieces = desk.unaccounted(number)
    for piece in pieces:
        click.echo("  ".join(word for word in (piece_name(piece.uid), piece.state, piece.reason, piece.job) if word))
    raise SystemExit(1 if pieces else 0)


@batch.command("close")
@click.argument("number", type=int)
@place_options
@person_options
def close(number: int, place: Place, signature: Signature) -> None:
    """Close a batch whose account balances to zero.

    \b
    Example: letterline batch close 1 --badge 8800000001
    """
    from controller.service.commands import Command

    raise SystemExit(ask(place, signature, Command.BATCH_CLOSE, {"batch": number}))


@batch.command("give-up-job")
@click.argument("job")
@place_options
@person_options
@click.option("--reason", required=True, help="What happened to its paper; goes into the ledger.")
def give_up_job(job: str, place: Place, signature: Signature, reason: str) -> None:
    """放弃一个永远等不到纸的打印作业（须两人）。Give up a print job whose paper never comes: two persons; its letters are printed again.

    \b
    Example: letterline batch give-up-job B000001-J03-1a2b3c4d --badge 8800000001 --second 8800000002 --reason "burnt in the fuser"
    """
    from controller.service.commands import Command

    raise SystemExit(ask(place, signature, Command.GIVE_UP_JOB, {"job": job, "reason": reason}))


@batch.command("free-letter")
@click.argument("letter", type=int)
@place_options
@person_options
@click.option("--reason", required=True, help="Why it may be printed although it was held; goes into the ledger.")
def free_letter(letter: int, place: Place, signature: Signature, reason: str) -> None:
    """放行一封被扣留的信函（须两人）。Free a letter that was held, for example because the same case was in an earlier list: two persons.

    LETTER is batch and number as one integer: 10000123 is letter 123 of batch 1. `letterline recall` takes it back for good instead.

    \b
    Example: letterline batch free-letter 10000123 --badge 8800000001 --second 8800000002 --reason "a new claim, same text"
    """
    from controller.service.commands import Command

    arguments = {"letter": letter, "reason": reason}
    raise SystemExit(ask(place, signature, Command.FREE_LETTER, arguments))
