"""What paper, ink, lens, lamp and sensor do to a picture: seeded degradations of SIMULATED frames.

Two places where a picture suffers, in this order: `ink` works on the printed raster (missing nozzles, spread, voids),
`expose` on what the camera sees (blur, light, glare, noise, JPEG). Both are functions of picture, level and random
generator only, so a seed names a frame for ever. Every single degradation can also be called alone.

Levels follow the published study of decoders this project measures itself against: ``P0`` nominal, ``P1`` production,
``HARSH`` production with clogged bands and more glare, ``P2`` poor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Random = np.random.Generator
Range = tuple[float, float]

NOISE_BANK_SIZE = 1 << 23


@dataclass(frozen=True, slots=True)
class Level:
    """How bad it is. Ranges are drawn evenly; counts inclusive; probabilities 0..1; blur in camera pixels."""

    name: str
    tilt_deg: float = 0.0
    motion_px: Range = (0.0, 0.0)
    defocus_px: Range = (0.0, 0.0)
    contrast: Range = (1.0, 1.0)
    gradient: Range = (0.0, 0.0)
    glare: float = 0.0
    noise_sigma: Range = (0.0, 0.0)
    spread_steps: int = 0
    """Ink spread or loss: every edge moves by up to this many sixteenths of a millimetre."""
    nozzle_lines: tuple[int, int] = (0, 0)
    nozzle_mm: Range = (0.06, 0.12)
    clogged_bands: tuple[int, int] = (0, 0)
    clogged_mm: Range = (0.12, 0.38)
    voids: tuple[int, int] = (0, 0)
    wrinkle: float = 0.0
    jpeg: tuple[int, ...] = ()
    """JPEG qualities to choose from; 0 means none."""


P0 = Level("P0", tilt_deg=2.0, motion_px=(0.0, 0.5), defocus_px=(0.0, 0.4), noise_sigma=(1.0, 2.0))
P1 = Level(
    "P1",
    tilt_deg=3.0,
    motion_px=(0.0, 1.2),
    defocus_px=(0.0, 0.8),
    contrast=(0.8, 1.0),
    gradient=(0.0, 0.3),
    glare=0.2,
    noise_sigma=(2.0, 6.0),
    spread_steps=1,
    nozzle_lines=(0, 1),
    jpeg=(0, 90),
)
HARSH = Level(
    "harsh",
    tilt_deg=3.0,
    motion_px=(0.0, 2.2),
    defocus_px=(0.0, 1.0),
    contrast=(0.8, 1.0),
    gradient=(0.0, 0.3),
    glare=0.4,
    noise_sigma=(2.0, 6.0),
    spread_steps=1,
    clogged_bands=(0, 1),
    jpeg=(0, 90),
)
P2 = Level(
    "P2",
    tilt_deg=8.0,
    motion_px=(0.5, 2.2),
    defocus_px=(0.3, 1.5),
    contrast=(0.45, 1.0),
    gradient=(0.0, 0.55),
    glare=0.4,
    noise_sigma=(4.0, 12.0),
    spread_steps=2,
    nozzle_lines=(0, 3),
    voids=(0, 4),
    wrinkle=0.5,
    jpeg=(50, 90),
)
EDGE = Level(
    "edge",
    tilt_deg=4.0,
    motion_px=(0.5, 4.0),
    defocus_px=(0.5, 2.5),
    contrast=(0.25, 1.0),
    gradient=(0.0, 0.7),
    glare=0.4,
    noise_sigma=(4.0, 24.0),
    spread_steps=2,
    nozzle_lines=(0, 5),
    clogged_bands=(0, 1),
    voids=(0, 8),
    wrinkle=0.5,
    jpeg=(30, 50, 90),
)
"""The edge of readability: less than half of it can be read at all. The place to look for wrong values."""
LEVELS = {level.name: level for level in (P0, P1, HARSH, P2, EDGE)}


# what the printer does


def ink(
    printed: Gray, px_per_mm: float, level: Level, rng: Random, marks_mm: Sequence[tuple[float, float]] = ()
) -> Gray:
    """Print defects of one sheet: spread of the ink, missing nozzle lines, clogged bands, voids. Returns a new raster.

    Thin lines fall anywhere within the hull of ``marks_mm`` (from, to; mm from the left), the number of clogged bands
    is drawn for each mark on its own: they are what the marks must survive. Without marks both fall anywhere.
    """
    width_mm = printed.shape[1] / px_per_mm
    marks = list(marks_mm) or [(0.0, width_mm)]
    hull = (min(mark[0] for mark in marks), max(mark[1] for mark in marks))
    out = printed.copy()
    if level.spread_steps:
        steps = int(rng.integers(-level.spread_steps, level.spread_steps + 1))
        out = spread(out, steps * px_per_mm / 16.0)
    for _ in range(int(rng.integers(level.nozzle_lines[0], level.nozzle_lines[1] + 1))):
        missing_line(out, px_per_mm, float(rng.uniform(*level.nozzle_mm)), float(rng.uniform(*hull)))
    for mark in marks:
        for _ in range(int(rng.integers(level.clogged_bands[0], level.clogged_bands[1] + 1))):
            missing_line(out, px_per_mm, float(rng.uniform(*level.clogged_mm)), float(rng.uniform(*mark)))
    for _ in range(int(rng.integers(level.voids[0], level.voids[1] + 1))):
        void(out, px_per_mm, rng)
    return out


def spread(printed: Gray, px: float) -> Gray:
    """Grow (positive) or shrink (negative) dark areas by ``px`` pixels at every edge."""
    whole = round(abs(px))
    if whole == 0:
        return printed
    kernel = np.ones((2 * whole + 1, 2 * whole + 1), np.uint8)
    grown = cv2.erode(printed, kernel) if px > 0 else cv2.dilate(printed, kernel)
    return np.asarray(grown, np.uint8)


def missing_line(printed: Gray, px_per_mm: float, width_mm: float, x_mm: float) -> None:
    """A nozzle that does not fire leaves a white line along the paper's way (here: down the raster). In place."""
    width = printed.shape[1]
    centre = x_mm * px_per_mm
    half = width_mm * px_per_mm / 2
    left, right = centre - half, centre + half
    for column in range(max(0, int(left)), min(width, int(right) + 1)):
        covered = min(right, column + 1) - max(left, column)
        if covered <= 0:
            continue
        strip = printed[:, column].astype(np.float32)
        printed[:, column] = np.asarray(strip + (238.0 - strip) * covered * (strip < 238.0), np.uint8)


