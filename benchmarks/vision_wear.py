"""A SIMULATED print head that wears: do the alarms ring while every mark still reads?"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from benchmarks import frames, stress
from benchmarks.report import Report
from simulator import optics
from vision.grading.matrix import sample_symbol
from vision.nozzle import missing_lines
from vision.reader import PieceReader
from vision.trends import EarlyWarning, PrintTrends, Rule

GOOD_PIECES = 200
NOZZLES = 6
LEVEL = optics.Level(
    "steady", tilt_deg=1.0, motion_px=(0.2, 0.5), defocus_px=(0.2, 0.4), noise_sigma=(3.0, 4.0)
)  # a camera as it should be set up


@dataclass(frozen=True, slots=True)
class Wear:
    """One run: the pieces graded until the first no-read (or all), its number (0: none) and the warnings on the way."""

    pieces: int
    first_no_read: int
    warnings: tuple[EarlyWarning, ...]

    @property
    def first_warning(self) -> int:
        return min((warning.piece for warning in self.warnings), default=0)

    @property
    def lead(self) -> int:
        """Pieces between the first warning and the first no-read; negative or 0 when it came too late or never."""
        end = self.first_no_read or self.pieces + 1
        return end - (self.first_warning or end)

    @property
    def names_the_line(self) -> bool:
        return any(warning.rule is Rule.MISSING_LINE for warning in self.warnings)


def wear(seed: int, pieces: int = 2_000, worn_per_piece: float = 1 / 1_500) -> Wear:
    """Print and read pieces with nozzles over the mark that clog slowly after the first `GOOD_PIECES`.

    ``worn_per_piece`` is the share of a full clog (a white line of 0.5 mm, a module) that each piece adds.
    """
    reader = PieceReader(replace(stress.profiles()["mark"], grade=True), clock=time.thread_time)
    trends = PrintTrends()
    warnings: list[EarlyWarning] = []
    rng = np.random.default_rng([seed, 19])
    for piece, symbols in enumerate(frames.stock(seed + 19, pieces), start=1):
        paper, (left, _) = stress.drawn(symbols, "mark")
        worn = max(0.0, (piece - GOOD_PIECES) * worn_per_piece)
        for line in range(NOZZLES):
            x_mm = left + 1.0 + 1.4 * line + 0.02 * float(rng.normal())
            optics.missing_line(paper, frames.RASTER, worn * 0.5, x_mm)
        image = stress.photographed(paper, LEVEL, rng)
        reading = reader.read(image, 0.1).of("mark")
        if reading is None or reading.grade is None:
            return Wear(piece, piece, tuple(warnings))
        sampled = sample_symbol(image, reading.corners, reading.payload)
        places = [line.x_mm for line in missing_lines(sampled, 0.5)] if sampled is not None else []
        warnings += trends.follow("printer", "exit", "mark", reading.grade, places)
    return Wear(pieces, 0, tuple(warnings))


def nozzle_wear(report: Report, seed: int) -> None:
    """Nozzles that clog slowly over 1,500 pieces: how many pieces before the first no-read the alarm rings."""
    run = wear(seed)
    false = [warning for warning in run.warnings if warning.piece <= GOOD_PIECES]
    report.add("nozzle wear: alarm before the first no-read", run.lead, "pieces", at_least=200)
    report.add("nozzle wear: false alarms on the 200 good pieces", len(false), "alarms", at_most=0)
    report.add("nozzle wear: named as a missing nozzle line", float(run.names_the_line), "yes=1", at_least=1)
