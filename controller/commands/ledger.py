"""``letterline ledger``: check a ledger, write its states anew, hand it to somebody else for checking."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from controller.ledger.opening import OpenLedger

ADDRESS = click.argument("address", metavar="LEDGER")


@click.group()
def ledger() -> None:
    """台账：核对、重建、导出 · Ledger: verify, rebuild, export. LEDGER is a file such as out/ledger.db or a postgresql:// address."""


@ledger.command(
    epilog="\b\nExamples:\n  letterline ledger verify out/ledger.db\n  letterline ledger verify postgresql://letterline@db/site1"
)
@ADDRESS
def verify(address: str) -> None:
    """核对全部事件与状态 · Check every event's hash, the witness, and every state against a replay. Exit 1 says where it is broken."""
    with _opened(address) as books:
        with click.progressbar(length=books.ledger.seq, label="核对 · verify") as bar:
            reached = 0

            def progress(seq: int) -> None:
                nonlocal reached
                bar.update(seq - reached)
                reached = seq

            from controller.ledger.errors import LedgerFault

            try:
                count = books.ledger.verify(progress=progress)
                books.ledger.check_states()
            except LedgerFault as fault:
                raise click.ClickException(f"台账不可信 · the ledger cannot be trusted: {fault}") from fault
            bar.update(count - reached)
        click.echo(f"{count} 条事件完好 · {count} events, chain and states agree; head {books.ledger.hash.hex()}")


@ledger.command(epilog="\b\nExample:\n  letterline ledger rebuild out/ledger.db")
@ADDRESS
def rebuild(address: str) -> None:
    """由事件重建状态 · Write the state tables anew from the events (the events themselves are never changed)."""
    with _opened(address) as books:
        states = books.ledger.rebuild()
        click.echo(", ".join(f"{noun} {len(rows)}" for noun, rows in states.items()))


@ledger.command(
    epilog="\b\nExamples:\n  letterline ledger export out/ledger.db -o ledger.jsonl\n  python -m simulator.auditor ledger.jsonl"
)
@ADDRESS
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write (JSON lines)."
)
def export(address: str, out: Path) -> None:
    """导出供第三方核对 · Write every event as JSON lines that a stranger can check."""
    from controller.ledger.export import export as write

    with _opened(address) as books, out.open("w", encoding="utf-8") as target:
        count = write(books.ledger, target)
    click.echo(f"{count} 条事件 · {count} events → {out}")


def _opened(address: str) -> OpenLedger:
    """Open an existing ledger, or say in words why not."""
    from controller.ledger.connect import ledger_url
    from controller.ledger.errors import LedgerFault
    from controller.ledger.opening import open_ledger

    try:
        url = ledger_url(address)
    except Exception as error:
        raise click.UsageError(f"{address!r} 不是台账地址 · is not a ledger address: {error}") from None
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise click.UsageError(f"没有这个台账文件 · there is no ledger file {url.database}")
    try:
        return open_ledger(address, disk_reserve_bytes=0, verify_events=0)
    except LedgerFault as fault:
        raise click.ClickException(f"台账打不开 · the ledger cannot be opened: {fault}") from fault
