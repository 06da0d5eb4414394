"""Turns the rows of a case file into accepted cases and refusals, and writes the refusal report the client gets back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from controller.intake.fields import LAWYER_LETTER, ROW_RULES, Field, FieldError, HeaderProfile, clean
from controller.intake.files import CaseFileError, Row, Table, read_table

VALUE_SHOWN_CHARS = 24


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one row was not accepted: the place a person would look for, and what to do about it."""

    row: int
    column: str
    zh: str
    en: str
    value: str


@dataclass(frozen=True, slots=True)
class AcceptedCase:
    """A row that met every rule. ``fields`` holds canonical names and cleaned values."""

    row: int
    case_no: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Intake:
    """The outcome of one file. ``sha256`` is of the file's bytes."""

    file_name: str
    sha256: str
    encoding: str
    accepted: tuple[AcceptedCase, ...]
    refused: tuple[Refusal, ...]

    @property
    def refused_rows(self) -> int:
        """Rows, not reasons: a row may be refused for several."""
        return len({refusal.row for refusal in self.refused})


def take_in(path: Path, profile: HeaderProfile = LAWYER_LETTER) -> Intake:
    """Read and judge a case file.

    Raises:
        CaseFileError: the file as a whole is unusable, see :func:`controller.intake.files.read_table`, or a required column is missing.
    """
    table = read_table(path)
    places, missing = profile.columns(table.header)
    if missing:
        seen = "、".join(table.header[:30]) or "—"
        raise CaseFileError(
            f"{path.name}: 表头缺少列 / the header lacks: {'、'.join(missing)}\n  现有列 / columns found: {seen[:300]}"
        )
    if not table.rows:
        raise CaseFileError(f"{path.name}: 只有表头，没有案件 / only a header, no cases")
    return _judge(path.name, table, profile, places)


def _judge(file_name: str, table: Table, profile: HeaderProfile, places: dict[str, int]) -> Intake:
    accepted: list[AcceptedCase] = []
    refused: list[Refusal] = []
    first_row_of: dict[str, int] = {}
    for row in table.rows:
        fields, problems = _read_row(row, table.header, profile, places)
        case_no = fields.get("case_no", "")
        if case_no and case_no in first_row_of:
            zh, en = f"与第 {first_row_of[case_no]} 行案件编号相同", f"same case number as row {first_row_of[case_no]}"
            problems.append(Refusal(row.number, _header_of(table.header, places, "case_no"), zh, en, case_no))
        elif case_no:
            first_row_of[case_no] = row.number
        if not problems:
            problems.extend(_check_row_rules(row, table.header, places, fields))
        if problems:
            refused.extend(problems)
        else:
            accepted.append(AcceptedCase(row.number, case_no, fields))
    return Intake(file_name, table.sha256, table.encoding, tuple(accepted), tuple(refused))


def _read_row(
    row: Row, header: tuple[str, ...], profile: HeaderProfile, places: dict[str, int]
) -> tuple[dict[str, str], list[Refusal]]:
    if len(row.cells) > len(header) and any(cell.strip() for cell in row.cells[len(header) :]):
        zh = f"有 {len(row.cells)} 列，表头只有 {len(header)} 列（值中是否有未加引号的逗号？）"
        en = f"{len(row.cells)} cells under {len(header)} headers (an unquoted comma in a value?)"
        return {}, [Refusal(row.number, "—", zh, en, "")]
    fields: dict[str, str] = {}
    problems: list[Refusal] = []
    for field in profile.fields:
        index = places.get(field.name)
        raw = row.cells[index] if index is not None and index < len(row.cells) else ""
        try:
            if index is not None and index in row.formulas:
                raise FieldError("单元格是公式，请粘贴为值", "the cell holds a formula: paste its value")
            fields[field.name] = _read_field(field, raw)
        except FieldError as error:
            column = header[index] if index is not None else field.name
            problems.append(Refusal(row.number, column, error.zh, error.en, _shown(raw)))
    return fields, problems


def _read_field(field: Field, raw: str) -> str:
    value = clean(raw)
    if not value:
        if field.required:
            raise FieldError("必填项为空", "required but empty")
        return ""
    return field.rule(value)


def _check_row_rules(
    row: Row, header: tuple[str, ...], places: dict[str, int], fields: dict[str, str]
) -> list[Refusal]:
    problems = []
    for rule in ROW_RULES:
        found = rule(fields)
        if found:
            name, error = found
            problems.append(
                Refusal(row.number, _header_of(header, places, name), error.zh, error.en, _shown(fields[name]))
            )
    return problems


def _header_of(header: tuple[str, ...], places: dict[str, int], name: str) -> str:
    return header[places[name]] if name in places else name


def _shown(value: str) -> str:
    """A short, harmless form of a refused value: control characters made visible, long text cut."""
    text = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in value[: VALUE_SHOWN_CHARS * 2])
    return text if len(value) <= VALUE_SHOWN_CHARS else f"{text[:VALUE_SHOWN_CHARS]}…（{len(value)} 字）"


def write_refusal_report(intake: Intake, folder: Path) -> tuple[Path, Path]:
    """Write ``refusals.xlsx`` and ``refusals.json`` into ``folder``; text cells only, so that no value can act as a formula."""
    import xlsxwriter

    folder.mkdir(parents=True, exist_ok=True)
    xlsx, as_json = folder / "refusals.xlsx", folder / "refusals.json"
    book = xlsxwriter.Workbook(
        str(xlsx), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    sheet = book.add_worksheet("退回 refused")
    bold = book.add_format({"bold": True, "bg_color": "#DDDDDD"})
    for column, (title, width) in enumerate(
        (("行 row", 8), ("列 column", 16), ("原因", 44), ("reason", 52), ("值 value", 34))
    ):
        sheet.write_string(0, column, title, bold)
        sheet.set_column(column, column, width)
    for line, refusal in enumerate(intake.refused, start=1):
        sheet.write_number(line, 0, refusal.row)
        for column, text in enumerate((refusal.column, refusal.zh, refusal.en, refusal.value), start=1):
            sheet.write_string(line, column, text)
    sheet.freeze_panes(1, 0)
    book.close()
    rows = [
        {"row": r.row, "column": r.column, "reason": r.zh, "reason_en": r.en, "value": r.value} for r in intake.refused
    ]
    report = {
        "file": intake.file_name,
        "sha256": intake.sha256,
        "accepted": len(intake.accepted),
        "refused": intake.refused_rows,
        "refusals": rows,
    }
    as_json.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    return xlsx, as_json
