"""SIMULATED camera frames of finished envelopes, for measuring the eyes: one seed, one frame, for ever.

The symbols are encoded by zint, which shares no code with any decoder or with our own renderer. The envelope is drawn
as a print raster (16 px/mm), printed defects are applied there, the camera's view is warped out of it, and the rest of
the degradations follow (`simulator.optics`). Nothing here is imported by the product.

Geometry (mm): ZL envelope 230 x 120, window 100 x 45 at (20, 50), the letter displaced inside by up to 20 x 15; window
mark 18 x 18 modules of 0.5 at (86, 52) of the letter, item code with X = 0.3125 at (24, 69), plus a QR and an ITF-14
on the envelope that no window asks for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from simulator import optics
from simulator.optics import Level
from vision.profiles import is_item_form, is_mark_form
from vision.readings import ReadProfile, Symbology, Window

Gray = NDArray[np.uint8]

RASTER = 16.0
ENVELOPE_MM = (230.0, 120.0)
WINDOW_MM = (20.0, 50.0, 100.0, 45.0)
SLACK_MM = (20.0, 15.0)
CENTRE_MM = (70.0, 72.5)
TILT_TOLERANCE_MM = (1.5, 6.0)
FONT = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
MARKS_MM = ((24.0, 73.0), (86.0, 95.0))
"""From and to of item code and mark across the letter: where print defects matter."""
STOCK_BATCH = 400


@dataclass(frozen=True, slots=True)
class Camera:
    """One resolution of the study: frame size in pixels and scale."""

    name: str
    width: int
    height: int
    px_per_mm: float

    def profile(self, *, grade: bool = True) -> ReadProfile:
        """Where this camera may expect the two codes, whatever the letter's place in the envelope and the tilt."""
        origin = (CENTRE_MM[0] - self.width / 2 / self.px_per_mm, CENTRE_MM[1] - self.height / 2 / self.px_per_mm)
        dx, dy = SLACK_MM[0] / 2 - origin[0], SLACK_MM[1] / 2 - origin[1]
        slack = (SLACK_MM[0] / 2 + TILT_TOLERANCE_MM[0], SLACK_MM[1] / 2 + TILT_TOLERANCE_MM[1])
        mark = Window(
            "mark", (Symbology.DATA_MATRIX,), (86.0 + dx, 52.0 + dy, 9.0, 9.0), slack, 0.5, (18, 18), is_mark_form
        )
        item = Window(
            "item", (Symbology.CODE_128,), (24.0 + dx, 69.0 + dy, 48.75, 9.0), slack, 0.3125, None, is_item_form
        )
        return ReadProfile(px_per_mm=self.px_per_mm, windows=(mark, item), grade=grade)


CAMERAS = {
    camera.name: camera
    for camera in (
        Camera("1.3MP", 1280, 1024, 9.85),
        Camera("2MP", 1600, 1200, 8.0),
        Camera("5MP", 2448, 2048, 9.8),
    )
}


@dataclass(frozen=True, slots=True)
class Case:
    """One frame and the truth about it. ``corners`` of both codes are frame pixels, (4, 2), from top left clockwise."""

    image: Gray
    mark: str
    item: str
    mark_corners: NDArray[np.float64]
    item_corners: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Symbols:
    """The module pictures of one piece: 1 is dark. ``item`` is one row."""

    mark: str
    item: str
    mark_modules: NDArray[np.uint8]
    item_modules: NDArray[np.uint8]


def item_number(rng: np.random.Generator) -> str:
    """Draw a made-up S10 number with a right check digit."""
    digits = rng.integers(0, 10, 8)
    total = int((digits * np.array([8, 6, 4, 2, 3, 5, 9, 7])).sum())
    check = {0: 5, 1: 0}.get(total % 11, 11 - total % 11)
    return f"XA{''.join(str(d) for d in digits)}{check}CN"


