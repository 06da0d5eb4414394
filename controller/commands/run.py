"""``letterline run``: the main job, with progress on the terminal."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from controller.runner.main_job import Ended, Job

DEFAULT_TEMPLATE = Path("examples/templates/lawyer_letter")
DEFAULT_OUT = Path("out/run")


@click.command()
@click.argument("cases", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything of this run lies. Default: out/run, an earlier finished run is kept beside it.",
)
@click.option("--template", type=click.Path(path_type=Path, file_okay=False), help="Folder of the letter template.")
@click.option(
    "--line",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Line file of a real line; without it the line is SIMULATED.",
)
@click.option(
    "--scenario",
    default="default",
    show_default=True,
    help="What goes wrong on the simulated line: a name (letterline sim --list) or a TOML file.",
)
@click.option("--seed", default=20260101, show_default=True, help="Seed of the simulated world.")
@click.option(
    "--speed", default=1.0, show_default=True, help="Speed of the simulated line; 1 is 36,000 envelopes an hour."
)
@click.option("--client", default="", help="Whose cases these are, as the screens shall say it.")
@click.option(
    "--by-hand",
    is_flag=True,
    help="Nobody simulated acts at the screens: start, scan, destroy and close at letterline serve. Paper is still carried by SIMULATED people.",
)
@click.option(
    "--witness",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that remembers how far the ledger had got, best on another disk; beside the ledger if not given.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the log of the line on standard error.")
def run(
    cases: Path,
    out: Path | None,
    template: Path | None,
    line: Path | None,
    scenario: str,
    seed: int,
    speed: float,
    client: str,
    by_hand: bool,
    witness: Path | None,
    verbose: bool,
) -> None:
    """从案件文件到封装、核验、交寄清单。From a case file to verified envelopes and a manifest.

    Without --line everything is printed through a real CUPS server to SIMULATED machines. Called again after a crash it resumes.

    \b
    Example: letterline run examples/cases.csv --out out/demo
    Exit code 0: the batch is closed and balanced. 1: refused or incomplete. 2: wrong usage.
    """
    from controller.runner.main_job import Job

    logging.basicConfig(level=logging.INFO if verbose else logging.CRITICAL, format="%(asctime)s %(name)s %(message)s")
    place = out or _fresh(DEFAULT_OUT)
    job = Job(cases, place, template or _template(), line, scenario, seed, speed, client, by_hand, witness=witness)
    ended = _run(job)
    raise SystemExit(0 if ended.closed and not ended.violations else 1)


def _run(job: Job) -> Ended:
    from controller.commands.run_display import Display
    from controller.intake import CaseFileError
    from controller.ledger.errors import LedgerError
    from controller.runner.line_file import LineFileError
    from controller.runner.main_job import run as run_job
    from controller.runner.shell import LineStopped
    from controller.runner.simulated_world import WorldError
    from devices.errors import DeviceError
    from rendering.template import TemplateError

    with Display() as display:
        try:
            ended = run_job(job, display.say, display.show)
        except (
            CaseFileError,
            LineFileError,
            WorldError,
            LedgerError,
            DeviceError,
            TemplateError,
            LineStopped,
        ) as problem:
            raise click.ClickException(str(problem)) from None
        except KeyboardInterrupt:
            raise click.ClickException(
                "已中断；再次运行同一命令即可继续 / interrupted: run the same command again to go on"
            ) from None
    display.report(job.out, ended)
    return ended


def _template() -> Path:
    here = Path(__file__).resolve().parents[2] / DEFAULT_TEMPLATE
    return here if here.is_dir() else DEFAULT_TEMPLATE


def _fresh(out: Path) -> Path:
    """Return ``out``; when a finished run lies there, move that aside first, because a finished batch is never printed again.

    A run that ended with letters open is not finished: it is gone on with, or its letters would be printed by two ledgers.
    """
    facts = out / "summary.json"
    if not facts.exists() or json.loads(facts.read_text(encoding="utf-8")).get("open"):
        return out
    number = 1
    while (aside := out.with_name(f"{out.name}-{number}")).exists():
        number += 1
    out.rename(aside)
    return out


@click.command()
@click.argument("line_file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("cases", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where ledger and files of this line lie.",
)
@click.option("--template", type=click.Path(path_type=Path, file_okay=False), help="Folder of the letter template.")
@click.option(
    "--witness",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that remembers how far the ledger had got, best on another disk; beside the ledger if not given.",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    help="录制装封机的通信线 · record the inserter's wire into this folder; letterline wire reads it.",
)
@click.option(
    "--opcua",
    default="",
    help="HOST:PORT 向工厂系统公布产线状态 · show the line to a plant's SCADA as an OPC UA server.",
)
def line(
    line_file: Path,
    cases: Path,
    out: Path,
    template: Path | None,
    witness: Path | None,
    record: Path | None,
    opcua: str,
) -> None:
    """运行一条产线。Run the controller of one line; people act at the station screens (letterline serve).

    \b
    例 Examples:
      letterline line /etc/letterline/line-1.toml cases.csv --out /srv/letterline/line-1
      letterline line line-1.toml cases.csv --out out/line-1 --record out/wire --opcua 127.0.0.1:4840
    退出码 Exit code 0: the batch is closed and balanced. 1: refused or incomplete. 2: wrong usage.
    """
    from controller.runner.main_job import Job

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    ended = _run(
        Job(cases, out, template or _template(), line_file, "", 0, 1.0, record=record, opcua=opcua, witness=witness)
    )
    raise SystemExit(0 if ended.closed and not ended.violations else 1)