def void(printed: Gray, px_per_mm: float, rng: Random) -> None:
    """A speck of dust lay on the paper: a white blot of 0.15 to 0.6 mm where no ink arrived. In place."""
    height, width = printed.shape
    radius = max(1, int(rng.uniform(0.15, 0.6) * px_per_mm / 2))
    centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
    cv2.circle(printed, centre, radius, 238, -1, lineType=cv2.LINE_AA)


def smear(printed: Gray, length_px: int) -> Gray:
    """Wet ink dragged along the paper's way: what makes a mark unreadable for good."""
    kernel = np.ones((max(1, length_px), 1), np.float32)
    return np.asarray(np.minimum(cv2.filter2D(printed, -1, kernel / kernel.sum()), 250), np.uint8)


# what the camera does


def expose(scene: Gray, level: Level, rng: Random) -> Gray:
    """Turn a scene already at camera scale into a frame: wrinkle, blur, light, glare, noise, JPEG in that order."""
    out = scene
    if level.wrinkle and rng.random() < level.wrinkle:
        out = wrinkle(out, rng)
    out = motion_blur(out, float(rng.uniform(*level.motion_px)))
    out = defocus(out, float(rng.uniform(*level.defocus_px)))
    shade = _shade(out.shape, float(rng.uniform(*level.contrast)), float(rng.uniform(*level.gradient)), rng)
    out = _lit(out, shade, level.glare > 0 and rng.random() < level.glare, rng)
    out = noise(out, float(rng.uniform(*level.noise_sigma)), rng)
    quality = int(rng.choice(np.array(level.jpeg))) if level.jpeg else 0
    return jpeg(out, quality) if quality else out


def motion_blur(scene: Gray, px: float) -> Gray:
    """Blur along x (the belt's way) by ``px`` pixels of travel during the exposure; fractions count."""
    if px <= 0.05:
        return scene
    reach = int(np.ceil(px / 2)) + 1
    path = (np.arange(64) + 0.5) / 64 * px - px / 2
    triangles = np.clip(1.0 - np.abs(path[None, :] - np.arange(-reach, reach + 1)[:, None]), 0.0, None)
    kernel = np.asarray(triangles.mean(axis=1, dtype=np.float64)[None, :], np.float32)
    return np.asarray(cv2.filter2D(scene, -1, kernel), np.uint8)


