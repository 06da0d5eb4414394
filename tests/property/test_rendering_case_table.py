"""A case table read by columns gives the letters that reading it cell by cell gives; a run measured once gives the same file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import jinja2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rendering_cases import EXAMPLE, a_letter, codes_for

from rendering import Codes, Columns, Letter, Renderer, RenderError, load_template
from rendering.amounts import AMOUNT_BYTES, sum_rows, write_amounts
from rendering.batch import Press
from rendering.case_table import TablePart, _Headings, read_letters, read_part, table_parts
from rendering.columns import TableColumns, evaluate
from rendering.table_batch import TableOrder, render_table
from rendering.template.values import compile_test, reads_any

TEMPLATE = load_template(EXAMPLE)
AMOUNT = st.integers(0, 10**9).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
ROW = st.tuples(st.sampled_from(["2026-01-15", "2026/2/1", ""]), AMOUNT, AMOUNT).map(":".join)
ODD_ROWS = st.sampled_from(
    ["", " ", "2026-01-15:1.00", "2026-01-15:x:2.00", "2026-01-15:5:0.50", " 2026-01-15 : 1.00:2.00 ;", "a:1.00:2.00;;"]
)
ROWS = st.one_of(st.lists(ROW, max_size=4).map(";".join), ODD_ROWS)
WORDS = st.text('张伟𠮷 a,"\n；:1', max_size=6)
RECORD = st.tuples(st.sampled_from(["", "L1", "L2"]), WORDS, ROWS)


def written(path: Path, records: list[tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("record_id", "债务人", "instalments"), *records])
    return path


def letters_of(path: Path, part: TablePart, refused: list[str]) -> Sequence[Letter]:
    run = read_part(path, TEMPLATE, part, refused)
    return run.letters() if isinstance(run, Columns) else run


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORD, max_size=7), st.integers(1, 4))
def test_columns_say_what_single_cells_say(tmp_path: Path, records: list[tuple[str, ...]], size: int) -> None:
    path = written(tmp_path / "cases.csv", records)
    refused: list[str] = []
    found: list[Letter] = []
    for part in table_parts(path, size):
        found += letters_of(path, part, refused)
    told: list[str] = []
    with patch.object(_Headings, "columns", return_value=None):
        assert found == list(read_letters(path, TEMPLATE, told))
    assert refused == told
    assert len(found) + len(refused) == len(records)


@pytest.mark.parametrize("text", ['a,5" pipe\n1,2\n3,"x\ny"\n', 'a,b\n1,"2\n', 'a,b\n"1"x,2\n3,4\n5,6\n'])
def test_a_table_with_stray_quotation_marks_is_not_cut(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(text, "utf-8")
    assert len(table_parts(path, 1)) <= 1


def test_quoted_line_breaks_and_doubled_marks_do_not_end_a_row(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text('\ufeffrecord_id,"债务\n人"\r\n1,"a\n""b"""\r\n2,c\r\n\r\n3,"d"', "utf-8")
    letters = [
        [(one.record_id, *one.fields.values()) for one in letters_of(path, part, [])] for part in table_parts(path, 1)
    ]
    assert letters == [[("1", "1", 'a\n"b"')], [("2", "2", "c")], [], [("3", "3", "d")]]


def test_rows_as_programs_write_them_are_read_by_columns(tmp_path: Path) -> None:
    path = written(
        tmp_path / "cases.csv", [("L1", "张伟", "2026-01-15:1.00:2.05;2026-02-15:10.10:0.00"), ("L2", "李𠮷", "")]
    )
    run = read_part(path, TEMPLATE, *table_parts(path), [])
    assert isinstance(run, Columns)
    assert [letter.tables["instalments"] for letter in run.letters()] == [
        [
            {"date": "2026-01-15", "principal": "1.00", "interest": "2.05", "total": "3.05"},
            {"date": "2026-02-15", "principal": "10.10", "interest": "0.00", "total": "10.10"},
        ],
        [],
    ]


