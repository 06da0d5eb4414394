"""A whole case table to files, a part of it at a time, in this process or in many.

A part is read, measured, given its codes and rendered by one worker: nothing but its place in the table goes there, and nothing but what
became of it comes back. So a second processor halves the time, and a part can be made again on another day with equal bytes.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

from rendering.batch import ChunkOrder, Press, render_chunk, resident_renderer
from rendering.case_table import TablePart, read_part
from rendering.characters import Characters
from rendering.measuring import MeasuredRun
from rendering.model import Chunk, Codes, Measured
from rendering.renderer import RenderError
from rendering.value_defects import duplicate

_IN_FLIGHT = 4

CodesOf = Callable[[int, int], Codes]
"""The codes of the letter with a number (from 1, as the rows are counted) and so many sheets; must be importable by a worker."""


@dataclass(frozen=True, slots=True)
class TableOrder:
    """A case table to be rendered into ``folder``, a file for each part."""

    table: Path
    folder: Path
    codes_of: CodesOf
    imposition: str = "1up"


@dataclass(frozen=True, slots=True)
class RenderedPart:
    """What became of a part: its file, None when it has no letter; the letters held; the rows that could not be read."""

    chunk: Chunk | None
    held: Sequence[Measured]
    refused: Sequence[str]


def render_table(
    press: Press, order: TableOrder, parts: Sequence[TablePart], executor: Executor | None = None
) -> Iterator[RenderedPart]:
    """Yield the parts in order as they are finished. Without ``press.characters`` those of the first part serve for all.

    Raises RenderError for an id that stands in two parts (the file of the second is removed), and what the workers raise.
    """
    if not parts:
        return
    if press.characters is None:
        press = dataclasses.replace(press, characters=_characters(press, order, parts[0]))
    seen: set[str] = set()
    for done in _done(press, order, parts, executor):
        ids = [letter.record_id for letter in done.chunk.letters] if done.chunk else []
        if not seen.isdisjoint(ids):
            assert done.chunk is not None
            done.chunk.path.unlink()
            raise RenderError([(twice, duplicate(twice)) for twice in ids if twice in seen])
        seen.update(ids)
        yield done


def _done(
    press: Press, order: TableOrder, parts: Sequence[TablePart], executor: Executor | None
) -> Iterator[RenderedPart]:
    if executor is None:
        for part in parts:
            yield render_part(press, order, part)
        return
    waiting: deque[Future[RenderedPart]] = deque()
    try:
        for part in parts:
            waiting.append(executor.submit(render_part, press, order, part))
            if len(waiting) >= _IN_FLIGHT:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def render_part(press: Press, order: TableOrder, part: TablePart) -> RenderedPart:
    """Render one part in this process. Raises TemplateChanged, CaseTableError."""
    run, codes, held, refused = _measured(press, order, part)
    if not len(run):
        return RenderedPart(None, held, refused)
    out = order.folder / f"{order.table.stem}-{part.number:07d}.pdf"
    return RenderedPart(render_chunk(press, ChunkOrder(run, codes, out, order.imposition)), held, refused)


def _characters(press: Press, order: TableOrder, part: TablePart) -> Characters:
    run, codes, _, _ = _measured(press, order, part)
    return resident_renderer(press.template, press.template_sha256, press.fonts).characters(run, codes)


def _measured(
    press: Press, order: TableOrder, part: TablePart
) -> tuple[MeasuredRun, list[Codes], list[Measured], list[str]]:
    """The part's letters without defects and their codes, those with defects, and the rows that are no letters."""
    renderer = resident_renderer(press.template, press.template_sha256, press.fonts)
    refused: list[str] = []
    run = renderer.measure_run(read_part(order.table, renderer.template, part, refused))
    codes = [order.codes_of(number, one.sheets) for number, one in enumerate(run.measured, start=part.number)]
    held = [one for one in run.measured if one.defects]
    if held:
        good = [i for i, one in enumerate(run.measured) if not one.defects]
        run, codes = run.part(good), [codes[i] for i in good]
    return run, codes, held, refused
