"""Peak memory of the renderer at 50,000 and at 1,000,000 letters: about four minutes, apart from `render` for that reason.

The same task as in `render`: letters are made up, measured and rendered a thousand at a time in one process.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.render import memory
from benchmarks.report import Report


def run(quick: bool, report: Report) -> None:
    """Flat from a day's work to twenty days'."""
    with tempfile.TemporaryDirectory(prefix="letterline-bench-") as folder:
        memory((2000, 10_000) if quick else (50_000, 1_000_000), report, Path(folder))
