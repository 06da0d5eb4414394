"""A whole batch as a stream of chunks: any ``concurrent.futures.Executor``, bounded work in flight, constant memory.

A chunk is a pure function of its order, so it may be rendered in any process or rendered again on another day with equal bytes.
Each worker keeps its renderer (fonts, kernels) between chunks.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from rendering.characters import Characters
from rendering.measuring import MeasuredRun
from rendering.model import Chunk, Codes, Letter
from rendering.renderer import CharactersMissing, Renderer
from rendering.template import load_template

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class ChunkOrder:
    """One file to render: the letters of one print job and their codes."""

    letters: Sequence[Letter] | MeasuredRun
    codes: Sequence[Codes]
    out: Path
    imposition: str = "1up"
    banner: Path | None = None
    parts: bool = False
    separators: Mapping[int, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Press:
    """What all chunks of a batch share. ``characters`` None, or not enough for a chunk: it embeds its own subset of the fonts.

    A stream whose end nobody has seen can take the characters of its first letters: most chunks need no others.
    """

    template: Path
    template_sha256: str
    fonts: Path | None = None
    characters: Characters | None = None


def collect_rarely() -> None:
    """Let Python look for garbage in cycles rarely in this process, and never at what is loaded already.

    The values of letters form no cycles and are freed without it; looking through them again and again takes a tenth of a
    batch's time. For a process that does nothing but read and render letters.
    """
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)


class TemplateChanged(Exception):
    """The template's files are not those the batch was planned with: nothing may be rendered from it."""


@lru_cache(maxsize=4)
def resident_renderer(template: Path, sha256: str, fonts: Path | None = None) -> Renderer:
    """The renderer this process keeps for a template: whoever measures with it spares the chunks to come its start.

    Raises TemplateChanged when the template is not the one with this digest any more.
    """
    loaded = load_template(template)
    if loaded.sha256 != sha256:
        raise TemplateChanged(f"template {template.name} was changed since the batch was planned; start a new batch")
    return Renderer(loaded, fonts)


def render_chunk(press: Press, order: ChunkOrder) -> Chunk:
    """Render one chunk in this process. Raises TemplateChanged, RenderError."""
    renderer = resident_renderer(press.template, press.template_sha256, press.fonts)
    arguments = (
        order.letters, order.codes, order.out, order.imposition, order.banner, order.parts, order.separators
    )  # fmt: skip
    if press.characters is not None:
        renderer.use_characters(press.characters)
        try:
            return renderer.render(*arguments)
        except CharactersMissing:
            renderer.use_characters(None)
    return renderer.render(*arguments)


def render_chunks(
    press: Press,
    orders: Iterable[ChunkOrder],
    executor: Executor | None = None,
    in_flight: int = 4,
    timeout_s: float = 600,
) -> Iterator[Chunk]:
    """Yield finished chunks in the order asked for, while later ones are rendered; at most ``in_flight`` wait.

    ``orders`` is read only as fast as chunks are taken, so it may be a generator over a million letters. Raises what the
    worker raised, and TimeoutError when a chunk takes longer than ``timeout_s``.
    """
    if executor is None:
        for order in orders:
            yield render_chunk(press, order)
        return
    yield from in_order(executor, partial(render_chunk, press), orders, in_flight, timeout_s)


def in_order(
    executor: Executor, call: Callable[[A], B], arguments: Iterable[A], in_flight: int = 4, timeout_s: float = 600
) -> Iterator[B]:
    """Results of ``call`` for all ``arguments``, in their order; workers begin at once, and at most ``in_flight`` results wait.

    Raises what a worker raised, and TimeoutError when one takes longer than ``timeout_s``.
    """
    source = iter(arguments)
    waiting = deque(executor.submit(call, argument) for argument in islice(source, in_flight))
    return _results(executor, call, source, waiting, timeout_s)


def _results(
    executor: Executor, call: Callable[[A], B], source: Iterator[A], waiting: deque[Future[B]], timeout_s: float
) -> Iterator[B]:
    try:
        while waiting:
            done = waiting.popleft().result(timeout_s)
            waiting.extend(executor.submit(call, argument) for argument in islice(source, 1))
            yield done
    finally:
        for future in waiting:
            future.cancel()
