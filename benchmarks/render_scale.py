"""The renderer in processes of its own: a day's work from interpreter start, memory at any size, the first chunk.

Run as a program: python -m benchmarks.render_scale TASK COUNT FOLDER; prints CPU seconds and peak memory as JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Executor

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost: from its start until its files were on disk, not what the interpreter clears away afterwards."""

    wall: float
    peak_mb: float
    cpu: float


def in_process(task: str, count: int, folder: Path, cores: int = 1, kernels: Path | None = None) -> Cost:
    """Run one task in a new interpreter bound to `cores` cores; `kernels` is another place for compiled kernels than beside the sources."""
    available = sorted(os.sched_getaffinity(0))[:cores]
    command = [sys.executable, "-m", "benchmarks.render_scale", task, str(count), folder]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if kernels is not None:
        environment["NUMBA_CACHE_DIR"] = str(kernels)
    start = time.perf_counter()
    done = subprocess.run(
        ["taskset", "-c", ",".join(map(str, available)), *command],
        cwd=ROOT,
        env=environment,  # as installed: modules compile once, not at every start
        check=True,
        capture_output=True,
        text=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    return Cost(result["done"] - start, result["peak_mb"], result["cpu"])


def main() -> None:
    """Carry out a task and print its cost."""
    task, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    {"stream": stream, "cold-chunk": cold_chunk, "day": day, "day-pool": day_pool}[task](count, folder)
    # The clock of perf_counter is one for all processes of the machine.
    print(json.dumps({"done": time.perf_counter(), "cpu": time.process_time(), "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """The most memory this process held. Not ``ru_maxrss``: a new program inherits that from the one that started it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) / 1024


def stream(count: int, folder: Path) -> None:
    """Render `count` letters, each chunk to the same file: only memory and time are asked for, not the disk."""
    import rendering
    from benchmarks.letters import TEMPLATE, letters
    from benchmarks.render_ours import as_letter, codes_of

    renderer = rendering.Renderer(rendering.load_template(TEMPLATE))
    source = letters(count)
    at = 0
    while part := [as_letter(letter) for letter in itertools.islice(source, 1000)]:
        run = renderer.measure_run(part)
        codes = [codes_of(at + index, one.sheets) for index, one in enumerate(run.measured)]
        renderer.render(run, codes, folder / "chunk.pdf")
        at += len(part)


def write_case_table(count: int, path: Path) -> None:
    """The day's work as a client would send it: one CSV, one row a letter, instalments as text."""
    import csv

    from benchmarks.letters import letters

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = None
        for letter in letters(count):
            rows = ";".join(f"{row['date']}:{row['principal']}:{row['interest']}" for row in letter.instalments)
            row = {"record_id": letter.record_id, **letter.fields, "instalments": rows}
            if writer is None:
                writer = csv.DictWriter(file, row)
                writer.writeheader()
            writer.writerow(row)


def day(count: int, folder: Path) -> None:
    """folder/cases.csv to files of a thousand letters in folder, in this process."""
    _render_day(folder, None)


def day_pool(count: int, folder: Path) -> None:
    """The same with two worker processes."""
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2) as executor:
        _render_day(folder, executor)


def _render_day(folder: Path, executor: Executor | None) -> None:
    import rendering
    from benchmarks.letters import TEMPLATE
    from benchmarks.render_ours import codes_of
    from rendering.batch import Press, collect_rarely, resident_renderer
    from rendering.case_table import table_parts
    from rendering.table_batch import TableOrder, render_table

    collect_rarely()
    press = Press(TEMPLATE, rendering.load_template(TEMPLATE).sha256)
    resident_renderer(TEMPLATE, press.template_sha256)  # workers begin with it
    order = TableOrder(folder / "cases.csv", folder, codes_of)
    for part in render_table(press, order, table_parts(order.table), executor):
        if part.held or part.refused:
            raise ValueError(f"{len(part.held)} letters held, {len(part.refused)} rows refused")


def cold_chunk(count: int, folder: Path) -> None:
    """One chunk from nothing: imports, template, fonts, kernels from the cache."""
    from benchmarks.render_ours import prepare, render

    render(prepare(count), folder, chunk=count)


if __name__ == "__main__":
    main()
