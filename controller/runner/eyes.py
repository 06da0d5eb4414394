"""The two cameras of a line: frames in, words for the line core out, and the frames kept for people to look at.

What a payload means is not known here: every different payload a frame shows is passed on as it was read.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from controller.line import events as line
from controller.runner.eye_care import EyeCare
from controller.runner.window_witness import WindowWitness
from devices.cameras import OpenCamera, open_camera
from devices.errors import CameraTimeout, DeviceError, ProtocolError
from devices.kinds import Frame
from vision.encoder import ANY_BELT, BeltRule
from vision.profiles import EXIT_FRAME, SHEET_FRAME, exit_camera, sheet_camera
from vision.readings import Symbology
from vision.watch import FrameWatch, Problem, Watched

if TYPE_CHECKING:
    from controller.runner.line_file import CameraEntry, LineFile

Tell = Callable[[line.LineEvent], None]
Keep = Callable[[int, Frame], None]

READING_DEADLINE_S = 0.12
"""From the frame's arrival to its reading. The gate is 300 ms behind the exit camera at 36,000 an hour; what is left pays for decision and commit."""

_OUT_OF_STEP = frozenset(
    {Problem.RESTARTED, Problem.UNREACHABLE, Problem.OUT_OF_ORDER, Problem.FROZEN, Problem.SURPLUS}
)
"""After these the trigger numbers, or the picture itself, mean nothing any more."""


class CameraSource:
    """A camera as vision wants it: no frame is a ``TimeoutError``, no camera an ``OSError``."""

    def __init__(self, camera: OpenCamera) -> None:
        self._camera = camera

    def grab(self, timeout_s: float) -> Frame:
        try:
            return self._camera.grab(timeout_s)
        except CameraTimeout as error:
            raise TimeoutError(str(error)) from None
        except DeviceError as error:
            raise OSError(str(error)) from None


class Eyes:
    """Both cameras, watched. ``marks`` is the symbology of the control marks. ``tell`` is called on delivery threads; ``keep`` gets each exit frame with its trigger."""

    def __init__(
        self, file: LineFile, tell: Tell, keep: Keep, witness: WindowWitness, marks: str, care: EyeCare
    ) -> None:
        self._tell = tell
        self._witness = witness
        self._keep = keep
        self._care = care
        self._cameras = (proving(file.sheet_camera.url), proving(file.exit_camera.url))
        mark = Symbology(marks)
        profiles = (
            sheet_camera(file.sheet_camera.px_per_mm, mark=mark),
            exit_camera(file.exit_camera.px_per_mm, mark=mark),
        )
        self.watches = tuple(
            FrameWatch(
                CameraSource(camera),
                profile,
                deliver,
                deadline_s=READING_DEADLINE_S,
                read_budget_s=0.06,
                belt=_belt_of(entry),
                name=name,
            )
            for camera, entry, profile, deliver, name in zip(
                self._cameras,
                (file.sheet_camera, file.exit_camera),
                profiles,
                (self._sheet, self._exit),
                ("c1", "c2"),
                strict=True,
            )
        )

    def start(self) -> None:
        """Warm the readers and begin to watch."""
        for watch, shape in zip(self.watches, (SHEET_FRAME, EXIT_FRAME), strict=True):
            watch.start(shape)

    def reset(self, camera: int) -> None:
        """Make camera 1 or 2 count its triggers from 1 again.

        Raises:
            DeviceError: the camera does not answer.
        """
        self._cameras[camera - 1].reset_triggers()
        self.watches[camera - 1].counted_anew()

    def close(self) -> None:
        for watch in self.watches:
            watch.close()
        for camera in self._cameras:
            camera.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sheet(self, watched: Watched) -> None:
        if watched.problem in _OUT_OF_STEP:
            self._tell(line.FrameGap(1))
        if watched.trigger:
            self._tell(line.SheetRead(watched.trigger, _payloads(watched, "mark")))
        self._look(1, watched)

    def _exit(self, watched: Watched) -> None:
        if watched.problem in _OUT_OF_STEP:
            self._tell(line.FrameGap(2))
        if not watched.trigger:
            return
        address_ok = None
        if watched.frame is not None and watched.reading is not None:
            address_ok = self._witness.agrees(watched.frame.image, watched.reading)
        self._tell(line.ExitRead(watched.trigger, _payloads(watched, "mark"), _payloads(watched, "item"), address_ok))
        if isinstance(watched.frame, Frame):
            self._keep(watched.trigger, watched.frame)
        self._look(2, watched)

    def _look(self, camera: int, watched: Watched) -> None:
        """After the word is out: what the frame says about printer and camera themselves."""
        if watched.frame is not None and watched.reading is not None:
            self._care.look(camera, watched.frame.image, watched.reading)


def proving(address: str) -> OpenCamera:
    """Open a camera that can prove whose frame is whose.

    Raises:
        ProtocolError: it cannot count triggers.
        DeviceError: no such camera.
    """
    camera = open_camera(address)
    if not camera.counts_triggers:
        camera.close()
        raise ProtocolError(
            f"{address}: 此相机不能计触发数，只可旁观，不能用于核验 / this camera counts no triggers: it may watch, not prove; "
            "use http:, aravis:, pylon: or gentl:"
        )
    return camera


def _belt_of(entry: CameraEntry) -> BeltRule:
    """What the encoder on a camera's input may count; without one on the line file, counts that come must still rise."""
    if not entry.pitch_pulses:
        return ANY_BELT
    return BeltRule(entry.pitch_pulses, entry.pulses_per_s, required=True)


def _payloads(watched: Watched, window: str) -> tuple[str, ...]:
    if watched.reading is None:
        return ()
    return tuple(dict.fromkeys(reading.payload for reading in watched.reading.readings if reading.window == window))
