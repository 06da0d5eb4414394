"""Whatever bytes arrive, intake answers with cases, refusals or one clear error."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.intake import CaseFileError, take_in

EXAMPLE = Path(__file__).parents[2] / "examples" / "cases.csv"
HEADER, GOOD = list(csv.reader(io.StringIO(EXAMPLE.read_text(encoding="utf-8-sig"))))[:2]
ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@relaxed
@given(content=st.binary(max_size=400))
def test_any_bytes_are_taken_in_or_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    try:
        accepted, refusal = take_in(path).accepted, ""
    except CaseFileError as error:
        accepted, refusal = (), str(error)
    assert refusal or not accepted


@relaxed
@given(
    rows=st.lists(st.lists(ANY_TEXT, min_size=len(HEADER), max_size=len(HEADER)), max_size=4), place=st.integers(0, 4)
)
def test_any_bad_rows_around_a_good_one_never_cost_it(tmp_path: Path, rows: list[list[str]], place: int) -> None:
    rows = [row for row in rows if row[0].strip() != GOOD[0]]
    rows.insert(min(place, len(rows)), GOOD)
    stream = io.StringIO()
    csv.writer(stream).writerows([HEADER, *rows])
    path = tmp_path / "cases.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    intake = take_in(path)
    assert GOOD[0] in [case.case_no for case in intake.accepted]
    assert all(refusal.zh and refusal.en and refusal.row >= 2 for refusal in intake.refused)