def zint_rows(symbology: int, payloads: list[str], *options: str) -> list[NDArray[np.uint8]]:
    """Encode many payloads in one zint process; return one module picture (rows x columns, 1 dark) each."""
    command = ["zint", "-b", str(symbology), *options, "--batch", "--dump", "-i", "/dev/stdin"]
    text = subprocess.run(command, input="\n".join(payloads) + "\n", capture_output=True, text=True, check=True).stdout
    rows = ["".join(f"{int(digit, 16):04b}" for digit in line.replace(" ", "")) for line in text.split("\n") if line]
    if len(rows) % len(payloads):
        raise RuntimeError("zint returned symbols of different sizes; encode one size at a time")
    each = len(rows) // len(payloads)
    return [_picture(rows[place : place + each]) for place in range(0, len(rows), each)]


def _picture(rows: list[str]) -> NDArray[np.uint8]:
    width = max(len(row.rstrip("0")) for row in rows)
    return np.array([[int(bit) for bit in row[:width].ljust(width, "0")] for row in rows], np.uint8)


def stock(seed: int, count: int) -> Iterator[Symbols]:
    """Yield ``count`` different pieces, encoded in batches."""
    rng = np.random.default_rng([seed, 7])
    for start in range(0, count, STOCK_BATCH):
        size = min(STOCK_BATCH, count - start)
        marks = ["1" + "".join(str(d) for d in rng.integers(0, 10, 35)) for _ in range(size)]
        items = [item_number(rng) for _ in range(size)]
        pictures = zint_rows(71, marks, "--square", "--vers=5")
        bars = zint_rows(20, items)
        for mark, item, picture, bar in zip(marks, items, pictures, bars, strict=True):
            yield Symbols(mark, item, picture, bar)


@lru_cache(maxsize=1)
def _envelope() -> Gray:
    """The outside of the envelope without its window, as a raster at 16 px/mm: paper, sender, QR, ITF-14."""
    width, height = (round(side * RASTER) for side in ENVELOPE_MM)
    paper = np.full((height, width), 226, np.uint8)
    qr = zint_rows(58, ["https://pay.example.test/c/000123456789"], "--vers=3", "--secure=2")[0]
    _paste(paper, qr, 180.0, 60.0, 0.5)
    itf = zint_rows(3, ["19501101530003"])[0]
    _paste(paper, itf, 140.0, 100.0, 0.3125, height_mm=10.0)
    sheet = Image.fromarray(paper)
    draw = ImageDraw.Draw(sheet)
    draw.text((20 * RASTER, 8 * RASTER), "示例法律服务中心  寄件人地址：示例市样本路1号", 40, _font(56))
    draw.text((180 * RASTER, 20 * RASTER), "邮资已付", 40, _font(72))
    return np.asarray(sheet, np.uint8)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size)


@lru_cache(maxsize=64)
def _address(number: int) -> Gray:
    """One of 64 made-up address blocks, 58 x 17 mm."""
    rng = np.random.default_rng(number)
    names = ["示例甲", "样本乙", "张示例", "李样本", "王测试", "赵虚构", "钱假设", "孙某某"]
    block = Image.new("L", (round(58 * RASTER), round(17 * RASTER)), 246)
    draw = ImageDraw.Draw(block)
    lines = (
        f"{names[number % len(names)]} 收",
        f"示例省样本市测试区虚构路{rng.integers(1, 999)}号",
        f"{rng.integers(1, 40)}栋{rng.integers(1, 6)}单元{rng.integers(101, 2900)}室",
        f"{rng.integers(100000, 999999)}",
    )
    for place, line in enumerate(lines):
        draw.text((0, place * 66), line, 25, _font(56))
    return np.asarray(block, np.uint8)


def _paste(
    paper: Gray, modules: NDArray[np.uint8], x_mm: float, y_mm: float, module_mm: float, height_mm: float = 0.0
) -> None:
    scale = round(module_mm * RASTER)
    down = scale if modules.shape[0] > 1 or not height_mm else round(height_mm * RASTER)
    picture = np.repeat(np.repeat(modules, down, axis=0), scale, axis=1)
    left, top = round(x_mm * RASTER), round(y_mm * RASTER)
    area = paper[top : top + picture.shape[0], left : left + picture.shape[1]]
    area[picture > 0] = 24


