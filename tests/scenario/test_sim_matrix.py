"""Many troubles in one small batch, through the whole production program: real cupsd, real pty, real frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.matrix import run_row, small_batch
from simulator.matrix_report import CASES
from simulator.scenario import load


@pytest.mark.timeout(300)  # the line runs in real time and waits for a busy machine; alone it takes about 25 s
def test_eleven_troubles_in_forty_letters_end_balanced_with_every_letter_released_once(tmp_path: Path) -> None:
    result = run_row(load("rough-day"), small_batch(CASES, tmp_path, 40), tmp_path, 3.0)
    assert result.problems == ()
    assert result.rejects >= 10
