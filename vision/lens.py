"""Is the camera itself still good? Light that drifts, and dirt on the glass that stands still while letters pass."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]

SETTLED_FRAMES = 60
WEIGHT = 0.03
SCALE = 8
LIGHT_DRIFT_MAX = 0.15
DIRT_DEPTH = 12.0
DIRT_STEADINESS = 0.6


@dataclass(frozen=True, slots=True)
class LensHealth:
    """``light_drift`` is the change of the mean level since the start (share); ``dirt`` the spots, (x, y) in pixels."""

    frames: int
    light_drift: float
    dirt: tuple[tuple[int, int], ...]

    @property
    def needs_attention(self) -> bool:
        """Whether to call somebody: the light has drifted too far or the glass is dirty."""
        return self.light_has_drifted or bool(self.dirt)

    @property
    def light_has_drifted(self) -> bool:
        """Whether the light has changed too far since the start."""
        return abs(self.light_drift) > LIGHT_DRIFT_MAX


class LensWatch:
    """Follows the frames of one camera at an eighth of their size. Pure: feed it frames, ask it for the health."""

    def __init__(self) -> None:
        self._frames = 0
        self._first_light = 0.0
        self._light = 0.0
        self._mean: NDArray[np.float32] | None = None
        self._variance: NDArray[np.float32] | None = None

    def follow(self, gray: Gray) -> None:
        """Add one frame."""
        small = cv2.resize(gray, None, fx=1 / SCALE, fy=1 / SCALE, interpolation=cv2.INTER_AREA).astype(np.float32)
        relief = np.asarray(small - cv2.medianBlur(small, 5), np.float32)
        light = float(np.percentile(small, 75))
        self._frames += 1
        if self._mean is None or self._variance is None or self._mean.shape != relief.shape:
            self._mean, self._variance = relief, np.zeros_like(relief)
            self._light = self._first_light = light
            return
        weight = max(WEIGHT, 1.0 / self._frames)
        step = relief - self._mean
        self._mean = np.asarray(self._mean + weight * step, np.float32)
        self._variance = np.asarray((1 - weight) * (self._variance + weight * step * step), np.float32)
        self._light += weight * (light - self._light)
        if self._frames <= SETTLED_FRAMES:
            self._first_light = self._light

    def health(self) -> LensHealth:
        """Return what is known; nothing is called dirt before enough letters have passed."""
        if self._mean is None or self._variance is None or self._frames < SETTLED_FRAMES:
            return LensHealth(self._frames, 0.0, ())
        drift = self._light / max(1.0, self._first_light) - 1.0
        depth = -self._mean
        spots = (depth > DIRT_DEPTH) & (np.sqrt(self._variance) < DIRT_STEADINESS * depth)
        count, _, _, centres = cv2.connectedComponentsWithStats(spots.astype(np.uint8))
        found = tuple((int(x * SCALE), int(y * SCALE)) for x, y in centres[1:count])
        return LensHealth(self._frames, drift, found)
