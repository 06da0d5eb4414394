"""What vision is asked and what it answers: windows, profiles, readings. Plain values, no code that looks at pixels.

Lengths are millimetres in the frame's own coordinates, origin top left, y down. Corners are pixels in the frame.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Point = tuple[float, float]
Corners = tuple[Point, Point, Point, Point]
"""Top left, top right, bottom right, bottom left as the symbol itself is oriented; pixels."""


class Symbology(StrEnum):
    """Symbologies the line may meet. The values are the names used in profiles, logs and screens."""

    DATA_MATRIX = "DataMatrix"
    QR = "QRCode"
    CODE_128 = "Code128"
    ITF = "ITF"

    @property
    def is_matrix(self) -> bool:
        """True for two-dimensional symbologies, whose Reed-Solomon code protects every character."""
        return self in (Symbology.DATA_MATRIX, Symbology.QR)


class Path(StrEnum):
    """The step of the cascade that produced a reading, cheapest first. Published with every figure."""

    FAST = "fast"
    GAUSS = "gauss"
    ADAPTIVE = "adaptive"
    FITTED = "known-frame"
    PROFILE = "profile"
    UPSCALED = "up2"
    CLOSED = "closed"
    SECOND_ENGINE = "second-engine"
    DESKEWED = "deskew"
    WIDER = "wider"
    FULL_FRAME = "full-frame"


class NoRead(StrEnum):
    """Why a window has no verdict. Every value means: this piece must not pass."""

    NOTHING_FOUND = "nothing-found"
    """No engine saw a symbol of an allowed symbology."""
    BAD_FORM = "bad-form"
    """Something was decoded, but it does not have the form a payload here must have."""
    TOO_DAMAGED = "too-damaged"
    """A matrix symbol was decoded with less unused error correction than the floor."""
    UNCONFIRMED = "unconfirmed"
    """One engine read a linear code and no independent witness could confirm it."""
    DISAGREEMENT = "disagreement"
    """Two engines, or two symbols in one window, say different things."""
    OUT_OF_TIME = "out-of-time"
    """The time budget ended before the cascade did."""


def accept_any(payload: str) -> bool:
    """Return true for every payload: the grammar of a window that has none."""
    return bool(payload)


@dataclass(frozen=True, slots=True)
class Window:
    """One place of the frame where one code is expected.

    ``box_mm`` is (x, y, width, height) of the code in its nominal place; ``slack_mm`` how far it may be displaced to
    either side (horizontally, vertically). ``modules`` is the size (rows, columns) of the one Data Matrix printed there,
    or None when it may vary; knowing it lets a mark with a broken finder be read. ``any_angle``
    says that a bar code may lie in any direction, not only within about ten degrees of upright. ``accepts`` is the grammar of the payload: the first gate, never the last
    (message authentication and the expected value are checked by the caller, who alone knows them).
    """

    name: str
    symbologies: tuple[str, ...]
    box_mm: tuple[float, float, float, float]
    slack_mm: tuple[float, float] = (0.0, 0.0)
    module_mm: float = 0.5
    modules: tuple[int, int] | None = (18, 18)
    accepts: Callable[[str], bool] = accept_any
    any_angle: bool = False
    required: bool = True

    def __post_init__(self) -> None:
        for name in self.symbologies:
            Symbology(name)
        if not self.symbologies:
            raise ValueError(f"window {self.name!r} names no symbology")
        if min(self.box_mm[2:]) <= 0 or min(self.slack_mm) < 0 or self.module_mm <= 0:
            raise ValueError(f"window {self.name!r}: box and module must be positive, slack not negative")


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """What one camera looks at: its scale and the windows in its frame.

    ``uec_floor`` is the least unused error correction (0..1, ISO/IEC 15415 clause 7.8.8) with which a matrix read
    still counts; wrong values of matrix codes met in stress runs all had 0.0. ``grade`` can be switched off where
    only the payload matters. ``full_frame`` adds a last search of the whole frame; on poor frames it took 2 to 8 ms and
    rescued none of the codes the cascade had missed, so it is for cameras whose view is not yet known.
    """

    px_per_mm: float
    windows: tuple[Window, ...]
    uec_floor: float = 0.1
    grade: bool = True
    full_frame: bool = False

    def __post_init__(self) -> None:
        if self.px_per_mm <= 0:
            raise ValueError("px_per_mm must be positive")
        names = [window.name for window in self.windows]
        if len(set(names)) != len(names) or not names:
            raise ValueError("a profile needs windows with different names")
        if any(Symbology.ITF in window.symbologies and len(window.symbologies) > 1 for window in self.windows):
            raise ValueError("Interleaved 2 of 5 may not share a window: it never identifies a piece")


@dataclass(frozen=True, slots=True)
class Grade:
    """ISO-based in-line grade of one symbol (never a certified one: the camera is not a verifier).

    ``overall`` and every entry of ``parameters`` run 4.0 (A) .. 0.0 (F); ``measured`` holds the raw values behind
    them (fractions 0..1 unless the name says otherwise). ``standard`` names the document and method followed.
    """

    overall: float
    standard: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)

    @property
    def letter(self) -> str:
        """The letter of the overall grade: A from 3.5, B from 2.5, C from 1.5, D from 0.5, else F."""
        return "FDCBA"[min(4, int(self.overall + 0.5))]


@dataclass(frozen=True, slots=True)
class Reading:
    """One accepted payload, with where it was, how it was won and how well it was printed."""

    payload: str
    symbology: str
    corners: Corners
    grade: Grade | None
    engine: str
    path: str
    elapsed_ms: float
    window: str
    witness: str = ""
    """Engine and path of the independent confirmation; empty for matrix codes that need none."""
    unused_correction: float | None = None


@dataclass(frozen=True, slots=True)
class FrameReading:
    """Everything one frame told us. ``readings`` holds at most one entry per window.

    ``no_read_reason`` is the reason of the first required window without a reading, or None when all were read.
    ``disagreement`` is true when any window saw two different valid values: then that window has no reading.
    """

    readings: tuple[Reading, ...]
    no_read_reason: NoRead | None
    no_reads: Mapping[str, NoRead]
    frame_hash: str
    disagreement: bool
    elapsed_ms: float
    light: float
    """Mean grey level of the frame, 0..255; drifts when the lamp ages or the lens gets dirty."""

    def of(self, window: str) -> Reading | None:
        """Return the reading of the named window, or None."""
        return next((reading for reading in self.readings if reading.window == window), None)
