"""Where a letter goes after the counter: a seeded journey of events as the post tells them, with the disorder in which they arrive. Pure.

Codes and names are those seen in public code that reads China Post tracking; no official list is public.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Code(StrEnum):
    """What is told of a letter on its way."""

    ACCEPTED = "203"
    AT_SORTING = "954"
    LEFT_SORTING = "389"
    AT_DELIVERY = "306"
    OUT_FOR_DELIVERY = "702"
    NOT_DELIVERED = "705"
    DELIVERED = "704"
    RETURNED = "708"


SORTING, OFFICE = "平江处理中心", "云海投递部"
PLACES = {
    Code.ACCEPTED: "平江收寄局",
    Code.AT_SORTING: SORTING,
    Code.LEFT_SORTING: SORTING,
}


@dataclass(frozen=True, slots=True)
class Told:
    """One tracking event as it is uploaded. ``event_id`` is the same whenever it is told again."""

    event_id: str
    item: str
    code: Code
    at: datetime
    place: str

    def plain(self) -> dict[str, str]:
        """Return it as the partner API wants it."""
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"event_id": self.event_id, "item": self.item, "code": str(self.code), "at": at, "place": self.place}


@dataclass(frozen=True, slots=True)
class PostPlan:
    """How this post behaves. Shares are of letters or of messages, 0 to 1.

    ``returned``: letters that come back; ``second_try``: letters delivered only at the second attempt; ``repeated``: messages sent twice;
    ``lost_answers``: requests whose answer is cut off and that are sent again; ``shuffled``: events arrive in any order.
    """

    returned: float = 0.04
    second_try: float = 0.15
    repeated: float = 0.1
    lost_answers: float = 0.05
    shuffled: bool = True


def journey(item: str, accepted_at: datetime, plan: PostPlan, seed: int) -> list[Told]:
    """Return all events of one letter, in the order they happen. The same seed and item give the same journey."""
    rng = random.Random(f"{seed} {item}")
    codes = [Code.ACCEPTED, Code.AT_SORTING, Code.LEFT_SORTING, Code.AT_DELIVERY, Code.OUT_FOR_DELIVERY]
    if rng.random() < plan.returned:
        codes += [Code.NOT_DELIVERED, Code.OUT_FOR_DELIVERY, Code.NOT_DELIVERED, Code.RETURNED]
    elif rng.random() < plan.second_try:
        codes += [Code.NOT_DELIVERED, Code.OUT_FOR_DELIVERY, Code.DELIVERED]
    else:
        codes += [Code.DELIVERED]
    at, told = accepted_at, []
    for place, code in enumerate(codes):
        told.append(Told(f"{item}-{place}", item, code, at, PLACES.get(code, OFFICE)))
        at += timedelta(minutes=rng.uniform(40, 900))
    return told


def arrivals(journeys: Sequence[Sequence[Told]], plan: PostPlan, rng: random.Random) -> list[Told]:
    """Return every event as it reaches the sender: some twice, and in any order when the plan says so."""
    told = [event for one in journeys for event in one]
    told += [event for event in told if rng.random() < plan.repeated]
    if plan.shuffled:
        rng.shuffle(told)
    else:
        told.sort(key=lambda event: event.at)
    return told
