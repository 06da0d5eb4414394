"""Our renderer in the benchmark: the letters as its values, one resident renderer, timed in this process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import rendering
from benchmarks.letters import TEMPLATE, MadeUp, letters, payload


@dataclass(slots=True)
class Work:
    """Letters ready to render, with codes for the sheets each one was measured to need."""

    renderer: rendering.Renderer
    letters: list[rendering.Letter]
    codes: list[rendering.Codes]
    pages: int


def prepare(count: int, rows: int = 6, rare: bool = False, seed: int = 1) -> Work:
    """A resident renderer and `count` letters; nothing of this is timed. Raises ValueError when a letter is defective."""
    renderer = rendering.Renderer(rendering.load_template(TEMPLATE))
    values = [as_letter(letter) for letter in letters(count, seed, rows, rare)]
    measured = renderer.measure(values)
    defective = [one for one in measured if one.defects]
    if defective:
        raise ValueError(f"{len(defective)} of {count} letters are defective: {defective[0].defects[0].message_en}")
    codes = [codes_of(at, one.sheets) for at, one in enumerate(measured)]
    renderer.use_characters(renderer.characters(values, codes))
    return Work(renderer, values, codes, sum(one.pages for one in measured))


def as_letter(letter: MadeUp) -> rendering.Letter:
    """The renderer's form of a made-up letter."""
    return rendering.Letter(letter.record_id, letter.fields, {"instalments": letter.instalments})


def codes_of(at: int, sheets: int) -> rendering.Codes:
    """Codes of letter number `at`."""
    return rendering.Codes(tuple(payload(at, sheet + 1) for sheet in range(sheets)), f"XA{at:09d}CN", f"L{at:07d}")


def render(work: Work, folder: Path, chunk: int = 500, imposition: str = "1up") -> list[Path]:
    """Render everything to files of `chunk` letters."""
    made = []
    for start in range(0, len(work.letters), chunk):
        out = folder / f"{imposition}-{start:07d}.pdf"
        part = slice(start, start + chunk)
        made.append(work.renderer.render(work.letters[part], work.codes[part], out, imposition).path)
    return made


def letters_per_second(work: Work, folder: Path, chunk: int = 500, imposition: str = "1up") -> float:
    """Letters per CPU second of this process, new files written: freeing files of an earlier round is not rendering."""
    for left in folder.glob(f"{imposition}-*.pdf"):
        left.unlink()
    start = time.process_time()
    render(work, folder, chunk, imposition)
    return len(work.letters) / (time.process_time() - start)


def size(paths: Sequence[Path]) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in paths)
