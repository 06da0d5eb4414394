"""What a rendering process does: measure letters, render print jobs, cut reference pictures. Runs in a process of its own.

Everything that crosses the process boundary is a plain value; one renderer per template stays resident in the process.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from controller.runner.background import step_back

if TYPE_CHECKING:
    from rendering import Renderer

WINDOW_MM = (10.0, 35.0, 110.0, 60.0)
"""The part of page 1 that can show through the window, with some of what must not: x, y, width, height."""
PICTURE_PX_PER_MM = 8


@dataclass(frozen=True, slots=True)
class LetterOrder:
    """One piece to render. ``fields`` are those of its case; ``marks`` one payload per sheet."""

    uid: int
    fields: Mapping[str, str]
    marks: tuple[str, ...] = ()
    item: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Sized:
    """How many sheets a letter takes; ``defects`` (Chinese, English) say why it must be held."""

    uid: int
    sheets: int
    defects: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Printable:
    """A rendered job: its file, its digest, its sheets, and the first page of each piece."""

    job: str
    path: Path
    sha256: str
    sheets: int
    impressions: int
    first_pages: Mapping[int, int]
    seconds: float = 0.0


def begin() -> None:
    """Initialise a rendering process: it stays behind the line, and does not outlive it."""
    step_back()
    end_with_parent()


def end_with_parent() -> None:
    """Let this process end when the process that started it does, however that one died.

    A worker that waits for work holds both ends of its queue and would never notice a controller killed with -9. What it was
    writing is left half-written, as in any crash; the controller renders it again.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent,), name="parent-watch", daemon=True).start()


def _leave_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


@lru_cache(maxsize=4)
def _renderer(template: str) -> Renderer:
    from rendering import Renderer, load_template

    return Renderer(load_template(Path(template)))


def _letter(order: LetterOrder) -> object:
    from rendering import Letter

    rows = [row.split(":") for row in order.fields.get("instalments", "").split(";") if row]
    table = [{"date": d, "principal": p, "interest": i, "total": f"{float(p) + float(i):.2f}"} for d, p, i in rows]
    return Letter(str(order.uid), order.fields, {"instalments": table})


def measure(template: str, orders: Sequence[LetterOrder]) -> list[Sized]:
    """Lay every letter out; nothing is written."""
    measured = _renderer(template).measure([_letter(order) for order in orders])  # type: ignore[misc]
    return [
        Sized(order.uid, one.sheets, tuple((defect.message_zh, defect.message_en) for defect in one.defects))
        for order, one in zip(orders, measured, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class MarkProfile:
    """How the template prints control marks: ``symbology`` as vision names it, ``side_mm`` without quiet zone."""

    symbology: str
    side_mm: float


_VISION_NAMES = {"datamatrix": ("DataMatrix", 18), "qr": ("QRCode", 25)}
"""Modules a side of a symbol that holds 36 digits: ECC 200 18x18 (ISO/IEC 16022, table 7), QR version 2 (ISO/IEC 18004, table 1)."""


def mark_profile(template: str) -> MarkProfile:
    """Return how this template prints the mark that both cameras read."""
    for mark in _renderer(template).template.settings.marks:
        if mark.symbology in _VISION_NAMES:
            name, modules = _VISION_NAMES[mark.symbology]
            return MarkProfile(name, modules * mark.module_mm)
    return MarkProfile("DataMatrix", 9.0)


def render(template: str, job: str, orders: Sequence[LetterOrder], out: Path) -> Printable:
    """Render one print job to ``out``; byte for byte the same whenever it is asked again."""
    from rendering import Codes

    letters = [_letter(order) for order in orders]
    codes = [Codes(order.marks, order.item, order.caption) for order in orders]
    renderer, began = _renderer(template), time.perf_counter()
    chunk = renderer.render(letters, codes, out)  # type: ignore[arg-type]
    seconds = time.perf_counter() - began
    pages = sum(letter.pages for letter in chunk.letters)
    first = {int(letter.record_id): letter.first_page for letter in chunk.letters}
    return Printable(job, chunk.path, chunk.sha256, chunk.sheets, pages, first, seconds)


def cut_pictures(pdf: Path, first_pages: Mapping[int, int], folder: Path) -> int:
    """Save what each letter shows in its window as ``folder/<uid>.png``: the reference beside the camera's frame."""
    import pypdfium2

    x, y, width, height = WINDOW_MM
    document = pypdfium2.PdfDocument(pdf)
    scale = PICTURE_PX_PER_MM * 25.4 / 72
    points = 72 / 25.4
    try:
        for uid, number in first_pages.items():
            page = document[number]
            page_width, page_height = page.get_size()
            crop = (
                x * points,
                page_height - (y + height) * points,
                page_width - (x + width) * points,
                y * points,
            )
            page.render(scale=scale, crop=crop, grayscale=True).to_pil().save(folder / f"{uid}.png")
            page.close()
    finally:
        document.close()
    return len(first_pages)
