"""Renders one template with a made-up case, in a process of its own: ``python -m controller.service.template_preview FOLDER OUT``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

SAMPLE: Final = {
    "case_no": "XH2026-000001", "letter_no": "（2026）星律函字第000001号", "debtor_name": "王小满", "gender_title": "女士", "recipient": "王小满",
    "province": "云海省", "city": "平江市", "district": "河东区", "address": "云海省平江市河东区和平路 18 号 3 栋 502 室", "postcode": "310000",
    "creditor": "星河示例消费金融有限公司", "contract_no": "XHXF-202506-000001", "contract_date": "2025年6月19日", "principal": "31,934.79",
    "interest": "590.80", "penalty": "989.98", "total_due": "33,515.57", "due_date": "2026年8月13日", "deadline": "2026年12月20日",
    "lawyer_name": "沈知白", "lawyer_licence": "11101201910000001", "phone": "010-55500000", "date": "2026年11月22日", "letter_date": "2026年11月22日",
}  # fmt: skip
"""Nobody in it exists."""
ROW: Final = {"date": "2026-01-15", "principal": "1,200.00", "interest": "35.20", "total": "1,235.20"}


def main(folder: Path, out: Path) -> None:
    """Write ``page-N.png`` and ``result.json`` into ``out``."""
    from rendering import Letter, Renderer, RenderError, TemplateError, load_template

    try:
        template = load_template(folder)
    except TemplateError as error:
        _write(out, [], [], [(str(error), str(error))])
        return
    fields = {name: SAMPLE.get(name, f"〔{name}〕") for name in template.field_names}
    letter = Letter("sample", fields, {name: [ROW] * 6 for name in template.table_names})
    try:
        pages = Renderer(template).preview(letter)
    except RenderError as error:
        _write(out, [], list(fields), [(defect.message_zh, defect.message_en) for _, defect in error.defects])
        return
    names = []
    for number, png in enumerate(pages, 1):
        names.append(f"page-{number}.png")
        (out / names[-1]).write_bytes(png)
    _write(out, names, list(fields), [])


def _write(out: Path, pages: list[str], fields: list[str], faults: list[tuple[str, str]]) -> None:
    draft = out / "result.json.part"
    draft.write_text(json.dumps({"pages": pages, "fields": fields, "faults": faults}, ensure_ascii=False), "utf-8")
    draft.rename(out / "result.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
