"""What a line file says the inserter weighs and franks becomes what every envelope must prove."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.integrity import ExitPolicy
from controller.runner.line_file import LineFileError, read_line_file

LINE = """
[[printer]]
name = "P1"
uri = "ipp://localhost:631/ipp/print"
[camera.c1]
url = "http://localhost/1"
px_per_mm = 10
[camera.c2]
url = "http://localhost/2"
px_per_mm = 10
[inserter]
url = "/dev/serial/by-id/inserter"
"""


def proves(tmp_path: Path, more: str) -> ExitPolicy:
    path = tmp_path / "line.toml"
    path.write_text(LINE + more, encoding="utf-8")
    return read_line_file(path).proves


def test_a_machine_without_scale_and_head_proves_marks_alone(tmp_path: Path) -> None:
    assert proves(tmp_path, "scale = false") == ExitPolicy()


def test_weights_and_postage_of_the_line_file_are_asked_for(tmp_path: Path) -> None:
    asked = proves(tmp_path, "scale = true\nsheet_mg = 4990\nenvelope_mg = 6000\npostage = 120")
    assert asked == ExitPolicy(sheet_mg=4990, envelope_mg=6000, postage=120)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("scale = true", "sheet_mg"),
        ("postage = -1", "inserter.postage = -1"),
        ("postage = 1.2", "inserter.postage = 1.2"),
        ("postage = true", "inserter.postage = True"),
    ],
)
def test_a_scale_without_weights_and_a_postage_that_is_none_are_refused(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(LineFileError, match=words):
        proves(tmp_path, more)
