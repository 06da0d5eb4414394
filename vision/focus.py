"""How well a camera is set up, from one frame: focus, exposure and the grade of what it reads. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.reader import PieceReader
from vision.readings import FrameReading

Gray = NDArray[np.uint8]

CLIPPED_MAX = 0.02
DARK_MAX = 90.0


@dataclass(frozen=True, slots=True)
class SetUp:
    """``sharpness`` is the variance of the Laplacian over the squared contrast: compare it with itself while turning
    the lens, not with another camera's. ``clipped`` is the share of saturated pixels; ``advice`` is zh and en."""

    sharpness: float
    level: float
    clipped: float
    reading: FrameReading
    advice: tuple[str, ...]


def judge(frame: Gray, reader: PieceReader) -> SetUp:
    """Judge one frame."""
    spread = float(np.percentile(frame, 95)) - float(np.percentile(frame, 5))
    sharpness = float(cv2.Laplacian(frame, cv2.CV_64F).var()) / max(1.0, spread) ** 2
    level, clipped = float(frame.mean()), float((frame >= 254).mean())
    reading = reader.read(frame, 0.5)
    return SetUp(sharpness, level, clipped, reading, tuple(_advice(level, clipped, reading)))


def _advice(level: float, clipped: float, reading: FrameReading) -> list[str]:
    advice = []
    if clipped > CLIPPED_MAX:
        advice.append("过曝：缩短曝光或调暗光源 · overexposed: shorten the exposure or dim the lamp")
    elif level < DARK_MAX:
        advice.append("过暗：加亮光源或开大光圈 · too dark: brighten the lamp or open the iris")
    for name, reason in reading.no_reads.items():
        advice.append(f"未读到 {name}（{reason}）：检查位置与对焦 · {name} not read ({reason}): check place and focus")
    for found in reading.readings:
        if found.grade is not None and found.grade.overall < 2:
            weak = min(found.grade.parameters, key=lambda p: found.grade.parameters[p] if found.grade else 4.0)
            advice.append(
                f"{found.window} 等级 {found.grade.letter}，弱项 {weak} · grade {found.grade.letter}, weak in {weak}"
            )
    return advice
