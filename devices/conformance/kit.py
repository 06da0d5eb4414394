"""Runs the clauses against one device and writes what came of it."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from devices.conformance import paper_clauses, state_clauses, wire_clauses
from devices.conformance.clauses import CLAUSES, Clause
from devices.conformance.host import NotKept, NotTested, TestHost
from devices.errors import LinkError

DOCUMENT = "docs/protocols/inserter.md, version 1"
MODULES = (wire_clauses, state_clauses, paper_clauses)


class Outcome(StrEnum):
    KEPT = "kept"
    NOT_KEPT = "not kept"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Finding:
    clause: str
    section: str
    text: str
    outcome: Outcome
    detail: str
    seconds: float


def run_kit(
    make_host: Callable[[int], TestHost], only: Collection[str] = (), paper: bool = True, frames: bool = True
) -> Iterator[Finding]:
    """Try each clause in order; a clause that breaks the link or the machine does not keep the others from being tried.

    Args:
        make_host: makes a host whose sessions begin at the number given.
        only: clause numbers; all when empty.
        paper: False leaves out the clauses that need sheets.
        frames: False leaves out the clauses about frames (transport A).
    """
    session = int(time.monotonic_ns()) & 0x3FFF_FFFF
    host: TestHost | None = None
    for clause in sorted(CLAUSES, key=lambda clause: "WSP".index(clause.number[0])):
        if (
            (only and clause.number not in only)
            or (clause.paper and not paper)
            or (clause.number[0] == "W" and not frames)
        ):
            continue
        session += 100
        try:
            earlier, host = host, make_host(session)
            if earlier is not None:
                host.epoch, host.durable, host.events, host.state = (
                    earlier.epoch,
                    earlier.durable,
                    earlier.events,
                    earlier.state,
                )
        except LinkError as problem:
            yield _finding(clause, Outcome.NOT_KEPT, str(problem), 0.0)
            continue
        yield _try(clause, host)


def _try(clause: Clause, host: TestHost) -> Finding:
    began_us = host.port.now_us()
    outcome, detail = Outcome.KEPT, ""
    try:
        clause.check(host)
    except NotKept as problem:
        outcome, detail = Outcome.NOT_KEPT, str(problem)
    except NotTested as problem:
        outcome, detail = Outcome.NOT_TESTED, str(problem)
    except LinkError as problem:
        outcome, detail = Outcome.NOT_KEPT, f"the link broke: {problem}"
    return _finding(clause, outcome, detail, (host.port.now_us() - began_us) / 1e6)


def _finding(clause: Clause, outcome: Outcome, detail: str, seconds: float) -> Finding:
    return Finding(clause.number, clause.section, clause.text, outcome, detail, round(seconds, 2))


def to_json(device: str, findings: list[Finding]) -> str:
    return json.dumps(
        {"device": device, "document": DOCUMENT, "summary": count(findings), "findings": [asdict(f) for f in findings]},
        indent=1,
    )


def count(findings: list[Finding]) -> dict[str, int]:
    return {str(outcome): sum(finding.outcome is outcome for finding in findings) for outcome in Outcome}


def to_html(device: str, findings: list[Finding]) -> str:
    """One page, no script, nothing fetched."""
    colours = {Outcome.KEPT: "#0a7d32", Outcome.NOT_KEPT: "#b00020", Outcome.NOT_TESTED: "#8a6d00"}
    rows = "".join(
        f"<tr><td>{f.clause}</td><td>§{f.section}</td><td>{html.escape(f.text)}</td>"
        f'<td style="color:{colours[f.outcome]};font-weight:600">{f.outcome}</td><td>{html.escape(f.detail)}</td><td>{f.seconds:.2f} s</td></tr>'
        for f in findings
    )
    summary = ", ".join(f"{number} {outcome}" for outcome, number in count(findings).items())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Conformance report</title>"
        "<style>body{font:15px/1.5 sans-serif;margin:2rem;max-width:75rem}table{border-collapse:collapse}td,th{border:1px solid #ccc;"
        "padding:.3rem .6rem;text-align:left;vertical-align:top}</style>"
        f"<h1>Conformance of {html.escape(device)}</h1><p>{html.escape(DOCUMENT)}: {summary}.</p>"
        f"<table><tr><th>Clause<th>Section<th>What must hold<th>Outcome<th>What was seen<th>Time</tr>{rows}</table></html>"
    )
