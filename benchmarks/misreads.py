"""A million SIMULATED crops at the edge of readability, resumably: how many wrong values get past the reader's rules.

LETTERLINE_CROPS is the total wanted (both kinds together, default 1,000,000), LETTERLINE_MISREADS the directory that
keeps the state (default out/misreads). The run can be stopped at any moment and goes on where it was; two runs with
different LETTERLINE_SHARD=K/N may work on the same total on two cores. Every wrong value is kept with its seed.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path

import cv2

from benchmarks import frames, stress
from benchmarks.report import Report
from simulator.optics import EDGE
from vision.reader import PieceReader

BLOCK = 500
PIECES = 400
BUDGET_S = 0.025
FIRST_SEED = 1_000_000_007


def run(quick: bool, report: Report) -> None:
    """Work off what is left of the crops; `quick` does one block of each kind."""
    cv2.setNumThreads(1)
    wanted = 2 * BLOCK if quick else int(os.environ.get("LETTERLINE_CROPS", "1000000"))
    shard, shards = (int(part) for part in os.environ.get("LETTERLINE_SHARD", "0/1").split("/"))
    directory = Path(os.environ.get("LETTERLINE_MISREADS", "out/misreads"))
    directory.mkdir(parents=True, exist_ok=True)
    readers = {name: PieceReader(p, clock=time.thread_time) for name, p in stress.profiles().items()}
    pieces = list(frames.stock(4242, PIECES))
    for block in range(shard, wanted // BLOCK, shards):
        path = directory / f"block-{block:06d}.json"
        if not path.exists():
            _write(path, _block(readers, pieces, block))
    _summarise(report, directory, wanted)


def _block(readers: dict[str, PieceReader], pieces: list[frames.Symbols], block: int) -> dict[str, object]:
    """Read one block; odd blocks are marks, even ones bar codes."""
    window = "mark" if block % 2 else "item"
    counts: Counter[str] = Counter()
    wrong = []
    for number in range(BLOCK):
        seed = FIRST_SEED + block * BLOCK + number
        crop = stress.crop(pieces[seed % PIECES], window, EDGE, seed)
        answer = readers[window].read(crop.image, BUDGET_S)
        reading = answer.of(window)
        counts["read" if reading else str(answer.no_read_reason)] += 1
        if reading is not None and reading.payload != crop.payload:
            wrong.append({"seed": seed, "truth": crop.payload, "read": reading.payload, "path": reading.path})
    return {"window": window, "crops": BLOCK, "counts": dict(counts), "wrong": wrong}


def _write(path: Path, block: dict[str, object]) -> None:
    """Write a block whole or not at all."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(block), encoding="utf-8")
    draft.replace(path)


def _summarise(report: Report, directory: Path, wanted: int) -> None:
    crops: Counter[str] = Counter()
    read: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for path in sorted(directory.glob("block-*.json")):
        block = json.loads(path.read_text(encoding="utf-8"))
        crops[block["window"]] += block["crops"]
        read[block["window"]] += block["counts"].get("read", 0)
        wrong[block["window"]] += len(block["wrong"])
    for window in sorted(crops):
        report.add(f"{window}: crops at the edge", crops[window], "crops")
        report.add(f"{window}: read", read[window] / crops[window], "share")
        report.add(f"{window}: wrong values accepted", wrong[window], "crops", at_most=0)
        if not wrong[window]:
            report.add(f"{window}: rate below (95 %, rule of three)", 3.0 / crops[window], "per edge crop")
    report.add("crops done of those wanted", sum(crops.values()) / wanted, "share")
