"""The set-up helper tells the person at the lens what to do."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from click.testing import CliRunner

from benchmarks import frames
from simulator import optics
from vision.commands import camera
from vision.focus import judge
from vision.profiles import EXIT_FRAME
from vision.reader import PieceReader

CAMERA = frames.Camera("exit", EXIT_FRAME[1], EXIT_FRAME[0], 8.0)


def test_a_sharp_frame_scores_higher_than_a_blurred_one_and_names_no_fault() -> None:
    case = frames.frame(CAMERA, optics.P0, next(frames.stock(8, 1)), 3)
    reader = PieceReader(CAMERA.profile())
    sharp = judge(case.image, reader)
    blurred = judge(np.asarray(cv2.GaussianBlur(case.image, (0, 0), 2.0), np.uint8), reader)
    assert sharp.advice == ()
    assert sharp.sharpness > 2 * blurred.sharpness


def test_an_overexposed_frame_says_so_and_what_to_do() -> None:
    frame = np.full(EXIT_FRAME, 255, np.uint8)
    state = judge(frame, PieceReader(CAMERA.profile()))
    assert any("shorten the exposure" in line for line in state.advice)


def test_the_command_shows_a_film_of_letters_and_ends_well_when_codes_are_read(tmp_path: Path) -> None:
    film = tmp_path / "letters.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*"MJPG"), 10, EXIT_FRAME[::-1])
    for seed, symbols in enumerate(frames.stock(12, 2)):
        exit_frame = frames.frame(frames.Camera("exit", 1040, 520, 8.0), optics.P0, symbols, seed).image
        shifted = np.roll(exit_frame, (0, -40), axis=(0, 1))
        writer.write(cv2.cvtColor(shifted, cv2.COLOR_GRAY2BGR))
    writer.release()
    result = CliRunner().invoke(camera, ["focus", str(film), "--frames", "2"])
    assert "camera set-up" in result.output
    assert result.exit_code == 0, result.output
    missing = CliRunner().invoke(camera, ["focus", str(tmp_path / "none.avi")])
    assert missing.exit_code == 1
    assert "no frame" in missing.output
