"""Trends of print quality: warns while every code still reads, because a no-read is already a letter printed twice.

One chart per printer, camera, window and parameter. The first pieces set the baseline; after that an exponentially
weighted mean is watched by three rules (Montgomery, Statistical Quality Control, 9.2): out of its control limits, a
run of pieces on the worse side, and a straight decline that will reach the failing level soon. What is significant is
not yet worth a walk to the printer: no rule rings before a notable part of the way to the failing level is gone, so
light that drifts by a few per cent and a lucky baseline stay silent. Pieces remember: what follows one poor piece is
often poor too, so the limits are as wide as the memory of the baseline makes them. A missing nozzle line is named once the same
place has been without ink in most of the last pieces. Pure: no clock, no file; the order of pieces is the only time
there is.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from vision.readings import Grade

BASELINE_PIECES = 100
WEIGHT = 0.05
LIMIT_SIGMAS = 5.0
RUN_LENGTH = 40
SLOPE_PIECES = 200
SLOPE_ERRORS = 5.0
FORECAST_PIECES = 2_000
SIGMA_FLOOR = 0.01
NOTABLE_SHARE = 0.15
"""Share of the way from baseline to failing level that must be gone before a rule rings."""
NOTABLE_MIN = 0.03
DRIFT_ALLOWED = 0.02
"""How far light alone may move a parameter in a day."""
MEMORY_ERROR = 0.1
"""Standard error of a correlation taken from `BASELINE_PIECES` pieces: the memory is taken to be larger by this."""
MEMORY_MAX = 0.9
LINE_WEIGHT = 0.08
LINE_SURE = 0.7
OUTLIER_SIGMAS = 3.0
"""No piece counts as farther off than this (or twice the notable drop): one bad scan is not a trend."""
SAME_LINE_MM = 0.75
"""A line between two modules is seen now in one, now in the other."""

WATCHED = {
    "contrast": 0.20,
    "modulation": 0.20,
    "decodability": 0.25,
    "unused_correction": 0.25,
}
"""Parameters followed, all the better the larger, and the level at which a symbol fails (grade F)."""
LINES = "missing_line"


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
    """An early warning. ``pieces_left`` is the forecast until failure, None when the rule makes none.

    ``x_mm`` is the place of a missing line from the left edge of the mark, None with other rules.
    """

    key: ChartKey
    rule: Rule
    piece: int
    baseline: float
    level: float
    pieces_left: int | None = None
    x_mm: float | None = None


@dataclass(slots=True)
class _Slope:
    """Straight line through the last values, by sums that are carried along."""

    values: deque[float] = field(default_factory=deque)
    total: float = 0.0
    squares: float = 0.0
    placed: float = 0.0
    """Sum of value times place, the oldest value at place 0."""

    def add(self, value: float) -> None:
        if len(self.values) == SLOPE_PIECES:
            oldest = self.values.popleft()
            self.total -= oldest
            self.squares -= oldest * oldest
            self.placed -= self.total
        self.placed += len(self.values) * value
        self.total += value
        self.squares += value * value
        self.values.append(value)

    def fall(self, memory: float) -> tuple[float, float] | None:
        """Return slope per piece and fitted value of the newest piece when the values fall for sure, else None.

        ``memory`` is the correlation of a piece with the one before: it widens the error of the slope.
        """
        count = len(self.values)
        if count < SLOPE_PIECES:
            return None
        middle, mean = (count - 1) / 2, self.total / count
        spread = count * (count * count - 1) / 12
        slope = (self.placed - middle * self.total) / spread
        residual = max(0.0, self.squares - count * mean * mean - slope * slope * spread)
        error = math.sqrt(residual / (count - 2) / spread * (1 + memory) / (1 - memory))
        return (slope, mean + slope * middle) if slope < -SLOPE_ERRORS * max(error, 1e-9) else None


@dataclass(slots=True)
class _Chart:
    floor: float
    seen: int = 0
    mean: float = 0.0
    squares: float = 0.0
    level: float = 0.0
    run: int = 0
    last: float = 0.0
    crossed: float = 0.0
    """Sum over the baseline of each piece's distance from the mean times that of the piece before."""
    slope: _Slope = field(default_factory=_Slope)
    ringing: set[Rule] = field(default_factory=set)

    @property
    def sigma(self) -> float:
        return max(SIGMA_FLOOR, math.sqrt(self.squares / max(1, min(self.seen, BASELINE_PIECES) - 1)))

    @property
    def memory(self) -> float:
        """Correlation of a piece with the one before, as the baseline may have it at most."""
        seen = self.crossed / self.squares if self.squares > 0 else 0.0
        return min(MEMORY_MAX, max(0.0, seen + MEMORY_ERROR))

    @property
    def sigma_of_level(self) -> float:
        """How far the weighted mean of healthy pieces strays from their baseline, that one's own error included."""
        kept = self.memory * (1 - WEIGHT)
        of_mean = (1 + self.memory) / (1 - self.memory) / BASELINE_PIECES
        return self.sigma * math.sqrt(WEIGHT / (2 - WEIGHT) * (1 + kept) / (1 - kept) + of_mean)

    @property
    def notable(self) -> float:
        """The level below which a rule may ring."""
        return self.mean - max(NOTABLE_MIN, NOTABLE_SHARE * (self.mean - self.floor))


