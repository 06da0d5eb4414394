"""The station's commands from a shell, in a directory where nothing has run yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from station_ui.commands import people, serve


@pytest.mark.parametrize("call", [(serve, []), (people, ["list"]), (people, ["revoke", "LB7K2M9QXD4P"])])
def test_a_run_directory_that_is_not_there_is_named_with_what_to_do(tmp_path: Path, call) -> None:
    command, words = call
    said = CliRunner().invoke(command, [*words, "--out", str(tmp_path / "nowhere")])
    assert said.exit_code == 1
    assert "nowhere: 没有这个目录 / no such directory" in said.output
    assert "letterline run CASES" in said.output
    assert isinstance(said.exception, SystemExit)


def test_people_and_screens_are_looked_for_where_a_run_leaves_them() -> None:
    outs = [next(p for p in one.params if p.name == "out").default for one in (serve, *people.commands.values())]
    assert {str(out) for out in outs} == {"out/run"}
