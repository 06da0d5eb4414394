"""``letterline check``: judge a case file without printing anything."""

from __future__ import annotations

import json as json_module
from pathlib import Path

import click

from controller.intake import CaseFileError, take_in
from controller.intake.take_in import write_refusal_report

ROWS_SHOWN = 20


@click.command()
@click.argument("cases", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for refusals.xlsx and refusals.json."
)
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON instead of a table.")
def check(cases: Path, out: Path | None, as_json: bool) -> None:
    """检查案件文件：哪些行可受理，哪些退回，为什么。Judge a case file: accepted rows, refused rows with row, column and reason.

    \b
    Example: letterline check examples/cases.csv --out out/check
    Exit code 0: every row accepted. 1: some or all refused.
    """
    try:
        intake = take_in(cases)
    except CaseFileError as error:
        raise click.ClickException(str(error)) from None
    if out:
        write_refusal_report(intake, out)
    if as_json:
        click.echo(json_module.dumps({"accepted": len(intake.accepted), "refused": intake.refused_rows}))
    else:
        _show(
            intake.file_name,
            len(intake.accepted),
            intake.refused_rows,
            [(r.row, r.column, r.zh, r.en, r.value) for r in intake.refused],
            out,
        )
    raise SystemExit(1 if intake.refused else 0)


def _show(name: str, accepted: int, refused: int, rows: list[tuple[int, str, str, str, str]], out: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"{name}: [green]受理 accepted {accepted}[/green]   [red]退回 refused {refused}[/red]")
    if rows:
        table = Table("行 row", "列 column", "原因 reason", "值 value")
        for row, column, zh, en, value in rows[:ROWS_SHOWN]:
            table.add_row(str(row), column, f"{zh}\n[dim]{en}[/dim]", value)
        console.print(table)
        if len(rows) > ROWS_SHOWN:
            console.print(f"… 其余 {len(rows) - ROWS_SHOWN} 条见报告 / the rest is in the report (--out)")
    if out:
        console.print(f"报告 report: {out / 'refusals.xlsx'}")
