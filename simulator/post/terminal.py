"""``letterline sim --post``: the SIMULATED post at a terminal."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import click

from simulator.post.cage import FILE
from simulator.post.journeys import PostPlan
from simulator.post.office import Done, PostOffice
from simulator.post.wire import PartnerWire, PostRefused

COME_AGAIN_S = 2.0


def work(folder: Path, url: str, token: str, plan: PostPlan, seed: int, stay_s: float) -> int:
    """Be the post for the simulated line in ``folder``; return the exit code.

    It comes again until it has accepted every tray that holds mail, or nothing has changed for ``stay_s``.
    """
    if not (folder / FILE).is_file():
        raise click.UsageError(
            f"{folder}: 没有邮件，场景里要有 [post] / no mail here: the scenario needs a [post] table, and --dir the line's directory"
        )
    rng = random.Random(seed)
    wire = PartnerWire(url, token, lambda: rng.random() < plan.lost_answers)
    office = PostOffice(folder, wire, plan, seed, _say)
    click.echo(f"SIMULATED 模拟邮局: {url}  seed {seed}")
    try:
        _visit_until_done(office, stay_s)
    except PostRefused as refusal:
        click.secho(str(refusal), fg="red", err=True)
        return 1
    except KeyboardInterrupt:
        click.echo()
    return _end(office.done, wire, office.unannounced())


def _visit_until_done(office: PostOffice, stay_s: float) -> None:
    changed_at, before = time.monotonic(), -1
    while True:
        office.visit()
        if office.done.agrees and office.done.accepted and not office.unannounced():
            return
        if len(office.done.accepted) != before:
            changed_at, before = time.monotonic(), len(office.done.accepted)
        if time.monotonic() - changed_at > stay_s:
            return
        time.sleep(COME_AGAIN_S)


def _end(done: Done, wire: PartnerWire, unannounced: list[str]) -> int:
    for slip in [*done.differs.values(), *unannounced]:
        click.secho(slip, fg="red")
    click.echo(
        f"SIMULATED 模拟  收寄 accepted {len(done.accepted)} 筐 trays, {sum(done.accepted.values())} 件 pieces · "
        f"轨迹 tracking {done.stored} + {done.repeated} 重复 repeated · 请求 requests {wire.sent}, 应答丢失 answers lost {wire.answers_lost}"
    )
    return 0 if done.accepted and not done.differs and not unannounced else 1


def _say(sentence: str) -> None:
    click.echo(sentence)
    sys.stdout.flush()
