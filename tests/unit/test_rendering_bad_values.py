"""Bad values hold their letter with the field and the character named; the other letters go on."""

from __future__ import annotations

from pathlib import Path

import pytest
from rendering_cases import EXAMPLE, a_letter, codes_for

from rendering import DefectCode, Letter, Renderer, RenderError, load_template


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(load_template(EXAMPLE))


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"debtor_name": ""}, DefectCode.MISSING_FIELD, "debtor_name"),
        ({"debtor_name": "张\u202e伟"}, DefectCode.BIDI_CHARACTER, "U+202E"),
        ({"debtor_name": "张\x00伟"}, DefectCode.CONTROL_CHARACTER, "U+0000"),
        ({"debtor_name": "张\x1f伟"}, DefectCode.CONTROL_CHARACTER, "U+001F"),
        ({"debtor_name": "张\n伟"}, DefectCode.CONTROL_CHARACTER, "U+000A"),
        ({"debtor_name": "张\ud800伟"}, DefectCode.CONTROL_CHARACTER, "U+D800"),
        ({"debtor_name": "张\ufe0f伟"}, DefectCode.CONTROL_CHARACTER, "U+FE0F"),
        ({"debtor_name": "张\U000e0041伟"}, DefectCode.MISSING_GLYPH, "U+E0041"),
        ({"debtor_name": "张\ue000"}, DefectCode.MISSING_GLYPH, "U+E000"),
        ({"debtor_name": "张\U0010ffff"}, DefectCode.MISSING_GLYPH, "U+10FFFF"),
        ({"address": "路" * 1_000_000}, DefectCode.FIELD_TOO_LONG, "1000000"),
        ({"address": "路" * 119}, DefectCode.FRAME_OVERFLOW, "address"),
    ],
)
def test_a_bad_value_holds_its_letter_and_no_other(
    renderer: Renderer, changed: dict[str, str], code: DefectCode, words: str
) -> None:
    before, bad, after = renderer.measure([a_letter(1), a_letter(2, **changed), a_letter(3)])
    assert (before.defects, after.defects) == ((), ())
    assert (before.pages, bad.pages, after.pages) == (2, 0, 2)
    assert code in {defect.code for defect in bad.defects}
    assert any(words in defect.message_en for defect in bad.defects)
    assert all(defect.message_zh for defect in bad.defects)


def test_template_code_and_pdf_code_in_a_value_are_only_text(renderer: Renderer, tmp_path: Path) -> None:
    values = {
        "creditor": "{{ total_due }}{% if 1 %}",
        "lawyer_name": ") Tj ET /X0 Do (\\",
        "letter_no": "</stream>endobj%%EOF",
    }
    letter = a_letter(1, **values)
    measured = renderer.measure([letter])[0]
    assert measured.defects == ()
    codes = [codes_for(1, measured.sheets)]
    chunk = renderer.render([letter], codes, tmp_path / "x.pdf")
    from rendering.preflight import preflight

    assert preflight(chunk.path, chunk, codes, renderer.template, [letter]).findings == ()


def test_missing_tables_columns_and_repeated_ids_are_named(renderer: Renderer) -> None:
    good = a_letter(1)
    no_table = Letter("a", good.fields, {})
    no_column = Letter("b", good.fields, {"instalments": [{"date": "2026-01-01", "principal": "1", "interest": "1"}]})
    measured = renderer.measure([good, no_table, no_column, good])
    assert [[d.code for d in m.defects] for m in measured] == [
        [],
        [DefectCode.MISSING_TABLE],
        [DefectCode.MISSING_FIELD],
        [DefectCode.DUPLICATE_ID],
    ]
    assert measured[2].defects[0].where == "instalments.total"


def test_a_letter_of_too_many_pages_is_held_and_the_longest_allowed_is_not(renderer: Renderer) -> None:
    fits, too_long = renderer.measure([a_letter(1, rows=350), a_letter(2, rows=600)])
    assert fits.defects == ()
    assert fits.pages in (11, 12)
    assert too_long.defects[0].code is DefectCode.TOO_MANY_PAGES


def test_nothing_is_written_when_a_defective_letter_or_wrong_codes_reach_render(
    renderer: Renderer, tmp_path: Path
) -> None:
    out = tmp_path / "x.pdf"
    with pytest.raises(RenderError, match="bidirectional"):
        renderer.render([a_letter(1, debtor_name="\u202e")], [codes_for(1, 1)], out)
    with pytest.raises(RenderError, match=r"1 sheet\(s\) but 2 payload"):
        renderer.render([a_letter(1)], [codes_for(1, 2)], out)
    assert list(tmp_path.iterdir()) == []


def test_no_letters_make_a_file_without_pages_only_when_asked_by_mistake(renderer: Renderer) -> None:
    assert renderer.measure([]) == []


def test_values_are_the_same_however_many_are_read_at_a_time(
    renderer: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = [a_letter(n, rows=n % 4, creditor="" if n == 2 else "虚构𠮷公司") for n in range(9)]
    letters[5] = a_letter(5, debtor_name="张\x1f伟")
    whole = renderer._intake.gather(letters)
    monkeypatch.setattr("rendering.value_text._ENCODED", 7)
    parted = renderer._intake.gather(letters)
    assert whole.points.tolist() == parted.points.tolist()
    assert whole.offsets.tolist() == parted.offsets.tolist()
    assert whole.defects == parted.defects
    assert {2, 5} == set(whole.defects)
