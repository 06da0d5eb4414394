"""A whole case table to files, a part of it at a time, in this process or in many.

A part is read, measured, given its codes and rendered by one worker: nothing but its place in the table goes there, and nothing but what
became of it comes back. So a second processor halves the time, and a part can be made again on another day with equal bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rendering.batch import ChunkOrder, Press, in_order, render_chunk, resident_renderer
from rendering.case_table import TablePart, read_part
from rendering.measuring import MeasuredRun
from rendering.model import Chunk, Codes, Measured
from rendering.renderer import RenderError
from rendering.value_defects import duplicate

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
    first = None
    if press.characters is None:
        first = _measured(press, order, parts[0])
        renderer = resident_renderer(press.template, press.template_sha256, press.fonts)
        press = dataclasses.replace(press, characters=renderer.characters(first.run, first.codes))
    seen: set[str] = set()
    for done in _done(press, order, parts, executor, first):
        ids = [letter.record_id for letter in done.chunk.letters] if done.chunk else []
        if not seen.isdisjoint(ids):
            assert done.chunk is not None
            done.chunk.path.unlink()
            raise RenderError([(twice, duplicate(twice)) for twice in ids if twice in seen])
        seen.update(ids)
        yield done


def _done(
    press: Press,
    order: TableOrder,
    parts: Sequence[TablePart],
    executor: Executor | None,
    first: _MeasuredPart | None,
) -> Iterator[RenderedPart]:
    """``first`` is what was measured of the first part here already."""
    rest = parts[1:] if first is not None else parts
    if executor is None:
        if first is not None:
            yield _rendered(press, order, parts[0], first)
        for part in rest:
            yield render_part(press, order, part)
        return
    others = in_order(executor, partial(render_part, press, order), rest)  # workers begin while this process renders
    if first is not None:
        yield _rendered(press, order, parts[0], first)
    yield from others


def render_part(press: Press, order: TableOrder, part: TablePart) -> RenderedPart:
    """Render one part in this process. Raises TemplateChanged, CaseTableError."""
    return _rendered(press, order, part, _measured(press, order, part))


@dataclass(frozen=True, slots=True)
class _MeasuredPart:
    """The part's letters without defects and their codes, those with defects, and the rows that are no letters."""

    run: MeasuredRun
    codes: Sequence[Codes]
    held: Sequence[Measured]
    refused: Sequence[str]


def _measured(press: Press, order: TableOrder, part: TablePart) -> _MeasuredPart:
    renderer = resident_renderer(press.template, press.template_sha256, press.fonts)
    refused: list[str] = []
    run = renderer.measure_run(read_part(order.table, renderer.template, part, refused))
    codes = [order.codes_of(number, one.sheets) for number, one in enumerate(run.measured, start=part.number)]
    held = [one for one in run.measured if one.defects]
    if held:
        good = [i for i, one in enumerate(run.measured) if not one.defects]
        run, codes = run.part(good), [codes[i] for i in good]
    return _MeasuredPart(run, codes, held, refused)


def _rendered(press: Press, order: TableOrder, part: TablePart, measured: _MeasuredPart) -> RenderedPart:
    if not len(measured.run):
        return RenderedPart(None, measured.held, measured.refused)
    out = order.folder / f"{order.table.stem}-{part.number:07d}.pdf"
    chunk = render_chunk(press, ChunkOrder(measured.run, measured.codes, out, order.imposition))
    return RenderedPart(chunk, measured.held, measured.refused)
