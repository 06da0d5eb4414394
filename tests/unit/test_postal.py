"""Item numbers follow UPU S10-12; a manifest lists each passed piece once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from controller.model import is_s10_item_id, s10_check_digit
from controller.postal import ItemRange, ManifestLine, RangeExhausted, build_manifest, write_manifest_xlsx


def test_the_published_example_has_its_check_digit() -> None:
    assert s10_check_digit(47312482) == 9  # the example of the S10 standard


def test_published_valid_numbers_are_well_formed_and_published_wrong_ones_are_not() -> None:
    assert is_s10_item_id("RP061365027CN")
    assert is_s10_item_id("RB123456785GB")
    assert not is_s10_item_id("RB123456786US")
    assert not is_s10_item_id("XK00000000001")


@given(st.integers(0, 99_999_000), st.integers(0, 999))
def test_every_number_of_a_range_is_well_formed_and_drawn_once(first: int, used: int) -> None:
    block = ItemRange("XA", first, first + 999)
    drawn = block.draw(used, 1000 - used)
    assert all(is_s10_item_id(number) for number in drawn)
    assert len(set(drawn)) == len(drawn)
    with pytest.raises(RangeExhausted):
        block.number(1000)


def line(item: str, tray: str = "T1", address: str = "某路1号") -> ManifestLine:
    return ManifestLine(item, "100020", "北京", "佘娟文", address, 11, tray, "XH2026-000001")


def test_an_item_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="listed twice"):
        build_manifest("M1", [line("XA1"), line("XA1")], simulated=True)


def test_a_value_that_looks_like_a_formula_stays_text_in_the_spreadsheet(tmp_path: Path) -> None:
    manifest = build_manifest("M1", [line("XA1", address="=1+1")], simulated=True)
    write_manifest_xlsx(manifest, tmp_path / "m.xlsx")
    rows = CalamineWorkbook.from_path(str(tmp_path / "m.xlsx")).get_sheet_by_index(0).to_python()
    assert "SIMULATED" in str(rows[0][0])
    assert rows[2][5] == "=1+1"


def test_the_digest_changes_with_any_line() -> None:
    one, two = (
        build_manifest("M1", [line("XA1")], simulated=True),
        build_manifest("M1", [line("XA1", tray="T2")], simulated=True),
    )
    assert one.digest != two.digest
