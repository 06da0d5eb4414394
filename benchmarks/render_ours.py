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
    """Letters measured and ready to render, with codes for the sheets each one needs."""

    renderer: rendering.Renderer
    letters: list[rendering.Letter]
    run: rendering.MeasuredRun
    codes: list[rendering.Codes]

    @property
    def pages(self) -> int:
        """Pages of all letters."""
        return sum(one.pages for one in self.run.measured)


def prepare(count: int, rows: int = 6, rare: bool = False, seed: int = 1) -> Work:
    """A resident renderer and `count` letters; nothing of this is timed. Raises ValueError when a letter is defective."""
    renderer = rendering.Renderer(rendering.load_template(TEMPLATE))
    values = [as_letter(letter) for letter in letters(count, seed, rows, rare)]
    run = renderer.measure_run(values)
    defective = [one for one in run.measured if one.defects]
    if defective:
        raise ValueError(f"{len(defective)} of {count} letters are defective: {defective[0].defects[0].message_en}")
    codes = [codes_of(at, one.sheets) for at, one in enumerate(run.measured)]
    renderer.use_characters(renderer.characters(run, codes))
    return Work(renderer, values, run, codes)


def as_letter(letter: MadeUp) -> rendering.Letter:
    """The renderer's form of a made-up letter."""
    return rendering.Letter(letter.record_id, letter.fields, {"instalments": letter.instalments})


def codes_of(at: int, sheets: int) -> rendering.Codes:
    """Codes of letter number `at`."""
    return rendering.Codes(tuple([payload(at, sheet + 1) for sheet in range(sheets)]), f"XA{at:09d}CN", f"L{at:07d}")


def render(work: Work, folder: Path, chunk: int = 500, imposition: str = "1up", read_again: bool = False) -> list[Path]:
    """Render everything to files of `chunk` letters; `read_again`: from the Python values, not from what measuring gathered of them."""
    made = []
    for start in range(0, len(work.letters), chunk):
        out = folder / f"{imposition}-{start:07d}.pdf"
        part = slice(start, start + chunk)
        source = work.letters[part] if read_again else work.run.part(part)
        made.append(work.renderer.render(source, work.codes[part], out, imposition).path)
    return made


def letters_per_second(
    work: Work, folder: Path, chunk: int = 500, imposition: str = "1up", read_again: bool = False
) -> float:
    """Letters per CPU second of this process, new files written: freeing files of an earlier round is not rendering."""
    for left in folder.glob(f"{imposition}-*.pdf"):
        left.unlink()
    start = time.process_time()
    render(work, folder, chunk, imposition, read_again)
    return len(work.letters) / (time.process_time() - start)


def size(paths: Sequence[Path]) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in paths)
