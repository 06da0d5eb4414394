"""What operators ask of a line, and what a line shows them: the two tables other processes share with the line's own.

A screen writes a command; the line takes it at its own pace, hands it to the core, and records the outcome in the same transaction as
the events it caused (`Ledger.append(finished=…)`): a command is never half done and never done twice. The live picture is overwritten
each time and is no record of anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text

from controller.ledger.schema import INBOX, LIVE
from controller.ledger.sql_store import storage_faults


@dataclass(frozen=True, slots=True)
class OperatorCommand:
    """One request: verb, who asks, its arguments. ``outcome`` is None until the line has answered."""

    id: int
    line: str
    name: str
    badge: str
    arguments: Mapping[str, object]
    at_unix_ns: int
    outcome: Mapping[str, object] | None = None
    event_seq: int | None = None


class Inbox:
    """Commands to lines and pictures from lines; safe from any thread and process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, line: str, name: str, badge: str, arguments: Mapping[str, object], at_unix_ns: int) -> int:
        """Write down a command for ``line``; return its id, by which its `outcome` can be asked."""
        row = {
            "line": line,
            "name": name,
            "badge": badge,
            "arguments": json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False),
            "at_unix_ns": at_unix_ns,
        }
        with storage_faults(), self._engine.begin() as connection:
            return int(connection.execute(insert(INBOX).values(row).returning(INBOX.c.id)).scalar_one())

    def open_commands(self, line: str, limit: int = 32) -> list[OperatorCommand]:
        """Return the oldest commands for ``line`` that have no outcome yet."""
        wanted = select(INBOX).where(INBOX.c.line == line, INBOX.c.outcome.is_(None)).order_by(INBOX.c.id).limit(limit)
        with storage_faults(), self._reading() as connection:
            return [_command(row) for row in connection.execute(wanted)]

    def command(self, command_id: int) -> OperatorCommand | None:
        """Return one command with its outcome, or None when there is none with that id."""
        with storage_faults(), self._reading() as connection:
            row = connection.execute(select(INBOX).where(INBOX.c.id == command_id)).one_or_none()
        return None if row is None else _command(row)

    def recent(self, line: str, limit: int = 50) -> list[OperatorCommand]:
        """Return the newest commands for ``line``, newest first, answered or not."""
        wanted = select(INBOX).where(INBOX.c.line == line).order_by(INBOX.c.id.desc()).limit(limit)
        with storage_faults(), self._reading() as connection:
            return [_command(row) for row in connection.execute(wanted)]

    def show(self, line: str, snapshot: Mapping[str, object], at_unix_ns: int) -> None:
        """Overwrite the live picture of ``line``."""
        content = json.dumps(dict(snapshot), sort_keys=True, ensure_ascii=False)
        with storage_faults(), self._engine.connect() as opened, opened.execution_options(unsynced=True) as connection:
            connection.begin()
            connection.execute(
                text(
                    "INSERT INTO live (line, at_unix_ns, snapshot) VALUES (:line, :at, :snapshot) "
                    "ON CONFLICT (line) DO UPDATE SET at_unix_ns = excluded.at_unix_ns, snapshot = excluded.snapshot"
                ),
                {"line": line, "at": at_unix_ns, "snapshot": content},
            )
            connection.commit()

    def picture(self, line: str) -> tuple[int, dict[str, object]] | None:
        """Return when ``line`` last showed itself (Unix ns) and what it showed; None when it never did."""
        with storage_faults(), self._reading() as connection:
            row = connection.execute(
                select(LIVE.c.at_unix_ns, LIVE.c.snapshot).where(LIVE.c.line == line)
            ).one_or_none()
        return None if row is None else (int(row[0]), json.loads(row[1]))

    def lines(self) -> list[str]:
        """Return the lines that ever showed themselves, the one that was heard last first: it answers what people ask."""
        wanted = select(LIVE.c.line).order_by(LIVE.c.at_unix_ns.desc(), LIVE.c.line)
        with storage_faults(), self._reading() as connection:
            return [str(line) for line in connection.execute(wanted).scalars()]

    def waiting(self) -> int:
        """Return how many commands no line has answered."""
        with storage_faults(), self._reading() as connection:
            return int(connection.execute(select(func.count()).where(INBOX.c.outcome.is_(None))).scalar_one())

    def _reading(self) -> Connection:
        return self._engine.connect().execution_options(read_only=True)


def _command(row: Any) -> OperatorCommand:
    command_id, line, name, badge, arguments, at, outcome, event_seq = row
    return OperatorCommand(
        command_id,
        line,
        name,
        badge,
        json.loads(arguments),
        at,
        None if outcome is None else json.loads(outcome),
        event_seq,
    )
