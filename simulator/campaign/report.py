"""The one-page report of a campaign: what ran, what struck where, what was found; as JSON for machines and HTML for people."""

from __future__ import annotations

import html
import json
import os
import platform
import subprocess
from collections import defaultdict
from pathlib import Path

from simulator.campaign import belt
from simulator.campaign.faults import NAMES, ROWS
from simulator.campaign.run import CampaignPlan, Tally


def commit() -> str:
    """Return the commit of the source this runs from, with ``+`` when files differ from it; "unknown" outside a checkout."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True, timeout=10, check=True
        )
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--", "controller", "simulator"],
            cwd=here.parents[1],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def machine() -> str:
    """Return what it ran on, in a few words."""
    model = platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    how = "" if Path(belt.__file__).suffix == ".py" else ", compiled by mypyc"
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}{how}"


def command_of(plan: CampaignPlan, shift: int | None = None) -> str:
    """Return the command that repeats a campaign, or one shift of it."""
    text = f"letterline campaign --letters {plan.letters} --faults {plan.profile.rate} --seed {plan.seed} --profile {plan.profile.name}"
    if plan.durable:
        text += " --store sqlite"
    if plan.profile.only:
        text += " --only " + ",".join(map(str, plan.profile.only))
    return text if shift is None else f"{text} --shift {shift}"


def figures(plan: CampaignPlan, tally: Tally, seconds: float, jobs: int, source: str) -> dict[str, object]:
    """Return everything the report says, as plain values; ``source`` is the commit it was started from."""
    states: dict[int, dict[str, int]] = defaultdict(dict)
    for (row, state), count in sorted(tally.coverage.items()):
        states[row][state] = count
    extra = tally.attempts - tally.letters - tally.challenges
    clean = not (tally.violations or tally.findings or tally.unfinished)
    return {
        "simulated": "SIMULATED in virtual time: production line core and ledger, simulated floor",
        "letters": tally.letters,
        "letters_planned": plan.letters,
        "mailed": tally.mailed,
        "faults": tally.faults,
        "violations": len(tally.violations) + len(tally.unfinished) + len({index for index, _ in tally.findings}),
        "auditor_disagreements": len(tally.findings),
        "unfinished_shifts": len(tally.unfinished),
        "seconds": round(seconds, 2),
        "letters_per_second": round(tally.letters / seconds) if seconds else 0,
        "jobs": jobs,
        "seed": plan.seed,
        "profile": plan.profile.name,
        "store": "sqlite" if plan.durable else "memory",
        "shifts": tally.shifts,
        "shift_letters": plan.shift_letters,
        "events": tally.events,
        "ledger_digest": tally.digest(),
        "bound_95_per_letter": 3 / tally.letters if clean and tally.letters else None,
        "attempts": tally.attempts,
        "extra_attempts": extra,
        "extra_attempts_per_fault": round(extra / tally.faults, 2) if tally.faults else None,
        "challenge_pieces": tally.challenges,
        "combinations_beyond_the_design_not_struck": tally.beyond_limits,
        "rounds_max": tally.rounds_max,
        "controller_deaths": tally.deaths,
        "granted_at_restart_max": tally.unknown_at_restart_max,
        "simulated_hours": round(tally.simulated_s / 3600, 1),
        "fault_rows": {str(row.row): tally.hits[row.row] for row in ROWS},
        "fault_states": {str(row): counts for row, counts in sorted(states.items())},
        "commit": source,
        "machine": machine(),
        "command": command_of(plan),
        "problems": [
            f"shift {index}: {text}" for index, text in (*tally.violations, *tally.unfinished, *tally.findings)
        ][:50],
    }


def write_json(path: Path, report: dict[str, object]) -> None:
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


STYLE = """body{font:14px/1.45 sans-serif;max-width:1100px;margin:2em auto;color:#222}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #ddd;padding:3px 8px;text-align:left;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
.good{color:#0a6b2d}.bad{color:#b00020}.few{color:#b36b00}small{color:#666}code{background:#f4f4f4;padding:1px 4px}"""


def write_html(path: Path, report: dict[str, object]) -> None:
    """Write the page; it needs nothing from elsewhere."""
    violations, disagreements = report["violations"], report["auditor_disagreements"]
    verdict = '<b class="good">0 violations; the auditor agrees</b>'
    if violations or disagreements:
        verdict = f'<b class="bad">{violations} violations, {disagreements} contradictions found by the auditor</b>'
    bound = report["bound_95_per_letter"]
    bound_text = (
        f"{bound:.1e} per letter (rule of three; of the model, not of a floor)"
        if isinstance(bound, float)
        else "none: the run was not clean"
    )
    names: tuple[str, ...] = (
        "letters",
        "mailed",
        "faults",
        "events",
        "seconds",
        "letters_per_second",
        "jobs",
        "profile",
        "store",
        "seed",
        "shifts",
        "attempts",
    )
    names += (
        "extra_attempts_per_fault",
        "rounds_max",
        "controller_deaths",
        "granted_at_restart_max",
        "simulated_hours",
        "commit",
        "machine",
    )
    facts = "".join(
        f"<tr><th>{name.replace('_', ' ')}</th><td>{html.escape(str(report[name]))}</td></tr>" for name in names
    )
    problems = report["problems"]
    assert isinstance(problems, list)
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in problems)
    path.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Letterline campaign</title><style>{STYLE}</style>"
        f"<h1>Integrity campaign</h1><p>{html.escape(str(report['simulated']))}</p><p>{verdict}. 95 % bound: {bound_text}.</p>"
        f"<p>Repeat it: <code>{html.escape(str(report['command']))}</code><br>ledger digest <code>{report['ledger_digest']}</code></p>"
        f"<table>{facts}</table><h2>Faults that struck, and the state of what they struck</h2>{_fault_table(report)}"
        f"{'<h2>Problems</h2><ul>' + listed + '</ul>' if listed else ''}</html>\n",
        encoding="utf-8",
    )


def _fault_table(report: dict[str, object]) -> str:
    hits, states = report["fault_rows"], report["fault_states"]
    assert isinstance(hits, dict)
    assert isinstance(states, dict)
    lines = ["<table><tr><th>row</th><th>fault</th><th>struck</th><th>where it found things</th></tr>"]
    for row in ROWS:
        count = hits[str(row.row)]
        found = ", ".join(
            f"{state} {number}"
            for state, number in sorted(states.get(str(row.row), {}).items(), key=lambda item: -item[1])
        )
        mark = "" if count >= 100 else ' class="n few"'
        note = f" <small>{html.escape(row.note)}</small>" if row.note else ""
        lines.append(
            f"<tr><td>{row.row}</td><td>{html.escape(NAMES[row.row])}{note}</td><td class=n{mark}>{count}</td><td><small>{html.escape(found)}</small></td></tr>"
        )
    return "".join(lines) + "</table>"
