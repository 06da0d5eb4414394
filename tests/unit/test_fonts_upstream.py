"""Holds reportlab to its fault with characters beyond the BMP: fails when upstream is fixed, so that our correction goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPRODUCTION = """
import sys
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfgen.canvas import Canvas
if sys.argv[2] == "corrected":
    import rendering.art.paper_fonts
    ttfonts.makeToUnicodeCMap = rendering.art.paper_fonts.to_unicode_cmap
pdfmetrics.registerFont(ttfonts.TTFont("HanaMinB", "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf"))
canvas = Canvas(sys.argv[1])
canvas.setFont("HanaMinB", 20)
canvas.drawString(72, 720, "\U0002b74f\U0002ceb1")
canvas.save()
"""


def extracted(folder: Path, variant: str) -> str:
    pdf = folder / f"{variant}.pdf"
    subprocess.run([sys.executable, "-c", REPRODUCTION, pdf, variant], check=True)
    return subprocess.run(["pdftotext", pdf, "-"], capture_output=True, check=True).stdout.decode("utf-8").strip()


def test_reportlab_alone_spoils_the_text_layer_beyond_the_bmp(tmp_path: Path) -> None:
    assert extracted(tmp_path, "original") != "\U0002b74f\U0002ceb1"


def test_our_correction_gives_the_text_as_written(tmp_path: Path) -> None:
    assert extracted(tmp_path, "corrected") == "\U0002b74f\U0002ceb1"
