"""Trends of print quality: warns while every code still reads, because a no-read is already a letter printed twice.

One chart per printer, camera, window and parameter. The first pieces set the baseline; after that an exponentially
weighted mean is watched by three rules (Montgomery, Statistical Quality Control, 9.2): out of its control limits, a
run of pieces on the worse side, and a straight decline that will reach the failing level soon. Pure: no clock, no
file; the order of pieces is the only time there is.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from vision.readings import Grade

BASELINE_PIECES = 50
WEIGHT = 0.08
LIMIT_SIGMAS = 4.0
RUN_LENGTH = 25
SLOPE_PIECES = 200
SLOPE_ERRORS = 5.0
FORECAST_PIECES = 2_000
SIGMA_FLOOR = 0.01

WATCHED = {
    "contrast": 0.20,
    "modulation": 0.20,
    "decodability": 0.25,
    "unused_correction": 0.25,
    "light_columns": -0.5,
}
"""Parameters followed, all the better the larger, and the level at which a symbol fails (grade F)."""


class Rule(StrEnum):
    """Which rule rang."""

    BEYOND_LIMIT = "beyond-limit"
    RUN = "run-on-worse-side"
    DECLINE = "decline"
    MISSING_LINE = "missing-nozzle-line"


@dataclass(frozen=True, slots=True)
class ChartKey:
    """What is followed: one parameter of one window, as one printer's sheets show it to one camera."""

    printer: str
    camera: str
    window: str
    parameter: str


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """An early warning. ``pieces_left`` is the forecast until failure, None when the rule makes none."""

    key: ChartKey
    rule: Rule
    piece: int
    baseline: float
    level: float
    pieces_left: int | None


@dataclass(slots=True)
class _Chart:
    floor: float
    seen: int = 0
    mean: float = 0.0
    squares: float = 0.0
    level: float = 0.0
    run: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=SLOPE_PIECES))
    ringing: set[Rule] = field(default_factory=set)

    @property
    def sigma(self) -> float:
        return max(SIGMA_FLOOR, math.sqrt(self.squares / max(1, min(self.seen, BASELINE_PIECES) - 1)))


class PrintTrends:
    """All charts of a line. ``follow`` takes one graded piece and returns the warnings that begin with it."""

    def __init__(self) -> None:
        self._charts: dict[ChartKey, _Chart] = {}
        self._pieces: dict[tuple[str, str, str], int] = {}

    def follow(
        self, printer: str, camera: str, window: str, grade: Grade, light_columns: int = 0
    ) -> list[EarlyWarning]:
        """Add one graded symbol; each rule rings once when it starts to hold and again only after it ceased.

        ``light_columns`` is how many missing nozzle lines were seen in this symbol (`vision.nozzle`).
        """
        place = (printer, camera, window)
        piece = self._pieces[place] = self._pieces.get(place, 0) + 1
        warnings: list[EarlyWarning] = []
        values = {**grade.measured, "light_columns": -float(light_columns)}
        for parameter, floor in WATCHED.items():
            if parameter in values:
                key = ChartKey(printer, camera, window, parameter)
                chart = self._charts.setdefault(key, _Chart(floor))
                warnings += _follow(key, chart, values[parameter], piece)
        return warnings

    def start_over(self, printer: str) -> None:
        """Forget the baselines of one printer: after its head was cleaned or its toner changed."""
        for key in [key for key in self._charts if key.printer == printer]:
            del self._charts[key]


def _follow(key: ChartKey, chart: _Chart, value: float, piece: int) -> list[EarlyWarning]:
    chart.seen += 1
    chart.recent.append(value)
    if chart.seen <= BASELINE_PIECES:
        before = chart.mean
        chart.mean += (value - before) / chart.seen
        chart.squares += (value - before) * (value - chart.mean)
        chart.level = chart.mean
        return []
    chart.level += WEIGHT * (value - chart.level)
    chart.run = chart.run + 1 if value < chart.mean else 0
    holding = dict(_rules(key, chart))
    fresh = [rule for rule in holding if rule not in chart.ringing]
    chart.ringing = set(holding)
    return [EarlyWarning(key, rule, piece, chart.mean, chart.level, holding[rule]) for rule in fresh]


def _rules(key: ChartKey, chart: _Chart) -> list[tuple[Rule, int | None]]:
    """Return the rules that hold now, with the forecast of pieces left where there is one."""
    if key.parameter == "light_columns":
        return [(Rule.MISSING_LINE, None)] if chart.level < chart.mean - 0.5 else []
    sigma_of_level = chart.sigma * math.sqrt(WEIGHT / (2 - WEIGHT) + 1 / BASELINE_PIECES)
    rules: list[tuple[Rule, int | None]] = []
    if chart.level < chart.mean - LIMIT_SIGMAS * sigma_of_level:
        rules.append((Rule.BEYOND_LIMIT, None))
    if chart.run >= RUN_LENGTH:
        rules.append((Rule.RUN, None))
    left = _pieces_left(chart)
    if left is not None and left <= FORECAST_PIECES:
        rules.append((Rule.DECLINE, left))
    return rules


def _pieces_left(chart: _Chart) -> int | None:
    """Fit a line through the recent values; when it falls for sure, return when it reaches the failing level."""
    count = len(chart.recent)
    if count < SLOPE_PIECES:
        return None
    middle = (count - 1) / 2
    mean = sum(chart.recent) / count
    spread = sum((place - middle) ** 2 for place in range(count))
    slope = sum((place - middle) * (value - mean) for place, value in enumerate(chart.recent)) / spread
    residual = sum((value - mean - slope * (place - middle)) ** 2 for place, value in enumerate(chart.recent))
    error = math.sqrt(residual / (count - 2) / spread)
    if slope >= -SLOPE_ERRORS * max(error, 1e-9):
        return None
    now = mean + slope * middle
    return max(0, int((chart.floor - now) / slope))
