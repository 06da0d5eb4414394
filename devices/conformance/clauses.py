"""The list of clauses: what each checks and where the document says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from devices.conformance.host import TestHost

Check = Callable[[TestHost], None]


@dataclass(frozen=True, slots=True)
class Clause:
    """``paper``: needs sheets in the feeder. The check raises ``NotKept`` or ``NotTested``."""

    number: str
    section: str
    text: str
    paper: bool
    check: Check


CLAUSES: list[Clause] = []


def clause(number: str, section: str, text: str, paper: bool = False) -> Callable[[Check], Check]:
    """Enter a check into the list."""

    def enter(check: Check) -> Check:
        CLAUSES.append(Clause(number, section, text, paper, check))
        return check

    return enter
