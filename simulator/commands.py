"""``letterline sim``: starts a simulated line as a process of its own and keeps it until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

import click


def __getattr__(name: str) -> object:
    """Give ``campaign`` to the command finder without importing it for ``sim``."""
    if name == "campaign":
        from importlib import import_module

        return import_module("simulator.campaign.commands").campaign
    raise AttributeError(name)


@click.command()
@click.argument("scenario", default="default")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of everything random; the scenario's own by default.")
@click.option("--speed", type=click.FloatRange(min=0.01), help="Belt and printer speed; 1 is 36,000 envelopes an hour.")
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path), help="Where line.toml, world.jsonl and the ports appear."
)
@click.option(
    "--console", "console", is_flag=True, help="Talk to the running line in DIR: one line of words, one fault."
)
@click.option("--replay", "replay", is_flag=True, help="Replay DIR/world.jsonl in the browser, step by step.")
@click.option(
    "--ledger", type=click.Path(path_type=Path, exists=True), help="With --replay: exported ledger events to show."
)
@click.option("--matrix", is_flag=True, help="Run every row of the fault matrix against the controller and report.")
@click.option("--rows", default="", help="With --matrix: only these rows, for example 1,5-9.")
@click.option(
    "--cases", type=click.Path(path_type=Path, exists=True), help="With --matrix: where its 40 letters come from."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="With --matrix: write the results there.")
@click.option("--list", "list_scenarios", is_flag=True, help="List the scenarios that come with the simulator.")
def sim(
    scenario: str,
    seed: int | None,
    speed: float | None,
    folder: Path | None,
    console: bool,
    replay: bool,
    ledger: Path | None,
    matrix: bool,
    rows: str,
    cases: Path | None,
    json_file: Path | None,
    list_scenarios: bool,
) -> None:
    """Run a SIMULATED 模拟 line: printers over IPP, an inserter behind a serial port, cameras over HTTP.

    SCENARIO is a TOML file or the name of a built-in one. The addresses are in DIR/line.toml as soon as it can be used;
    what physically happens is written to DIR/world.jsonl. Stop it with Ctrl-C.

    \b
    Example:  letterline sim default --seed 7 --speed 2 --dir /tmp/line
              letterline sim --console --dir /tmp/line
              letterline sim --replay --dir /tmp/line
              letterline sim --matrix --rows 13-15,18
    """
    from simulator.scenario import SCENARIOS, ScenarioError, load

    if list_scenarios:
        for file in sorted(SCENARIOS.glob("*.toml")):
            click.echo(f"{file.stem:<32} {load(str(file)).title}")
        return
    if matrix:
        from simulator.matrix_report import run_matrix

        raise SystemExit(run_matrix(rows, cases, folder, speed or 3.0, json_file))
    if console or replay:
        if folder is None:
            raise click.UsageError("--dir is missing: the directory of the simulated line")
        from simulator.window.terminal import replay_folder, talk

        if console:
            talk(folder)
        else:
            replay_folder(folder, ledger)
        return
    try:
        chosen = load(scenario)
    except ScenarioError as problem:
        raise click.UsageError(str(problem)) from problem
    place = folder or Path(tempfile.mkdtemp(prefix="letterline-sim-"))
    _run(chosen, place, chosen.seed if seed is None else seed, speed or chosen.speed)


def _run(scenario: object, folder: Path, seed: int, speed: float) -> None:
    from simulator.plant import Plant
    from simulator.scenario import Scenario

    assert isinstance(scenario, Scenario)
    # The firmware's thread must not wait for a picture being packed: 5 ms is a long time at 36,000 an hour.
    sys.setswitchinterval(0.0005)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    folder.mkdir(parents=True, exist_ok=True)
    pid_file = folder / "sim.pid"
    pid_file.write_text(str(os.getpid()))
    with Plant(scenario, folder.resolve(), seed=seed, speed=speed) as plant:
        click.echo(f"SIMULATED 模拟  {scenario.name}: {scenario.title}  seed {seed}  speed {speed:g}x")
        click.echo(f"line file: {plant.folder / 'line.toml'}")
        click.echo(f"picture and fault console 产线图与故障台: {plant.window.url}")
        sys.stdout.flush()
        while not stop.wait(timeout=0.5):
            if plant.device.failure is not None:
                click.echo(f"the simulated inserter failed: {plant.device.failure!r}", err=True)
                pid_file.unlink(missing_ok=True)
                raise SystemExit(1)
    pid_file.unlink(missing_ok=True)
    click.echo("SIMULATED 模拟: stopped")
