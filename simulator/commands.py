"""``letterline sim``: starts a simulated line as a process of its own and keeps it until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simulator.inserter.wrong import WrongMachine
    from simulator.plant import Plant
    from simulator.scenario import Scenario


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
@click.option(
    "--lines", default=1, show_default=True, type=click.IntRange(1, 8), help="So many lines, in DIR/line1, DIR/line2, …"
)
@click.option("--matrix", is_flag=True, help="Run every row of the fault matrix against the controller and report.")
@click.option("--rows", default="", help="With --matrix: only these rows, for example 1,5-9.")
@click.option(
    "--cases", type=click.Path(path_type=Path, exists=True), help="With --matrix: where its 40 letters come from."
)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="With --matrix: write the results there.")
@click.option(
    "--wrong",
    "wrong_name",
    help="An inserter made wrong on purpose, to see a conformance kit fail it; --list names them.",
)
@click.option("--post", "post_url", help="Be the post for the line in DIR: the address of letterline serve.")
@click.option(
    "--post-token",
    envvar="LETTERLINE_POST_TOKEN",
    help="With --post: token of the post's partner API (letterline partner token). Better given as LETTERLINE_POST_TOKEN.",
)
@click.option("--stay", default=20.0, show_default=True, help="With --post: go after so many seconds without new mail.")
@click.option("--list", "list_scenarios", is_flag=True, help="List scenarios and wrong machines.")
def sim(
    scenario: str,
    seed: int | None,
    speed: float | None,
    folder: Path | None,
    console: bool,
    replay: bool,
    ledger: Path | None,
    lines: int,
    matrix: bool,
    rows: str,
    cases: Path | None,
    json_file: Path | None,
    wrong_name: str | None,
    post_url: str | None,
    post_token: str | None,
    stay: float,
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
              letterline sim clean --lines 2 --dir /tmp/floor
              letterline sim --post http://127.0.0.1:8480 --dir out/run/sim
              letterline sim conformance --wrong opens-without-token --dir /tmp/wrong
    例 Examples for a maker: start the last line, then in another terminal
              letterline conformance --port /tmp/wrong/inserter --html report.html

    Exit code 0: ended as told, or every row as expected. 1: the simulator or a row failed. 2: wrong usage.
    """
    from simulator.scenario import ScenarioError, load

    if list_scenarios:
        _list()
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
    if post_url is not None:
        raise SystemExit(_post(chosen, folder, seed, post_url, post_token, stay))
    wrong = _wrong(wrong_name, chosen) if wrong_name is not None else None
    place = folder or Path(tempfile.mkdtemp(prefix="letterline-sim-"))
    _run(chosen, place, chosen.seed if seed is None else seed, speed or chosen.speed, wrong, lines)


def _list() -> None:
    from simulator.inserter.wrong import WRONG
    from simulator.scenario import SCENARIOS, load

    for file in sorted(SCENARIOS.glob("*.toml")):
        click.echo(f"{file.stem:<32} {load(str(file)).title}")
    click.echo("\n--wrong")
    for machine in WRONG:
        click.echo(f"{machine.name:<32} {machine.en} {machine.zh}  ({', '.join(machine.fails)})")


def _post(scenario: Scenario, folder: Path | None, seed: int | None, url: str, token: str | None, stay_s: float) -> int:
    from simulator.post.journeys import PostPlan
    from simulator.post.terminal import work

    if folder is None or not token:
        raise click.UsageError(
            "--post needs --dir, the directory of the simulated line, and LETTERLINE_POST_TOKEN, made by 'letterline partner token'"
        )
    plan = scenario.post or PostPlan()
    return work(folder, url, token, plan, scenario.seed if seed is None else seed, stay_s)


def _wrong(name: str, scenario: Scenario) -> WrongMachine:
    from simulator.inserter.wrong import find_wrong

    try:
        machine = find_wrong(name)
    except KeyError as problem:
        raise click.UsageError(str(problem.args[0])) from problem
    if machine.frames_only and scenario.machine.transport.startswith("modbus"):
        raise click.UsageError(
            f"{machine.name} is wrong in the frame protocol, and this scenario speaks Modbus: use a serial one"
        )
    return machine


def _run(scenario: Scenario, folder: Path, seed: int, speed: float, wrong: WrongMachine | None, lines: int) -> None:
    from contextlib import ExitStack

    from simulator.plant import Plant

    # The firmware's thread must not wait for a picture being packed: 5 ms is a long time at 36,000 an hour.
    sys.setswitchinterval(0.0005)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    folder.mkdir(parents=True, exist_ok=True)
    pid_file = folder / "sim.pid"
    pid_file.write_text(str(os.getpid()))
    with ExitStack() as floor:
        plants = []
        for line in range(1, lines + 1):
            place = folder.resolve() / f"line{line}" if lines > 1 else folder.resolve()
            name = f" {line}" if lines > 1 else ""
            plant = Plant(scenario, place, seed=seed + line - 1, speed=speed, wrong=wrong, name=scenario.name + name)
            plants.append(floor.enter_context(plant))
        _introduce(plants, wrong)
        while not stop.wait(timeout=0.5):
            for plant in plants:
                if plant.device.failure is not None:
                    click.echo(f"the simulated inserter failed: {plant.device.failure!r}", err=True)
                    pid_file.unlink(missing_ok=True)
                    raise SystemExit(1)
    pid_file.unlink(missing_ok=True)
    click.echo("SIMULATED 模拟: stopped")


def _introduce(plants: list[Plant], wrong: WrongMachine | None) -> None:
    scenario = plants[0].scenario
    click.echo(f"SIMULATED 模拟  {scenario.name}: {scenario.title}  seed {plants[0].seed}  speed {plants[0].speed:g}x")
    if wrong is not None:
        click.secho(f"MADE WRONG 故意做错: {wrong.en} {wrong.zh}; fails {', '.join(wrong.fails)}", fg="red")
    for plant in plants:
        click.echo(f"line file: {plant.folder / 'line.toml'}")
        click.echo(f"picture and fault console 产线图与故障台: {plant.window.url}")
    sys.stdout.flush()
