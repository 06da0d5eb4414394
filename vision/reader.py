"""Reads the marks of one frame under a time budget, and never guesses.

The cascade runs cheapest first, and every step is tried on all open windows before the next step is tried on any, so a
hopeless code cannot eat the time of a good one. A step that would probably overrun the budget is not started: its
cost is known from earlier frames. Rules that decide what counts (all may only turn a reading into a no-read):

* the payload has the form of its window (the grammar callback);
* a matrix code keeps at least ``uec_floor`` of its error correction unused;
* a linear code, whose only protection is a check character, is confirmed by an independent witness;
* two valid values in one window, from any engine at any step, are a disagreement: no reading.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vision import enhance
from vision.engines import Decoded, Engine, ZbarEngine, ZxingEngine
from vision.enhance import View
from vision.grading import grade_symbol
from vision.readings import FrameReading, Grade, NoRead, Path, Reading, ReadProfile, Symbology, Window
from vision.witness import confirm_linear, warm_witness

Gray = NDArray[np.uint8]

HASHED_BYTES_MAX = 128 * 1024
COST_DECAY = 0.97
CODE_MARGIN_MM = 3.0
WIDER_MARGIN_MM = 10.0


@dataclass(slots=True)
class _Search:
    """What is known so far about one window of one frame."""

    window: Window
    symbologies: tuple[Symbology, ...]
    view: View
    module_px: float
    reading: Reading | None = None
    reason: NoRead = NoRead.NOTHING_FOUND
    pending: dict[str, tuple[Decoded, str, Path]] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        return self.reading is None and self.reason is not NoRead.DISAGREEMENT


@dataclass(frozen=True, slots=True)
class _Step:
    path: Path
    engine: Engine
    prepare: Callable[[_Search], Iterable[View]]


class PieceReader:
    """Reads frames of one camera. Not shared between threads: give each worker its own reader.

    ``clock`` returns seconds and only ever measures differences.
    """

    def __init__(self, profile: ReadProfile, clock: Callable[[], float] = time.perf_counter) -> None:
        self.profile = profile
        self._clock = clock
        self._zxing = ZxingEngine()
        self._zbar = ZbarEngine()
        self._steps = self._cascade()
        self._cost_s: dict[tuple[str, Path], float] = {}
        self._frame: Gray = np.zeros((1, 1), np.uint8)

    def warm(self, shape: tuple[int, int]) -> None:
        """Run every step once on a frame of noise, so that compilation and first costs fall before the line starts."""
        warm_witness()
        noise = np.random.default_rng(0).integers(90, 160, shape).astype(np.uint8)
        self.read(noise, deadline_s=60.0)
        self._cost_s.clear()
        self.read(noise, deadline_s=60.0)

    def read(self, gray: Gray, deadline_s: float = 0.025) -> FrameReading:
        """Read all windows of ``gray`` (uint8, height x width) within ``deadline_s`` seconds from now."""
        if gray.ndim != 2 or gray.dtype != np.uint8:
            raise ValueError(f"a frame is a two-dimensional uint8 array, not {gray.dtype} with shape {gray.shape}")
        started = self._clock()
        ends = started + deadline_s
        self._frame = gray
        searches = [self._search(gray, window) for window in self.profile.windows]
        for step in self._steps:
            for search in searches:
                if not search.open:
                    continue
                if self._clock() + self._cost_s.get((search.window.name, step.path), 0.0) > ends:
                    if search.reason is NoRead.NOTHING_FOUND:
                        search.reason = NoRead.OUT_OF_TIME
                    continue
                self._run(step, search, started)
            if not any(search.open for search in searches):
                break
        return self._answer(gray, searches, started)

    def _cascade(self) -> tuple[_Step, ...]:
        fast, second = self._zxing, self._zbar
        steps = [
            _Step(Path.FAST, fast, lambda s: (s.view,)),
            _Step(Path.GAUSS, fast, lambda s: (enhance.smoothed(s.view),)),
            _Step(Path.ADAPTIVE, fast, lambda s: (enhance.binarised(s.view, s.module_px),)),
            _Step(Path.UPSCALED, fast, lambda s: (enhance.upscaled(s.view),)),
            _Step(Path.SECOND_ENGINE, second, lambda s: (enhance.smoothed(s.view),)),
            _Step(Path.CLOSED, fast, lambda s: (enhance.closed(s.view, s.module_px),)),
            _Step(Path.DESKEWED, fast, self._deskewed),
            _Step(Path.WIDER, fast, lambda s: (self._region(self._frame, s.window, WIDER_MARGIN_MM),)),
        ]
        if self.profile.full_frame:
            steps.append(_Step(Path.FULL_FRAME, fast, lambda s: (View(self._frame, np.eye(3)[:2]),)))
        return tuple(steps)

    def _search(self, gray: Gray, window: Window) -> _Search:
        view = self._region(gray, window, CODE_MARGIN_MM)
        symbologies = tuple(Symbology(name) for name in window.symbologies)
        return _Search(window, symbologies, view, window.module_mm * self.profile.px_per_mm)

    def _region(self, gray: Gray, window: Window, margin_mm: float) -> View:
        scale = self.profile.px_per_mm
        x, y, width, height = window.box_mm
        dx, dy = window.slack_mm[0] + margin_mm, window.slack_mm[1] + margin_mm
        left, top = int((x - dx) * scale), int((y - dy) * scale)
        return enhance.crop(gray, left, top, int((x + width + dx) * scale + 1), int((y + height + dy) * scale + 1))

    @staticmethod
    def _deskewed(search: _Search) -> Iterable[View]:
        if all(symbology.is_matrix for symbology in search.symbologies):
            return ()
        angle, coherence = enhance.bar_direction(search.view.image)
        if coherence < 0.1 or abs(angle) < 2.0:
            return ()
        return (enhance.rotated(search.view, angle),)

    def _run(self, step: _Step, search: _Search, started: float) -> None:
        before = self._clock()
        for view in step.prepare(search):
            if min(view.image.shape) < 8 or not any(step.engine.reads(name) for name in search.symbologies):
                continue
            for decoded in step.engine.decode(view.image, search.symbologies):
                self._weigh(search, decoded, view, step, started)
        spent = self._clock() - before
        key = (search.window.name, step.path)
        self._cost_s[key] = max(spent, self._cost_s.get(key, 0.0) * COST_DECAY)

    def _weigh(self, search: _Search, decoded: Decoded, view: View, step: _Step, started: float) -> None:
        """Decide what one decode is worth; see the rules at the top of this file."""
        if search.reason is NoRead.DISAGREEMENT or decoded.symbology not in search.symbologies:
            return
        if not search.window.accepts(decoded.payload):
            search.reason = NoRead.BAD_FORM
            return
        if decoded.unused_correction is not None and decoded.unused_correction < self.profile.uec_floor:
            search.reason = NoRead.TOO_DAMAGED
            return
        placed = Decoded(decoded.payload, decoded.symbology, view.corners(decoded.corners), decoded.unused_correction)
        known = {*search.pending, *([search.reading.payload] if search.reading else [])}
        if known - {placed.payload}:
            search.reading, search.reason = None, NoRead.DISAGREEMENT
            return
        if search.reading is not None:
            return
        if placed.symbology.is_matrix:
            self._accept(search, placed, step, "", started)
            return
        self._confirm(search, placed, view, step, started)

    def _confirm(self, search: _Search, placed: Decoded, view: View, step: _Step, started: float) -> None:
        """Accept a linear code only when a reader that shares no code with the first one saw the same value."""
        earlier = search.pending.get(placed.payload)
        if earlier is not None and earlier[1] != step.engine.name:
            self._accept(search, placed, step, f"{earlier[1]}/{earlier[2]}", started)
            return
        search.pending[placed.payload] = (placed, step.engine.name, step.path)
        search.reason = NoRead.UNCONFIRMED
        seen = confirm_linear(self._frame, placed, search.module_px, search.window.accepts)
        if seen.contradicts:
            search.reason = NoRead.DISAGREEMENT
        elif seen.confirms:
            self._accept(search, placed, step, seen.witness, started)

    def _accept(self, search: _Search, placed: Decoded, step: _Step, witness: str, started: float) -> None:
        search.reading = Reading(
            payload=placed.payload,
            symbology=placed.symbology.value,
            corners=placed.corners,
            grade=None,
            engine=step.engine.name,
            path=step.path.value,
            elapsed_ms=(self._clock() - started) * 1e3,
            window=search.window.name,
            witness=witness,
            unused_correction=placed.unused_correction,
        )

    def _answer(self, gray: Gray, searches: list[_Search], started: float) -> FrameReading:
        readings = tuple(self._graded(s.reading) for s in searches if s.reading is not None)
        no_reads = {s.window.name: s.reason for s in searches if s.reading is None}
        required = [no_reads[s.window.name] for s in searches if s.reading is None and s.window.required]
        return FrameReading(
            readings=readings,
            no_read_reason=required[0] if required else None,
            no_reads=no_reads,
            frame_hash=frame_hash(gray),
            disagreement=NoRead.DISAGREEMENT in no_reads.values(),
            elapsed_ms=(self._clock() - started) * 1e3,
            light=float(gray[::16, ::16].mean()),
        )

    def _graded(self, reading: Reading) -> Reading:
        if not self.profile.grade:
            return reading
        grade: Grade | None = grade_symbol(self._frame, reading)
        if grade is None:
            return reading
        values = {name: getattr(reading, name) for name in Reading.__dataclass_fields__}
        return Reading(**{**values, "grade": grade})


def frame_hash(gray: Gray) -> str:
    """Return 16 hex digits over evenly spaced rows (at most 128 KiB).

    Sensor noise makes any two exposures differ, so equal hashes mean the same frame delivered twice.
    """
    height, width = gray.shape
    step = max(1, -(-height * width // HASHED_BYTES_MAX))
    return hashlib.blake2b(np.ascontiguousarray(gray[::step]).data, digest_size=8).hexdigest()
