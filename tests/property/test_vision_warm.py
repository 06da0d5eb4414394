"""A warmed reader meets nothing for the first time when the line starts: neither compilation nor loading of a kernel."""

from __future__ import annotations

import subprocess
import sys

import pytest

FIRST_FRAMES = """
import importlib, pkgutil
from numba.core.registry import CPUDispatcher
import vision.kernels
from benchmarks import frames
from simulator import optics
from vision.reader import PieceReader

def known():
    names = [m.name for m in pkgutil.iter_modules(vision.kernels.__path__, "vision.kernels.")]
    modules = [importlib.import_module(name) for name in names]
    return {k.__name__: len(k.signatures) for m in modules for k in vars(m).values() if isinstance(k, CPUDispatcher)}

camera = frames.CAMERAS["1.3MP"]
reader = PieceReader(camera.profile())
reader.warm((camera.height, camera.width))
before = known()
for seed, symbols in enumerate(frames.stock(77, 12)):
    reader.read(frames.frame(camera, (optics.P1, optics.P2, optics.EDGE)[seed % 3], symbols, seed).image, 10.0)
print({name: count for name, count in known().items() if count != before[name]})
"""


@pytest.mark.slow
def test_the_first_frames_after_warming_compile_and_load_no_kernel() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_FRAMES], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{}"
