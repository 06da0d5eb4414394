"""A case file in, accepted cases and refusals out; a bad row never costs a good one."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import xlsxwriter
from click.testing import CliRunner

from controller.commands.check import check
from controller.intake import CaseFileError, take_in
from controller.intake.take_in import write_refusal_report

EXAMPLE = Path(__file__).parents[2] / "examples" / "cases.csv"
EXAMPLE_ROWS = list(csv.reader(io.StringIO(EXAMPLE.read_text(encoding="utf-8-sig"))))
HEADER, GOOD = EXAMPLE_ROWS[0], EXAMPLE_ROWS[1]


def as_csv(rows: list[list[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def with_value(column: str, value: str) -> list[str]:
    row = list(GOOD)
    row[HEADER.index(column)] = value
    return row


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "cases.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_example_file_has_200_good_cases_and_more_than_ten_kinds_of_bad_row() -> None:
    intake = take_in(EXAMPLE)
    assert len(intake.accepted) == 200
    assert intake.refused_rows >= 10
    assert len({refusal.en for refusal in intake.refused}) >= 10


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_rare_name_arrives_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, as_csv([HEADER, with_value("姓名", "仉𬭎𠮷")]).encode(encoding))
    assert take_in(path).accepted[0].fields["debtor_name"] == "仉𬭎𠮷"


def test_a_code_position_moved_by_gb18030_2022_arrives_as_the_standard_character(tmp_path: Path) -> None:
    content = as_csv([HEADER, with_value("姓名", "王NAME")]).encode("gb18030").replace(b"NAME", b"\xfe\x59")
    assert take_in(write(tmp_path, content)).accepted[0].fields["debtor_name"] == "王\u9fb4"


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("姓名", "", "required"),
        ("姓名", "李\u202e明", "direction control"),
        ("姓名", "李\x1b明", "control character"),
        ("姓名", "字" * 51, "too long"),
        ("详细地址", "路" * 100_000, "too long"),
        ("详细地址", "=1+1", "formula"),
        ("邮编", "1000", "6 digits"),
        ("邮编", "３５０１０１", "6 digits"),
        ("邮编", "٣٥٠١٠١", "6 digits"),
        ("委托人", "-2+3", "formula"),
        ("本金", "NaN", "amount"),
        ("到期日", "2026-02-30", "no such day"),
        ("合计", "1.00", "not the sum"),
        ("分期明细", "2026-01-01:1", "instalment 1"),
    ],
)
def test_a_bad_value_is_refused_with_its_row_column_and_reason(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    second = with_value("案件编号", "XH2026-777777")
    intake = take_in(write(tmp_path, as_csv([HEADER, with_value(column, value), second])))
    assert [case.case_no for case in intake.accepted] == ["XH2026-777777"]
    (refusal,) = intake.refused
    assert (refusal.row, refusal.column) == (2, column)
    assert reason in refusal.en
    assert len(refusal.value) < 80


def test_leading_zeros_of_a_postcode_are_kept(tmp_path: Path) -> None:
    intake = take_in(write(tmp_path, as_csv([HEADER, with_value("邮编", "010020")])))
    assert intake.accepted[0].fields["postcode"] == "010020"


def test_the_second_of_two_rows_with_one_case_number_is_refused(tmp_path: Path) -> None:
    intake = take_in(write(tmp_path, as_csv([HEADER, GOOD, GOOD])))
    assert len(intake.accepted) == 1
    assert intake.refused[0].row == 3


def test_a_one_megabyte_field_costs_only_its_own_row(tmp_path: Path) -> None:
    rows = [HEADER, with_value("姓名", "王" * 1_000_000), with_value("案件编号", "XH2026-777777")]
    intake = take_in(write(tmp_path, as_csv(rows)))
    assert len(intake.accepted) == 1
    assert intake.refused_rows == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"\x81\x20\xff\xff\xff", "neither UTF-8 nor GB 18030"),
        (b"PK\x03\x04broken", "not a whole XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xx", ".xls"),
        ("姓名,地址\n张三,某路1号\n".encode(), "lacks"),
        (as_csv([HEADER]).encode(), "only a header"),
        (b"\x00\x01\x02\x03,,,", "binary"),
    ],
)
def test_an_unusable_file_is_refused_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(CaseFileError, match=words.replace(".", r"\.")):
        take_in(write(tmp_path, content))


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseFileError, match="folder"):
        take_in(tmp_path)
    with pytest.raises(CaseFileError, match="no such file"):
        take_in(tmp_path / "nothing.csv")


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, as_csv([HEADER, GOOD]))
    read_bytes = Path.read_bytes

    def read_while_another_writes(self: Path) -> bytes:
        content = read_bytes(self)
        with self.open("ab") as stream:
            stream.write(b"more")
        return content

    monkeypatch.setattr(Path, "read_bytes", read_while_another_writes)
    with pytest.raises(CaseFileError, match="changed while it was read"):
        take_in(path)


def spreadsheet(path: Path, formula_in: str | None = None) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER)
    for column, value in enumerate(GOOD):
        if HEADER[column] == formula_in:
            sheet.write_formula(1, column, "=1+1", value="2")
        else:
            sheet.write_string(1, column, value)
    book.close()
    return path


def test_a_spreadsheet_is_read_like_a_csv(tmp_path: Path) -> None:
    intake = take_in(spreadsheet(tmp_path / "cases.xlsx"))
    assert intake.accepted[0].fields["postcode"] == GOOD[HEADER.index("邮编")]


def test_a_formula_cell_is_refused_although_it_shows_a_value(tmp_path: Path) -> None:
    intake = take_in(spreadsheet(tmp_path / "cases.xlsx", formula_in="本金"))
    assert not intake.accepted
    assert intake.refused[0].column == "本金"
    assert "formula" in intake.refused[0].en


def test_the_refusal_report_holds_every_reason(tmp_path: Path) -> None:
    intake = take_in(EXAMPLE)
    xlsx, as_json = write_refusal_report(intake, tmp_path)
    assert xlsx.stat().st_size > 1000
    assert all(refusal.zh in as_json.read_text(encoding="utf-8") for refusal in intake.refused)


def test_the_check_command_exits_1_on_refusals_and_never_shows_a_traceback(tmp_path: Path) -> None:
    runner = CliRunner()
    assert runner.invoke(check, [str(EXAMPLE)]).exit_code == 1
    assert runner.invoke(check, [str(write(tmp_path, as_csv([HEADER, GOOD])))]).exit_code == 0
    result = runner.invoke(check, [str(tmp_path)])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
