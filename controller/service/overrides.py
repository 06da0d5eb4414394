"""Asking for an override and agreeing to it: the shell around `approvals`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from controller.ledger.station import StationStore
from controller.ledger.station import people as rows
from controller.service.approvals import (
    BYPASS_MINUTES_MAX,
    Approval,
    ApprovalState,
    Override,
    Refusal,
    check_reason,
    refuse_approval,
)
from controller.service.commands import Command, CommandRefused, Inbox, send
from controller.service.entry import Entry
from controller.service.people import Person
from controller.service.rights import Right

SUBJECT_OF: Final[Mapping[Override, str]] = {
    Override.REPRINT_AFTER_GRANT: "uid",
    Override.DECLARE_LOST: "uid",
    Override.CUSTODY_TYPED: "uid",
    Override.DESTROY: "uid",
    Override.RECALL_AFTER_CLOSE: "letter",
    Override.FREE_LETTER: "letter",
    Override.BYPASS_CAMERA: "camera",
    Override.GIVE_UP_JOB: "job",
}
MANY_AT_ONCE: Final = frozenset({Override.DESTROY, Override.DECLARE_LOST, Override.REPRINT_AFTER_GRANT})
"""Acts that two people do for a whole box of paper in one go."""
SUBJECTS_MAX: Final = 50
_NUMBERS: Final = frozenset({"uid", "letter"})


class Overrides:
    """Requests for acts that need two people, and their decisions."""

    def __init__(self, store: StationStore, entry: Entry, inbox: Inbox) -> None:
        self._store = store
        self._entry = entry
        self._inbox = inbox

    def ask(self, override: Override, subject: str, reason: str, by: Person, minutes: int = 10) -> int:
        """Put a request before a second person; return its number.

        Raises:
            CommandRefused: the person may not ask, or the subject is not one.
            ValueError: no reason was given, or a bypass longer than allowed was asked for.
        """
        if Right.REQUEST_OVERRIDE not in by.rights:
            raise CommandRefused("no-right", f"{override} needs the right {Right.REQUEST_OVERRIDE}")
        subject, key = subject.strip(), SUBJECT_OF[override]
        if not subject or (key in _NUMBERS and not (subject.isascii() and subject.isdigit())) or len(subject) > 80:
            raise CommandRefused("subject", f"{override} needs a {key}")
        if override is Override.BYPASS_CAMERA and not 1 <= minutes <= BYPASS_MINUTES_MAX:
            raise ValueError(f"a bypass lasts 1 to {BYPASS_MINUTES_MAX} minutes")
        args = {"minutes": str(minutes)} if override is Override.BYPASS_CAMERA else {}
        with self._store.begin() as db:
            return rows.add_approval(
                db,
                {
                    "override": override,
                    "subject": subject,
                    "reason": check_reason(reason),
                    "args": json.dumps(args),
                    "asked_by": by.badge,
                    "asked_at_s": self._entry.now_s(),
                    "state": ApprovalState.WAITING,
                    "decided_by": "",
                    "decided_at_s": 0,
                },
            )

    def ask_all(self, override: Override, subjects: Sequence[str], reason: str, by: Person, minutes: int = 10) -> None:
        """Put the same request for several subjects before a second person; each is a request of its own, with its own answer.

        Raises:
            CommandRefused, ValueError: as `ask`; nothing was asked then.
        """
        if len(subjects) > SUBJECTS_MAX or (len(subjects) > 1 and override not in MANY_AT_ONCE):
            raise CommandRefused(
                "subject", f"{override} takes at most {SUBJECTS_MAX if override in MANY_AT_ONCE else 1}"
            )
        for subject in subjects:
            self.ask(override, subject, reason, by, minutes)

    def requests(self) -> tuple[Approval, ...]:
        """Return the newest requests, newest first, as they stand now."""
        with self._store.begin() as db:
            return tuple(self._as_of_now(_approval(row)) for row in rows.list_approvals(db))

    def waiting(self) -> int:
        """Return how many requests wait for a second person."""
        return sum(one.state is ApprovalState.WAITING for one in self.requests())

    def groups(self) -> tuple[tuple[Approval, ...], ...]:
        """Return what waits for a second person, newest first; what one person asked in one go stands together."""
        groups: dict[tuple[object, ...], list[Approval]] = {}
        for one in self.requests():
            if one.state is ApprovalState.WAITING:
                alone = 0 if one.override in MANY_AT_ONCE else one.number
                groups.setdefault((alone, one.override, one.reason, one.asked_by, one.asked_at_s), []).append(one)
        return tuple(tuple(reversed(group)) for group in groups.values())

    def approve(self, number: int, approver: Person, line: str) -> int | Refusal:
        """Agree as the second person: the command goes to the line. Return the command's number, or why not.

        Raises:
            KeyError: there is no such request.
        """
        approval = self._find(number)
        asker = self._entry.person(approval.asked_by)
        refusal = refuse_approval(approval, asker, approver, self._entry.now_s())
        if refusal is not None:
            self._store.note(self._entry.now_s(), f"approval-{refusal}", approver.badge, str(number))
            return refusal
        assert asker is not None
        if not self._decide(number, approver, ApprovalState.APPROVED):
            return Refusal.DECIDED
        key = SUBJECT_OF[approval.override]
        subject: object = int(approval.subject) if key in _NUMBERS else approval.subject
        arguments: dict[str, object] = {key: subject, "reason": approval.reason, "approval": number}
        arguments |= {name: int(value) for name, value in approval.args.items()}
        return send(self._inbox, line, Command(approval.override), asker, arguments, second=approver)

    def refuse(self, number: int, person: Person) -> bool:
        """Say no; the one who asked may also take a request back. False when it was decided already."""
        approval = self._find(number)
        if person.badge != approval.asked_by and Right.APPROVE_OVERRIDE not in person.rights:
            raise CommandRefused("no-right", f"refusing needs the right {Right.APPROVE_OVERRIDE}")
        return self._decide(number, person, ApprovalState.REFUSED)

    def _find(self, number: int) -> Approval:
        with self._store.begin() as db:
            row = rows.find_approval(db, number)
        if row is None:
            raise KeyError(number)
        return _approval(row)

    def _decide(self, number: int, person: Person, state: ApprovalState) -> bool:
        changes = {"state": state, "decided_by": person.badge, "decided_at_s": self._entry.now_s()}
        with self._store.begin() as db:
            decided = rows.decide_approval(db, number, changes)
        if decided:
            self._store.note(self._entry.now_s(), f"override-{state}", person.badge, str(number))
        return decided

    def _as_of_now(self, approval: Approval) -> Approval:
        state = approval.state_at(self._entry.now_s())
        return approval if state is approval.state else replace(approval, state=state)


def _approval(row: Mapping[str, Any]) -> Approval:
    return Approval(
        **{
            **row,
            "override": Override(row["override"]),
            "state": ApprovalState(row["state"]),
            "args": json.loads(row["args"]),
        }
    )
