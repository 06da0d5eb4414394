"""When a batch will be finished, learned from how it really ran: stops, set sizes and reprints are measured, nothing is typed. Pure.

The trade types a speed by hand and ignores duplex and set size (field.md §4). A letter printed on both sides has half the sheets, so the
sheets of a letter stand for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

PIECES_MIN: Final = 10
WINDOW_S: Final = 1800
SPREAD_MAX: Final = 2.0
"""A third of the time with one long stop, or one long run, does not speak for the whole rest by more than this."""
STOP_FACTOR: Final = 5.0
"""A gap so many times longer than the middle one is a stop, not the pace of the machine."""


@dataclass(frozen=True, slots=True)
class Out:
    """One piece that fell into a tray, and how many sheets are in it."""

    at_unix_ns: int
    sheets: int = 1


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one piece takes while the machine runs, and the share of the time it does run."""

    per_piece_ns: float
    per_sheet_ns: float
    running: float

    def of(self, sheets: int) -> float:
        """Return the time a piece with so many sheets takes, stops included, in ns."""
        return (self.per_piece_ns + self.per_sheet_ns * sheets) / self.running


@dataclass(frozen=True, slots=True)
class Estimate:
    """``per_hour`` is the measured yield, stops included; the finish is expected at ``finish``, between the two other times if the line
    goes on as in its better or its worse third of the last half hour."""

    per_hour: float
    finish_unix_ns: int
    early_unix_ns: int
    late_unix_ns: int


def estimate(out: Sequence[Out], left: Mapping[int, float], spoiled: float, now_unix_ns: int) -> Estimate | None:
    """Return when what is ``left`` (sheets per letter → letters) will be done, given what came out so far, oldest first.

    ``spoiled`` is how many pieces were lost to rejects for each one that came out: so many more will have to be made again. The yield is
    that of the last half hour, stops included. None while fewer than ten pieces
    are out, or none came in the last half hour.
    """
    recent = [one for one in out if now_unix_ns - WINDOW_S * 10**9 <= one.at_unix_ns <= now_unix_ns]
    if len(recent) < PIECES_MIN:
        return None
    pace = learn(recent, now_unix_ns)
    work_ns = (1 + max(spoiled, 0.0)) * sum(pace.of(sheets) * count for sheets, count in left.items())
    rate = len(recent) / max(now_unix_ns - recent[0].at_unix_ns, 1)
    thirds = _rates_of_thirds([one.at_unix_ns for one in recent], now_unix_ns)
    fast, slow = min(max(thirds), rate * SPREAD_MAX), max(min(thirds), rate / SPREAD_MAX)
    finish, early, late = (now_unix_ns + int(work_ns * rate / one) for one in (rate, max(fast, rate), min(slow, rate)))
    return Estimate(rate * 3600e9, finish, early, late)


def learn(recent: Sequence[Out], now_unix_ns: int) -> Pace:
    """Return the pace of at least two pieces, oldest first: least squares of their gaps over their sheets, long gaps being stops."""
    gaps = [(later.at_unix_ns - one.at_unix_ns, later.sheets) for one, later in pairwise(recent)]
    middle = sorted(gap for gap, _ in gaps)[len(gaps) // 2]
    moving = [(gap, sheets) for gap, sheets in gaps if gap <= STOP_FACTOR * max(middle, 1)]
    moving_ns = sum(gap for gap, _ in moving)
    mean_gap, mean_sheets = moving_ns / len(moving), sum(sheets for _, sheets in moving) / len(moving)
    spread = sum((sheets - mean_sheets) ** 2 for _, sheets in moving)
    slope = sum((gap - mean_gap) * (sheets - mean_sheets) for gap, sheets in moving) / spread if spread else 0.0
    slope = min(max(slope, 0.0), mean_gap / mean_sheets)
    # Gaps that are stops moved one piece each; the time since the last piece counts as the beginning of one.
    share = (moving_ns + (len(gaps) - len(moving)) * mean_gap) / max(now_unix_ns - recent[0].at_unix_ns, 1)
    return Pace(mean_gap - slope * mean_sheets, slope, min(max(share, 1e-6), 1.0))


def _rates_of_thirds(times: Sequence[int], now_unix_ns: int) -> list[float]:
    edges = [times[0] + (now_unix_ns - times[0]) * part // 3 for part in range(4)]
    width = max(edges[1] - edges[0], 1)
    return [sum(edges[part] <= at < edges[part + 1] + (part == 2) for at in times) / width for part in range(3)]