@given(st.lists(st.tuples(AMOUNT, WORDS.filter(str.isalnum), AMOUNT), min_size=1, max_size=9))
def test_sums_of_amounts_are_those_of_decimals(rows: list[tuple[str, str, str]]) -> None:
    text = np.frombuffer(";".join(map(":".join, rows)).encode(), np.uint8)
    sums = np.zeros(len(rows), np.int64)
    assert sum_rows(text, np.array([True, False, True]), sums) == len(rows)
    out = np.zeros(len(rows) * AMOUNT_BYTES, np.uint8)
    written_sums = out[: write_amounts(sums, out)].tobytes().decode().split("\n")[:-1]
    assert written_sums == [f"{Decimal(a) + Decimal(b):.2f}" for a, _, b in rows]


@pytest.mark.parametrize(
    "amount", ["1.0", "1", ".50", "1.005", "-1.00", "", "1,000.00", "1.0.0", "1..00", "x", f"{'9' * 15}.00"]
)
def test_an_amount_written_otherwise_is_not_added_up(amount: str) -> None:
    text = np.frombuffer(f"1.00:a;{amount}:b;1.00:c".encode(), np.uint8)
    assert sum_rows(text, np.array([True, False]), np.zeros(3, np.int64)) == 1


@pytest.mark.parametrize("text", ["1.00:a:b", "1.00", "1.00:a;", ";1.00:a", "", "1.00: a", "1.00:a\t"])
def test_a_row_of_more_or_fewer_cells_ends_the_sums(text: str) -> None:
    assert sum_rows(
        np.frombuffer(text.encode(), np.uint8), np.array([True, False]), np.zeros(3, np.int64)
    ) < 1 + text.count(";")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(TEMPLATE)


def columns_of(letters: list[Letter]) -> Columns:
    names = tuple(letters[0].tables["instalments"][0])
    rows = [row for one in letters for row in one.tables["instalments"]]
    cells = {name: [row[name] for row in rows] for name in names[::-1]}
    table = TableColumns(cells, [len(one.tables["instalments"]) for one in letters])
    fields = {name: [one.fields[name] for one in letters] for name in letters[0].fields}
    return Columns([one.record_id for one in letters], fields, {"instalments": table})


def test_a_run_measured_once_makes_the_file_its_letters_make(renderer: Renderer, tmp_path: Path) -> None:
    letters = [a_letter(n, rows=1 + n * 7 % 40) for n in range(20)]
    run = renderer.measure_run(columns_of(letters))
    assert run.measured == renderer.measure(letters)
    codes = [codes_for(n, one.sheets) for n, one in enumerate(run.measured)]
    assert renderer.characters(run, codes).equals(renderer.characters(letters, codes))
    renderer.use_characters(renderer.characters(letters, codes))
    for chosen in (slice(0, 20), slice(3, 9), [19, 2, 5]):
        some = letters[chosen] if isinstance(chosen, slice) else [letters[i] for i in chosen]
        own = codes[chosen] if isinstance(chosen, slice) else [codes[i] for i in chosen]
        whole = renderer.render(some, own, tmp_path / "letters.pdf", "2up-cutstack")
        assert renderer.render(run.part(chosen), own, tmp_path / "run.pdf", "2up-cutstack").sha256 == whole.sha256
    assert renderer.characters(run.part([4, 5])).equals(renderer.characters(letters[4:6]))


def test_defects_are_the_same_in_columns(renderer: Renderer) -> None:
    letters = [a_letter(n, rows=1 + n) for n in range(6)]
    letters[1] = a_letter(1, creditor="")
    letters[2] = a_letter(0)
    letters[4] = a_letter(4, debtor_name="张\x1f伟", address="长" * 2000)
    run = renderer.measure_run(columns_of(letters))
    assert run.measured == renderer.measure(letters)
    assert [bool(one.defects) for one in run.measured] == [False, True, True, False, True, False]
    without = columns_of(letters)
    assert all(one.defects for one in renderer.measure_run(replace(without, tables={})).measured)
    narrow = TableColumns({"date": ["2026-01-15"] * 21}, without.tables["instalments"].counts)
    assert all(one.defects for one in renderer.measure_run(replace(without, tables={"instalments": narrow})).measured)


