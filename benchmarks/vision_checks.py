"""The checks of `benchmarks.vision` that are not read rates of whole frames. All pictures but photographs SIMULATED."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from pyzbar import pyzbar

from benchmarks import frames, stress
from benchmarks.report import Report
from simulator import optics
from vision.engines import ZxingEngine
from vision.grading import graded
from vision.photograph import read_photograph
from vision.profiles import is_item_form
from vision.reader import PieceReader
from vision.readings import ReadProfile, Symbology, Window

Gray = NDArray[np.uint8]

ANGLE_SIDE = 620
PHOTO_SETS = {
    "code128": Symbology.CODE_128,
    "datamatrix": Symbology.DATA_MATRIX,
    "qrcode": Symbology.QR,
    "itf": Symbology.ITF,
}


def throughput(report: Report, count: int, seed: int) -> None:
    """Frames a second of one core at 2 MP P1 with copy of the frame, reading, grading and an audit record."""
    camera = frames.CAMERAS["2MP"]
    reader = PieceReader(camera.profile(), clock=time.thread_time)
    reader.warm((camera.height, camera.width))
    cases = [frames.frame(camera, optics.P1, s, seed + n) for n, s in enumerate(frames.stock(seed + 3, 40))]
    spent = 0.0
    record = ""
    for number in range(count):
        case = cases[number % len(cases)]
        before = time.thread_time()
        image = case.image.copy()
        answer = reader.read(image, 0.025)
        record = (
            repr([(r.payload, r.grade and r.grade.overall, r.path, r.corners) for r in answer.readings])
            + answer.frame_hash
        )
        spent += time.thread_time() - before
    assert record, "the audit record of the last frame is empty"
    report.add("2MP P1: copied, read, graded, recorded", count / spent, "frames/s/core", at_least=400)


def every_angle(report: Report, step: int, seed: int) -> None:
    """Code 128 turned through the full circle: share of angles read, plain engines beside."""
    symbols = list(frames.stock(seed + 5, 3))
    window = Window("item", ("Code128",), (17.0, 28.0, 48.75, 9.4), (14.0, 25.0), 0.3125, None, is_item_form, True)
    reader = PieceReader(ReadProfile(9.6, (window,), grade=False), clock=time.thread_time)
    angles = range(0, 360, step)
    right, plain, zbar = 0, 0, 0
    for degrees in angles:
        for piece in symbols:
            image = _turned(piece, float(degrees), seed + degrees)
            reading = reader.read(image, 0.1).of("item")
            right += reading is not None and reading.payload == piece.item
            plain += piece.item in [b.text for b in zxingcpp.read_barcodes(image)]
            zbar += piece.item in [d.data.decode() for d in pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.CODE128])]
    total = len(angles) * len(symbols)
    peers = {"zxing-cpp defaults": plain / total, "pyzbar": zbar / total}
    report.add(f"Code 128 at every {step} degrees, 0-359", right / total, "share", peers, at_least=0.995)


def _turned(symbols: frames.Symbols, degrees: float, seed: int) -> Gray:
    picture = np.repeat(np.repeat(symbols.item_modules, 90, axis=0), 3, axis=1)
    canvas = np.full((ANGLE_SIDE, ANGLE_SIDE), 230, np.uint8)
    top, left = (ANGLE_SIDE - picture.shape[0]) // 2, (ANGLE_SIDE - picture.shape[1]) // 2
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]][picture > 0] = 36
    matrix = cv2.getRotationMatrix2D((ANGLE_SIDE / 2, ANGLE_SIDE / 2), degrees, 1.0)
    seen = cv2.warpAffine(canvas, matrix, (ANGLE_SIDE, ANGLE_SIDE), borderValue=(230.0,))
    return optics.noise(np.asarray(seen, np.uint8), 4.0, np.random.default_rng(seed))


def low_resolution(report: Report, count: int, seed: int) -> None:
    """Both codes at 1.4 pixels a module, clean."""
    for name, scale in (("mark", 1.4 / 4), ("item", 1.4 / 2.5)):
        known = stress.profiles()[name]
        reader = PieceReader(replace(known, px_per_mm=known.px_per_mm * scale), clock=time.thread_time)
        right = plain = 0
        for number, symbols in enumerate(frames.stock(seed + 9, count)):
            crop = stress.crop(
                symbols, name, optics.Level("clean", tilt_deg=2.0, noise_sigma=(1.0, 2.0)), seed + number
            )
            small = cv2.resize(crop.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            reading = reader.read(np.asarray(small, np.uint8), 0.1).of(name)
            right += reading is not None and reading.payload == crop.payload
            plain += crop.payload in [b.text for b in zxingcpp.read_barcodes(small)]
        peers = {"zxing-cpp defaults": plain / count}
        report.add(f"{name} at 1.4 px a module", right / count, "share", peers, at_least=0.99)


def misreads(report: Report, count: int, seed: int) -> None:
    """Wrong values at the edge of readability; `benchmarks.misreads` runs a million of them, resumably."""
    readers = {name: PieceReader(profile, clock=time.thread_time) for name, profile in stress.profiles().items()}
    symbols = list(frames.stock(seed + 11, 400))
    zxing = ZxingEngine(thorough=True)
    for name, reader in readers.items():
        symbology = Symbology.DATA_MATRIX if name == "mark" else Symbology.CODE_128
        read = wrong = plain_wrong = zbar_wrong = 0
        for number in range(count):
            crop = stress.crop(symbols[number % 400], name, optics.EDGE, seed + 13 * number)
            reading = reader.read(crop.image, 0.025).of(name)
            read += reading is not None
            wrong += reading is not None and reading.payload != crop.payload
            plain_wrong += any(d.payload != crop.payload for d in zxing.decode(crop.image, (symbology,)))
            if name == "item":
                soft = cv2.GaussianBlur(crop.image, (0, 0), 1.0)
                found = pyzbar.decode(soft, symbols=[pyzbar.ZBarSymbol.CODE128])
                zbar_wrong += any(d.data.decode("utf-8", "replace") != crop.payload for d in found)
        peers = (
            {"zxing-cpp": plain_wrong, "zbar after Gaussian": zbar_wrong}
            if name == "item"
            else {"zxing-cpp": plain_wrong}
        )
        report.add(f"{name}: {count} crops at the edge, read", read / count, "share")
        report.add(
            f"{name}: {count} crops at the edge, wrong",
            wrong,
            "crops",
            {k: float(v) for k, v in peers.items()},
            at_most=0,
        )


def grading_time(report: Report, count: int, seed: int) -> None:
    """CPU time to grade both codes of a frame."""
    camera = frames.CAMERAS["2MP"]
    reader = PieceReader(camera.profile(grade=False), clock=time.thread_time)
    reader.warm((camera.height, camera.width))
    spent: list[float] = []
    grades: list[tuple[float, ...]] = []
    for number, symbols in enumerate(frames.stock(seed + 17, count)):
        case = frames.frame(camera, optics.P1, symbols, seed + number)
        answer = reader.read(case.image, 0.1)
        before = time.thread_time()
        done = [graded(case.image, reading) for reading in answer.readings]
        spent.append((time.thread_time() - before) * 1e3)
        grades.append(tuple(r.grade.overall for r in done if r.grade is not None))
    report.add("grading of both codes, p50", float(np.median(spent)), "CPU ms", at_most=1.0)
    whole = [g for g in grades if len(g) == 2]
    report.add("mean grade of marks at P1 (4 is A)", float(np.mean([g[0] for g in whole])), "grade")
    report.add("mean grade of bar codes at P1", float(np.mean([g[1] for g in whole])), "grade")


def photographs(report: Report, directory: Path) -> None:
    """Third-party photographs: read rate beside zxing-cpp's defaults, wrong values, false positives."""
    for folder in sorted(path for path in directory.iterdir() if path.is_dir()):
        kind = next((s for prefix, s in PHOTO_SETS.items() if folder.name.startswith(prefix)), None)
        ours = plain = wrong = total = 0
        for path in sorted(p for p in folder.iterdir() if p.suffix in (".png", ".webp", ".jpg")):
            image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            if image is None:
                continue
            text = path.with_suffix(".txt")
            if kind is not None and not text.is_file():
                continue
            expected = text.read_bytes().decode("utf-8", "replace").rstrip("\n") if kind else None
            found = read_photograph(np.asarray(image, np.uint8), tuple(Symbology) if kind is None else (kind,))
            if expected is None:
                for turn in range(4):
                    turned = np.ascontiguousarray(np.rot90(image, turn))
                    total += 1
                    wrong += bool(read_photograph(np.asarray(turned, np.uint8), tuple(Symbology)))
                continue
            total += 1
            ours += expected in found
            wrong += bool(found) and expected not in found
            plain += expected in [b.text for b in zxingcpp.read_barcodes(image)]
        if not total:
            continue
        if kind is None:
            report.add(f"photographs {folder.name} ({total} turned): false positives", wrong, "pictures", at_most=0)
            continue
        peers = {"zxing-cpp defaults": plain / total}
        report.add(f"photographs {folder.name} ({total}): read", ours / total, "share", peers, at_least=plain / total)
        report.add(f"photographs {folder.name}: wrong", wrong, "pictures", at_most=0)
