"""The manifest (交寄清单): exactly the passed pieces of released trays, once each, as a spreadsheet and as a paper to sign."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Columns a post counter expects, in its order; the last is the customer's own serial (用户自编号).
COLUMNS: Final = (
    "序号",
    "邮件号码",
    "寄达局邮编",
    "寄达局名称",
    "收件人姓名",
    "收件人地址",
    "收件人电话",
    "邮件重量(克)",
    "邮筐",
    "用户自编号",
)
WIDTHS: Final = (6, 16, 11, 14, 18, 58, 12, 12, 8, 18)
SHEET_GRAMS: Final = 5  # A4 at 80 g/m²
ENVELOPE_GRAMS: Final = 6  # ZL 230 × 120 mm with window


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One piece handed to the post. No debt facts: the post needs none."""

    item: str
    postcode: str
    office: str
    addressee: str
    address: str
    weight_g: int
    tray: str
    own_serial: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``number`` names it to the post; ``digest`` is over every line, so that both sides can prove they hold the same one."""

    number: str
    lines: tuple[ManifestLine, ...]
    simulated: bool

    @property
    def digest(self) -> str:
        content = "\n".join(
            "\t".join(
                map(
                    str,
                    (line.item, line.postcode, line.addressee, line.address, line.weight_g, line.tray, line.own_serial),
                )
            )
            for line in self.lines
        )
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def weight_g(self) -> int:
        return sum(line.weight_g for line in self.lines)

    def per_tray(self) -> dict[str, int]:
        """Pieces in each tray."""
        return dict(Counter(line.tray for line in self.lines))


def piece_weight_g(sheets: int) -> int:
    """Return the weight of a sealed piece in whole grams, as the post charges it."""
    return ENVELOPE_GRAMS + SHEET_GRAMS * sheets


def build_manifest(number: str, lines: Iterable[ManifestLine], *, simulated: bool) -> Manifest:
    """Order the lines by tray and item.

    Raises:
        ValueError: an item number occurs twice; a manifest that says so must never leave.
    """
    ordered = tuple(sorted(lines, key=lambda line: (line.tray, line.item)))
    doubled = [item for item, count in Counter(line.item for line in ordered).items() if count > 1]
    if doubled:
        raise ValueError(f"item numbers listed twice: {', '.join(doubled[:5])}")
    return Manifest(number, ordered, simulated)


def _cells(index: int, line: ManifestLine) -> tuple[str, ...]:
    return (
        str(index),
        line.item,
        line.postcode,
        line.office,
        line.addressee,
        line.address,
        ".",
        str(line.weight_g),
        line.tray,
        line.own_serial,
    )


def write_manifest_xlsx(manifest: Manifest, path: Path) -> None:
    """Write the spreadsheet; every value a text cell, so that none can act as a formula (OWASP ASVS 5.0, 1.2.10)."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        str(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    sheet = book.add_worksheet("交寄清单")
    bold = book.add_format({"bold": True, "bg_color": "#DDDDDD", "border": 1})
    notice = "SIMULATED 模拟 · " if manifest.simulated else ""
    sheet.write_string(
        0,
        0,
        f"{notice}交寄清单 {manifest.number}   {len(manifest.lines)} 件 pieces   {manifest.weight_g} 克 g   SHA-256 {manifest.digest}",
    )
    for column, (title, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
        sheet.write_string(1, column, title, bold)
        sheet.set_column(column, column, width)
    for index, line in enumerate(manifest.lines, start=1):
        for column, text in enumerate(_cells(index, line)):
            sheet.write_string(index + 1, column, text)
    sheet.freeze_panes(2, 0)
    book.close()


def write_manifest_pdf(manifest: Manifest, path: Path) -> None:
    """Write the paper both sides sign at hand-over."""
    from rendering.art.handover import Handover, handover_pdf

    shown = (0, 1, 2, 4, 5, 7, 8)
    paper = Handover(
        title="大宗邮件交寄清单",
        columns=[COLUMNS[i] for i in shown],
        fields=(
            ("清单编号 Manifest", manifest.number),
            ("件数 Pieces", str(len(manifest.lines))),
            ("邮筐 Trays", "、".join(f"{tray}: {count}" for tray, count in manifest.per_tray().items()) or "—"),
            ("校验 SHA-256", manifest.digest),
        ),
        totals=(("合计件数 Pieces", str(len(manifest.lines))), ("总重 Weight (g)", str(manifest.weight_g))),
        signatures=("交寄人 Handed over by", "收寄人 Accepted by", "日期 Date"),
        landscape=True,
        simulated=manifest.simulated,
    )
    rows = ([_cells(index, line)[i] for i in shown] for index, line in enumerate(manifest.lines, start=1))
    handover_pdf(paper, rows, path)
