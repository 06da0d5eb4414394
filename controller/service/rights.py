"""Roles, and what each may do. Pure tables: the screens, the shell and the partner API all ask here.

Nobody's right is implied by another's: a supervisor does not become an engineer, and no role can approve its own request
(see `approvals`). Source of the separation of duties: ASVS 5.0, 8.2 and 2.3.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    OPERATOR = "operator"
    POSTAL = "postal"
    QUALITY = "quality"
    SUPERVISOR = "supervisor"
    ENGINEER = "engineer"
    PARTNER = "partner"
    AUDITOR = "auditor"


class Right(StrEnum):
    SEE_LINE = "see-line"
    CONTROL_LINE = "control-line"
    SEE_PIECES = "see-pieces"
    SEE_PERSONAL_DATA = "see-personal-data"
    CUSTODY = "custody"
    REPRINT = "reprint"
    SEE_BATCHES = "see-batches"
    CLOSE_BATCH = "close-batch"
    RECALL = "recall"
    SEE_TRAYS = "see-trays"
    TRAYS = "trays"
    HAND_OVER = "hand-over"
    RETURNS = "returns"
    REQUEST_OVERRIDE = "request-override"
    APPROVE_OVERRIDE = "approve-override"
    SEE_AUDIT = "see-audit"
    SEE_KPI = "see-kpi"
    SEE_TEMPLATES = "see-templates"
    RELEASE_TEMPLATE = "release-template"
    MANAGE_PEOPLE = "manage-people"
    MANAGE_PARTNERS = "manage-partners"
    TRAIN = "train"


_R = Right
_FLOOR: Final = frozenset({_R.SEE_LINE, _R.SEE_PIECES, _R.SEE_BATCHES, _R.SEE_TRAYS, _R.TRAIN})

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        Role.OPERATOR: _FLOOR | {_R.CONTROL_LINE, _R.CUSTODY, _R.REPRINT, _R.TRAYS, _R.REQUEST_OVERRIDE},
        Role.POSTAL: _FLOOR | {_R.TRAYS, _R.HAND_OVER, _R.RETURNS, _R.SEE_PERSONAL_DATA},
        Role.QUALITY: _FLOOR
        | {
            _R.CUSTODY,
            _R.SEE_KPI,
            _R.SEE_AUDIT,
            _R.SEE_TEMPLATES,
            _R.RELEASE_TEMPLATE,
            _R.REQUEST_OVERRIDE,
            _R.SEE_PERSONAL_DATA,
        },
        Role.SUPERVISOR: _FLOOR
        | {
            _R.CONTROL_LINE,
            _R.CUSTODY,
            _R.REPRINT,
            _R.CLOSE_BATCH,
            _R.RECALL,
            _R.TRAYS,
            _R.HAND_OVER,
            _R.RETURNS,
            _R.REQUEST_OVERRIDE,
            _R.APPROVE_OVERRIDE,
            _R.SEE_AUDIT,
            _R.SEE_KPI,
            _R.SEE_TEMPLATES,
            _R.SEE_PERSONAL_DATA,
            _R.MANAGE_PEOPLE,
            _R.MANAGE_PARTNERS,
        },
        Role.ENGINEER: _FLOOR | {_R.CONTROL_LINE, _R.SEE_KPI, _R.SEE_TEMPLATES, _R.REQUEST_OVERRIDE},
        # A partner signs in nowhere on the floor: a partner holds a token of the partner API.
        Role.PARTNER: frozenset(),
        Role.AUDITOR: frozenset({_R.SEE_LINE, _R.SEE_PIECES, _R.SEE_BATCHES, _R.SEE_TRAYS, _R.SEE_AUDIT, _R.SEE_KPI}),
    }
)

HUMAN_ROLES: Final = tuple(role for role in Role if role is not Role.PARTNER)


def rights_of(roles: Iterable[Role]) -> frozenset[Right]:
    """Return the union of the rights of ``roles``."""
    return frozenset().union(*(RIGHTS[role] for role in roles))


def mask_name(name: str) -> str:
    """Hide all of a personal name but its first character, keeping its length readable: 王小明 → 王＊＊."""
    return name[:1] + "＊" * max(len(name) - 1, 0)
