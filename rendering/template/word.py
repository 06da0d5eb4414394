"""A Word letter (.docx) into a template folder: what maps cleanly is mapped, what does not is listed, nothing is guessed.

Mapped: paragraphs with alignment, headings, bold, list items, explicit page breaks, tables of fields as text; ``{{ field }}`` also when
Word has cut it into several runs. Page size and margins are not taken over: the window, the marks and the clear zone decide them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph

from rendering.template.errors import TemplateError

_FIELD: Final = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*(?:\|[^}]*)?\}\}")
_STARTER: Final = Path(__file__).parent / "word_starter.toml"
_ALIGNED: Final = {
    WD_ALIGN_PARAGRAPH.CENTER: "centered",
    WD_ALIGN_PARAGRAPH.RIGHT: "right",
}
_DRAWINGS: Final = {
    "drawing": "a picture",
    "pict": "a picture",
    "object": "an embedded object",
    "footnoteReference": "a footnote",
}


@dataclass(slots=True)
class ImportReport:
    """What was taken over and, line by line, what was not."""

    paragraphs: int = 0
    tables: int = 0
    fields: list[str] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)


def import_document(path: Path, folder: Path) -> ImportReport:
    """Write ``folder`` (template.toml and letter.txt) from a Word file.

    Raises TemplateError when the file is no Word document or the folder already holds a template.
    """
    if (folder / "template.toml").exists():
        raise TemplateError(str(folder), 0, "already holds a template; choose another folder")
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise TemplateError(path.name, 0, f"not a Word .docx document: {error}") from error
    report = ImportReport()
    blocks = list(_blocks(document, report))
    _list_parts_left_out(document, report)
    if not blocks:
        raise TemplateError(path.name, 0, "holds no text")
    text = "\n\n".join(blocks) + "\n"
    report.fields = list(dict.fromkeys(_FIELD.findall(text)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "letter.txt").write_text(text, "utf-8")
    fields = "\n".join(f"{name} = {{ max = 200 }}" for name in sorted({*report.fields, *_STARTER_FIELDS}))
    starter = _STARTER.read_text("utf-8").replace("@name@", path.stem.replace('"', "'")).replace("@fields@", fields)
    (folder / "template.toml").write_text(starter, "utf-8")
    return report


_STARTER_FIELDS: Final = ("debtor_name", "address", "postcode")


def _blocks(document: Document, report: ImportReport) -> Iterator[str]:
    for number, part in enumerate(document.iter_inner_content(), start=1):
        if isinstance(part, Paragraph):
            block = _paragraph(part, number, report)
            if block:
                report.paragraphs += 1
                yield block
            if 'w:type="page"' in part._p.xml:  # noqa: SLF001 - python-docx offers no public way to see a break
                yield ":newpage"
        elif isinstance(part, Table):
            yield from _table(part, number, report)


def _paragraph(paragraph: Paragraph, number: int, report: ImportReport) -> str:
    """One paragraph as a block of letter.txt; empty for a blank line."""
    _list_drawings(paragraph, number, report)
    text = _marked_text(paragraph)
    if not text.strip():
        return ""
    name = (paragraph.style.name or "").lower() if paragraph.style is not None else ""
    if name == "title":
        return f"# {text}"
    if name.startswith("heading"):
        return f"## {text}"
    if name.startswith("list bullet"):
        return f"- {text}"
    if name.startswith("list number"):
        report.unmapped.append(
            f"段落 paragraph {number}: 自动编号 automatic numbering ({text[:20]}…); write the number as text"
        )
    style = _ALIGNED.get(paragraph.alignment) if paragraph.alignment is not None else None
    if style:
        return f".{style} {text}"
    return "\\" + text if text[0] in ":#-.\\" else text


def _marked_text(paragraph: Paragraph) -> str:
    """The paragraph's text with bold runs between ``**``; fields cut by Word are joined and never half bold."""
    pieces: list[tuple[str, bool]] = []
    for run in paragraph.runs:
        if pieces and (pieces[-1][1] == bool(run.bold) or pieces[-1][0].count("{{") > pieces[-1][0].count("}}")):
            pieces[-1] = (pieces[-1][0] + run.text, pieces[-1][1])
        else:
            pieces.append((run.text, bool(run.bold)))
    return "".join(f"**{_clean(text)}**" if bold and text.strip() else _clean(text) for text, bold in pieces).strip()


def _clean(text: str) -> str:
    return re.sub(r"[\t\n\x0b\x0c\r]+", "　", text).replace("*", "\\*")


def _table(table: Table, number: int, report: ImportReport) -> Iterator[str]:
    """A table's rows as lines of text: columns of a case's table are described in template.toml by a person."""
    report.tables += 1
    report.unmapped.append(
        f"表格 table {number}: 只导入文字 taken over as text; describe it under [tables] in template.toml and write :table NAME"
    )
    for row in table.rows:
        seen: list[Any] = []
        for cell in row.cells:
            if not any(cell._tc is other for other in seen):  # noqa: SLF001 - a merged cell is listed once a column
                seen.append(cell._tc)  # noqa: SLF001
        texts = [_clean(" ".join(p.text for p in cell.paragraphs)).strip() for cell in dict.fromkeys(row.cells)]
        line = "　".join(text for text in texts if text)
        if line:
            yield f".cell {line}"


def _list_drawings(paragraph: Paragraph, number: int, report: ImportReport) -> None:
    xml = paragraph._p.xml  # noqa: SLF001
    for tag, what in _DRAWINGS.items():
        if f"<w:{tag}" in xml:
            report.unmapped.append(f"段落 paragraph {number}: {what}; put it under [pictures] and write :picture NAME")
    for run in paragraph.runs:
        kinds = [
            name
            for name, on in (
                ("italic", run.italic),
                ("underline", run.underline),
                ("colour", run.font.color and run.font.color.rgb),
            )
            if on
        ]
        if kinds and run.text.strip():
            report.unmapped.append(f"段落 paragraph {number}: {', '.join(kinds)} of {run.text.strip()[:20]!r}")


def _list_parts_left_out(document: Document, report: ImportReport) -> None:
    for number, section in enumerate(document.sections, start=1):
        for name, part in (("页眉 header", section.header), ("页脚 footer", section.footer)):
            text = " ".join(p.text for p in part.paragraphs).strip()
            if text:
                report.unmapped.append(
                    f"节 section {number} {name}: {text[:40]!r}; write it as a frame in template.toml"
                )
        if len(section._sectPr.xpath("./w:cols[@w:num>1]")):  # noqa: SLF001
            report.unmapped.append(f"节 section {number}: 分栏 several columns")
