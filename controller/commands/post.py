"""``letterline manifest`` and ``letterline books``: what is left to do when the line has stopped and the post has the letters."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import click

from controller.commands.desk import out_option

LOOK_S = 0.5


@click.command()
@click.argument("batch", type=int, default=1)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write into. Default: the run directory.",
)
@out_option
def manifest(batch: int, folder: Path | None, out: Path) -> None:
    """交寄清单。Write manifest.xlsx and manifest.pdf: exactly the released pieces of the batch.

    \b
    Example: letterline manifest 1 --out out/run --to /tmp
    """
    from controller.ledger.opening import open_ledger
    from controller.line.state import LineConfig
    from controller.runner import batch_intake, outcome
    from controller.runner.session import mac_key, restored_core

    if not (out / "ledger.db").is_file():
        raise click.ClickException(f"{out}: 没有台账 / no ledger here; name the run directory with --out")
    with open_ledger(out / "ledger.db") as opened:
        core = restored_core(opened, LineConfig(mac_key(out)))
        if batch not in core.book.batches:
            raise click.ClickException(f"台账中没有批次 {batch} / the ledger has no batch {batch}")
        fields = batch_intake.resume(opened, batch).fields
        made = outcome.make_manifest(core.book, batch, fields, simulated=(out / "sim").is_dir())
    place = folder or out
    place.mkdir(parents=True, exist_ok=True)
    outcome.write_manifest(made, place)
    click.echo(f"{len(made.lines)} 件 pieces → {place / 'manifest.xlsx'}, {place / 'manifest.pdf'}")


@click.command()
@click.option("--once", is_flag=True, help="Answer what waits, then end.")
@click.option(
    "--with-parent", is_flag=True, hidden=True, help="End when standard input ends: how letterline serve starts it."
)
@out_option
def books(once: bool, with_parent: bool, out: Path) -> None:
    """产线停机后记账：交寄、收寄、退信、撤回。Keep the books when no line runs: hand-over, acceptance, returned mail, recall.

    What the screens, the partners and the shell say of closed batches is answered from the ledger. It does nothing
    while a line runs or a batch is open; a line can be started at any time. `letterline serve` runs it by itself.

    \b
    Example: letterline books --out out/run
    退出码 Exit code 0: ended as told. 1: the ledger cannot be trusted.
    """
    from controller.ledger.errors import LedgerFault
    from controller.ledger.opening import open_desk
    from controller.runner.books import answer_at_rest

    if not (out / "ledger.db").is_file():
        raise click.ClickException(f"{out}: 没有台账 / no ledger here; name the run directory with --out")
    ended = threading.Event()
    if with_parent:
        threading.Thread(target=_wait_for_end_of_input, args=(ended,), daemon=True).start()
    try:
        with open_desk(out / "ledger.db") as desk:
            while True:
                for one in answer_at_rest(out, desk):
                    click.echo(f"{one.command.id}  {one.command.name}  {one.answer} {one.why}".rstrip())
                if once or ended.wait(LOOK_S):
                    return
    except LedgerFault as fault:
        raise click.ClickException(str(fault)) from None
    except KeyboardInterrupt:
        return


def _wait_for_end_of_input(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()
