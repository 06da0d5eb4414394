"""Warns before reads get worse: print that fades, a nozzle line that is missing, light that drifts, dirt on the glass.

Follows what the cameras have read anyway. Nothing here decides about a piece: its only output are alarms for people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from controller.line.actions import Alarm, AlarmCode
from vision.grading.matrix import sample_symbol
from vision.lens import SETTLED_FRAMES, LensWatch
from vision.nozzle import missing_lines
from vision.profiles import MARK_MODULE_MM
from vision.readings import Symbology
from vision.trends import EarlyWarning, PrintTrends, Rule

if TYPE_CHECKING:
    from vision.readings import FrameReading, Reading
    from vision.watch import Gray

PrinterOf = Callable[[str], str]
"""The printer that made the piece with this mark payload; empty when nobody knows."""

LENS_LOOK_EVERY: Final = 10
SPOT_STAYS_LOOKS: Final = 5
"""A spot is dirt when so many looks in a row have seen it: letters pass, dirt does not."""
SAME_SPOT_PX: Final = 24.0


@dataclass(slots=True)
class _Glass:
    """Lens and lamp of one camera. ``scene`` are spots that were there from the start: window edge, printed frame."""

    watch: LensWatch = field(default_factory=LensWatch)
    frames: int = 0
    scene: list[tuple[int, int]] | None = None
    spots: dict[tuple[int, int], int] = field(default_factory=dict)
    ringing: set[AlarmCode] = field(default_factory=set)


class EyeCare:
    """Call `look` with every frame that was read, on the camera's delivery thread; ``tell`` shows an alarm."""

    def __init__(self, printer_of: PrinterOf, tell: Callable[[Alarm], None]) -> None:
        self._printer_of = printer_of
        self._tell = tell
        self._trends = {1: PrintTrends(), 2: PrintTrends()}
        self._glasses = {1: _Glass(), 2: _Glass()}
        self._grades = {1: "", 2: ""}

    def grade(self, camera: int) -> str:
        """Return the letter of the last mark graded by camera 1 or 2; empty when there was none."""
        return self._grades[camera]

    def look(self, camera: int, frame: Gray, reading: FrameReading) -> None:
        """Take note of one frame of camera 1 or 2 and of what was read in it."""
        mark = reading.of("mark")
        if mark is not None:
            printer = self._printer_of(mark.payload) or "?"
            for seen in reading.readings:
                self._follow_print(camera, printer, frame, seen)
        self._follow_glass(camera, frame)

    def _follow_print(self, camera: int, printer: str, frame: Gray, seen: Reading) -> None:
        if seen.grade is None:
            return
        if seen.window == "mark":
            self._grades[camera] = seen.grade.letter
        lines = _lines_without_ink(frame, seen)
        for warning in self._trends[camera].follow(printer, str(camera), seen.window, seen.grade, lines):
            self._tell(_alarm(camera, warning))

    def _follow_glass(self, camera: int, frame: Gray) -> None:
        glass = self._glasses[camera]
        glass.watch.follow(frame)
        glass.frames += 1
        if glass.frames < SETTLED_FRAMES or glass.frames % LENS_LOOK_EVERY:
            return
        health = glass.watch.health()
        if glass.scene is None:
            glass.scene = list(health.dirt)
        fresh = [spot for spot in health.dirt if not any(_near(spot, known) for known in glass.scene)]
        glass.spots = {
            spot: 1 + max((n for s, n in glass.spots.items() if _near(s, spot)), default=0) for spot in fresh
        }
        dirty = next((spot for spot, looks in glass.spots.items() if looks >= SPOT_STAYS_LOOKS), None)
        where = f"camera {camera}"
        dirt = Alarm(AlarmCode.LENS_DIRTY, where, f"spot at {dirty[0]}, {dirty[1]} px" if dirty else "")
        drift = Alarm(AlarmCode.LIGHT_DRIFT, where, f"light {health.light_drift:+.0%}")
        for alarm, holds in ((dirt, dirty is not None), (drift, health.light_has_drifted)):
            if holds and alarm.code not in glass.ringing:
                self._tell(alarm)
            (glass.ringing.add if holds else glass.ringing.discard)(alarm.code)


def _lines_without_ink(frame: Gray, seen: Reading) -> list[float]:
    """Places (mm from the left edge of a Data Matrix mark) of the print columns that lack ink."""
    if seen.symbology != Symbology.DATA_MATRIX:
        return []
    sampled = sample_symbol(frame, seen.corners, seen.payload)
    return [line.x_mm for line in missing_lines(sampled, MARK_MODULE_MM)] if sampled is not None else []


def _alarm(camera: int, warning: EarlyWarning) -> Alarm:
    detail = f"printer {warning.key.printer}"
    if warning.rule is Rule.MISSING_LINE:
        return Alarm(AlarmCode.NOZZLE_MISSING, f"camera {camera}", f"{detail}, line at {warning.x_mm:.1f} mm")
    left = f", {warning.pieces_left} pieces left" if warning.pieces_left is not None else ""
    return Alarm(AlarmCode.PRINT_FADING, f"camera {camera}", detail + left)


def _near(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return abs(a[0] - b[0]) <= SAME_SPOT_PX and abs(a[1] - b[1]) <= SAME_SPOT_PX
