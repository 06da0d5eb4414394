"""Runs the fault matrix row by row, says how each ended as it ends, and writes the results. For people and for JSON readers."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from simulator.matrix import RowResult, rows, run_row, small_batch

LETTERS = 40
CASES = Path(__file__).resolve().parents[1] / "examples" / "cases.csv"


def _chosen(text: str) -> set[int]:
    chosen: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise click.UsageError(f"--rows {text}: write for example 1,5-9")
        chosen |= set(range(int(first), int(last or first) + 1))
    return chosen


def run_matrix(wanted: str, cases: Path | None, folder: Path | None, speed: float, json_file: Path | None) -> int:
    """Run the rows and return the exit code: 0 when every row ended as expected."""
    place = (folder or Path(tempfile.mkdtemp(prefix="letterline-matrix-"))).resolve()
    batch = small_batch(cases or CASES, place, LETTERS)
    click.echo(f"SIMULATED 模拟  fault matrix 故障矩阵, {LETTERS} letters a row, files in {place}")
    results: list[RowResult] = []
    for scenario in rows(_chosen(wanted)):
        result = run_row(scenario, batch, place, speed)
        results.append(result)
        mark = "FAILED" if result.problems else "ok"
        figures = f"{result.rejects} rejected, {result.reprints} reprinted" if result.how == "wire" else "by tests"
        click.echo(f"{result.row:>3}  {mark:<6}  {result.name}  {result.seconds:.1f} s  {figures}")
        for problem in result.problems:
            click.echo(f"             {problem}")
    failed = [result.row for result in results if result.problems]
    click.echo(f"{len(results)} rows run, {len(failed)} not as expected{': ' + str(failed) if failed else ''}")
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=1) + "\n")
    return 1 if failed else 0