def test_a_field_of_a_million_characters_holds_its_own_letter_only(renderer: Renderer, tmp_path: Path) -> None:
    good = a_letter(1).fields
    path = tmp_path / "cases.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["record_id", *good, "instalments"])
        for number, address in enumerate([good["address"], "长" * 1_000_000, good["address"]]):
            table.writerow([f"L{number}", *({**good, "address": address}).values(), "2026-01-15:1.00:2.00"])
    run = read_part(path, TEMPLATE, *table_parts(path), [])
    assert [bool(one.defects) for one in renderer.measure_run(run).measured] == [False, True, False]


def codes_of(number: int, sheets: int) -> Codes:
    return codes_for(number, sheets)


def table_of(path: Path, letters: list[Letter]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["record_id", *letters[0].fields, "instalments"])
        for one in letters:
            rows = ";".join(f"{row['date']}:{row['principal']}:{row['interest']}" for row in one.tables["instalments"])
            table.writerow([one.record_id, *one.fields.values(), rows])
    return path


@pytest.mark.slow
def test_a_table_makes_the_same_files_in_one_process_and_in_two(tmp_path: Path) -> None:
    letters = [a_letter(n, rows=1 + n % 9) for n in range(40)]
    letters[17] = a_letter(17, creditor="")
    table = table_of(tmp_path / "cases.csv", letters)
    press = Press(EXAMPLE, TEMPLATE.sha256)
    parts = table_parts(table, 7)
    digests = []
    for name, executor in (("alone", None), ("pool", ProcessPoolExecutor(2))):
        folder = tmp_path / name
        folder.mkdir()
        done = list(render_table(press, TableOrder(table, folder, codes_of), parts, executor))
        digests.append([part.chunk.sha256 for part in done if part.chunk])
        assert [len(part.chunk.letters) for part in done if part.chunk] == [7, 7, 6, 7, 7, 5]
        assert [one.record_id for part in done for one in part.held] == ["L000017"]
        if executor is not None:
            executor.shutdown()
    assert digests[0] == digests[1]


def test_an_id_in_two_parts_stops_the_second(tmp_path: Path) -> None:
    letters = [a_letter(n) for n in (0, 1, 2, 1)]
    table = table_of(tmp_path / "cases.csv", letters)
    order = TableOrder(table, tmp_path, codes_of)
    with pytest.raises(RenderError, match="L000001"):
        list(render_table(Press(EXAMPLE, TEMPLATE.sha256), order, table_parts(table, 2)))
    assert [path.name for path in tmp_path.glob("*.pdf")] == ["cases-0000001.pdf"]
    assert table_parts(tmp_path / "cases.csv", 2)[0] == TablePart(1, *_rows(table, 0, 2))


def _rows(table: Path, first: int, after: int) -> tuple[int, int]:
    ends = [len(line) for line in table.read_bytes().splitlines(keepends=True)]
    return sum(ends[: first + 1]), sum(ends[: after + 1])


@pytest.mark.parametrize(
    "expression",
    [
        "case_no",
        "penalty|number > 0",
        "instalments|length > 4",
        "instalments and not case_no",
        "'a' in ['a', 'b']",
        "case_no == '' or penalty|number < 5",
        "unknown == ''",
    ],
)
def test_a_condition_is_the_same_for_columns(expression: str) -> None:
    letters = [a_letter(n, rows=1 + n % 7) for n in range(12)]
    (branch,) = jinja2.Environment().parse(f"{{% if {expression} %}}{{% endif %}}").body
    names: set[str] = set()
    tables = frozenset(["instalments"])
    test = compile_test("letter.txt", 1, branch.test, tables, names)
    known = test, sorted(names), reads_any(branch.test, tables)
    assert evaluate(*known, letters) == evaluate(*known, columns_of(letters))
