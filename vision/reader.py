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
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vision import enhance, linear, locate, matrix
from vision.engines import Decoded, Engine, ZbarEngine, ZxingEngine
from vision.enhance import View
from vision.grading import graded, warm_grading
from vision.readings import FrameReading, NoRead, Path, Reading, ReadProfile, Symbology, Window
from vision.witness import WITNESS_NAME, confirm_linear, stands_alone, warm_witness

Gray = NDArray[np.uint8]

HASHED_BYTES_MAX = 16 * 1024
COST_WEIGHT = 0.2
COST_SAFETY = 1.5
"""A step is started only when this multiple of its smoothed cost still fits: a stall now and then is forgotten."""
COST_MAX_S = 0.02
CODE_MARGIN_MM = 3.0
WIDER_MARGIN_MM = 10.0
FITTED = "known-frame"
SIDE_MIN_PX = 8
ROWS_WANTED = 20
SEARCHED_WHOLE_MM2 = 8_000.0
"""Windows larger than this are not decoded whole: the localiser proposes places in them first."""


@dataclass(slots=True)
class _Search:
    """What is known so far about one window of one frame."""

    window: Window
    symbologies: tuple[Symbology, ...]
    views: tuple[View, ...]
    """Where to look, likeliest first: the window's own place, or what the localiser proposes when that is too wide."""
    module_px: float
    reading: Reading | None = None
    reason: NoRead = NoRead.NOTHING_FOUND
    pending: dict[str, tuple[str, Path]] = field(default_factory=dict)
    """Valid values without a witness yet: which engine saw them first, and on which path."""
    stands_alone: bool = False
    """What the matched filter has read counts without an engine."""

    @property
    def open(self) -> bool:
        return self.reading is None and self.reason is not NoRead.DISAGREEMENT


@dataclass(frozen=True, slots=True)
class _Step:
    path: Path
    engine: str
    decode: Callable[[_Search], Iterable[Decoded]]
    """Returns decodes with corners in frame pixels."""
    for_matrix: bool = True
    for_linear: bool = True


