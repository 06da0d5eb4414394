"""What the shell commands share: the ledger of a run directory, and a person with badge and PIN who asks something of its line."""

from __future__ import annotations

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


def person_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--badge`` and ``--second``."""
    second = click.option("--second", default="", help="Badge of the second person, where two are needed.")
    return click.option("--badge", prompt="工牌 Badge", help="Your badge; the PIN is asked for.")(second(command))


def open_desk_of(out: Path) -> DeskDoor:
    """Open the ledger of ``out`` for questions.

    Raises:
        click.ClickException: there is none.
    """
    from controller.service.ledger_door import open_door

    try:
        return open_door(out / "ledger.db")
    except FileNotFoundError:
        raise click.ClickException(f"{out}: 没有台账 / no ledger here; name the run directory with --out") from None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and who stands beside them."""

    person: Person
    second: Person | None


def sign(out: Path, badge: str, second: str) -> Asker:
    """Check badge and PIN of one person, and of a second one where named.

    Raises:
        click.ClickException: wrong badge or PIN, or locked out.
    """
    from controller.ledger.station import StationStore
    from controller.service.entry import Entry
    from controller.service.people import PinVault

    entry = Entry(StationStore(f"sqlite:///{out / 'station.db'}"), PinVault())

    def prove(one: str) -> Person:
        answer, person = entry.prove(one, click.prompt(f"PIN {one}", hide_input=True, err=True))
        if person is None:
            raise click.ClickException(f"工牌或 PIN 不对 / {answer}: nobody was let in as {one}")
        return person

    return Asker(prove(badge), prove(second) if second else None)


def ask(desk: DeskDoor, asker: Asker, command: Command, arguments: Mapping[str, object]) -> int:
    """Put a command into the inbox, wait for the line's answer, print it; return the exit code."""
    from controller.service.commands import CommandRefused, send

    lines = desk.lines()
    if not lines:
        raise click.ClickException("没有产线在运行过 / no line has ever shown itself in this ledger")
    try:
        number = send(desk, lines[0], command, asker.person, arguments, asker.second)
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
        f"已登记为第 {number} 号，产线尚未回答 / command {number} is in the inbox; the line has not answered yet"
    )
    return 1