def panel(symbols: Symbols, address: int) -> Gray:
    """The part of the letter that can show in the window: letter x 0-120, y 35-95 mm, as a print raster."""
    paper = np.full((round(60 * RASTER), round(120 * RASTER)), 246, np.uint8)
    block = _address(address % 64)
    top, left = round(15 * RASTER), round(22 * RASTER)
    paper[top : top + block.shape[0], left : left + block.shape[1]] = block
    _paste(paper, symbols.mark_modules, 86.0, 52.0 - 35.0, 0.5)
    _paste(paper, symbols.item_modules, 24.0, 69.0 - 35.0, 0.3125, height_mm=9.0)
    return paper


def frame(camera: Camera, level: Level, symbols: Symbols, seed: int, tilt: float | None = None) -> Case:
    """Photograph one piece with some address. ``tilt`` overrides the drawn tilt (degrees)."""
    return frame_of(camera, level, symbols, seed, panel(symbols, seed % 64), tilt)


def frame_of(camera: Camera, level: Level, symbols: Symbols, seed: int, drawn: Gray, tilt: float | None = None) -> Case:
    """Photograph one piece of which ``drawn`` (see `panel`) was printed."""
    rng = np.random.default_rng([seed, 11])
    shift = (rng.uniform(0, SLACK_MM[0]), rng.uniform(0, SLACK_MM[1]))
    printed = optics.ink(drawn, RASTER, level, rng, MARKS_MM)
    scene = _through_window(_envelope(), printed, shift)
    degrees = optics.tilt_of(level, rng) if tilt is None else tilt
    to_frame = _view(camera, degrees, rng)
    warped = cv2.warpPerspective(
        scene, to_frame, (camera.width, camera.height), flags=cv2.INTER_LINEAR, borderValue=(70.0,)
    )
    image = optics.expose(np.asarray(warped, np.uint8), level, rng)
    mark = _corners(to_frame, 86.0 + shift[0], 52.0 + shift[1], 9.0, 9.0)
    item = _corners(to_frame, 24.0 + shift[0], 69.0 + shift[1], symbols.item_modules.shape[1] * 0.3125, 9.0)
    return Case(image, symbols.mark, symbols.item, mark, item)


def _through_window(envelope: Gray, printed: Gray, shift: tuple[float, float]) -> Gray:
    """Lay the letter behind the window: film dims and greys it a little."""
    scene = envelope.copy()
    x, y, width, height = (round(v * RASTER) for v in WINDOW_MM)
    left = x - round(shift[0] * RASTER)
    top = y - round((35.0 + shift[1]) * RASTER)
    seen = printed[top : top + height, left : left + width]
    scene[y : y + height, x : x + width] = np.asarray(seen * 0.9 + 14, np.uint8)
    return scene


def _view(camera: Camera, degrees: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Map of envelope raster pixels to frame pixels: scale, tilt about the window's centre, a trace of perspective."""
    scale = camera.px_per_mm / RASTER
    centre = np.array([[1, 0, -CENTRE_MM[0] * RASTER], [0, 1, -CENTRE_MM[1] * RASTER], [0, 0, 1.0]])
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    lean = np.array([[1, 0, 0], [0, 1, 0], [*(rng.uniform(-1, 1, 2) * 3e-6), 1.0]])
    place = np.array([[scale, 0, camera.width / 2], [0, scale, camera.height / 2], [0, 0, 1.0]])
    return np.asarray(place @ lean @ turn @ centre, np.float64)


def _corners(to_frame: NDArray[np.float64], x: float, y: float, width: float, height: float) -> NDArray[np.float64]:
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]) * RASTER - 0.5
    mapped = np.c_[corners, np.ones(4)] @ to_frame.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)