class PieceReader:
    """Reads frames of one camera. Not shared between threads: give each worker its own reader.

    ``clock`` returns seconds and only ever measures differences.
    """

    def __init__(self, profile: ReadProfile, clock: Callable[[], float] = time.perf_counter) -> None:
        self.profile = profile
        self._clock = clock
        self._zxing = ZxingEngine()
        self._quick = ZxingEngine(one_threshold=True)
        self._zbar = ZbarEngine()
        self._steps = self._cascade()
        self._cost_s: dict[tuple[str, Path], float] = {}
        self._frame: Gray = np.zeros((1, 1), np.uint8)

    def warm(self, shape: tuple[int, int]) -> None:
        """Run every step once on a frame of noise, so that compilation and first costs fall before the line starts."""
        warm_witness()
        warm_grading()
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
                if not self._affords(step, search, ends):
                    continue
                self._run(step, search, started)
            if not any(search.open for search in searches):
                break
        return self._answer(gray, searches, started)

    def _cascade(self) -> tuple[_Step, ...]:
        fast, second = self._zxing, self._zbar
        steps = [
            self._step(Path.FAST, self._quick, lambda s, v: v, for_linear=False),
            self._step(Path.FAST, fast, self._thinned, for_matrix=False),
            _Step(Path.PROFILE, WITNESS_NAME, self._by_profile, for_matrix=False),
            self._step(Path.GAUSS, fast, lambda s, v: enhance.smoothed(v)),
            _Step(Path.FITTED, FITTED, self._fitted, for_linear=False),
            self._step(Path.UPSCALED, fast, lambda s, v: enhance.upscaled(v)),
            self._step(Path.ADAPTIVE, fast, lambda s, v: enhance.binarised(v, s.module_px)),
            self._step(Path.CLOSED, fast, lambda s, v: enhance.closed(v, s.module_px), for_linear=False),
            self._step(
                Path.WIDER,
                fast,
                lambda s, v: self.region(self._frame, s.window, WIDER_MARGIN_MM) if v is s.views[0] else None,
            ),
            self._step(Path.DESKEWED, fast, self._deskewed, for_matrix=False),
            self._step(Path.SECOND_ENGINE, second, lambda s, v: enhance.smoothed(v)),
        ]
        if self.profile.full_frame:
            steps.append(
                self._step(
                    Path.FULL_FRAME, fast, lambda s, v: View(self._frame, np.eye(3)[:2]) if v is s.views[0] else None
                )
            )
        return tuple(steps)

    @staticmethod
    def _step(
        path: Path,
        engine: Engine,
        prepare: Callable[[_Search, View], View | None],
        *,
        for_matrix: bool = True,
        for_linear: bool = True,
    ) -> _Step:
        """Make a step that lets an engine read a prepared view of every place where the code may be."""

        def decode(search: _Search) -> Iterable[Decoded]:
            if not any(engine.reads(name) for name in search.symbologies):
                return
            for place in search.views:
                view = prepare(search, place)
                if view is None or min(view.image.shape) < SIDE_MIN_PX:
                    continue
                for decoded in engine.decode(view.image, search.symbologies):
                    yield replace(decoded, corners=view.corners(decoded.corners))

        return _Step(path, engine.name, decode, for_matrix, for_linear)

    def _search(self, gray: Gray, window: Window) -> _Search:
        view = self.region(gray, window, CODE_MARGIN_MM)
        symbologies = tuple(Symbology(name) for name in window.symbologies)
        area_mm2 = view.image.size / self.profile.px_per_mm**2
        views = (view,) if area_mm2 <= SEARCHED_WHOLE_MM2 else self._likely_places(view, window, symbologies)
        return _Search(window, symbologies, views, window.module_mm * self.profile.px_per_mm)

    def _likely_places(self, view: View, window: Window, symbologies: tuple[Symbology, ...]) -> tuple[View, ...]:
        scale = self.profile.px_per_mm
        tensor, tile = locate.tensor_of(view.image, scale)
        margin = 2 * CODE_MARGIN_MM
        size = ((window.box_mm[2] + margin) * scale, (window.box_mm[3] + margin) * scale)
        linear_only = not any(symbology.is_matrix for symbology in symbologies)
        boxes = locate.boxes(tensor, tile, size, linear=linear_only)
        left, top = int(view.to_frame[0, 2]), int(view.to_frame[1, 2])
        places = (enhance.crop(self._frame, b[0] + left, b[1] + top, b[2] + left, b[3] + top) for b in boxes)
        return tuple(place for place in places if min(place.image.shape) >= SIDE_MIN_PX) or (view,)

    def region(self, gray: Gray, window: Window, margin_mm: float = CODE_MARGIN_MM) -> View:
        """Return the part of the frame in which the code of a window may lie, grown by a margin."""
        scale = self.profile.px_per_mm
        x, y, width, height = window.box_mm
        dx, dy = window.slack_mm[0] + margin_mm, window.slack_mm[1] + margin_mm
        left, top = int((x - dx) * scale), int((y - dy) * scale)
        return enhance.crop(gray, left, top, int((x + width + dx) * scale + 1), int((y + height + dy) * scale + 1))

    def _thinned(self, search: _Search, view: View) -> View:
        """Leave about twenty rows of an upright bar code."""
        height_px = search.window.box_mm[3] * self.profile.px_per_mm
        step = 1 if search.window.any_angle else max(1, int(height_px / ROWS_WANTED))
        return enhance.thinned(view, step) if step > 1 else view

    @staticmethod
    def _deskewed(search: _Search, view: View) -> View | None:
        if not search.window.any_angle:
            return None
        angle, coherence = enhance.bar_direction(view.image)
        return enhance.rotated(view, angle) if coherence > 0.1 and abs(angle) > 2.0 else None

    @staticmethod
    def _fitted(search: _Search) -> Iterable[Decoded]:
        """Let the known frame of the mark find it: survives a broken L."""
        if Symbology.DATA_MATRIX not in search.symbologies or search.window.modules is None:
            return
        for view in search.views:
            for decoded in matrix.find_and_decode(view.image, search.module_px, *search.window.modules):
                yield replace(decoded, corners=view.corners(decoded.corners))

    def _by_profile(self, search: _Search) -> Iterable[Decoded]:
        """Let the matched filter find and read a linear code, and say whether that counts alone."""
        if Symbology.CODE_128 not in search.symbologies:
            return
        scale = self.profile.px_per_mm
        size = (search.window.box_mm[2] * scale, search.window.box_mm[3] * scale)
        for view in search.views:
            read = linear.find_and_read(view, search.module_px, size, any_angle=search.window.any_angle)
            if read is not None:
                search.stands_alone = stands_alone(read, search.window.accepts)
                yield Decoded(read.text, Symbology.CODE_128, read.corners, None)

    def _affords(self, step: _Step, search: _Search, ends: float) -> bool:
        """Say whether the step will probably end in time; a step passed over gets cheaper, so it is tried again."""
        key = (search.window.name, step.path)
        cost = self._cost_s.get(key, 0.0)
        if self._clock() + COST_SAFETY * cost <= ends:
            return True
        self._cost_s[key] = cost * (1 - COST_WEIGHT / 10)
        if search.reason is NoRead.NOTHING_FOUND:
            search.reason = NoRead.OUT_OF_TIME
        return False

    def _run(self, step: _Step, search: _Search, started: float) -> None:
        matrix_only = all(symbology.is_matrix for symbology in search.symbologies)
        if not (step.for_matrix if matrix_only else step.for_linear):
            return
        before = self._clock()
        for decoded in step.decode(search):
            self._weigh(search, decoded, step, started)
        key = (search.window.name, step.path)
        spent = min(self._clock() - before, COST_MAX_S)
        self._cost_s[key] = spent + (1 - COST_WEIGHT) * (self._cost_s.get(key, spent) - spent)

    def _weigh(self, search: _Search, decoded: Decoded, step: _Step, started: float) -> None:
        """Decide what one decode is worth; see the rules at the top of this file."""
        if search.reason is NoRead.DISAGREEMENT or decoded.symbology not in search.symbologies:
            return
        if not search.window.accepts(decoded.payload):
            search.reason = NoRead.BAD_FORM
            return
        if decoded.unused_correction is not None and decoded.unused_correction < self.profile.uec_floor:
            search.reason = NoRead.TOO_DAMAGED
            return
        known = {*search.pending, *([search.reading.payload] if search.reading else [])}
        if known - {decoded.payload}:
            search.reading, search.reason = None, NoRead.DISAGREEMENT
        elif search.reading is not None:
            return
        elif decoded.symbology.is_matrix:
            self._accept(search, decoded, step, "", started)
        else:
            self._confirm(search, decoded, step, started)

    def _confirm(self, search: _Search, decoded: Decoded, step: _Step, started: float) -> None:
        """Accept a linear code only when a reader that shares no code with the first one saw the same value."""
        earlier = search.pending.get(decoded.payload)
        if earlier is not None and earlier[0] != step.engine:
            self._accept(search, decoded, step, f"{earlier[0]}/{earlier[1]}", started)
            return
        search.pending[decoded.payload] = (step.engine, step.path)
        search.reason = NoRead.UNCONFIRMED
        if step.engine == WITNESS_NAME:
            if search.stands_alone:
                self._accept(search, decoded, step, "lead", started)
            return
        seen = confirm_linear(self._frame, decoded, search.module_px, search.window.accepts)
        if seen.contradicts:
            search.reason = NoRead.DISAGREEMENT
        elif seen.confirms:
            self._accept(search, decoded, step, WITNESS_NAME, started)

    def _accept(self, search: _Search, decoded: Decoded, step: _Step, witness: str, started: float) -> None:
        search.reading = Reading(
            payload=decoded.payload,
            symbology=decoded.symbology.value,
            corners=decoded.corners,
            grade=None,
            engine=step.engine,
            path=step.path.value,
            elapsed_ms=(self._clock() - started) * 1e3,
            window=search.window.name,
            witness=witness,
            unused_correction=decoded.unused_correction,
        )

    def _answer(self, gray: Gray, searches: list[_Search], started: float) -> FrameReading:
        readings = tuple(
            graded(gray, s.reading) if self.profile.grade else s.reading for s in searches if s.reading is not None
        )
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


def frame_hash(gray: Gray) -> str:
    """Return 16 hex digits over evenly spaced rows (at most 16 KiB).

    Sensor noise makes any two exposures differ, so equal hashes mean the same frame delivered twice.
    """
    height, width = gray.shape
    step = max(1, -(-height * width // HASHED_BYTES_MAX))
    return hashlib.blake2b(np.ascontiguousarray(gray[::step]).data, digest_size=8).hexdigest()
