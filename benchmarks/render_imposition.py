"""Two letters on one sheet: at emit time, and afterwards with pikepdf as other programs do it."""

from __future__ import annotations

import time
from pathlib import Path

import pikepdf


def post_pass(source: Path, out: Path) -> float:
    """CPU seconds of pikepdf placing the pages of `source` two to a sheet, cut-and-stack, each page a form XObject."""
    start = time.process_time()
    with pikepdf.open(source) as pdf, pikepdf.new() as made:
        pages = list(pdf.pages)
        half = (len(pages) + 1) // 2
        for at in range(half):
            sheet = made.add_blank_page(page_size=(1190.55, 841.89))
            resources, content = pikepdf.Dictionary(), b""
            for side, number in enumerate((at, at + half)):
                if number < len(pages):
                    resources[f"/P{side}"] = made.copy_foreign(pages[number].as_form_xobject())
                    content += b"q 1 0 0 1 %.2f 0 cm /P%d Do Q\n" % (595.28 * side, side)
            sheet.Resources = pikepdf.Dictionary(XObject=resources)
            sheet.Contents = made.make_stream(content)
        made.save(out)
    return time.process_time() - start
