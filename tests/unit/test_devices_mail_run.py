"""Mail-run files: profiles, control files, result files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import ProtocolError
from devices.legacy.mail_run import (
    Field,
    PieceStatus,
    Profile,
    RowRefused,
    format_run,
    parse_result,
    read_profile,
    take_result,
    write_whole,
)

PROFILE = """
name = "house"
encoding = "gb18030"
kind = "fixed"
line_end = "\\n"
[[field]]
name = "piece"
width = 6
align = "right"
pad = "0"
pattern = "[0-9]{6}"
[[field]]
name = "note"
width = 8
[[field]]
name = "status"
width = 1
[status]
G = "good"
B = "bad"
"""


def profile(tmp_path: Path, text: str = PROFILE) -> Profile:
    path = tmp_path / "profile.toml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def test_a_fixed_run_is_written_and_its_results_are_three_valued(tmp_path: Path) -> None:
    house = profile(tmp_path)
    data = format_run(
        house, [{"piece": "000001", "note": "ok", "status": ""}, {"piece": "000002", "note": "", "status": "X"}]
    )
    assert data == b"000001ok       \n000002        X\n"
    result = parse_result(
        house, b"000001ok      G\n000002        B\n000003        ?\n000001        B\nshort\n00000X        G\n"
    )
    assert result.statuses(house, "piece", "status") == {
        "000001": PieceStatus.UNKNOWN,
        "000002": PieceStatus.BAD,
        "000003": PieceStatus.UNKNOWN,
    }
    assert [(row.row, row.field) for row in result.refused] == [(5, ""), (6, "piece")]


def test_a_value_is_never_cut_short_or_bent(tmp_path: Path) -> None:
    house = profile(tmp_path)
    for row in (
        {"piece": "1", "note": "", "status": ""},
        {"piece": "000001", "note": "x" * 9, "status": ""},
        {"piece": "000001", "note": "a\nb", "status": ""},
        {"piece": "000001"},
    ):
        with pytest.raises(ProtocolError, match="record 1"):
            format_run(house, [row])
    with pytest.raises(ProtocolError, match="longer than 8"):
        format_run(
            house, [{"piece": "000001", "note": "青岛市南区路", "status": ""}]
        )  # 6 letters, 12 bytes in GB 18030
    ascii_house = profile(tmp_path, PROFILE.replace("gb18030", "ascii"))
    with pytest.raises(ProtocolError, match="cannot be written in ascii"):
        format_run(ascii_house, [{"piece": "000001", "note": "青", "status": ""}])


def test_chinese_text_keeps_its_columns(tmp_path: Path) -> None:
    house = profile(tmp_path)
    data = format_run(house, [{"piece": "000001", "note": "青岛", "status": "G"}])
    assert data == "000001青岛    G\n".encode("gb18030")
    assert parse_result(house, data).rows == [{"piece": "000001", "note": "青岛", "status": "G"}]


def test_a_file_appears_whole_and_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "run.mrd"
    write_whole(target, b"one")
    with pytest.raises(ProtocolError, match="already"):
        write_whole(target, b"two")
    assert target.read_bytes() == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["run.mrd"]


def test_refused_rows_are_written_beside_the_result(tmp_path: Path) -> None:
    house = profile(tmp_path)
    result_file = tmp_path / "run.res"
    result_file.write_bytes(b"000001        G\nwrong\n")
    result = take_result(house, result_file)
    assert result.refused == [RowRefused(2, "", "5 bytes, not 15")]
    assert "5 bytes, not 15" in (tmp_path / "run.res.errors.csv").read_text("utf-8-sig")
    take_result(house, result_file)
    with pytest.raises(ProtocolError, match=r"nothing\.res"):
        take_result(house, tmp_path / "nothing.res")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("width = 6", "width = 0"), "width"),
        (('kind = "fixed"', 'kind = "odd"'), "kind"),
        (('G = "good"', 'G = "fine"'), "fine"),
        (('pattern = "[0-9]{6}"', 'pattern = "["'), "pattern"),
        (('encoding = "gb18030"', 'encoding = "martian"'), "martian"),
        (('name = "note"', 'name = "piece"'), "own name"),
        (('name = "house"', ""), "name"),
    ],
)
def test_a_wrong_profile_is_refused_with_the_key(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        profile(tmp_path, PROFILE.replace(*change))


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[0-9]{1,8}", fullmatch=True),
            st.text(
                st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp"), blacklist_characters="\x85"), max_size=20
            ),
        ),
        max_size=8,
    )
)
def test_a_csv_run_comes_back(rows: list[tuple[str, str]]) -> None:
    house = Profile("csv", (Field("piece", pattern="[0-9]+"), Field("note")), kind="csv", encoding="utf-8", header=True)
    data = format_run(house, [{"piece": piece, "note": note} for piece, note in rows])
    result = parse_result(house, data)
    assert result.refused == []
    assert [(row["piece"], row["note"]) for row in result.rows] == rows
