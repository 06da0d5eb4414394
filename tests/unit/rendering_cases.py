"""Made-up letters for the renderer's tests, and a copy of the example template to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

from rendering import Codes, Letter

EXAMPLE = Path(__file__).parents[2] / "examples" / "templates" / "lawyer_letter"
NAMES = ("张伟", "欧阳明月", "买买提·吐尔逊", "李𠮷", "Anna-Maria 王")


def a_letter(number: int, rows: int = 5, **changed: str) -> Letter:
    fields = {
        "case_no": f"（2026）虚{number:05d}" if number % 3 else "",
        "letter_date": "2026-11-22",
        "debtor_name": NAMES[number % len(NAMES)],
        "gender_title": "先生",
        "province": "虚构省",
        "city": "示例市",
        "district": "样本区",
        "address": f"幸福路{number + 1}号阳光花园{number % 31 + 1}栋{number % 2000 + 101}室",
        "postcode": "100000",
        "creditor": "虚构消费金融有限公司",
        "contract_no": f"XJ-2025-{number:08d}",
        "contract_date": "2025-03-12",
        "principal": f"{1000 + number * 37.5:.2f}",
        "interest": f"{number * 1.25:.2f}",
        "penalty": "0" if number % 2 else "120.5",
        "total_due": f"{1000 + number * 39.0:.2f}",
        "due_date": "2026-01-15",
        "deadline": "2026-12-31",
        "lawyer_name": "王明理",
        "lawyer_licence": "11101202610123456",
        "phone": "010-5555 0100",
        "letter_no": f"（2026）北辰函字第{number:06d}号",
    }
    instalments = [
        {
            "date": f"2026-{k % 12 + 1:02d}-15",
            "principal": f"{1200 + k * 1000}",
            "interest": f"{35.2 + k:.2f}",
            "total": f"{1235.2 + k * 1001:.2f}",
        }
        for k in range(rows)
    ]
    return Letter(f"L{number:06d}", {**fields, **changed}, {"instalments": instalments})


def codes_for(number: int, sheets: int) -> Codes:
    payloads = tuple(f"1{number:035d}"[:32] + f"{k + 1:02d}{sheets:02d}" for k in range(sheets))
    return Codes(payloads, f"XA{number:09d}CN", f"B000001-{number:07d}-1")


def spoilt_template(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the example template with one text replaced."""
    copy = folder / "spoilt"
    shutil.copytree(EXAMPLE, copy)
    text = (copy / file).read_text("utf-8")
    assert old in text
    (copy / file).write_text(text.replace(old, new, 1), "utf-8")
    return copy
