"""``letterline doctor`` and ``letterline conformance``."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = {"good": "✓", "note": "·", "warn": "!", "bad": "✗"}
_COLOUR = {"good": "green", "note": "cyan", "warn": "yellow", "bad": "red"}


@click.command()
@click.argument("line", required=False, type=click.Path(path_type=Path))
@click.option(
    "--run",
    "run_directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also look at the print spool of this run directory.",
)
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
def doctor(line: Path | None, run_directory: Path | None, as_json: bool) -> None:
    """检查电脑与产线设备，并说明如何处理 / Check this computer and the devices of LINE, and say what to do.

    Looks at the spooler, fonts, clock, disk, serial ports (by id, and who holds them) and, with LINE.toml, at every device it names.
    Changes nothing and moves nothing. Exit code 1 when something must be mended.

    \b
    Example:  letterline doctor
              letterline doctor /tmp/line/line.toml --run out
    """
    from dataclasses import asdict

    from devices.doctor.findings import Health
    from devices.doctor.host import check_host, check_spool
    from devices.doctor.line import check_line
    from devices.doctor.ports import list_serial_ports

    findings = check_host(Path.cwd()) + list_serial_ports()
    if line is not None:
        findings += check_line(line)
    if run_directory is not None:
        findings += check_spool(run_directory)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.secho(f" {_MARK[finding.health]} ", fg=_COLOUR[finding.health], bold=True, nl=False)
            click.echo(f"{finding.what}：{finding.seen}")
            if finding.do:
                click.echo(f"     → {finding.do}")
    bad = sum(finding.health is Health.BAD for finding in findings)
    warned = sum(finding.health is Health.WARN for finding in findings)
    if not as_json:
        click.echo(f"{bad} 项须处理，{warned} 项须留意 / {bad} to mend, {warned} to watch")
    sys.exit(1 if bad else 0)


@click.command()
@click.option(
    "--port",
    "url",
    required=True,
    help="The device: /dev/serial/by-id/..., a pty, socket://HOST:PORT, modbus-tcp://HOST:PORT.",
)
@click.option("--baud", default=115200, show_default=True, type=click.IntRange(300, 4_000_000))
@click.option("--only", multiple=True, help="Only this clause, e.g. W08; may be given several times.")
@click.option("--no-paper", is_flag=True, help="Leave out the clauses that feed sheets.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as JSON.")
@click.option(
    "--html", "html_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as one HTML page."
)
def conformance(
    url: str, baud: int, only: tuple[str, ...], no_paper: bool, json_file: Path | None, html_file: Path | None
) -> None:
    """按接口文件逐条检验折叠封装机 / Run the clauses of docs/protocols/inserter.md against a device.

    THE MACHINE MOVES: it feeds sheets and opens its gate. Load at least 100 test sheets, and nothing that may be posted. Stop any controller
    first. Exit code 0 when every tested clause is kept, 1 otherwise.

    \b
    Example:  letterline conformance --port /dev/serial/by-id/usb-maker-if00 --html report.html
              letterline conformance --port /tmp/line/inserter --no-paper
    """
    from contextlib import ExitStack

    from devices.conformance.clauses import CLAUSES
    from devices.conformance.host import RealPort, TestHost
    from devices.conformance.kit import Finding, Outcome, count, run_kit, to_html, to_json
    from devices.conformance.register_host import ModbusPort, RegisterTestHost
    from devices.errors import DeviceError
    from devices.link import LineSettings, Link

    unknown = set(only) - {clause.number for clause in CLAUSES}
    if unknown:
        raise click.UsageError(
            f"没有这些条款 / no such clause: {', '.join(sorted(unknown))}; {CLAUSES[0].number} … {CLAUSES[-1].number}"
        )
    findings: list[Finding] = []
    colours = {Outcome.KEPT: "green", Outcome.NOT_KEPT: "red", Outcome.NOT_TESTED: "yellow"}
    frames = not url.startswith("modbus-")
    try:
        with ExitStack() as stack:
            if frames:
                port = RealPort(stack.enter_context(Link(url, LineSettings(baud=baud))))
                make_host: Callable[[int], TestHost] = partial(TestHost, port)
            else:
                registers = ModbusPort(url)
                stack.callback(registers.close)
                make_host = partial(RegisterTestHost, registers)
            for finding in run_kit(make_host, only, paper=not no_paper, frames=frames):
                findings.append(finding)
                click.secho(f" {finding.outcome.value:10}", fg=colours[finding.outcome], nl=False)
                click.echo(f" {finding.clause}  {finding.text}")
                if finding.detail:
                    click.echo(f"             → {finding.detail}")
    except DeviceError as problem:
        raise click.ClickException(str(problem)) from problem
    if json_file is not None:
        json_file.write_text(to_json(url, findings), encoding="utf-8")
    if html_file is not None:
        html_file.write_text(to_html(url, findings), encoding="utf-8")
    totals = count(findings)
    click.echo(", ".join(f"{number} {outcome}" for outcome, number in totals.items()))
    sys.exit(1 if totals[Outcome.NOT_KEPT] else 0)


@click.command()
@click.argument("recording", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="把听到的内容存为基准 · keep what was heard, to compare with.",
)
@click.option(
    "--expect",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="与基准比较，不同则退出码 1 · compare with what --save kept; exit code 1 when today's driver hears otherwise.",
)
def wire(recording: Path, save: Path | None, expect: Path | None) -> None:
    """回放录制的通信线，检验驱动 / Play a recording of `letterline line --record` back through today's driver.

    Shows what device and host said, what was damaged on the wire and what is missing, and sends nothing anywhere.

    \b
    例 Examples:
      letterline wire out/wire/inserter-20260105-081500.jsonl --save monday.json
      letterline wire out/wire/inserter-20260105-081500.jsonl --expect monday.json
    退出码 Exit code 0: heard completely, and as expected. 1: events missing or unreadable, or heard otherwise. 2: wrong usage.
    """
    from devices.errors import ProtocolError
    from devices.inserter.rehearsal import hear, lines_of_difference

    try:
        heard = hear(recording)
    except ProtocolError as problem:
        raise click.ClickException(str(problem)) from problem
    for key, value in heard.figures.items():
        click.echo(f"{key:28} {value}")
    if save is not None:
        save.write_text(heard.to_json(), encoding="utf-8")
    differences = lines_of_difference(heard, expect.read_text(encoding="utf-8")) if expect is not None else []
    for line in differences[:20]:
        click.secho(line, fg="red")
    if expect is not None and not differences:
        click.echo("与基准一致 / heard as expected")
    sys.exit(1 if differences or not heard.complete else 0)
