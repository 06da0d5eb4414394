"""Four eyes: acts that need two distinct people. Pure decisions.

Source: ASVS 5.0, 2.3.5 (multi-user approval for high-value acts). Both people must be alive: the one who asked must still
be active when the other agrees, the one who agrees must be somebody else, active, with the right to approve, and in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from controller.service.people import Person
from controller.service.rights import Right

APPROVAL_LIFE_S: Final = 600
BYPASS_MINUTES_MAX: Final = 30
REASON_CHARACTERS_MAX: Final = 200


class Override(StrEnum):
    """The acts that one person cannot do alone."""

    REPRINT_AFTER_GRANT = "reprint-after-grant"
    DECLARE_LOST = "declare-lost"
    CUSTODY_TYPED = "custody-typed"
    DESTROY = "destroy"
    RECALL_AFTER_CLOSE = "recall-after-close"
    FREE_LETTER = "free-letter"
    BYPASS_CAMERA = "bypass-camera"
    GIVE_UP_JOB = "give-up-job"


class ApprovalState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"


class Refusal(StrEnum):
    """Why an approval was not accepted."""

    SAME_PERSON = "same-person"
    NO_RIGHT = "no-right"
    NOT_ACTIVE = "not-active"
    EXPIRED = "expired"
    DECIDED = "already-decided"


@dataclass(frozen=True, slots=True)
class Approval:
    """A request waiting for the second person. ``subject`` is what it is about: a uid, a tray, a camera, an item id."""

    number: int
    override: Override
    subject: str
    reason: str
    args: Mapping[str, str]
    asked_by: str
    asked_at_s: int
    state: ApprovalState
    decided_by: str = ""
    decided_at_s: int = 0

    def state_at(self, now_s: int) -> ApprovalState:
        if self.state is ApprovalState.WAITING and now_s - self.asked_at_s >= APPROVAL_LIFE_S:
            return ApprovalState.EXPIRED
        return self.state


def refuse_approval(approval: Approval, asker: Person | None, approver: Person, now_s: int) -> Refusal | None:
    """Return why ``approver`` cannot approve, or None when the act may go ahead."""
    state = approval.state_at(now_s)
    if state is ApprovalState.EXPIRED:
        return Refusal.EXPIRED
    if state is not ApprovalState.WAITING:
        return Refusal.DECIDED
    if approver.badge == approval.asked_by:
        return Refusal.SAME_PERSON
    if asker is None or not asker.active or not approver.active:
        return Refusal.NOT_ACTIVE
    if Right.REQUEST_OVERRIDE not in asker.rights or Right.APPROVE_OVERRIDE not in approver.rights:
        return Refusal.NO_RIGHT
    return None


def check_reason(reason: str) -> str:
    """Return ``reason`` trimmed.

    Raises:
        ValueError: empty or longer than 200 characters: an override without a reason is worth nothing later.
    """
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= REASON_CHARACTERS_MAX:
        raise ValueError(f"say why, in 2 to {REASON_CHARACTERS_MAX} characters")
    return reason
