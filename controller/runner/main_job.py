"""The main job: a case file in, verified envelopes and a manifest out. Says what it does, resumes where it was killed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.intake import Intake, take_in
from controller.intake.take_in import write_refusal_report
from controller.ledger.opening import OpenLedger, open_ledger
from controller.line.book import Book
from controller.line.state import LineConfig
from controller.runner import batch_intake, outcome
from controller.runner.line_file import LineFile, read_line_file
from controller.runner.outcome import Stages
from controller.runner.outlets import Outlets
from controller.runner.print_room import end_print_server
from controller.runner.production import Production
from controller.runner.session import Progress, Session, mac_key, restored_core
from controller.runner.simulated_world import SimulatedWorld
from controller.runner.world_check import check_world
from controller.states import BatchState, LetterState

log = logging.getLogger(__name__)

HELD_NAMED_MAX = 8


@dataclass(frozen=True, slots=True)
class Job:
    """What the user asked for. ``line`` None: the simulated line; ``by_hand``: nobody simulated acts in the place of people at the screens.

    ``witness``: the file of the ledger's witness when it lies on another disk. ``record``: folder for the recording of the inserter's wire; ``opcua``: HOST:PORT of the plant's OPC UA server.
    """

    cases: Path
    out: Path
    template: Path
    line: Path | None
    scenario: str
    seed: int
    speed: float
    client: str = ""
    by_hand: bool = False
    record: Path | None = None
    opcua: str = ""
    witness: Path | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. ``closed``: the batch balanced and is closed; ``earlier``: it had been closed by an earlier run."""

    facts: dict[str, object]
    closed: bool
    violations: tuple[str, ...]
    earlier: bool = False


Say = Callable[[str, str], None]


def run(job: Job, say: Say, show: Callable[[Progress], None]) -> Ended:
    """Do the main job. ``say`` gets one sentence (Chinese, English) per step; ``show`` the progress several times a second.

    Raises:
        CaseFileError, LineFileError, WorldError, SpoolerError, LedgerFault, LedgerBusy, TemplateError, LineStopped: each says what to do.
    """
    started = time.monotonic()
    intake = take_in(job.cases)
    job.out.mkdir(parents=True, exist_ok=True)
    write_refusal_report(intake, job.out)
    stages = Stages()
    stages.add("intake", len(intake.accepted) + intake.refused_rows, time.monotonic() - started)
    say(
        f"受理 {len(intake.accepted)} 案，退回 {intake.refused_rows} 行",
        f"{len(intake.accepted)} cases accepted, {intake.refused_rows} rows refused",
    )
    config = LineConfig(mac_key(job.out))
    with open_ledger(job.out / "ledger.db", witness=job.witness) as opened:
        return _run(job, intake, config, opened, stages, say, show)


def _run(
    job: Job,
    intake: Intake,
    config: LineConfig,
    opened: OpenLedger,
    stages: Stages,
    say: Say,
    show: Callable[[Progress], None],
) -> Ended:
    core = restored_core(opened, config)
    batch = batch_intake.batch_of_file(opened, intake.sha256)
    if batch and core.book.batches[batch].state == BatchState.CLOSED:
        say("该文件已全部完成，不再打印", "this file was completed before: nothing is printed again")
        return _closed_earlier(job, intake, core.book, opened, batch, stages)
    began = time.monotonic()
    sheets, defects = _measure(job, intake)
    stages.add("layout", len(intake.accepted), time.monotonic() - began)
    if batch:
        taken = batch_intake.resume(opened, batch)
        say("接着上次中断处继续", "resuming where the last run was interrupted")
    else:
        taken = batch_intake.open_batch(opened, core, intake, config.key, defects, job.client)
    if taken.held:
        say(f"{len(taken.held)} 封信函被扣留", f"{len(taken.held)} letters are held: see the exceptions")
    world = None if job.line else SimulatedWorld(job.out / "sim", job.scenario, job.seed, job.speed)
    file = _line(job, world, say)
    session = Session(
        opened, core, file, taken, job.template, job.out,
        {taken.batch * 10_000_000 + place: count for place, count in sheets.items()}, job.speed, show, restarted=taken.resumed, by_hand=job.by_hand,
        outlets=Outlets(job.record, job.opcua),
    )  # fmt: skip
    session.skip_requests_seen()
    with session:
        say("产线运行中", "the line is running")
        closed = session.run()
        session.production.wait_for_pictures()
    if world:
        world.stop()
    _say_held(say, core.book, taken.batch)
    violations = (
        tuple(check_world(job.out / "sim" / "world.jsonl", core.book, taken.batch, file.proves.postage))
        if world
        else ()
    )
    _time_stages(stages, session)
    return _hand_out(job, intake, session, stages, violations, closed=closed)


