"""Writes docs/protocols/conformance/: the kit against the simulated machine, and against each machine made wrong on purpose.

Run it by hand: ``python -m tests.protocol.make_conformance_reports``. Virtual time, so a run takes seconds and always gives the same findings.
"""

from __future__ import annotations

import html
import json
from functools import partial
from pathlib import Path

from devices.conformance.host import TestHost
from devices.conformance.kit import Outcome, run_kit, to_html, to_json
from devices.conformance.register_host import RegisterTestHost
from simulator.inserter.wrong import WRONG
from tests.protocol.model_inserter import ModelPort, ModelRegisters

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "protocols" / "conformance"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    frames = list(run_kit(partial(TestHost, ModelPort())))
    registers = list(run_kit(partial(RegisterTestHost, ModelRegisters()), frames=False))
    for name, title, findings in (
        ("simulated-frames", "the SIMULATED inserter, transport A", frames),
        ("simulated-registers", "the SIMULATED inserter, transport B", registers),
    ):
        (FOLDER / f"{name}.html").write_text(to_html(title, findings) + "\n", encoding="utf-8")
        (FOLDER / f"{name}.json").write_text(to_json(title, findings) + "\n", encoding="utf-8")
    rows = []
    for machine in WRONG:
        failed = {
            f.clause: f.detail
            for f in run_kit(partial(TestHost, ModelPort(machine.spoil)))
            if f.outcome is Outcome.NOT_KEPT
        }
        rows.append({"machine": machine.name, "wrong": machine.en, "must_fail": list(machine.fails), "failed": failed})
    (FOLDER / "wrong-machines.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    lines = "".join(
        f"<tr><td>{row['machine']}</td><td>{html.escape(str(row['wrong']))}</td><td>"
        + "<br>".join(f"<b>{clause}</b> {html.escape(detail)}" for clause, detail in dict(row["failed"]).items())
        + "</td></tr>"
        for row in rows
    )
    (FOLDER / "wrong-machines.html").write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Wrong machines</title><style>body{font:15px/1.5 sans-serif;margin:2rem;"
        "max-width:75rem}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}</style>"
        f"<h1>{len(rows)} SIMULATED inserters made wrong on purpose</h1><table><tr><th>Machine<th>What is wrong<th>Clauses it fails</tr>{lines}</table></html>\n",
        encoding="utf-8",
    )
    for row in rows:
        print(f"{row['machine']:28} {', '.join(dict(row['failed']))}")


if __name__ == "__main__":
    main()
