"""Write each state table as a page: a Mermaid diagram, the rows with their rule numbers and guards, and what each guard means.

``python -m controller.states.diagram docs/states`` writes the pages; a test keeps them as the tables are.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from controller.states import batch, letter, machine, piece, tray
from controller.states.machine import PackState
from controller.states.table import StateTable

PAGES: Final[Mapping[str, tuple[StateTable, Mapping[str, str]]]] = {
    "letter": (letter.LETTER, letter.GUARDS),
    "piece": (piece.PIECE, piece.GUARDS),
    "tray": (tray.TRAY, tray.GUARDS),
    "batch": (batch.BATCH, batch.GUARDS),
    "job": (batch.JOB, batch.GUARDS),
    "machine": (machine.MACHINE, machine.GUARDS),
}


def page(table: StateTable, guards: Mapping[str, str]) -> str:
    """Return the page of one table as Markdown."""
    lines = [f"# States of a {table.noun} · {table.title_zh}", ""]
    lines += [
        "Written from the table in `controller/states/` by `python -m controller.states.diagram docs/states`.",
        "",
    ]
    lines += ["```mermaid", "stateDiagram-v2"]
    for row in table.rows:
        lines.append(f"    {row.source or '[*]'} --> {row.target}: {row.event}")
    lines += [f"    {state} --> [*]" for state in sorted(table.ends)]
    lines += ["```", ""]
    if table is machine.MACHINE:
        lines += ["| number | state |", "|---|---|"]
        lines += [f"| {int(state)} | {state.name} |" for state in PackState]
        lines.append("")
    lines += ["| rule | from | event | to | guards | durable before its effect |", "|---|---|---|---|---|---|"]
    for row in table.rows:
        durable = "yes" if row.durable else ""
        lines.append(f"| {row.rule} | {row.source or '-'} | {row.event} | {row.target} | {row.guard} | {durable} |")
    used = {guard for row in table.rows for guard in row.guard.split(", ") if guard}
    if used:
        lines += ["", "| guard | meaning |", "|---|---|"]
        lines += [f"| {name} | {meaning} |" for name, meaning in guards.items() if name in used]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Return every page by its file name."""
    return {f"{name}.md": page(table, guards) for name, (table, guards) in PAGES.items()}


def main(folder: Path) -> None:
    """Write every page into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
