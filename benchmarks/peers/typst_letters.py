"""typst, one document for all letters, fonts of the system; its own optimal line breaking and kinsoku."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import layout
import typst

_TEMPLATE = """
#let letters = json("letters.json")
#set text(font: "Noto Serif CJK SC", size: 12pt, lang: "zh")
#set par(justify: true, leading: 7.5pt, spacing: 7.5pt)
#let modules(rows, size, height) = box(width: size * rows.at(0).len(), height: height * rows.len(), {
  for (y, row) in rows.enumerate() {
    for run in row.matches(regex("1+")) {
      place(dx: size * run.start, dy: height * y, rect(width: size * run.text.len(), height: height, fill: black, stroke: none))
    }
  }
})
#for (at, letter) in letters.enumerate() {
  set page(paper: "a4", margin: (left: 28mm, right: 26mm, top: 28mm, bottom: 27mm))
  if at > 0 { pagebreak() }
  counter(page).update(1)
  block(height: 70mm, {
    place(dy: -16mm, dx: 0mm, box(width: 156mm, align(center, text(20pt, fill: rgb("#8a1c1c"), "@FIRM@"))))
    for (line, value) in letter.address.enumerate() { place(dx: -6mm, dy: 22mm + line * 11.8pt, text(9.5pt, value)) }
    place(dx: 58mm, dy: 24mm, modules(letter.mark, 0.5mm, 0.5mm))
    place(dx: 167mm, dy: 24mm, modules(letter.mark, 0.5mm, 0.5mm))
    place(dx: -4mm, dy: 41mm, modules((letter.item,), 0.3125mm, 9mm))
    place(dx: 163mm, dy: 35mm, text(5pt, letter.caption))
  })
  for (kind, value) in letter.blocks {
    if kind == "title" { align(center, text(18pt, value)) }
    else if kind == "number" { align(right, text(10.5pt, value)) }
    else if kind == "sign" { align(right, value) }
    else if kind == "heading" { block(above: 10pt, strong(value)) }
    else if kind == "small" { par(first-line-indent: (amount: 2em, all: true), text(9pt, value)) }
    else if kind == "table" {
      set text(10.5pt)
      table(columns: (42mm, 38mm, 38mm, 38mm), align: (center, right, right, right), stroke: 0.5pt,
        ..("应还日期", "应还本金（元）", "应还利息（元）", "合计（元）"), ..letter.rows.flatten())
    }
    else if kind == "salutation" { par(value) }
    else { par(first-line-indent: (amount: 2em, all: true), value) }
  }
  place(bottom, dx: 100mm, circle(radius: 58pt, stroke: 3.4pt + rgb("#cc1a1a"), align(center + horizon, text(fill: rgb("#cc1a1a"), size: 40pt, "★"))))
}
"""


def make(letters: list[dict], out: str) -> None:
    """One PDF of all letters. Untagged: tags double its file size and are not asked of the others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "letters.json").write_text(json.dumps(letters, ensure_ascii=False), "utf-8")
        source = Path(folder, "main.typ")
        source.write_text(_TEMPLATE.replace("@FIRM@", layout.FIRM), "utf-8")
        Path(out).write_bytes(
            typst.compile(str(source), font_paths=["/usr/share/fonts/opentype/noto"], format="pdf", pdf_tags=False)
        )
