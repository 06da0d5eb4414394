"""What can be wrong with a letter's values before any layout, in words for the person who holds the letter."""

from __future__ import annotations

from rendering.layout.classes import KIND_BIDI
from rendering.model import Defect, DefectCode

KIND_MISSING = 3  # beside the kinds of `rendering.layout.classes`: no font of the template has the character
_LISTED_MAX = 20  # a letter of nothing but bad characters needs no longer list


def add_defect(defects: dict[int, list[Defect]], i: int, defect: Defect) -> None:
    """Note a defect of letter ``i``."""
    found = defects.setdefault(i, [])
    if len(found) < _LISTED_MAX:
        found.append(defect)


def duplicate(record_id: str) -> Defect:
    """Two letters of one batch with the same id."""
    message = f"编号“{record_id}”重复", f"the id {record_id!r} appears twice"
    return Defect(DefectCode.DUPLICATE_ID, *message, None)


def missing_field(name: str) -> Defect:
    """A required field without a value."""
    message = f"缺少字段“{name}”", f"field {name!r} is missing or empty"
    return Defect(DefectCode.MISSING_FIELD, *message, name)


def missing_table(name: str) -> Defect:
    """A table the template prints and the letter does not have."""
    return Defect(DefectCode.MISSING_TABLE, f"缺少表格“{name}”", f"table {name!r} is missing", name)


def missing_column(table: str, column: str) -> Defect:
    """A row of a table without one of its columns."""
    message = f"表格“{table}”缺少列“{column}”", f"table {table!r} has no column {column!r}"
    return Defect(DefectCode.MISSING_FIELD, *message, f"{table}.{column}")


def too_many_rows(name: str, rows: int, most: int) -> Defect:
    """A table longer than any letter can print."""
    message = f"表格“{name}”有 {rows} 行，最多 {most} 行", f"table {name!r} has {rows} rows, {most} at most"
    return Defect(DefectCode.TOO_LONG, *message, name)


def field_too_long(name: str, characters: int, most: int) -> Defect:
    """A value longer than the template allows."""
    message = (
        f"字段“{name}”有 {characters} 个字，最多 {most} 个",
        f"field {name!r} has {characters} characters, {most} at most",
    )
    return Defect(DefectCode.FIELD_TOO_LONG, *message, name)


def bad_character(point: int, kind: int, name: str | None) -> Defect:
    """A character that cannot or must not be printed; ``kind`` is KIND_MISSING or one of `rendering.layout.classes`."""
    where_zh = f"字段“{name}”" if name else "一个字段"
    where_en = f"field {name!r}" if name else "a field"
    label = f"U+{point:04X}"
    if kind == KIND_MISSING:
        shown = chr(point) if point < 0x110000 else "?"
        return Defect(
            DefectCode.MISSING_GLYPH,
            f"{where_zh}中的字“{shown}”（{label}）没有字体可用；请在字体目录中加入含此字的字体",
            f"{where_en}: no installed font draws {shown} ({label}); add a font that has it to the site font folder",
            name,
        )
    if kind == KIND_BIDI:
        return Defect(
            DefectCode.BIDI_CHARACTER,
            f"{where_zh}含有双向控制符 {label}，印出的顺序会与原文不同；请删除",
            f"{where_en} holds the bidirectional control {label}: it would print in another order; remove it",
            name,
        )
    return Defect(
        DefectCode.CONTROL_CHARACTER,
        f"{where_zh}含有控制字符 {label}；请删除",
        f"{where_en} holds the control character {label}; remove it",
        name,
    )
