"""Kinsoku at its levels, compression, units and justification, by example (W3C CLREQ 3.1; GB/T 15834-2011)."""

from __future__ import annotations

import pytest
from layout_harness import kernel_lines, texts
from rendering_cases import EXAMPLE, a_letter

from rendering import Renderer, load_template
from rendering.layout.classes import CLOSING, OPENING, STOP, Kinsoku
from rendering.layout.reference import Setting

EM = 12_000


def ten_em(level: Kinsoku, line_end: str = "trim") -> Setting:
    return Setting(EM, 10 * EM, level=level, line_end=line_end)


HAN = "的一国在人了有中是年大为上个民到说们地生"


@pytest.mark.parametrize("mark", STOP + CLOSING + "～·／")
@pytest.mark.parametrize("level", [Kinsoku.BASIC, Kinsoku.GB, Kinsoku.STRICT])
def test_no_line_starts_with_a_stop_closing_or_connecting_mark(mark: str, level: Kinsoku) -> None:
    for before in range(8, 12):
        lines = texts(HAN[:before] + mark + HAN[:6], ten_em(level))
        assert not any(line.startswith(mark) for line in lines[1:]), lines


@pytest.mark.parametrize("mark", OPENING)
@pytest.mark.parametrize("level", [Kinsoku.BASIC, Kinsoku.GB, Kinsoku.STRICT])
def test_no_line_ends_with_an_opening_mark(mark: str, level: Kinsoku) -> None:
    for before in range(8, 12):
        lines = texts(HAN[:before] + mark + HAN[:6], ten_em(level))
        assert not any(line.endswith(mark) for line in lines[:-1]), lines


def test_without_rules_a_mark_may_start_a_line() -> None:
    assert texts(HAN[:10] + "！！" + HAN[:5], ten_em(Kinsoku.NONE))[1].startswith("！")


def test_the_gb_level_keeps_a_solidus_off_the_line_end_and_basic_does_not() -> None:
    text = HAN[:9] + "／" + HAN[:5]
    assert texts(text, ten_em(Kinsoku.BASIC))[0].endswith("／")
    assert not any(line.endswith("／") for line in texts(text, ten_em(Kinsoku.GB))[:-1])


@pytest.mark.parametrize("pair", ["——", "……"])
def test_only_the_strict_level_keeps_dash_and_ellipsis_off_the_line_start(pair: str) -> None:
    text = HAN[:10] + pair + HAN[:5]
    assert texts(text, ten_em(Kinsoku.GB))[1].startswith(pair)
    assert not texts(text, ten_em(Kinsoku.STRICT))[1].startswith(pair)


@pytest.mark.parametrize("pair", ["——", "……"])
@pytest.mark.parametrize("level", list(Kinsoku))
def test_dash_and_ellipsis_pairs_never_part(pair: str, level: Kinsoku) -> None:
    for before in range(7, 12):
        assert any(pair in line for line in texts(HAN[:before] + pair + HAN[:5], ten_em(level)))


@pytest.mark.parametrize("amount", ["1,234.50元", "12.5万元", "¥300", "100%", "2026年", "第12", "XJ-2025"])
def test_an_amount_never_parts_from_its_unit_or_prefix(amount: str) -> None:
    for before in range(5, 12):
        lines = texts(HAN[:before] + amount + HAN[:6], ten_em(Kinsoku.GB))
        assert any(amount in line for line in lines), (before, lines)


def test_a_unit_character_in_running_text_is_an_ordinary_ideograph() -> None:
    assert len(texts("元" * 15, ten_em(Kinsoku.GB))) == 2


def test_a_word_longer_than_the_line_breaks_rather_than_leave_the_frame() -> None:
    lines = texts("A" * 50, ten_em(Kinsoku.GB))
    assert [len(line) for line in lines] == [20, 20, 10]


def test_two_adjacent_marks_take_one_and_a_half_em() -> None:
    line = kernel_lines("的》，国", ten_em(Kinsoku.GB))[0]
    assert line.kerns[1] == 500


def test_a_full_width_mark_at_line_end_is_trimmed_to_half() -> None:
    text = HAN[:9] + "，" + HAN[:5]
    wide = Setting(EM, 10 * EM - EM // 2, level=Kinsoku.GB)
    assert texts(text, wide)[0] == HAN[:9] + "，"


def test_a_hanging_stop_takes_no_room_at_all() -> None:
    text = HAN[:10] + "。" + HAN[:5]
    assert texts(text, ten_em(Kinsoku.GB, "hang"))[0] == HAN[:10] + "。"
    assert texts(text, ten_em(Kinsoku.GB, "full"))[0] == HAN[:9]


def test_marks_are_pressed_before_a_character_is_pushed_out() -> None:
    pressed = kernel_lines("的一（国）在。人了有中是年", Setting(EM, 10 * EM + EM // 2, level=Kinsoku.GB))[0]
    assert pressed.end == 11
    assert max(pressed.kerns) > 0


def test_han_and_latin_are_a_quarter_em_apart() -> None:
    assert kernel_lines("共12页", ten_em(Kinsoku.GB))[0].kerns == (-250, 0, -250)


def test_a_justified_line_fills_its_measure_within_a_thousandth_em_a_character() -> None:
    how = ten_em(Kinsoku.GB)
    text = "自2026年1月15日起，合计1,234.50元；逾期者“另计”。" * 3
    lines = kernel_lines(text, how)
    for line in lines[:-1]:
        width = sum(EM // 2 if text[i] < "\x7f" else EM for i in range(line.start, line.end))
        width -= sum(k * EM // 1000 for k in line.kerns) + line.leading_kern * EM // 1000
        width += line.tracking * (line.end - line.start - 1)
        trim = 500 * EM // 1000 if text[line.end - 1] in STOP + CLOSING else 0
        assert abs(width - trim - how.width) <= (line.end - line.start) * EM // 1000 + 1, text[line.start : line.end]


def test_the_official_example_stands_on_the_grid_in_imitation_song() -> None:
    """GB/T 9704 5.2: 28 characters a line on 156 mm, 22 lines on 225 mm, 三号 (15.75 pt) 仿宋."""
    template = load_template(EXAMPLE.parent / "official_notice")
    body = template.settings.styles["body"]
    assert (body.face, body.size_pt, body.cells) == ("fang", 15.75, 28)
    other = template.settings.body_other
    assert int(other.height / 25.4 * 72 / body.leading_pt) == 22
    letters = [a_letter(n) for n in range(5)]
    assert [m.defects for m in Renderer(template).measure(letters)] == [()] * 5
