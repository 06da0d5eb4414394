"""When a batch will be finished, learned from how it really ran: stops, set sizes and reprints are in the measured yield. Pure.

The trade types a speed by hand and ignores duplex and set size (field.md §4): here nothing is typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PIECES_MIN: Final = 10
WINDOW_S: Final = 1800
IDLE_S: Final = 1800


@dataclass(frozen=True, slots=True)
class Estimate:
    """``per_hour`` is the measured yield, stops included; the finish lies between the two times with the spread seen so far."""

    per_hour: float
    early_unix_ns: int
    late_unix_ns: int


def estimate(done_unix_ns: Sequence[int], left: int, now_unix_ns: int) -> Estimate | None:
    """Return when ``left`` pieces will be done, given the times of those already in a tray (oldest first).

    The yield is that of the last half hour, stops included; early and late come from its better and worse third.
    None while fewer than ten pieces are out, or nothing came out for half an hour.
    """
    since = now_unix_ns - WINDOW_S * 10**9
    recent = [at for at in done_unix_ns if since <= at <= now_unix_ns]
    if len(recent) < PIECES_MIN or now_unix_ns - recent[-1] > IDLE_S * 10**9:
        return None
    span_ns = max(now_unix_ns - recent[0], 1)
    rate = len(recent) / span_ns
    thirds = _rates_of_thirds(recent, now_unix_ns)
    fast, slow = max([*thirds, rate]), max(min([*thirds, rate]), rate / 4)
    return Estimate(rate * 3600e9, now_unix_ns + int(left / fast), now_unix_ns + int(left / slow))


def _rates_of_thirds(times: Sequence[int], now_unix_ns: int) -> list[float]:
    edges = [times[0] + (now_unix_ns - times[0]) * part // 3 for part in range(4)]
    width = max(edges[1] - edges[0], 1)
    return [sum(edges[part] <= at < edges[part + 1] + (part == 2) for at in times) / width for part in range(3)]
