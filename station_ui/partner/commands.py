"""``letterline partner``: who outside the house may ask what about which batches, from a shell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.service.partners import Partners


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    out = click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("out/run"),
        show_default=True,
        help="Run directory.",
    )
    return out(click.option("--station-db", default=None, help="Database URL, if not OUT/station.db.")(command))


def _partners(out: Path, station_db: str | None) -> Partners:
    import time

    from controller.service.partners import Partners
    from controller.service.store import StationStore

    if station_db is None and not out.is_dir():
        raise click.ClickException(f"{out}: 没有这个目录 / no such directory; name the run directory with --out")
    return Partners(StationStore(station_db or f"sqlite:///{out / 'station.db'}"), time.time)


@click.group()
def partner() -> None:
    """合作方接口：邮政、委托方。Partners of the API: the post, clients."""


@partner.command("add")
@click.argument("short")
@click.argument("name")
@click.option("--batch", "batches", type=click.IntRange(1), multiple=True, help="A batch it may see; repeat for more.")
@_where
def add(short: str, name: str, batches: tuple[int, ...], out: Path, station_db: str | None) -> None:
    """Add a partner under a SHORT name, and say which batches it may see.

    \b
    Example: letterline partner add post 平江邮政 --batch 1 --out out/run
    """
    from controller.service.partners import PartnerRefused

    known = _partners(out, station_db)
    try:
        known.add(short, name)
        for batch in batches:
            known.give_batch(short, batch)
    except PartnerRefused as refusal:
        raise click.ClickException(f"{short}: 没有添加 / not added: {refusal}") from None
    click.echo(f"已添加 Added: {short}  {name}  batches {', '.join(map(str, batches)) or '-'}")


@partner.command("give")
@click.argument("short")
@click.argument("batch", type=click.IntRange(1))
@_where
def give(short: str, batch: int, out: Path, station_db: str | None) -> None:
    """Let a partner see one more batch."""
    from controller.service.partners import PartnerRefused

    try:
        _partners(out, station_db).give_batch(short, batch)
    except PartnerRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(f"{short}: batch {batch}")


@partner.command("token")
@click.argument("short")
@click.option("--label", default="shell", show_default=True, help="What the token is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("manifest:read", "ack:write", "tracking:write"),
    show_default=True,
    help="A right of the token; repeat for more. Also recall:write, webhooks.",
)
@_where
def token(short: str, label: str, scopes: tuple[str, ...], out: Path, station_db: str | None) -> None:
    """Make a token and print it alone on standard output; it is shown this once.

    \b
    Example: export LETTERLINE_POST_TOKEN=$(letterline partner token post --out out/run)
    """
    from controller.service.partners import PartnerRefused, Scope

    try:
        chosen = [Scope(scope) for scope in scopes]
    except ValueError as problem:
        raise click.UsageError(f"{problem}; a scope is one of {', '.join(Scope)}") from None
    try:
        made = _partners(out, station_db).make_token(short, label, chosen, by="shell")
    except PartnerRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo("这个令牌只显示这一次 / shown this once:", err=True)
    sys.stdout.write(made + "\n")
