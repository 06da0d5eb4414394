"""What has been lying still, and since when: letters that are not settled, trays the post has not confirmed. Read-only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from controller.ledger.schema import EVENTS, LETTERS, PIECES, TRAYS
from controller.ledger.sql_store import storage_faults


@dataclass(frozen=True, slots=True)
class Resting:
    """A letter or tray, its state, and when something last happened to it (or to any attempt at the letter)."""

    noun: str
    key: int
    state: str
    since_unix_ns: int


def letters_at_rest(engine: Engine, states: tuple[str, ...], before_unix_ns: int, limit: int = 200) -> list[Resting]:
    """Return letters in one of ``states`` to which, and to whose attempts, nothing happened since ``before_unix_ns``; longest first."""
    first = LETTERS.c.letter * 100
    newest = select(func.max(PIECES.c.seq)).where(PIECES.c.piece.between(first, first + 99)).scalar_subquery()
    last_seq = func.coalesce(newest, LETTERS.c.seq).label("last_seq")
    letters = (
        select(LETTERS.c.letter, LETTERS.c.state, LETTERS.c.seq, last_seq).where(LETTERS.c.state.in_(states)).subquery()
    )
    last = (
        select(func.max(EVENTS.c.at_unix_ns))
        .where(EVENTS.c.seq.in_((letters.c.seq, letters.c.last_seq)))
        .scalar_subquery()
    )
    chosen = select(letters.c.letter, letters.c.state, last.label("since"))
    return _at_rest(engine, "letter", chosen, before_unix_ns, limit)


def trays_at_rest(engine: Engine, states: tuple[str, ...], before_unix_ns: int, limit: int = 200) -> list[Resting]:
    """Return trays in one of ``states`` whose last step was before ``before_unix_ns``; longest first."""
    chosen = select(TRAYS.c.tray, TRAYS.c.state, EVENTS.c.at_unix_ns.label("since")).join(
        EVENTS, EVENTS.c.seq == TRAYS.c.seq
    )
    return _at_rest(engine, "tray", chosen.where(TRAYS.c.state.in_(states)), before_unix_ns, limit)


def _at_rest(engine: Engine, noun: str, chosen: object, before_unix_ns: int, limit: int) -> list[Resting]:
    found = chosen.subquery()  # type: ignore[attr-defined]
    wanted = select(found).where(found.c.since < before_unix_ns).order_by(found.c.since).limit(limit)
    with storage_faults(), engine.connect().execution_options(read_only=True) as connection:
        return [Resting(noun, *row) for row in connection.execute(wanted).all()]