def defocus(scene: Gray, radius_px: float) -> Gray:
    """Blur by a disc of confusion of ``radius_px`` pixels with a soft edge."""
    if radius_px <= 0.15:
        return scene
    kernel = _disc(round(radius_px * 20) / 20)
    return np.asarray(cv2.filter2D(scene, -1, kernel), np.uint8)


@lru_cache(maxsize=128)
def _disc(radius: float) -> NDArray[np.float32]:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    weights = np.clip(radius + 0.5 - np.hypot(x, y), 0.0, 1.0)
    return np.asarray(weights / weights.sum(), np.float32)


def _shade(shape: tuple[int, ...], contrast: float, gradient: float, rng: Random) -> NDArray[np.float32]:
    """Multiplier per row and column (rows + columns float32): contrast about mid grey is folded in by `_lit`."""
    height, width = shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    along_x = np.linspace(-0.5, 0.5, width, dtype=np.float32) * np.float32(np.cos(angle))
    along_y = np.linspace(-0.5, 0.5, height, dtype=np.float32) * np.float32(np.sin(angle))
    plane = np.add.outer(along_y, along_x)
    return np.asarray((1.0 - gradient * (plane + 0.5)) * contrast, np.float32)


def _lit(scene: Gray, shade: NDArray[np.float32], glaring: bool, rng: Random) -> Gray:
    """Apply the light; lower contrast also lifts black, as stray light on window film does."""
    haze = np.float32(255.0 * 0.45) * (1.0 - shade)
    lit = scene.astype(np.float32) * shade + np.minimum(haze, 60.0) * 0.5
    if glaring:
        lit += glare_patch(scene.shape[0], scene.shape[1], rng)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def glare_patch(height: int, width: int, rng: Random) -> NDArray[np.float32]:
    """The lamp mirrored in the window film: an elongated bright patch to be added to the light."""
    x0, y0 = rng.uniform(0, width), rng.uniform(0, height)
    long, short = rng.uniform(0.08, 0.25) * width, rng.uniform(0.02, 0.06) * width
    angle, strength = rng.uniform(0, np.pi), rng.uniform(40, 120)
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(x0)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(y0)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u, v = (x * cos + y * sin) / np.float32(long), (y * cos - x * sin) / np.float32(short)
    return np.asarray(strength * np.exp(-0.5 * (u * u + v * v)), np.float32)


def wrinkle(scene: Gray, rng: Random) -> Gray:
    """Film or paper wave: rows are shifted by a slow sine of up to 1.5 px."""
    height, width = scene.shape
    amplitude, period = rng.uniform(0.3, 1.5), rng.uniform(0.2, 0.6) * height
    rows = np.arange(height, dtype=np.float32)[:, None]
    shift = (amplitude * np.sin(2 * np.pi * rows / period + rng.uniform(0, 6))).astype(np.float32)
    map_x = np.arange(width, dtype=np.float32)[None, :] + shift
    map_y = np.broadcast_to(rows, (height, width)).astype(np.float32)
    return np.asarray(cv2.remap(scene, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


@lru_cache(maxsize=1)
def _noise_bank() -> NDArray[np.float32]:
    return np.random.default_rng(20260101).standard_normal(NOISE_BANK_SIZE, dtype=np.float32)


def noise(scene: Gray, sigma: float, rng: Random) -> Gray:
    """Sensor noise: a window of a fixed bank of normal deviates, at an offset drawn from the generator."""
    if sigma <= 0:
        return scene
    bank = _noise_bank()
    size = scene.size
    if size > bank.size // 2:
        deviates = rng.standard_normal(size, dtype=np.float32)
    else:
        offset = int(rng.integers(0, bank.size - size))
        deviates = bank[offset : offset + size]
    noisy = cv2.addWeighted(scene.astype(np.float32), 1.0, deviates.reshape(scene.shape), sigma, 0.5)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def jpeg(scene: Gray, quality: int) -> Gray:
    """Encode and decode as a JPEG of this quality."""
    done, data = cv2.imencode(".jpg", scene, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done, "the JPEG encoder refused a grey image"
    picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert picture is not None, "a JPEG just written could not be read"
    return np.asarray(picture, np.uint8)


def tilt_of(level: Level, rng: Random) -> float:
    """Draw the tilt of one piece on the belt, in degrees."""
    return float(rng.uniform(-level.tilt_deg, level.tilt_deg))
