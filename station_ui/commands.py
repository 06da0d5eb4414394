"""``letterline serve`` and ``letterline people``: the station screens, and people from a shell. Heavy imports wait until they run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

OUT_HELP = "Run directory, as given to 'letterline run --out'; holds ledger.db, frames/ and letters/."


def _store_address(out: Path, station_db: str | None) -> str:
    if station_db is None and not out.is_dir():
        raise click.ClickException(
            f"{out}: 没有这个目录 / no such directory; start a run first (letterline run CASES), or name its directory with --out"
        )
    return station_db or f"sqlite:///{out / 'station.db'}"


@click.command()
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/run"), show_default=True, help=OUT_HELP
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8480,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option("--line", "line_name", default=None, help="Line to show; the first one that reports if not given.")
@click.option("--ledger", "ledger", default=None, help="Ledger file or database URL, if not OUT/ledger.db.")
@click.option("--station-db", default=None, help="Database URL of people and partners, if not OUT/station.db.")
@click.option(
    "--local-webhooks", is_flag=True, help="Let partners register webhooks in private networks and over plain http."
)
@click.option("--no-books", is_flag=True, help="Do not run 'letterline books' beside the screens.")
def serve(
    out: Path,
    port: int,
    line_name: str | None,
    ledger: str | None,
    station_db: str | None,
    local_webhooks: bool,
    no_books: bool,
) -> None:
    """Serve the station screens and the partner API on 127.0.0.1.

    The line does not need this process: start and stop it whenever you like. While no line runs, hand-over,
    acceptance and returned mail of closed batches are answered by 'letterline books', which runs beside the screens.

    \b
    Example:
      letterline serve --out out/run --port 8480
    """
    from station_ui.server import NoLedger, serve_station

    try:
        address = _store_address(out, station_db)
        serve_station(
            out,
            port,
            line_name,
            ledger or str(out / "ledger.db"),
            address,
            local_webhooks=local_webhooks,
            books=not no_books,
        )
    except NoLedger as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(
            f"Port {port} on 127.0.0.1 cannot be opened ({error.strerror}). Choose another one with --port.", err=True
        )
        sys.exit(1)


@click.group()
def people() -> None:
    """Who may sign in at the station: add, list, revoke, give a new PIN."""


@people.command("add")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    help="operator, postal, quality, supervisor, engineer or auditor; repeat for more.",
)
@click.option("--badge", default=None, help="Code on the badge; a new one is made if not given.")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/run"), show_default=True, help=OUT_HELP
)
@click.option("--station-db", default=None, help="Database URL, if not OUT/station.db.")
def add(name: str, roles: tuple[str, ...], badge: str | None, language: str, out: Path, station_db: str | None) -> None:
    """Add a person; the PIN is asked for, or read from standard input when that is not a terminal.

    \b
    Example:
      letterline people add 林晓 --role operator --out out/run
    """
    from controller.service.people import new_badge
    from controller.service.rights import Role
    from station_ui.server import open_entry

    try:
        chosen = [Role(role) for role in roles]
    except ValueError as error:
        raise click.UsageError(
            f"{error}; a role is one of {', '.join(r for r in Role if r is not Role.PARTNER)}"
        ) from None
    pin = (
        click.prompt("PIN", hide_input=True, confirmation_prompt=True)
        if sys.stdin.isatty()
        else sys.stdin.readline().strip()
    )
    out.mkdir(parents=True, exist_ok=True)
    try:
        person = open_entry(_store_address(out, station_db)).add(
            badge or new_badge(), name, chosen, pin, language, by="shell"
        )
    except ValueError as error:
        click.echo(f"Nobody was added: {error}.", err=True)
        sys.exit(1)
    click.echo(f"已添加 Added: {person.name}  badge {person.badge}  {'+'.join(person.roles)}")


@people.command("list")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/run"), show_default=True, help=OUT_HELP
)
@click.option("--station-db", default=None, help="Database URL, if not OUT/station.db.")
def list_people(out: Path, station_db: str | None) -> None:
    """List everybody: badge, name, roles, active or revoked.

    \b
    Example:
      letterline people list --out out/run
    """
    from station_ui.server import open_entry

    for person in open_entry(_store_address(out, station_db)).people():
        click.echo(
            f"{person.badge}\t{person.name}\t{'+'.join(person.roles)}\t{'active' if person.active else 'revoked'}"
        )


@people.command("revoke")
@click.argument("badge")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("out/run"), show_default=True, help=OUT_HELP
)
@click.option("--station-db", default=None, help="Database URL, if not OUT/station.db.")
def revoke(badge: str, out: Path, station_db: str | None) -> None:
    """Revoke a badge at once; every screen it has open ends.

    \b
    Example:
      letterline people revoke LB7K2M9QXD4P --out out/run
    """
    from station_ui.server import open_entry

    try:
        open_entry(_store_address(out, station_db)).set_active(badge, active=False, by="shell")
    except ValueError as error:
        click.echo(f"Nothing was changed: {error}.", err=True)
        sys.exit(1)
    click.echo(f"已停用 Revoked: {badge}")
