"""Row 46 of the fault matrix: a case file in which somebody hid what does not belong there, through production's own intake.

One strike is one file with every attack below as a row of its own, between good rows, in an order and an encoding that are drawn; and one
file that is an attack as a whole. Every bad row must be named by row and column, none may become a case, and no good row may be lost.
"""

from __future__ import annotations

import csv
import io
import random
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from controller.intake import CaseFileError, Intake, take_in

HEADER: Final = (
    "案件编号", "函号", "姓名", "称谓", "省", "市", "区县", "详细地址", "邮编", "委托人", "合同编号", "合同日期", "本金", "利息",
    "违约金", "合计", "到期日", "还款期限", "承办律师", "执业证号", "联系电话", "分期明细",
)  # fmt: skip
GOOD: Final = (
    "XH2026-000000", "（2026）演示律函字第1号", "仉小演", "女士", "示例省", "示例市", "样板区", "演示路1号2单元301室", "350101",
    "演示委托有限公司", "HT-2025-1", "2025-06-19", "1000.00", "20.00", "3.00", "1023.00", "2026-08-13", "2026-12-20", "演示律师",
    "11101201910000001", "010-55500000", "2025-08-18:500.00:10.00;2025-09-17:500.00:10.00",
)  # fmt: skip
"""Made up: nobody is called so, nothing of it exists."""
HUGE: Final = 5_000
UNFIT: Final = (
    ("姓名", "李\u202e明"), ("姓名", "\u2066李明\u2069"), ("姓名", "李\x1b[2J明"), ("姓名", "李\x00明"), ("姓名", "李\n明"),
    ("姓名", "=cmd|'/c calc'!A1"), ("姓名", "@SUM(1)"), ("姓名", "李\ufffd明"), ("姓名", "字" * HUGE), ("姓名", ""),
    ("姓名", "李？明"), ("称谓", "+先生"), ("详细地址", "=HYPERLINK(\"http://example.invalid/1\")"), ("详细地址", "路" * HUGE + "1号"),
    ("详细地址", "演示路\u202e1号"), ("详细地址", "演示路"), ("邮编", "35010"), ("邮编", "３５０１０１"), ("邮编", "350101\x07"),
    ("委托人", "-2+3"), ("本金", "NaN"), ("本金", "1e9"), ("本金", "-5"), ("本金", "=1+1"), ("合计", "1.00"), ("合同日期", "2025-02-30"),
    ("还款期限", "2026-01-01"), ("联系电话", "=010"), ("分期明细", "2026-01-01:1"), ("案件编号", "../../etc"),
)  # fmt: skip
"""(column, value): the attack, or the mistake, is in this cell alone."""

Attack = Callable[[bytes], bytes]


def _workbook(rows: bytes) -> bytes:
    """Return a zip that says it is a workbook and holds none."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<!DOCTYPE x [<!ENTITY a 'a'>]><x>" + rows[:100].hex().encode())
    return packed.getvalue()


WHOLE: Final[dict[str, Attack]] = {
    "empty file": lambda rows: b"",
    "UTF-16": lambda rows: rows.decode().encode("utf-16"),
    "bytes of no encoding": lambda rows: rows + b"\x81\x20\xff\xff\xff",
    "NUL in the header": lambda rows: b"\x00\x01" + rows,
    "broken zip": lambda rows: b"PK\x03\x04" + rows,
    "cut workbook": lambda rows: _workbook(rows)[:-20],
    "workbook without sheets": _workbook,
    "old workbook": lambda rows: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + rows,
    "no header": lambda rows: rows.partition(b"\n")[2],
    "header alone": lambda rows: rows.partition(b"\n")[0] + b"\n",
}
"""What is wrong with a file as a whole; each is refused in one sentence."""


def strike(rng: random.Random, numbers: list[int]) -> tuple[str, list[str]]:
    """Send both files through the intake, the cases ``numbers`` as good rows; return the attack on the whole, and what went wrong."""
    whole = rng.choice(sorted(WHOLE))
    with tempfile.TemporaryDirectory(prefix="letterline-campaign-") as folder:
        place = Path(folder)
        return whole, _rows(rng, place, numbers) + _whole(place, whole)


def _case(number: int) -> list[str]:
    return [f"XH2026-{number:06d}", *GOOD[1:]]


def _table(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([list(HEADER), *rows])
    return text.getvalue()


def _rows(rng: random.Random, folder: Path, numbers: list[int]) -> list[str]:
    bad: list[tuple[str, list[str]]] = []
    for place, (column, value) in enumerate(UNFIT):
        row = _case(900_000 + place)
        row[HEADER.index(column)] = value
        bad.append((column, row))
    bad.append(("—", [*_case(899_999), "one, too many"]))
    rows = [("", _case(number)) for number in numbers] + bad
    rng.shuffle(rows)
    again = rng.choice(numbers)
    rows.append(("案件编号", _case(again)))
    path = folder / "cases.csv"
    path.write_bytes(_table([row for _, row in rows]).encode(rng.choice(("utf-8", "utf-8-sig", "gb18030"))))
    return _judged(take_in(path), {place: column for place, (column, _) in enumerate(rows, 2) if column}, numbers)


def _judged(intake: Intake, expected: dict[int, str], numbers: list[int]) -> list[str]:
    """Return what is wrong with the answer: ``expected`` names the column to blame of each bad row."""
    named = {(refusal.row, refusal.column) for refusal in intake.refused}
    problems = [
        f"row {row} is not refused for {column}" for row, column in expected.items() if (row, column) not in named
    ]
    problems += [f"row {row.row} became a case" for row in intake.accepted if row.row in expected]
    problems += [f"good row {row} is refused" for row in sorted({row for row, _ in named} - expected.keys())]
    cases = {f"XH2026-{number:06d}" for number in numbers}
    if {case.case_no for case in intake.accepted} != cases:
        problems.append(f"{len(intake.accepted)} cases are accepted, {len(cases)} were sent")
    problems += [
        f"case {case.case_no} was changed" for case in intake.accepted if case.fields["debtor_name"] != GOOD[2]
    ]
    problems += [
        f"the refusal of row {refusal.row} shows what it refuses"
        for refusal in intake.refused
        if not refusal.value.isprintable() or len(refusal.value) > 100 or not (refusal.zh and refusal.en)
    ]
    return problems


def _whole(folder: Path, how: str) -> list[str]:
    path = folder / "whole.csv"
    path.write_bytes(WHOLE[how](_table([_case(1), _case(2)]).encode()))
    try:
        intake = take_in(path)
    except CaseFileError as refused:
        return [] if str(refused).replace("\n", "").isprintable() else [f"{how}: its refusal cannot be shown"]
    return [f"{how}: the file is taken in, {len(intake.accepted)} cases"]
