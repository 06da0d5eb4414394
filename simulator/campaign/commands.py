"""``letterline campaign``: run the integrity campaign, audit it, write its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

EPILOG = """\b
Examples:
  letterline campaign --letters 100000 --faults 0.1 --seed 1
  letterline campaign --letters 1000000 --faults 0.1 --seed 7 --jobs 2 --json out.json --html out.html
  letterline campaign --letters 20000 --profile realistic --seed 3
  letterline campaign --letters 1000000 --faults 0.1 --seed 7 --shift 1234     (one shift of it again)
  letterline campaign --mutants 12 --json mutants.json
  letterline campaign --exhaustive pairs --json pairs.json
"""

KEEP_EVERY_S = 60
"""A long run writes the figures so far this often, so that one that is killed leaves something."""


def _rows(_context: click.Context, _option: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a list of row numbers such as 13,14") from None


@click.command(epilog=EPILOG)
@click.option(
    "--letters", type=click.IntRange(1, 1_000_000_000), default=10_000, show_default=True, help="Letters in all."
)
@click.option(
    "--faults",
    type=click.FloatRange(0, 5),
    default=0.1,
    show_default=True,
    help="Faults per letter of the stress profile. From about 0.5 on the reprints are struck as fast as they are made: a batch that does not end is counted as a violation.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="The same seed and the same commit give the same ledgers.",
)
@click.option("--profile", type=click.Choice(["stress", "realistic", "x7", "x20"]), default="stress", show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=None,
    help="Worker processes; as many as there are cores unless said.",
)
@click.option(
    "--store",
    type=click.Choice(["memory", "sqlite"]),
    default="memory",
    show_default=True,
    help="Where the ledgers are kept.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    help="Begin no further shift after so long; the report says how many ran.",
)
@click.option("--only", callback=_rows, default="", help="Only these rows of the fault matrix, such as 13,14.")
@click.option(
    "--shift", type=click.IntRange(0), default=None, help="Run one shift of the campaign again and show its alarms."
)
@click.option(
    "--mutants",
    type=click.IntRange(0),
    default=None,
    help="Switch each rule off in turn; hunt it through every small world, then so many shifts of 200 letters.",
)
@click.option(
    "--exhaustive",
    type=click.Choice(["crashes", "singles", "pairs", "lies"]),
    default=None,
    help="Nothing drawn: every crash point, every fault at every place, every pair of them, every lie of the wire, on a job of a few letters.",
)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option(
    "--html", "html_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the one-page report here."
)
def campaign(
    letters: int,
    faults: float,
    seed: int,
    profile: str,
    jobs: int | None,
    store: str,
    minutes: float | None,
    only: tuple[int, ...],
    shift: int | None,
    mutants: int | None,
    exhaustive: str | None,
    json_path: Path | None,
    html_path: Path | None,
) -> None:
    """Prove the line in virtual time (SIMULATED floor, production core and ledger), with every kind of fault and an independent auditor.

    Exit code 1 when an invariant was broken, a shift did not end, or the auditor disagrees; the repeating command is printed then.
    """
    if mutants is not None:
        raise SystemExit(_hunt(mutants, jobs, json_path))
    if exhaustive is not None:
        raise SystemExit(_exhaust(exhaustive, jobs, json_path))
    import os
    from concurrent.futures import ProcessPoolExecutor

    from simulator.campaign.faults import NAMES, Profile
    from simulator.campaign.report import command_of, commit, figures, write_html, write_json
    from simulator.campaign.run import CampaignPlan, run_campaign

    unknown = [row for row in only if row not in NAMES]
    if unknown:
        raise click.BadParameter(f"row {unknown[0]} of the fault matrix does not exist", param_hint="--only")
    plan = CampaignPlan(letters, seed, Profile(profile, faults, only), durable=store == "sqlite")
    if shift is not None:
        raise SystemExit(_one_shift(plan, shift))
    source = commit()
    workers = jobs or os.cpu_count() or 1
    click.echo(f"SIMULATED campaign: {letters} letters, seed {seed}, profile {profile}, {workers} processes")
    with ProcessPoolExecutor(workers) as executor, click.progressbar(length=letters, label="letters") as bar:
        done, kept_s = 0, 0.0

        def progress(tally: Any, seconds: float) -> None:
            nonlocal done, kept_s
            bar.update(tally.letters - done)
            done = tally.letters
            if json_path and seconds - kept_s > KEEP_EVERY_S:
                kept_s = seconds
                write_json(json_path, figures(plan, tally, seconds, workers, source))

        tally, seconds = run_campaign(plan, executor, progress, minutes=minutes, ahead=4 * workers)
    report = figures(plan, tally, seconds, workers, source)
    if json_path:
        write_json(json_path, report)
    if html_path:
        write_html(html_path, report)
    click.echo(
        f"{tally.letters} letters, {tally.faults} faults, {tally.events} events in {seconds:.1f} s: "
        f"{report['violations']} violations, {report['auditor_disagreements']} contradictions found by the auditor"
    )
    for index, text in (*tally.violations, *tally.unfinished, *tally.findings)[:10]:
        click.echo(f"shift {index}: {text}\n  repeat: {command_of(plan, index)}", err=True)
    raise SystemExit(1 if report["violations"] else 0)


def _hunt(shifts: int, jobs: int | None, json_path: Path | None) -> int:
    """Hunt every mutant; 0 when none survives."""
    import json
    from concurrent.futures import ProcessPoolExecutor
    from dataclasses import asdict
    from itertools import repeat

    from simulator.campaign.mutant_list import mutants
    from simulator.campaign.mutants import hunt_named

    names = [mutant.name for mutant in mutants()]
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(jobs) as executor:
        for result in executor.map(hunt_named, names, repeat(shifts)):
            rows.append({**asdict(result), "mutant": result.mutant.name})
            click.echo(
                f"{'killed' if result.killed_by else 'SURVIVED':9}{result.letters:7} {result.mutant.name}: "
                f"{result.killed_by} ({result.where})"
            )
    killed = sum(bool(row["killed_by"]) for row in rows)
    click.echo(f"{killed} of {len(rows)} killed")
    if json_path:
        json_path.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0 if killed == len(rows) else 1


def _exhaust(kind: str, jobs: int | None, json_path: Path | None) -> int:
    """Run every world of one kind; 0 when none has a problem."""
    import json
    from concurrent.futures import ProcessPoolExecutor

    from simulator.campaign.exhaustion import KINDS, run_all

    with ProcessPoolExecutor(jobs) as executor, click.progressbar(length=len(KINDS[kind]()), label=kind) as bar:
        found = run_all(kind, executor, bar.update)
    for where, text in found.problems[:20]:
        click.echo(f"{where}: {text}", err=True)
    click.echo(f"{found.worlds} {kind}, {len(found.problems)} problems, {found.seconds:.0f} s")
    if json_path:
        json_path.write_text(json.dumps(found.figures(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if found.problems else 0


def _one_shift(plan: Any, index: int) -> int:
    from simulator.campaign.run import audited
    from simulator.campaign.shift import Shift

    chosen = next((shift for number, shift in plan.shifts() if number == index), None)
    if chosen is None:
        raise click.BadParameter(f"the campaign has no shift {index}", param_hint="--shift")
    floor = Shift(chosen)
    tally = audited(index, floor.run())
    for alarm in floor.host.alarms[:40]:
        click.echo(f"alarm {alarm.code} {alarm.where} {alarm.detail}")
    problems = [*tally.violations, *tally.unfinished, *tally.findings]
    for _, text in problems:
        click.echo(text)
    click.echo(f"{tally.letters} letters, {tally.faults} faults, {tally.events} events, {len(problems)} problems")
    return 1 if problems else 0
