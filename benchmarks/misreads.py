"""A million SIMULATED crops at the edge of readability, resumably: how many wrong values get past the reader's rules.

LETTERLINE_CROPS is the total wanted (both kinds together, default 1,000,000), LETTERLINE_MISREADS the directory that
keeps the state (default out/misreads). The run can be stopped at any moment and goes on where it was; two runs with
different LETTERLINE_SHARD=K/N, or one with LETTERLINE_BACKWARDS set, may work on the same total on two cores.
Every wrong value is kept with its seed.
A block counts only for the decoder that read it: each names its fingerprint, and those of another one are read anew.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2

from benchmarks import frames, stress
from benchmarks.report import Report
from simulator.optics import EDGE
from vision.reader import PieceReader

BLOCK = 500
PIECES = 400
BUDGET_S = 0.06
"""As on the line (`controller.runner.eyes`): the longer a frame is looked at, the more chances to be wrong."""
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
    decoder = fingerprint()
    blocks = range(shard, wanted // BLOCK, shards)
    for block in reversed(blocks) if os.environ.get("LETTERLINE_BACKWARDS") else blocks:
        path = directory / f"block-{block:06d}.json"
        if _read(path).get("decoder") != decoder:
            _write(path, {"decoder": decoder, **_block(readers, pieces, block)})
    _summarise(report, [_read(path) for path in sorted(directory.glob("block-*.json"))], decoder, wanted)


def fingerprint() -> str:
    """Name what decides about a value: the code the reader imports, without its comments, and the engines' versions."""
    digest = hashlib.blake2b(digest_size=8)
    for name in ("zxing-cpp", "pyzbar", "opencv-python-headless", "numba"):
        digest.update(f"{name} {importlib.metadata.version(name)};".encode())
    modules: set[str] = set()
    for root in ("vision.reader", "vision.profiles"):
        _imported_by(root, modules)
    for name in sorted(modules):
        tree = ast.parse(Path(str(sys.modules[name].__file__)).read_text(encoding="utf-8"))
        digest.update(ast.dump(_without_docstrings(tree)).encode())
    return digest.hexdigest()


def _imported_by(name: str, known: set[str]) -> None:
    """Add a module and the modules of `vision` that it needs to ``known``."""
    known.add(name)
    tree = ast.parse(Path(str(sys.modules[name].__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vision"):
            for target in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                if target in sys.modules and target not in known:
                    _imported_by(str(target), known)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
    return tree


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _block(readers: dict[str, PieceReader], pieces: list[frames.Symbols], block: int) -> dict[str, Any]:
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


def _write(path: Path, block: dict[str, Any]) -> None:
    """Write a block whole or not at all."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(block), encoding="utf-8")
    draft.replace(path)


def _read(path: Path) -> dict[str, Any]:
    """Return a block; an empty one when it was never written."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _summarise(report: Report, blocks: list[dict[str, Any]], decoder: str, wanted: int) -> None:
    crops: Counter[str] = Counter()
    read: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for block in blocks:
        if block.get("decoder") != decoder:
            continue
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
