"""A wrong template is refused with file, line and reason; a right one means what its author wrote."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from click.testing import CliRunner
from rendering_cases import EXAMPLE, a_letter, spoilt_template

from rendering import TemplateError, choose_template, load_template
from rendering.commands import render, template
from rendering.template.values import capital, date, money
from rendering.template.word import import_document
from rendering.template.zones import zone_defects


def line_of(path: Path, text: str) -> int:
    return next(n for n, line in enumerate(path.read_text("utf-8").split("\n"), start=1) if text in line)


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("letter.txt", "{{ creditor }}", "{{ creditr }}", "'creditr' is not declared"),
        ("letter.txt", "{{ creditor }}", "{{ creditor | shout }}", "filter 'shout' does not exist"),
        ("letter.txt", "{{ creditor }}", "{{ creditor.__class__.__mro__ }}", "only {{ field }}"),
        ("letter.txt", "{{ creditor }}", "{{ ''.join(creditor) }}", "only {{ field }}"),
        ("letter.txt", "{{ creditor }}", "{{ creditor ", "unexpected char"),
        ("letter.txt", "{{ creditor }}", "{% set x = 1 %}", "not allowed inside a paragraph"),
        ("letter.txt", "{{ creditor }}", "{{ page }}", "belong into a frame"),
        ("letter.txt", "{% if case_no %}", "{% if case_no() %}", "Call is not allowed"),
        ("letter.txt", "{% endif %}\n\n:keep", "\n\n:keep", "not closed with"),
        ("letter.txt", ":table instalments", ":table payments", "table 'payments' is not described"),
        ("letter.txt", ":picture seal", ":picture stamp", "picture 'stamp' is not described"),
        ("letter.txt", ":space 4", ":space four", "must be a number of mm"),
        ("letter.txt", ":space 4", ":jump 4", "unknown order :jump"),
        ("letter.txt", ".number ", ".numbr ", "style 'numbr' does not exist"),
        ("letter.txt", "**{{ debtor_name }}**", "**{{ debtor_name }}", "not closed"),
        ("template.toml", "leading = 19.5", "leading = 9", "lines would touch"),
        ("template.toml", 'align = "justify"', 'align = "justfy"', "must be one of"),
        ("template.toml", "size = 12", "size = 1", "between 4 and 144"),
        ("template.toml", 'kinsoku = "gb"', 'kinsoku = "gb2"', "must be one of"),
        ("template.toml", "keep_next = true", "keep_nxt = true", "unknown key"),
        ("template.toml", 'file = "seal.pdf"', 'file = "../../../etc/passwd"', "must lie inside"),
        ("template.toml", 'file = "seal.pdf"', 'file = "stamp.pdf"', "does not exist"),
        ("template.toml", "module = 0.5", 'module = "half"', "must be a number"),
        ("template.toml", "[page]", "[page", "not valid TOML"),
    ],
)
def test_a_wrong_template_is_refused_with_file_line_and_reason(
    tmp_path: Path, file: str, old: str, new: str, reason: str
) -> None:
    folder = spoilt_template(tmp_path, file, old, new)
    with pytest.raises(TemplateError) as refusal:
        load_template(folder)
    assert reason in refusal.value.reason
    assert refusal.value.file == file
    if new.strip() and "not closed with" not in reason:
        assert refusal.value.line == line_of(folder / file, new.split("\n")[0].strip())


def test_every_page_rectangle_of_the_example_keeps_the_window_clear() -> None:
    assert zone_defects(load_template(EXAMPLE).settings) == []


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("y = 98, width", "y = 90, width", "page.first"),
        ("x = 22\ny = 50\nwidth = 58", "x = 10\ny = 50\nwidth = 58", "frames.address"),
        ("x = 86\ny = 52", "x = 93\ny = 52", "marks.window"),
        ("x = 195\ny = 52", "x = 203\ny = 52", "marks.sheet"),
        ("x = 191\ny = 63.5", "x = 191\ny = 60", "frames.piece"),
    ],
)
def test_what_enters_a_clear_zone_or_a_quiet_zone_is_named(tmp_path: Path, old: str, new: str, name: str) -> None:
    settings = load_template(spoilt_template(tmp_path, "template.toml", old, new)).settings
    assert name in {defect.where for defect in zone_defects(settings)}


def test_a_template_is_chosen_by_rules_on_the_case(tmp_path: Path) -> None:
    large = load_template(
        spoilt_template(
            tmp_path,
            "template.toml",
            "[template]",
            "[template]\nwhen = \"total_due|number > 50000 and city != '虚构'\"",
        )
    )
    every = load_template(EXAMPLE)
    letter = a_letter(1)
    assert choose_template([large, every], letter.fields, letter.tables) is every
    assert choose_template([large, every], {**letter.fields, "total_due": "50,000.01"}, letter.tables) is large
    assert choose_template([large], letter.fields, letter.tables) is None


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.00", "零元整"),
        ("10", "壹拾元整"),
        ("1039.00", "壹仟零叁拾玖元整"),
        ("100000.00", "壹拾万元整"),
        ("10500.05", "壹万零伍佰元零伍分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("107000.53", "壹拾万零柒仟元伍角叁分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("0.30", "叁角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("100000001.00", "壹亿零壹元整"),
        ("abc", "abc"),
    ],
)
def test_amounts_in_words_follow_the_bill_rules(amount: str, words: str) -> None:
    assert capital(amount) == words


def test_money_and_dates_leave_what_they_do_not_know() -> None:
    assert [money(x) for x in ("1234567.5", "999.00", "0001.00", "-1234.5", "n/a")] == [
        "1,234,567.50",
        "999.00",
        "1.00",
        "-1,234.50",
        "n/a",
    ]
    assert [date(x) for x in ("2026-01-05", "2026/1/5", "soon")] == ["2026年1月5日", "2026年1月5日", "soon"]


def test_a_word_letter_becomes_a_template_and_says_what_did_not_map(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("律师函", 0)
    paragraph = document.add_paragraph("致：")
    paragraph.add_run("{{ debtor").bold = True
    paragraph.add_run("_name }}")
    document.add_paragraph("您欠款 {{ total_due }} 元。").runs[0].italic = True
    document.add_table(1, 2).rows[0].cells[0].text = "{{ principal }}"
    document.sections[0].header.paragraphs[0].text = "机密"
    path = tmp_path / "letter.docx"
    document.save(str(path))
    report = import_document(path, tmp_path / "imported")
    loaded = load_template(tmp_path / "imported")
    assert set(report.fields) == {"debtor_name", "total_due", "principal"}
    assert {"debtor_name", "total_due", "principal"} <= set(loaded.field_names)
    assert [word for word in ("italic", "机密", "表格") if not any(word in line for line in report.unmapped)] == []
    with pytest.raises(TemplateError, match="already holds"):
        import_document(path, tmp_path / "imported")
    (tmp_path / "no.docx").write_text("no")
    with pytest.raises(TemplateError, match=r"not a Word"):
        import_document(tmp_path / "no.docx", tmp_path / "other")


def test_the_commands_refuse_in_words_and_with_their_exit_codes(tmp_path: Path) -> None:
    runner = CliRunner()
    good = runner.invoke(template, ["check", str(EXAMPLE)])
    assert good.exit_code == 0
    assert "usable" in good.output
    spoilt = spoilt_template(tmp_path, "letter.txt", "{{ creditor }}", "{{ creditr }}")
    bad = runner.invoke(template, ["check", str(spoilt)])
    assert bad.exit_code == 1
    assert "letter.txt:" in bad.output
    empty = tmp_path / "empty.csv"
    empty.write_text("debtor_name\n", "utf-8")
    none = runner.invoke(render, [str(empty), "-o", str(tmp_path / "x.pdf"), "--template", str(EXAMPLE)])
    assert (none.exit_code, "no cases" in none.output) == (1, True)
    wrong = runner.invoke(
        render, [str(empty), "-o", str(tmp_path / "x.pdf"), "--template", str(EXAMPLE), "--impose", "17up"]
    )
    assert (wrong.exit_code, "no imposition '17up'" in wrong.output) == (2, True)
    assert not (tmp_path / "x.pdf").exists()
