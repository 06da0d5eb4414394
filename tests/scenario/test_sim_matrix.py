"""Every row of the fault matrix through the whole production program: real cupsd, real pty, real frames. SIMULATED machines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from simulator.matrix import RowResult, rows, run_row, small_batch
from simulator.matrix_report import CASES
from simulator.scenario import Scenario, load

ROOT: Final = Path(__file__).parents[2]
LETTERS: Final = 40
"""Faults strike up to the 34th thing of their kind."""
SPEED: Final = 1.5
"""Slower than the command's: rows run side by side, and a late grant is an envelope to print again."""
AT_ONCE: Final = 3
"""A row sleeps more than it works."""
WIRE: Final = [scenario for scenario in rows() if scenario.faults]


@pytest.mark.timeout(300)  # the line runs in real time and waits for a busy machine; alone it takes about 25 s
def test_eleven_troubles_in_forty_letters_end_balanced_with_every_letter_released_once(tmp_path: Path) -> None:
    result = run_row(load("rough-day"), small_batch(CASES, tmp_path, 40), tmp_path, 3.0)
    assert result.problems == ()
    assert result.rejects >= 10


@pytest.fixture(scope="module")
def struck(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[RowResult]]]:
    """Every row that was asked for, a few at a time, in order."""
    wanted = [item.callspec.params.get("scenario") for item in request.session.items if hasattr(item, "callspec")]
    chosen = [scenario for scenario in WIRE if scenario in wanted]
    folder = tmp_path_factory.mktemp("matrix")
    batch = small_batch(CASES, folder, LETTERS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {scenario.name: pool.submit(run_row, scenario, batch, folder, SPEED) for scenario in chosen}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", WIRE, ids=lambda scenario: scenario.name)
def test_a_row_struck_on_the_wire_ends_as_its_scenario_expects(
    scenario: Scenario, struck: dict[str, Future[RowResult]]
) -> None:
    result = struck[scenario.name].result()
    assert result.how == "wire"
    assert result.problems == ()


def test_all_fifty_rows_are_struck_on_the_wire_or_name_tests_that_exist() -> None:
    found = rows()
    assert [scenario.row for scenario in found] == list(range(1, 51))
    for scenario in found:
        assert scenario.faults or scenario.proof, scenario.name
        for proof in scenario.proof:
            file, _, name = proof.partition("::")
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{scenario.name}: {proof}"
