"""What a line file says of the inserter becomes what every envelope must prove; of a camera's encoder, what its counts must fit."""

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


def test_the_encoder_on_a_camera_is_its_least_pitch_and_fastest_belt_and_none_when_not_written(tmp_path: Path) -> None:
    path = tmp_path / "line.toml"
    encoder = "encoder = { pitch_pulses = 420, pulses_per_s = 33000 }"
    path.write_text(LINE.replace("[inserter]", f"{encoder}\n[inserter]"), encoding="utf-8")
    file = read_line_file(path)
    assert (file.sheet_camera.pitch_pulses, file.sheet_camera.pulses_per_s) == (0, 0.0)
    assert (file.exit_camera.pitch_pulses, file.exit_camera.pulses_per_s) == (420, 33_000.0)


@pytest.mark.parametrize(
    "encoder",
    [
        "{ pulses_per_s = 5 }",
        "{ pitch_pulses = -1 }",
        "{ pitch_pulses = 1.5 }",
        "{ pitch_pulses = 9, pulses_per_s = -1 }",
        "7",
    ],
)
def test_an_encoder_that_says_nothing_usable_is_refused_by_name(tmp_path: Path, encoder: str) -> None:
    path = tmp_path / "line.toml"
    path.write_text(LINE.replace("[inserter]", f"encoder = {encoder}\n[inserter]"), encoding="utf-8")
    with pytest.raises(LineFileError, match=r"camera\.c2\.encoder"):
        read_line_file(path)
