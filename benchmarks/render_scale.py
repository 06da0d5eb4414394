"""The renderer in processes of its own: a day's work from interpreter start, memory at any size, the first chunk.

Run as a program: python -m benchmarks.render_scale TASK COUNT FOLDER; prints seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost from its start to its end."""

    wall: float
    peak_mb: float
    inner: float  # seconds the process itself reports for its task


def in_process(task: str, count: int, folder: Path, cores: int = 1) -> Cost:
    """Run one task in a new interpreter bound to `cores` cores."""
    available = sorted(os.sched_getaffinity(0))[:cores]
    command = [sys.executable, "-m", "benchmarks.render_scale", task, str(count), folder]
    start = time.perf_counter()
    done = subprocess.run(
        ["taskset", "-c", ",".join(map(str, available)), *command], cwd=ROOT, check=True, capture_output=True, text=True
    )
    wall = time.perf_counter() - start
    result = json.loads(done.stdout.splitlines()[-1])
    return Cost(wall, result["peak_mb"], result["seconds"])


def main() -> None:
    """Carry out a task and print its cost."""
    task, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    start = time.perf_counter()
    {"stream": stream, "cold-chunk": cold_chunk}[task](count, folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": time.perf_counter() - start, "peak_mb": peak}))


def stream(count: int, folder: Path) -> None:
    """Render `count` letters, each chunk to the same file: only memory and time are asked for, not the disk."""
    from itertools import islice

    import rendering
    from benchmarks.letters import TEMPLATE, letters
    from benchmarks.render_ours import as_letter, codes_of

    renderer = rendering.Renderer(rendering.load_template(TEMPLATE))
    source = letters(count)
    at = 0
    while part := [as_letter(letter) for letter in islice(source, 1000)]:
        codes = [codes_of(at + index, one.sheets) for index, one in enumerate(renderer.measure(part))]
        renderer.render(part, codes, folder / "chunk.pdf")
        at += len(part)


def cold_chunk(count: int, folder: Path) -> None:
    """One chunk from nothing: imports, template, fonts, kernels from the cache."""
    from benchmarks.render_ours import prepare, render

    render(prepare(count), folder, chunk=count)


if __name__ == "__main__":
    main()
