"""libharu in C: compiles libharu.c once, breaks the lines beforehand in Python and times only the C program."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import layout
from reportlab.pdfbase import ttfonts

_HERE = Path(__file__).parent


def program() -> Path:
    """The compiled C program, beside the peers' environment."""
    built = Path(sys.prefix) / "libharu-letters"
    source = _HERE / "libharu.c"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["gcc", "-O2", "-o", built, source, "-lhpdf", "-lm"], check=True)
    return built


def timed(letters: list[dict], out: str) -> float:
    """CPU seconds of the C program for all letters."""
    face = ttfonts.TTFont("Ming", "/usr/share/fonts/truetype/arphic/uming.ttc", subfontIndex=0).face

    def advance(character: str) -> float:
        return face.charWidths.get(ord(character), face.defaultWidth) / 1000

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as commands:
        for letter in letters:
            pages = layout.flow(letter, advance)
            for number, page in enumerate(pages, 1):
                commands.writelines(_commands(letter, page, number, len(pages), advance))
        commands.flush()
        done = subprocess.run([program(), commands.name, out], check=True, capture_output=True, text=True)
    return float(done.stdout)


def _commands(letter, page, number, count, advance) -> list[str]:
    lines = ["P\n"]
    lines += [
        f"T{item.x:.3f} {item.y:.3f} {item.size} {item.spread:.4f} {item.text}\n"
        for item in [*page, *layout.furniture(letter, number, count)]
        if isinstance(item, layout.Line)
    ]
    for table in page:
        if isinstance(table, layout.Table):
            lines += _table(table, advance)
    lines += [f"R{x:.3f} {y:.3f} {w:.3f} {h:.3f}\n" for x, y, w, h in layout.mark_rectangles(letter, number)]
    if number == 1:
        lines.append(f"T{layout.LEFT + 90:.3f} {layout.PAGE[1] - 20 * layout.MM:.3f} 20 0 {layout.FIRM}\n")
    if number == count:
        lines.append("S400 400\n")
    return lines


def _table(table, advance) -> list[str]:
    lines = []
    for x, y, value, align in layout.cells(table):
        wide = sum(advance(character) for character in value) * 10.5
        shift = wide * {"center": 0.5, "right": 1.0}[align]
        lines.append(f"T{x - shift:.3f} {y:.3f} 10.5 0 {value}\n")
    rows = len(table.rows)
    bottom = table.top - rows * layout.ROW_HEIGHT
    right = layout.LEFT + layout.WIDTH
    for at in range(rows + 1):
        y = bottom + at * layout.ROW_HEIGHT
        lines.append(f"G{layout.LEFT:.3f} {y:.3f} {right:.3f} {y:.3f}\n")
    x = layout.LEFT
    for wide in (0.0, *layout.COLUMNS):
        x += wide
        lines.append(f"G{x:.3f} {bottom:.3f} {x:.3f} {table.top:.3f}\n")
    return lines
