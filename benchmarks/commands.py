"""`letterline bench`: runs one benchmark, shows its figures as they come, writes them as JSON."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from benchmarks.report import Measure

_NOT_BENCHMARKS = {"__init__", "commands", "report"}


def available() -> list[str]:
    """Names of the benchmark modules beside this file."""
    return sorted(
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if path.stem not in _NOT_BENCHMARKS and not path.stem.startswith("_") and "def run(" in path.read_text("utf-8")
    )


@click.command(
    epilog="\b\n例 Examples:\n  letterline bench\n  letterline bench render --quick\n  letterline bench render --json render.json",
)
@click.argument("name", required=False)
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="结果写入文件 · write the figures to FILE",
)
@click.option("--quick", is_flag=True, help="几秒钟的粗测 · a few seconds, indicative only")
def bench(name: str | None, json_path: Path | None, quick: bool) -> None:
    """运行基准测试，与同类软件同场比较 · run a benchmark beside its peers. Without NAME: list them."""
    names = available()
    if name is None:
        for known in names:
            click.echo(f"{known:10} {_first_line(known)}")
        return
    if name not in names:
        raise click.UsageError(
            f"没有名为 {name} 的基准 · no benchmark {name!r}; there are: {', '.join(names) or 'none'}"
        )
    from benchmarks.report import Report

    report = Report(show=_show)
    module = importlib.import_module(f"benchmarks.{name}")
    try:
        module.run(quick=quick, report=report)
    finally:
        if json_path is not None:
            report.write(json_path)
    failed = report.failed()
    for measure in failed:
        click.secho(
            f"未达标 · gate missed: {measure.measure}: {measure.ours:.4g} {measure.unit}, {measure.gate}", fg="red"
        )
    sys.exit(1 if failed and not quick else 0)


def _first_line(name: str) -> str:
    import ast

    source = (Path(__file__).parent / f"{name}.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").split("\n")[0]


def _show(measure: Measure) -> None:
    peers = "  ".join(
        f"{name} {value:.4g} ({measure.ratio().get(name, float('nan')):.3g}x)" for name, value in measure.peers.items()
    )
    gate = f"  [{measure.gate}: {'ok' if measure.holds else 'MISSED'}]" if measure.gate else ""
    click.echo(f"{measure.measure:48} {measure.ours:>11.5g} {measure.unit:14} {peers}{gate}")