@dataclass(slots=True)
class _Line:
    """A place that has lacked ink: how often of late, and whether that has been said."""

    x_mm: float
    level: float = LINE_WEIGHT
    said: bool = False


class PrintTrends:
    """All charts of a line. ``follow`` takes one graded piece and returns the warnings that begin with it."""

    def __init__(self) -> None:
        self._charts: dict[ChartKey, _Chart] = {}
        self._lines: dict[ChartKey, list[_Line]] = {}
        self._pieces: dict[tuple[str, str, str], int] = {}

    def follow(
        self, printer: str, camera: str, window: str, grade: Grade, lines_mm: Sequence[float] = ()
    ) -> list[EarlyWarning]:
        """Add one graded symbol; each rule rings once when it starts to hold and again only after it ceased.

        ``lines_mm`` are the places of missing nozzle lines seen in this symbol (`vision.nozzle`).
        """
        place = (printer, camera, window)
        piece = self._pieces[place] = self._pieces.get(place, 0) + 1
        warnings: list[EarlyWarning] = []
        for parameter, floor in WATCHED.items():
            if parameter in grade.measured:
                key = ChartKey(printer, camera, window, parameter)
                chart = self._charts.setdefault(key, _Chart(floor))
                warnings += _follow(key, chart, grade.measured[parameter], piece)
        key = ChartKey(printer, camera, window, LINES)
        warnings += _follow_lines(key, self._lines.setdefault(key, []), lines_mm, piece)
        return warnings

    def start_over(self, printer: str) -> None:
        """Forget the baselines of one printer: after its head was cleaned or its toner changed."""
        for key in [key for key in self._charts if key.printer == printer]:
            del self._charts[key]
        for key in [key for key in self._lines if key.printer == printer]:
            del self._lines[key]


def _follow_lines(key: ChartKey, lines: list[_Line], seen_mm: Sequence[float], piece: int) -> list[EarlyWarning]:
    """Follow every place that lacked ink; one that stays is a nozzle, one that moves about is dust or a fold."""
    warnings = []
    for line in lines:
        line.level += LINE_WEIGHT * (any(abs(x - line.x_mm) <= SAME_LINE_MM for x in seen_mm) - line.level)
        if line.level >= LINE_SURE and not line.said:
            line.said = True
            warnings.append(EarlyWarning(key, Rule.MISSING_LINE, piece, 0.0, line.level, x_mm=line.x_mm))
        line.said = line.said and line.level >= LINE_SURE / 2
    fresh = [x for x in seen_mm if not any(abs(x - line.x_mm) <= SAME_LINE_MM for line in lines)]
    lines[:] = [line for line in lines if line.level >= LINE_WEIGHT / 4] + [_Line(x) for x in fresh]
    return warnings


def _follow(key: ChartKey, chart: _Chart, value: float, piece: int) -> list[EarlyWarning]:
    chart.seen += 1
    chart.slope.add(value)
    if chart.seen <= BASELINE_PIECES:
        before = chart.mean
        chart.mean += (value - before) / chart.seen
        if chart.seen > 1:
            chart.crossed += (value - chart.mean) * (chart.last - chart.mean)
        chart.last = value
        chart.squares += (value - before) * (value - chart.mean)
        chart.level = chart.mean
        return []
    least = chart.mean - max(OUTLIER_SIGMAS * chart.sigma, 2 * (chart.mean - chart.notable))
    chart.level += WEIGHT * (max(value, least) - chart.level)
    chart.run = chart.run + 1 if value < chart.mean else 0
    holding = dict(_rules(chart))
    fresh = [rule for rule in holding if rule not in chart.ringing]
    chart.ringing = set(holding)
    return [EarlyWarning(key, rule, piece, chart.mean, chart.level, holding[rule]) for rule in fresh]


def _rules(chart: _Chart) -> list[tuple[Rule, int | None]]:
    """Return the rules that hold now, with the forecast of pieces left where there is one."""
    rules: list[tuple[Rule, int | None]] = []
    if chart.level <= chart.notable:
        beyond = chart.mean - DRIFT_ALLOWED - LIMIT_SIGMAS * chart.sigma_of_level
        if chart.level < beyond:
            rules.append((Rule.BEYOND_LIMIT, None))
        if chart.run >= RUN_LENGTH * (1 + chart.memory) / (1 - chart.memory):
            rules.append((Rule.RUN, None))
    fall = chart.slope.fall(chart.memory)
    if fall is not None and fall[1] <= chart.notable:
        left = max(0, int((chart.floor - fall[1]) / fall[0]))
        if left <= FORECAST_PIECES:
            rules.append((Rule.DECLINE, left))
    return rules
