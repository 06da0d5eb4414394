"""What the shell commands share: the ledger of a run directory, and a person with badge and PIN who asks something of its line."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.service.commands import Command
    from controller.service.ledger_door import DeskDoor
    from controller.service.people import Person

DEFAULT_OUT = Path("out/run")
ANSWER_WAIT_S = 10.0


def out_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--out``."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=DEFAULT_OUT,
        show_default=True,
        help="Run directory.",
    )(command)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a shell command asks: the ledger, as a file or database URL, and the database URL of people."""

    ledger: str
    people: str


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--out``, ``--ledger`` and ``--station-db``, as ``letterline serve`` has them; the command gets one ``place``."""

    @functools.wraps(command)
    def placed(*args: Any, out: Path, ledger: str | None, station_db: str | None, **options: Any) -> Any:
        place = Place(ledger or str(out / "ledger.db"), station_db or f"sqlite:///{out / 'station.db'}")
        return command(*args, place=place, **options)

    people = click.option("--station-db", default=None, help="Database URL of people, if not OUT/station.db.")
    ledger = click.option("--ledger", default=None, help="Ledger file or database URL, if not OUT/ledger.db.")
    return out_option(ledger(people(placed)))


@dataclass(frozen=True, slots=True)
class Signature:
    """The badges a command was given, and the line it is meant for ("": the only one)."""

    badge: str
    second: str
    line: str


def person_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--badge``, ``--second`` and ``--line``; the command gets one ``signature``."""

    @functools.wraps(command)
    def signed(*args: Any, badge: str, second: str, line: str, **options: Any) -> Any:
        return command(*args, signature=Signature(badge, second, line), **options)

    line_option = click.option(
        "--line", default="", help="Line that shall do it; needed where several share the ledger."
    )
    second_option = click.option("--second", default="", help="Badge of the second person, where two are needed.")
    badge_option = click.option("--badge", prompt="工牌 Badge", help="Your badge; the PIN is asked for.")
    return badge_option(second_option(line_option(signed)))


def open_desk_of(place: Place) -> DeskDoor:
    """Open the ledger of ``place`` for questions.

    Raises:
        click.ClickException: there is none, or its address is of no use.
    """
    from controller.ledger.errors import LedgerError
    from controller.service.ledger_door import open_door

    try:
        return open_door(place.ledger)
    except FileNotFoundError:
        raise click.ClickException(
            f"{place.ledger}: 没有台账 / no ledger here; name the run directory with --out, or the ledger with --ledger"
        ) from None
    except (LedgerError, ValueError) as fault:
        raise click.ClickException(f"台账打不开 / the ledger cannot be opened: {fault}") from None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and who stands beside them."""

    person: Person
    second: Person | None


def sign(place: Place, signature: Signature) -> Asker:
    """Check badge and PIN of one person, and of a second one where named.

    Raises:
        click.ClickException: wrong badge or PIN, or locked out.
    """
    from controller.service.entry import Entry
    from controller.service.people import PinVault
    from controller.service.store import StationStore

    with contextlib.closing(StationStore(place.people)) as store:
        entry = Entry(store, PinVault())

        def prove(one: str) -> Person:
            answer, person = entry.prove(one, click.prompt(f"PIN {one}", hide_input=True, err=True))
            if person is None:
                raise click.ClickException(f"工牌或 PIN 不对 / {answer}: nobody was let in as {one}")
            return person

        return Asker(prove(signature.badge), prove(signature.second) if signature.second else None)


def ask(place: Place, signature: Signature, command: Command, arguments: Mapping[str, object]) -> int:
    """Check who asks, put a command into the line's inbox, wait for its answer, print it; return the exit code.

    Raises:
        click.ClickException: nobody was let in, no line or more than one could be meant, or the command was not even sent.
    """
    with contextlib.closing(open_desk_of(place)) as desk:
        line = _line_of(desk, signature.line)
        return _ask(desk, line, sign(place, signature), command, arguments)


def _line_of(desk: DeskDoor, named: str) -> str:
    lines = desk.lines()
    if not lines:
        raise click.ClickException("没有产线在运行过 / no line has ever shown itself in this ledger")
    if named in lines or (not named and len(lines) == 1):
        return named or lines[0]
    known = ", ".join(sorted(lines))
    if named:
        raise click.ClickException(f"{named}: 台账中没有这条产线 / this ledger knows no such line; it knows {known}")
    raise click.ClickException(
        f"有多条产线，请用 --line 指明 / several lines share this ledger; name one with --line: {known}"
    )


def _ask(desk: DeskDoor, line: str, asker: Asker, command: Command, arguments: Mapping[str, object]) -> int:
    from controller.service.commands import CommandRefused, send

    try:
        number = send(desk, line, command, asker.person, arguments, asker.second)
    except CommandRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    deadline = time.monotonic() + ANSWER_WAIT_S
    while time.monotonic() < deadline:
        sent = desk.command(number)
        if sent is not None and sent.outcome is not None:
            outcome = sent.outcome
            subjects = outcome.get("subjects")
            shown = ", ".join(map(str, subjects)) if isinstance(subjects, list) else ""
            click.echo(f"{outcome.get('answer')} {outcome.get('why', '')} {shown}".strip())
            return 0 if outcome.get("answer") in ("done", "waiting") else 1
        time.sleep(0.1)
    click.echo(
        f"已登记为第 {number} 号，产线尚未回答；下次运行时回答 / command {number} is in the inbox of {line}, which has not answered yet; "
        "if it does not run now, it answers when it runs again"
    )
    return 1
