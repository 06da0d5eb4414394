"""The cheap pre-processings of the cascade. Each is a fallback, never the first try: on clean or real photographs
every one of them loses reads, on poor frames each rescues different ones.

Every function takes a grey crop and returns a `View`: the image to decode and the map from its pixels back to the
frame, so that corners always come out in frame coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.readings import Corners, Point

Gray = NDArray[np.uint8]
Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """An image made from the frame, and the 2x3 affine map that takes its pixels to frame pixels."""

    image: Gray
    to_frame: Affine

    def point(self, point: Point) -> Point:
        """Map one pixel of this view to the frame."""
        x, y = self.to_frame @ (point[0], point[1], 1.0)
        return (float(x), float(y))

    def corners(self, corners: Corners) -> Corners:
        """Map the four corners of a symbol to the frame."""
        a, b, c, d = (self.point(corner) for corner in corners)
        return (a, b, c, d)


def crop(frame: Gray, left: int, top: int, right: int, bottom: int) -> View:
    """Return the part of the frame inside the box (clipped to the frame) without copying."""
    height, width = frame.shape
    left, top = max(0, left), max(0, top)
    right, bottom = min(width, right), min(height, bottom)
    return View(frame[top:bottom, left:right], np.array([[1.0, 0.0, left], [0.0, 1.0, top]]))


def thinned(view: View, step: int) -> View:
    """Keep every ``step``-th row: a bar code needs few scan lines, and binarising the others is most of its cost."""
    thin = np.array([[1.0, 0.0, 0.0], [0.0, float(step), 0.0], [0.0, 0.0, 1.0]])
    return View(view.image[::step], view.to_frame @ thin)


def smoothed(view: View) -> View:
    """Gaussian, sigma 1 px: removes the sensor noise that blinds scan-line decoders."""
    return View(np.asarray(cv2.GaussianBlur(view.image, (0, 0), 1.0), np.uint8), view.to_frame)


def binarised(view: View, module_px: float) -> View:
    """Adaptive mean threshold after smoothing: removes light gradients and thin missing nozzle lines.

    The block spans about nine modules, wider than the widest run of bars of any symbology here.
    """
    block = max(9, int(module_px * 9) | 1)
    soft = cv2.GaussianBlur(view.image, (0, 0), 1.0)
    binary = cv2.adaptiveThreshold(soft, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, 7)
    return View(np.asarray(binary, np.uint8), view.to_frame)


def upscaled(view: View, factor: float = 2.0) -> View:
    """Enlarge with cubic interpolation: decoders that sample whole pixels need two or more per module."""
    image = cv2.resize(view.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    shift = 0.5 * (1.0 / factor - 1.0)
    inverse = np.array([[1.0 / factor, 0.0, shift], [0.0, 1.0 / factor, shift], [0.0, 0.0, 1.0]])
    return View(np.asarray(image, np.uint8), view.to_frame @ inverse)


def closed(view: View, module_px: float) -> View:
    """Bridge thin white gaps in dark modules (missing nozzle lines): a grey opening of half a module."""
    size = max(2, round(module_px / 2))
    soft = cv2.GaussianBlur(view.image, (0, 0), 0.8)
    dark = cv2.morphologyEx(soft, cv2.MORPH_OPEN, np.ones((size, size), np.uint8))
    return View(np.asarray(dark, np.uint8), view.to_frame)


def rotated(view: View, degrees: float) -> View:
    """Turn the view by ``degrees`` (positive: counter-clockwise) about its centre, growing the canvas to hold it all."""
    height, width = view.image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_width, new_height = int(height * sin + width * cos + 1), int(height * cos + width * sin + 1)
    matrix[0, 2] += (new_width - width) / 2
    matrix[1, 2] += (new_height - height) / 2
    image = cv2.warpAffine(
        view.image, matrix, (new_width, new_height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    inverse = np.vstack([cv2.invertAffineTransform(matrix), [0.0, 0.0, 1.0]])
    return View(np.asarray(image, np.uint8), view.to_frame @ inverse)


def bar_direction(image: Gray) -> tuple[float, float]:
    """Return the dominant gradient direction of a crop in degrees (-90, 90] and its coherence 0..1.

    The structure tensor summed over the crop: for a linear symbol the gradients all lie along the line of reading.
    """
    dx = cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=3)
    dy = cv2.Sobel(image, cv2.CV_32F, 0, 1, ksize=3)
    xx, yy, xy = float((dx * dx).sum()), float((dy * dy).sum()), float((dx * dy).sum())
    strength = xx + yy
    if strength <= 0:
        return 0.0, 0.0
    angle = 0.5 * np.degrees(np.arctan2(2 * xy, xx - yy))
    coherence = float(np.hypot(xx - yy, 2 * xy) / strength)
    return float(angle), coherence
