"""Renews the table of docs/integrity/mutants.md: ``python -m simulator.campaign.mutant_table MUTANTS.json docs/integrity/mutants.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

ROW: Final = ("| killed |", "| **survived** |")


def line(row: Mapping[str, Any]) -> str:
    """Return one line of the table for what `letterline campaign --mutants N --json` says of one mutant."""
    noticed = str(row["killed_by"]).replace("|", "/").partition("\n")[0][:120]
    fate = "killed" if row["killed_by"] else "**survived**"
    return f"| {fate} | {row['letters']} | {row['mutant']} | {noticed} | {row['where']} |"


def renewed(page: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return ``page`` with the lines of its table replaced, and its first bold sentence saying how many were killed.

    Raises:
        ValueError: the page has no such table.
    """
    lines = page.splitlines()
    places = [place for place, text in enumerate(lines) if text.startswith(ROW)]
    if not places:
        raise ValueError("the page has no table of mutants")
    table = [line(row) for row in rows]
    killed = sum(bool(row["killed_by"]) for row in rows)
    pairs = sum(" + " in str(row["mutant"]) for row in rows)
    most = max(int(row["letters"]) for row in rows if row["killed_by"])
    told = (
        f"**{killed} of {len(rows)} killed ({100 * killed / len(rows):.1f} %): {len(rows) - pairs} single rules and {pairs} "
        f"combinations, none in more than {most} letters.**"
    )
    lines[places[0] : places[-1] + 1] = table
    at = next(place for place, text in enumerate(lines) if text.startswith("**"))
    lines[at] = told
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Renew the page; return the exit code."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m simulator.campaign.mutant_table MUTANTS.json PAGE.md\n")
        return 2
    rows = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    page = Path(arguments[1])
    page.write_text(renewed(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
