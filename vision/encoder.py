"""Does the belt's encoder bear out the camera's triggers? Pure: two exposures in, a doubt or nothing out.

A trigger count says which exposure it was, not that a piece lay there: a bouncing light barrier or a disturbed cable
fires a camera once too often, and from then on every reading belongs to the neighbour. The encoder knows how far the
belt went between two exposures. A doubt can only take a reading away; that the distance fits makes nothing good.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SPEED_PLAY = 1.25
"""The belt may seem this much faster than it can run: exposure time stamps of cheap cameras jitter."""
US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Exposed:
    """When and where on the belt one exposure was made. ``device_us`` by the camera's clock; ``pulses`` None: no count came."""

    trigger: int
    device_us: int
    pulses: int | None


@dataclass(frozen=True, slots=True)
class BeltRule:
    """What the encoder may count between exposures.

    ``pitch_pulses`` is the least distance between two pieces. ``pulses_per_s`` is the belt at its fastest, 0 when not
    known. ``required``: a frame without a count is in doubt too.
    """

    pitch_pulses: int = 1
    pulses_per_s: float = 0.0
    required: bool = False

    def __post_init__(self) -> None:
        if self.pitch_pulses < 1 or self.pulses_per_s < 0:
            raise ValueError("two pieces are at least one pulse apart, and no belt runs at less than nothing a second")


ANY_BELT = BeltRule()
"""For a camera of whose belt nothing is known: where counts come, they must at least rise."""


class Doubt(StrEnum):
    """Why the belt's count does not bear out a trigger."""

    SURPLUS = "trigger-without-piece"
    """Nearer to the exposure before than two pieces can be: the camera now counts otherwise than the machine."""
    MISCOUNT = "belt-count-implausible"
    """Backwards, missing, or farther than the belt runs in the time: the encoder is wrong, or the camera's words are."""


def doubt_of(rule: BeltRule, before: Exposed | None, now: Exposed) -> Doubt | None:
    """Judge an exposure by the one before it in the same camera session (None: it is the first).

    Between triggers n and n+k lie k pitches, whether or not the frames between them came.
    """
    if now.pulses is None:
        lost_count = before is not None and before.pulses is not None
        return Doubt.MISCOUNT if rule.required or lost_count else None
    if before is None or before.pulses is None:
        return None
    run = now.pulses - before.pulses
    if run < 0:
        return Doubt.MISCOUNT
    if run < rule.pitch_pulses * (now.trigger - before.trigger):
        return Doubt.SURPLUS
    if rule.pulses_per_s:
        elapsed_s = max(0, now.device_us - before.device_us) / US_PER_S
        if run > rule.pulses_per_s * elapsed_s * SPEED_PLAY:
            return Doubt.MISCOUNT
    return None
