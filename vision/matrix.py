"""Data Matrix by its known frame: finds a symbol of known size in a crop, samples its modules, lets zxing-cpp correct.

The step that rescues marks whose L was broken by a clogged nozzle: location and sampling are ours, the Reed-Solomon
decoding is the engine's, on a clean picture of the sampled modules with a perfect frame drawn around them. Codewords
that were wrong still cost error correction, so the floor on unused correction keeps its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.engines import Decoded, decode_pure
from vision.kernels import matrix as kernels
from vision.readings import Corners, Symbology

Gray = NDArray[np.uint8]

SCORE_FLOOR = 0.45
CANDIDATES_MAX = 3
ANGLES = np.radians(np.arange(-9.0, 9.1, 2.25))
STARTS = 5
REACH_MODULES = 4.5
VARIANTS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted symbol: its pose (see `vision.kernels.matrix`), size in modules and the correlation of its frame."""

    pose: NDArray[np.float64]
    rows: int
    columns: int
    score: float

    @property
    def corners(self) -> Corners:
        """Outer corners in the pixels of the image it was fitted in."""
        half_c, half_r = self.columns / 2, self.rows / 2
        x, y, ux, uy, vx, vy = (float(value) for value in self.pose)

        def at(c: float, r: float) -> tuple[float, float]:
            return (x + c * ux + r * vx, y + c * uy + r * vy)

        return (at(-half_c, -half_r), at(half_c, -half_r), at(half_c, half_r), at(-half_c, half_r))


def find_and_decode(image: Gray, module_px: float, rows: int = 18, columns: int = 18) -> list[Decoded]:
    """Return what a symbol of ``rows`` x ``columns`` modules of ``module_px`` pixels in the crop says; [] for nothing."""
    soft = softened(image, module_px)
    for centre in likely_places(soft, module_px, rows):
        fit = fit_near(soft, centre, module_px, rows, columns)
        if fit.score < SCORE_FLOOR:
            continue
        decoded = decode_fit(image, fit)
        if decoded is not None:
            return [decoded]
    return []


def softened(image: Gray, module_px: float) -> Gray:
    """Blur by a third of a module: a frame sampled at module centres then fits best in one place, not on a plateau."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.6, 0.3 * module_px)), np.uint8)


def likely_places(soft: Gray, module_px: float, modules: int) -> list[NDArray[np.float64]]:
    """Return up to three centres (x, y) where a busy square of the right size stands out from its surroundings."""
    scale = max(1, int(module_px / 2))
    small = cv2.resize(soft, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA) if scale > 1 else soft
    values = np.asarray(small, np.float32)
    side = max(3, round(modules * module_px / scale))
    ring = side + max(2, round(4 * module_px / scale))
    mean = cv2.blur(values, (5, 5))
    busy = (values - mean) ** 2
    inner = cv2.boxFilter(busy, -1, (side, side), normalize=False)
    outer = cv2.boxFilter(busy, -1, (ring, ring), normalize=False)
    merit = np.asarray(inner - 1.5 * (outer - inner) * (side * side) / (ring * ring - side * side), np.float32)
    places = []
    for _ in range(CANDIDATES_MAX):
        _, top, _, (x, y) = cv2.minMaxLoc(merit)
        if top <= 0:
            break
        places.append(np.array([x * scale + (scale - 1) / 2, y * scale + (scale - 1) / 2], np.float64))
        cv2.circle(merit, (x, y), side // 2, (-1.0,), -1)
    return places


def fit_near(soft: Gray, centre: NDArray[np.float64], module_px: float, rows: int, columns: int) -> Fit:
    """Fit pose and frame within four modules of ``centre``: a coarse grid of places and angles, then a climb of each."""
    poses = np.zeros((STARTS, 6))
    scores = np.zeros(STARTS)
    kernels.search_poses(soft, centre, REACH_MODULES * module_px, module_px, ANGLES, rows, columns, poses, scores)
    best = Fit(poses[0], rows, columns, -1.0)
    for pose, coarse in zip(poses, scores, strict=True):
        if coarse < -1.0:
            break
        score = kernels.refine_pose(soft, pose, rows, columns, 40)
        if score > best.score:
            best = Fit(pose, rows, columns, score)
    return best


def fit_at(soft: Gray, corners: Corners, rows: int, columns: int) -> Fit:
    """Fit the frame of a symbol whose corners are known to about a module: only the climb."""
    tl, tr, br, bl = (np.array(corner, np.float64) for corner in corners)
    across, down = (tr + br - tl - bl) / (2 * columns), (bl + br - tl - tr) / (2 * rows)
    pose = np.array([*((tl + tr + br + bl) / 4), *across, *down])
    score = kernels.refine_pose(soft, pose, rows, columns, 40)
    return Fit(pose, rows, columns, score)


def sharpened(image: Gray, fit: Fit) -> Fit:
    """Fit the pose of a square symbol once more, to the sub-pixel places of the edges of its frame.

    The climb knows module centres only and leaves a per cent of scale open; over the length of an address that is
    half a millimetre. Ink spread, which moves both legs outwards, is a parameter of the fit of its own.
    """
    if fit.rows != fit.columns:
        return fit
    pose, edges = fit.pose.copy(), np.zeros((4 * fit.rows, 5))
    count = kernels.frame_edges(image, pose, fit.rows, edges)
    for along in (1.0, 0.0):
        part = edges[:count][edges[:count, 4] == along]
        if len(part) < fit.rows:
            return fit
        shift, across, down = _plane(part)
        unit = fit.pose[2:4] if along else fit.pose[4:6]
        pose[0:2] += shift * unit
        pose[2:4] += across * unit
        pose[4:6] += down * unit
    return Fit(pose, fit.rows, fit.columns, fit.score)


def _plane(edges: NDArray[np.float64]) -> tuple[float, float, float]:
    """Fit offset = shift + across * column + down * row + spread * leg, leaving out what lies far off; rows of `frame_edges`."""
    design = np.empty((len(edges), 4))
    design[:, 0] = 1.0
    design[:, 1:] = edges[:, [0, 1, 3]]
    offset = edges[:, 2]
    ridge = np.eye(4) * 1e-9
    solved = np.linalg.solve(design.T @ design + ridge, design.T @ offset)
    residual = np.abs(design @ solved - offset)
    good = residual <= max(0.05, 2.5 * float(np.median(residual)))
    design, offset = design[good], offset[good]
    solved = np.linalg.solve(design.T @ design + ridge, design.T @ offset)
    return float(solved[0]), float(solved[1]), float(solved[2])


def decode_fit(image: Gray, fit: Fit) -> Decoded | None:
    """Sample the modules of a fitted symbol, try the three ways of thresholding, return the least corrected decode."""
    values = np.zeros((fit.rows, fit.columns), np.float32)
    bits = np.zeros((fit.rows, fit.columns), np.uint8)
    kernels.sample_modules(image, fit.pose, fit.rows, fit.columns, 0.6, values)
    best: Decoded | None = None
    for variant in VARIANTS:
        kernels.bits_of(values, variant, bits)
        decoded = decode_pure(bits, Symbology.DATA_MATRIX)
        if decoded is None:
            continue
        placed = Decoded(decoded.payload, decoded.symbology, fit.corners, decoded.unused_correction)
        if best is None or (placed.unused_correction or 0.0) > (best.unused_correction or 0.0):
            best = placed
    return best
