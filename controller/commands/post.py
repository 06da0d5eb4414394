"""``letterline manifest``: write the manifest of a batch again from the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from controller.commands.desk import out_option


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
