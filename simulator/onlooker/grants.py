"""The conditions of a grant, one after the other: the first that was not met by what had been heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from simulator.onlooker.hearing import EXECUTE
from simulator.onlooker.memory import Memory, Papers, SeenPiece

if TYPE_CHECKING:
    from simulator.onlooker.judge import Policy

PRODUCTION = 1
Condition = Callable[[Memory, Papers, "Policy", SeenPiece, Any], str]


def why_not(memory: Memory, papers: Papers, policy: Policy, piece: SeenPiece | None, grant: Any) -> str:
    """Return the first condition that this grant breaks; "" when it is right."""
    if piece is None:
        return "there is no such envelope"
    if piece.granted_uid:
        return "it has a grant already"
    for condition in CONDITIONS:
        why = condition(memory, papers, policy, piece, grant)
        if why:
            return why
    return ""


def _machine(memory: Memory, papers: Papers, policy: Policy, piece: SeenPiece, grant: Any) -> str:
    if not memory.link or grant.epoch != memory.epoch:
        return f"for epoch {grant.epoch}, the link {'stands' if memory.link else 'is down'} in {memory.epoch}"
    if memory.state != EXECUTE or memory.mode != PRODUCTION:
        return f"the machine is in state {memory.state}, mode {memory.mode}"
    if not memory.tray or not memory.tray_present or memory.trays.get(memory.tray) != "OPEN":
        return "there is no open tray in place"
    return ""


def _books(memory: Memory, papers: Papers, policy: Policy, piece: SeenPiece, grant: Any) -> str:
    uid = grant.uid
    if memory.pieces.get(uid) != "PASS_GRANTED":
        return f"the books have the piece as {memory.pieces.get(uid)}"
    if memory.letters.get(uid // 100) != "OPEN" or uid // 100 in memory.recalled:
        return f"its letter is {memory.letters.get(uid // 100)}"
    return "a sheet of it came twice" if uid in memory.copies else ""


def _set(memory: Memory, papers: Papers, policy: Policy, piece: SeenPiece, grant: Any) -> str:
    if piece.refusable or piece.spoiled:
        return piece.refusable or piece.spoiled
    count = papers.sheets.get(grant.uid, 0)
    if piece.last - piece.first + 1 != count:
        return f"{piece.last - piece.first + 1} sheets are in it, the piece has {count}"
    for k, no in enumerate(range(piece.first, piece.last + 1), 1):
        sheet = memory.sheets.get(no)
        if sheet is None or sheet.mark is None:
            return f"sheet {no} was not read"
        if sheet.fault or sheet.spoiled:
            return f"sheet {no}: {sheet.fault or sheet.spoiled}"
        if sheet.mark != (grant.uid, k, count):
            return f"sheet {no} is {sheet.mark}"
    return ""


def _successor(memory: Memory, papers: Papers, policy: Policy, piece: SeenPiece, grant: Any) -> str:
    last, after = memory.sheets[piece.last], memory.sheets.get(piece.last + 1)
    job, start = papers.place[grant.uid]
    end = start + papers.sheets[grant.uid]
    if after is None or after.stack != last.stack:
        if after is None and not last.ended:
            return "its successor was not seen"
        return "" if end == papers.job_length[job] else "its stack ended before its job did"
    if last.ended:
        return "" if end == papers.job_length[job] else "its stack ended before its job did"
    if after.mark is None or after.fault or after.spoiled:
        return f"its successor is {after.fault or after.spoiled or 'unread'}"
    if after.mark[1] != 1 or papers.place[after.mark[0]] != (job, end):
        return f"its successor is {after.mark}"
    return ""


def _exit(memory: Memory, papers: Papers, policy: Policy, piece: SeenPiece, grant: Any) -> str:
    if piece.view is None:
        return "the exit camera said nothing"
    payloads, items, address_ok = piece.view
    if len(payloads) != 1 or papers.marks.get(payloads[0]) != (grant.uid, 1, papers.sheets[grant.uid]):
        return f"the window shows {[papers.marks.get(payload) for payload in payloads]}"
    if tuple(items) != (papers.items[grant.uid],):
        return "the window does not show its postal number"
    if address_ok is False:
        return "the address is not in the window"
    if policy.sheet_mg:
        off = piece.weight - policy.envelope_mg - papers.sheets[grant.uid] * policy.sheet_mg
        if abs(off) > policy.tolerance_mg:
            return f"it weighs {off} mg too much"
    if policy.postage and not franked_as_due(piece, policy.postage):
        return f"the franking head said {piece.franked} words of it, the newest confirmed {piece.postage}"
    if memory.now + policy.guard_us > piece.gate_at or grant.deadline_us != piece.gate_at:
        return f"at {memory.now} µs until {grant.deadline_us}, its gate is set at {piece.gate_at}"
    return ""


def franked_as_due(piece: SeenPiece, due: int) -> bool:
    """Return whether the head said once, and only once, that it printed exactly what is due."""
    return piece.franked == 1 and piece.postage == due


CONDITIONS: Final[tuple[Condition, ...]] = (_machine, _books, _set, _successor, _exit)
