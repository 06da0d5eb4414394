"""What people may ask of a line, and who may ask it. Every act of a hand becomes one row of the ledger's inbox.

The line reads the row, decides, and writes the outcome beside it: the screen shows that outcome and never its own guess.
Arguments are plain values; a person is only ever a badge.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from controller.service.people import Person
from controller.service.rights import Right


class Command(StrEnum):
    """Names of commands, as they stand in the inbox."""

    HOLD = "hold"
    RESUME = "resume"
    CUSTODY_SCAN = "custody-scan"
    CUSTODY_TYPED = "custody-typed"
    VOID = "void"
    DESTROY = "destroy"
    DECLARE_LOST = "declare-lost"
    GIVE_UP_JOB = "give-up-job"
    SEARCH_ENDED = "search-ended"
    REPRINT_AFTER_GRANT = "reprint-after-grant"
    TRAY_OPEN = "tray-open"
    TRAY_CLOSE = "tray-close"
    TRAY_AUDIT = "tray-audit"
    HAND_OVER = "hand-over"
    TRAY_ACCEPTED = "tray-accepted"
    RETURNED_MAIL = "returned-mail"
    RECALL = "recall"
    RECALL_AFTER_CLOSE = "recall-after-close"
    FREE_LETTER = "free-letter"
    BYPASS_CAMERA = "bypass-camera"
    BATCH_CLOSE = "batch-close"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may send a command, the arguments it must have, and whether a second badge must stand in it."""

    right: Right
    arguments: frozenset[str] = frozenset()
    two_people: bool = False


def _rule(right: Right, *arguments: str, two_people: bool = False) -> Rule:
    return Rule(right, frozenset(arguments), two_people)


RULES: Final[Mapping[Command, Rule]] = MappingProxyType(
    {
        Command.HOLD: _rule(Right.CONTROL_LINE),
        Command.RESUME: _rule(Right.CONTROL_LINE),
        Command.CUSTODY_SCAN: _rule(Right.CUSTODY, "payload"),
        Command.CUSTODY_TYPED: _rule(Right.REQUEST_OVERRIDE, "uid", "reason", two_people=True),
        Command.VOID: _rule(Right.REPRINT, "uid", "reason"),
        Command.DESTROY: _rule(Right.REQUEST_OVERRIDE, "uid", two_people=True),
        Command.DECLARE_LOST: _rule(Right.REQUEST_OVERRIDE, "uid", "reason", two_people=True),
        Command.GIVE_UP_JOB: _rule(Right.REQUEST_OVERRIDE, "job", "reason", two_people=True),
        Command.SEARCH_ENDED: _rule(Right.CLOSE_BATCH, "batch"),
        Command.REPRINT_AFTER_GRANT: _rule(Right.REQUEST_OVERRIDE, "uid", "reason", two_people=True),
        Command.TRAY_OPEN: _rule(Right.TRAYS, "tray"),
        Command.TRAY_CLOSE: _rule(Right.TRAYS, "tray"),
        Command.TRAY_AUDIT: _rule(Right.TRAYS, "tray", "payloads", "counted"),
        Command.HAND_OVER: _rule(Right.HAND_OVER, "tray", "taken_by", "signature_sha256", "photo_sha256"),
        Command.TRAY_ACCEPTED: _rule(Right.HAND_OVER, "tray", "receipt"),
        Command.RETURNED_MAIL: _rule(Right.RETURNS, "item", "uid", "reason", "photo_sha256"),
        Command.RECALL: _rule(Right.RECALL, "letter", "reason"),
        Command.RECALL_AFTER_CLOSE: _rule(Right.REQUEST_OVERRIDE, "letter", "reason", two_people=True),
        Command.FREE_LETTER: _rule(Right.REQUEST_OVERRIDE, "letter", "reason", two_people=True),
        Command.BYPASS_CAMERA: _rule(Right.REQUEST_OVERRIDE, "camera", "minutes", "reason", two_people=True),
        Command.BATCH_CLOSE: _rule(Right.CLOSE_BATCH, "batch"),
    }
)


class CommandRefused(PermissionError):
    """A command that must not even reach the line. ``code`` names the reason for the screens."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Sent:
    """A command in the inbox and what became of it. ``outcome`` is None while the line has not answered."""

    number: int
    line: str
    name: str
    badge: str
    arguments: Mapping[str, object]
    at_unix_ns: int
    outcome: Mapping[str, object] | None


class Inbox(Protocol):
    """Where commands wait for the line."""

    def put_command(self, line: str, name: str, badge: str, arguments: Mapping[str, object], at_unix_ns: int) -> int:
        """Store a command durably and return its number."""

    def command(self, number: int) -> Sent | None:
        """Return the command with that number."""


def check_command(command: Command, by: Person, arguments: Mapping[str, object], second: Person | None) -> None:
    """Refuse what this person may not ask, and what is not whole.

    Raises:
        CommandRefused: the right, an argument or the second person is missing.
    """
    rule = RULES[command]
    if rule.right not in by.rights:
        raise CommandRefused("no-right", f"{command} needs the right {rule.right}")
    if rule.two_people and (second is None or second.badge == by.badge or Right.APPROVE_OVERRIDE not in second.rights):
        raise CommandRefused("two-people", f"{command} needs a second person who may approve it")
    missing = sorted(name for name in rule.arguments if name not in arguments)
    if missing:
        raise CommandRefused("missing-argument", f"{command} needs {', '.join(missing)}")


def send(
    inbox: Inbox, line: str, command: Command, by: Person, arguments: Mapping[str, object], second: Person | None = None
) -> int:
    """Check a command and put it into the inbox; return its number.

    Raises:
        CommandRefused: see `check_command`; or there is no line to send it to.
    """
    if not line:
        raise CommandRefused("no-line", "no line has reported yet: start it, then try again")
    check_command(command, by, arguments, second)
    whole = dict(arguments) if second is None else {**arguments, "second_badge": second.badge}
    json.dumps(whole)  # a value that is not plain is a mistake of ours, found here and not in the line
    return inbox.put_command(line, command, by.badge, whole, time.time_ns())
