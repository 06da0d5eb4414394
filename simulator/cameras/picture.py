"""What a camera sees of a passing sheet or envelope. Seeded; it composes pictures and never decodes them.

C1 sees the right margin of a sheet's front, C2 the window of an envelope with whatever lies behind its film.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from simulator.optics import Level, tilt_of
from simulator.optics import expose as degraded
from simulator.paper import MARGIN_MM, MARGIN_PX_PER_MM, PANEL_MM, PANEL_PX_PER_MM, Envelope, Pixels, Sheet

# The part of the envelope's front that C2 sees, and the window in it: x, y, width, height in mm from its top left.
C2_REGION_MM = (10.0, 40.0, 130.0, 65.0)
WINDOW_MM = (20.0, 50.0, 100.0, 45.0)

ENVELOPE_GREY = 228
EMPTY_GREY = 205
BELT_GREY = 60
NOISE_SIGMA = 2.5
TURN_DEG_SIGMA = 0.15
SHAKE_PX_SIGMA = 1.0
LENS_BLUR_PX = 0.6


def smear_kernel(length_px: float) -> npt.NDArray[np.float32]:
    """Return the (1, n) box kernel of a movement of ``length_px``, its ends as fractions of a pixel."""
    whole = max(0.0, length_px)
    reach = int(np.ceil(whole / 2))
    kernel = np.clip(whole / 2 + 0.5 - np.abs(np.arange(-reach, reach + 1)), 0.0, 1.0)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32).reshape(1, -1)


class Optics:
    """Lens, light and sensor of one camera: small turn and shake, lens blur, smear along the belt, noise.

    ``smear_px`` is how far the picture moves while the shutter is open: belt speed times exposure times resolution.
    ``level`` puts the measured degradations of `simulator.optics` in the place of the mild ones, smear along the belt kept.
    """

    def __init__(self, seed: int, smear_px: float = 0.0, level: Level | None = None) -> None:
        self._rng = np.random.default_rng(seed)
        self._level = level
        self._smear = smear_kernel(smear_px)
        noise = self._rng.normal(0, NOISE_SIGMA, (1400, 2400)) + 128
        self._noise: Pixels = np.clip(noise.round(), 0, 255).astype(np.uint8)

    def expose(self, scene: Pixels, *, glare: bool = False) -> Pixels:
        """Return the frame the sensor makes of ``scene``."""
        height, width = scene.shape
        degrees = float(self._rng.normal(0, TURN_DEG_SIGMA)) if self._level is None else tilt_of(self._level, self._rng)
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
        turn[:, 2] = turn[:, 2] + self._rng.normal(0, SHAKE_PX_SIGMA, 2)
        seen = cv2.warpAffine(scene, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if self._level is None:
            seen = cv2.GaussianBlur(seen, (3, 3), LENS_BLUR_PX)
        if self._smear.size > 1:
            seen = cv2.filter2D(seen, -1, self._smear, borderType=cv2.BORDER_REPLICATE)
        if glare:
            seen = np.full_like(
                seen, 255
            )  # every pixel at its end: of a mark that is only pale enough is left to be read
        if self._level is not None:
            return degraded(np.asarray(seen, dtype=np.uint8), self._level, self._rng)
        y = int(self._rng.integers(0, self._noise.shape[0] - height + 1))
        x = int(self._rng.integers(0, self._noise.shape[1] - width + 1))
        noise = self._noise[y : y + height, x : x + width]
        return np.asarray(cv2.addWeighted(seen, 1.0, noise, 1.0, -128), dtype=np.uint8)


def sheet_scene(papers: list[Sheet]) -> Pixels:
    """Return what lies under C1: the uppermost sheet of what was fed as one, or the empty belt."""
    if not papers:
        shape = (round(MARGIN_MM[3] * MARGIN_PX_PER_MM), round(MARGIN_MM[2] * MARGIN_PX_PER_MM))
        return np.full(shape, BELT_GREY, dtype=np.uint8)
    return papers[0].margin.pixels()


def envelope_scene(envelope: Envelope) -> Pixels:
    """Return what lies under C2: envelope paper, and in the window the first sheet's panel where the insert came to rest."""
    scale = PANEL_PX_PER_MM
    rx, ry, rw, rh = C2_REGION_MM
    wx, wy, ww, wh = WINDOW_MM
    scene = np.full((round(rh * scale), round(rw * scale)), ENVELOPE_GREY, dtype=np.uint8)
    top, left = round((wy - ry) * scale), round((wx - rx) * scale)
    height, width = round(wh * scale), round(ww * scale)
    window = np.full((height, width), EMPTY_GREY, dtype=np.uint8)
    if envelope.sheets:
        panel = envelope.sheets[0].panel.pixels()
        # The sheet's (0, 0) lies at the shift; the window shows sheet x from wx - shift_x, y from wy - shift_y.
        x = round((wx - envelope.shift_mm[0] - PANEL_MM[0]) * scale)
        y = round((wy - envelope.shift_mm[1] - PANEL_MM[1]) * scale)
        part = panel[y : y + height, x : x + width]
        film = cv2.convertScaleAbs(part, alpha=0.9, beta=18)  # the film takes contrast
        window[: part.shape[0], : part.shape[1]] = film
    scene[top : top + height, left : left + width] = window
    cv2.rectangle(scene, (left, top), (left + width, top + height), 170, 1)
    return scene
