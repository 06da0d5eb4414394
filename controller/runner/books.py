"""The books of a line that stands still: what people and the post say of closed batches is answered without a machine.

Hours after the last piece a carrier signs for the trays, the post accepts them, and days later a letter comes back. No line runs then.
Whoever keeps the books takes the line's lease for the moment of an answer only, so that a line can be started at any time, and leaves
every command alone that could concern a piece under way: as long as one batch is open, the line itself answers when it comes back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.ledger.errors import LedgerBusy
from controller.ledger.inbox import OperatorCommand
from controller.ledger.lease import Lease
from controller.ledger.opening import Desk, OpenLedger, open_ledger
from controller.line.actions import Answer, Reply
from controller.line.core import LineCore
from controller.line.state import LineConfig
from controller.runner.session import mac_key, restored_core
from controller.runner.shell import outcome_text
from controller.service.commands import Command
from controller.service.to_line import NotForTheLine, core_event
from controller.states import BatchState

AT_REST: Final = frozenset(
    {Command.HAND_OVER, Command.TRAY_ACCEPTED, Command.RETURNED_MAIL, Command.RECALL, Command.RECALL_AFTER_CLOSE}
)
"""Commands about letters that have left the machine for good, or about closed trays."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One command and what it was answered."""

    command: OperatorCommand
    answer: str
    why: str


def answer_at_rest(out: Path, desk: Desk) -> list[Answered]:
    """Answer the open commands of ``out``'s ledger that need no machine; nothing when a line runs or a batch is open.

    Raises:
        LedgerFault: the ledger cannot be trusted or written.
    """
    answered: list[Answered] = []
    for line in desk.inbox.lines():
        waiting = [one for one in desk.inbox.open_commands(line) if one.name in AT_REST]
        if waiting:
            answered += _answer(out, line, waiting)
    return answered


def _answer(out: Path, line: str, waiting: list[OperatorCommand]) -> list[Answered]:
    with open_ledger(out / "ledger.db") as opened:
        try:
            lease = opened.take_line(line, f"letterline books {out}", time.time_ns())
        except LedgerBusy:
            return []
        try:
            opened.ledger.catch_up()
            core = restored_core(opened, LineConfig(mac_key(out)))
            if any(batch.state == BatchState.OPEN for batch in core.book.batches.values()):
                return []
            return [_answer_one(opened, core, lease, command) for command in waiting]
        finally:
            lease.close()


def _answer_one(opened: OpenLedger, core: LineCore, lease: Lease, command: OperatorCommand) -> Answered:
    try:
        event = core_event(command.id, command.name, command.badge, command.arguments)
    except NotForTheLine as refusal:
        reply, records = Reply(command.id, Answer.REFUSED, refusal.why), []
    else:
        step = core.step(event)
        records = list(step.records)
        reply = next(action for action in step.actions if isinstance(action, Reply) and action.command == command.id)
    opened.ledger.append(records, time.time_ns(), lease=lease, finished=[(command.id, outcome_text(reply))])
    return Answered(command, str(reply.answer), reply.why)
