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
from vision.kernels import matrix_edges, matrix_modules, matrix_pose
from vision.readings import Corners, Symbology

Gray = NDArray[np.uint8]

SCORE_FLOOR = 0.45
CLEAR_SCORE = 0.9
"""A frame that fits so well is not compared with other starts."""
CANDIDATES_MAX = 3
QUIET_WEIGHT = 0.7
"""Edges in the quiet zone count this much against those of the weaker direction inside."""
ANGLES = np.radians(np.arange(-9.0, 9.1, 2.25))
STARTS = 5
REACH_MODULES = 3.0
APERTURE = 0.4
WAYS = ((0.0, 0), (0.15, 0), (0.0, 1), (0.0, 2))
"""Share of each neighbour taken off a module, and variant of the threshold (see `matrix_modules.bits_of`)."""
SURE_UNUSED = 0.5
"""A decode that left so much error correction unused is not compared with other ways of sampling."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted symbol: its pose (see `vision.kernels.matrix_pose`), size in modules and the correlation of its frame."""

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
        if decoded:
            return decoded
    return []


def softened(image: Gray, module_px: float) -> Gray:
    """Blur by a third of a module: a frame sampled at module centres then fits best in one place, not on a plateau."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.6, 0.3 * module_px)), np.uint8)


def likely_places(soft: Gray, module_px: float, modules: int) -> list[NDArray[np.float64]]:
    """Return up to three centres (x, y) of squares of the right size: edges both ways inside, quiet all around."""
    scale = max(1, int(module_px / 2))
    small = cv2.resize(soft, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA) if scale > 1 else soft
    across, down = cv2.spatialGradient(small)
    sides, rims = (
        [round(m * module_px / scale) for m in (modules, modules + 3)],
        round((modules + 8) * module_px / scale),
    )
    squares = [cv2.multiply(slope, slope, dtype=cv2.CV_32F) for slope in (across, down)]
    both = cv2.add(squares[0], squares[1])
    energies = [cv2.boxFilter(square, -1, (sides[0], sides[0]), normalize=False) for square in squares]
    rim = [cv2.boxFilter(both, -1, (side, side), normalize=False) for side in (rims, sides[1])]
    merit = (rim[1] - rim[0]) * np.float32(QUIET_WEIGHT * sides[0] ** 2 / (rims**2 - sides[1] ** 2))
    merit += np.minimum(energies[0], energies[1])
    places: list[NDArray[np.float64]] = []
    for _ in range(CANDIDATES_MAX):
        _, top, _, (x, y) = cv2.minMaxLoc(merit)
        if places and top <= 0:
            break
        places.append(np.array([x * scale + (scale - 1) / 2, y * scale + (scale - 1) / 2], np.float64))
        cv2.circle(merit, (x, y), sides[0] // 2, (-1e9,), -1)
    return places


def fit_near(soft: Gray, centre: NDArray[np.float64], module_px: float, rows: int, columns: int) -> Fit:
    """Fit pose and frame within four modules of ``centre``: a coarse grid of places and angles, then a climb of each."""
    poses = np.zeros((STARTS, 6))
    scores = np.zeros(STARTS)
    matrix_pose.search_poses(soft, centre, REACH_MODULES * module_px, module_px, ANGLES, rows, columns, poses, scores)
    best = Fit(poses[0], rows, columns, -1.0)
    for pose, coarse in zip(poses, scores, strict=True):
        if coarse < -1.0:
            break
        score = matrix_pose.refine_pose(soft, pose, rows, columns, 40)
        if score > best.score:
            best = Fit(pose, rows, columns, score)
        if best.score > CLEAR_SCORE:
            break
    return best


def fit_at(soft: Gray, corners: Corners, rows: int, columns: int) -> Fit:
    """Fit the frame of a symbol whose corners are known to about a module: only the climb."""
    tl, tr, br, bl = (np.array(corner, np.float64) for corner in corners)
    across, down = (tr + br - tl - bl) / (2 * columns), (bl + br - tl - tr) / (2 * rows)
    pose = np.array([*((tl + tr + br + bl) / 4), *across, *down])
    score = matrix_pose.refine_pose(soft, pose, rows, columns, 40)
    return Fit(pose, rows, columns, score)


def sharpened(image: Gray, fit: Fit) -> Fit:
    """Fit the pose of a square symbol once more, to the sub-pixel places of the edges of its frame.

    The climb knows module centres only and leaves a per cent of scale open; over the length of an address that is
    half a millimetre. Ink spread, which moves both legs outwards, is a parameter of the fit of its own.
    """
    if fit.rows != fit.columns:
        return fit
    pose, edges, plane = fit.pose.copy(), np.zeros((4 * fit.rows, 5)), np.zeros(4)
    count = matrix_edges.frame_edges(image, pose, fit.rows, edges)
    for along in (1.0, 0.0):
        if not matrix_edges.edge_plane(edges, count, along, plane):
            return fit
        shift, across, down = plane[:3].tolist()
        unit = fit.pose[2:4] if along else fit.pose[4:6]
        pose[0:2] += shift * unit
        pose[2:4] += across * unit
        pose[4:6] += down * unit
    return Fit(pose, fit.rows, fit.columns, fit.score)


def decode_fit(image: Gray, fit: Fit) -> list[Decoded]:
    """Sample the modules of a fitted symbol and decode them in every way until one is sure.

    The ways differ in the pose (as fitted, or sharpened on the edges), in how much the neighbours of a module are held
    against it, and in the threshold. Returns the least corrected decode of each different text: more than one is a
    disagreement for the caller to see.
    """
    values = np.zeros((fit.rows, fit.columns), np.float32)
    bits = np.zeros((fit.rows, fit.columns), np.uint8)
    found: dict[str, Decoded] = {}
    for pose in (fit, None):
        placed = pose or sharpened(np.asarray(cv2.GaussianBlur(image, (0, 0), 0.7), np.uint8), fit)
        matrix_modules.sample_modules(image, placed.pose, fit.rows, fit.columns, APERTURE, values)
        for share, variant in WAYS:
            matrix_modules.bits_of(matrix_modules.without_neighbours(values, share) if share else values, variant, bits)
            decoded = decode_pure(bits, Symbology.DATA_MATRIX)
            if decoded is None:
                continue
            unused = decoded.unused_correction or 0.0
            known = found.get(decoded.payload)
            if known is None or unused > (known.unused_correction or 0.0):
                found[decoded.payload] = Decoded(decoded.payload, decoded.symbology, placed.corners, unused)
            if unused >= SURE_UNUSED:
                return list(found.values())
    return list(found.values())
