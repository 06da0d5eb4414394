"""What the doctor found, in words for the person who has to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    GOOD = "good"
    NOTE = "note"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """``what``, ``seen`` and ``do`` are "中文 / English"; ``do`` is empty when nothing is to be done."""

    what: str
    health: Health
    seen: str
    do: str = ""