def _say_held(say: Say, book: Book, batch: int) -> None:
    """Say which letters wait for two persons, and how they decide."""
    held = [letter.letter for letter in book.batches[batch].letters if letter.state == LetterState.HELD]
    if held:
        named = ", ".join(map(str, held[:HELD_NAMED_MAX])) + (" …" if len(held) > HELD_NAMED_MAX else "")
        say(
            f"{len(held)} 封信函被扣留，等两人决定：{named}。放行用 letterline batch free-letter，撤回用 letterline recall；然后再次运行同一命令",
            f"{len(held)} letters are held until two persons decide: {named}. Free each with letterline batch free-letter, or take it "
            "back with letterline recall; then run the same command again",
        )


def _closed_earlier(job: Job, intake: Intake, book: Book, opened: OpenLedger, batch: int, stages: Stages) -> Ended:
    """The batch is closed already; what a run that was killed in its last moments did not write is written now."""
    world = SimulatedWorld(job.out / "sim", job.scenario, job.seed, job.speed)
    simulated = job.line is None
    if simulated:
        world.stop()
        end_print_server(job.out / "cups")
    log_file = job.out / "sim" / "world.jsonl"
    violations: tuple[str, ...] = ()
    if simulated and log_file.exists():
        postage = read_line_file(world.line_file).proves.postage if world.line_file.exists() else 0
        violations = tuple(check_world(log_file, book, batch, postage))
    facts = outcome.summary(
        book, opened.ledger, batch, len(intake.accepted), intake.refused_rows, len(violations), stages
    )
    if not (job.out / "summary.json").exists():
        fields = batch_intake.resume(opened, batch).fields
        outcome.write_manifest(outcome.make_manifest(book, batch, fields, simulated=simulated), job.out)
        outcome.write_contact_sheet(book, opened.ledger, batch, job.out, simulated=simulated)
        outcome.write_summary(facts, job.out)
    return Ended(facts, closed=True, violations=violations, earlier=True)


def _measure(job: Job, intake: Intake) -> tuple[dict[int, int], dict[int, str]]:
    """Lay every letter out once: how many sheets each takes, and which must be held because a glyph is missing or it does not fit."""
    from controller.model import BatchId
    from controller.postal.items import SIMULATED_RANGE

    fields = {place: case.fields for place, case in enumerate(intake.accepted, start=1)}
    measuring = Production(BatchId(0), job.template, job.out, b"", Book(), fields, SIMULATED_RANGE)
    try:
        sized = measuring.measure(fields).result()
    finally:
        measuring.close()
    return {one.uid: max(1, one.sheets) for one in sized}, {
        one.uid: "; ".join(en for _, en in one.defects) for one in sized if one.defects
    }


def _line(job: Job, world: SimulatedWorld | None, say: Say) -> LineFile:
    if world is None:
        assert job.line is not None
        return read_line_file(job.line)
    again = world.start()
    say(
        "SIMULATED 模拟产线" + ("仍在运行" if again else "已启动"),
        "SIMULATED line " + ("is still there" if again else "started"),
    )
    return read_line_file(world.line_file)


def _time_stages(stages: Stages, session: Session) -> None:
    progress, counts = session.progress, session.production.counts
    stages.add("render", counts.rendered, counts.render_s)
    stages.add("print", progress.submitted_sheets, max(0.0, progress.last_claim_s - progress.first_submit_s))
    stages.add("insert", progress.exited, max(0.0, progress.last_exit_s - progress.first_fed_s))
    stages.add("verify", progress.exit_reads, max(0.0, progress.last_exit_s - progress.first_fed_s))


def _hand_out(
    job: Job, intake: Intake, session: Session, stages: Stages, violations: tuple[str, ...], *, closed: bool
) -> Ended:
    book, batch, simulated = session.core.book, session.taken.batch, session.file.simulated
    began = time.monotonic()
    manifest = outcome.make_manifest(book, batch, session.taken.fields, simulated=simulated)
    outcome.write_manifest(manifest, job.out)
    stages.add("manifest", len(manifest.lines), time.monotonic() - began)
    outcome.write_contact_sheet(book, session.opened.ledger, batch, job.out, simulated=simulated)
    facts = outcome.summary(
        book, session.opened.ledger, batch, len(intake.accepted), intake.refused_rows, len(violations), stages
    )
    facts["grant_us"] = outcome.percentiles(session.shell.grant_us)
    outcome.write_summary(facts, job.out)
    return Ended(facts, closed, violations)
