"""A run of letters through the kernels: page descriptions, where each letter lies, and the sheets put between letters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.fixed_text import set_fixed_text
from rendering.imposition import BLANK
from rendering.layout.arrays import Program, Typography, Values, new_scratch
from rendering.layout.ready import set_ready
from rendering.marks import no_marks
from rendering.model import RenderedLetter
from rendering.pdf.art import picture_objects
from rendering.pdf.compose import PAGE_BYTES_MAX, Marks, Pages, compose

_BUFFER_BYTES: Final = 16 << 20
_PAST_END: Final = 8  # the compressor looks at eight bytes at a time


@dataclass(frozen=True, slots=True)
class Composed:
    """Page descriptions: page p is ``data[ends[p - 1]:ends[p]]``; ``results[i]`` is (pages, failure, where, first page).

    ``data`` is longer than its pages and may be the composer's buffer: it is valid until the next run is composed.
    """

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]
    results: NDArray[np.int64]
    duplex: bool


class Composer:
    """Owns the working memory of one thread and drives the compose kernel."""

    def __init__(self, duplex: bool, pages_max: int) -> None:
        self._duplex = duplex
        self._pages_max = pages_max
        self._scratch = new_scratch()
        self._buffer = np.zeros(_BUFFER_BYTES, np.uint8)

    def set_fixed(
        self, program: Program, typography: Typography, styles: Sequence[int]
    ) -> tuple[tuple[bytes, ...], ...]:
        """Set what is the same in every letter, ``styles`` of its runs; return the objects of the forms of whole paragraphs."""
        set_ready(program, typography, self._scratch, styles)
        return set_fixed_text(program, typography, self._scratch)

    def measure(self, program: Program, typography: Typography, values: Values, count: int) -> NDArray[np.int64]:
        """Lay out ``count`` letters without writing; return their results."""
        results = np.zeros((count, 4), np.int64)
        pages = Pages(np.zeros(0, np.int64), results)
        nowhere = np.zeros(0, np.uint8)
        cursor = np.zeros(2, np.int64)
        compose(program, typography, values, self._scratch, no_marks(), pages, nowhere, cursor, 0, count)
        return results

    def compose(self, program: Program, typography: Typography, values: Values, marks: Marks, count: int) -> Composed:
        """Compose ``count`` letters; a failed one has no pages, see ``results``."""
        pages = Pages(np.zeros(count * self._pages_max, np.int64), np.zeros((count, 4), np.int64))
        parts: list[NDArray[np.uint8]] = []
        cursor = np.zeros(2, np.int64)
        base = page0 = done = 0
        while done < count:
            cursor[0] = 0
            before = done
            done = compose(
                program, typography, values, self._scratch, marks, pages, self._buffer, cursor, before, count
            )
            if done == before:  # one letter larger than the buffer
                self._buffer = np.zeros(len(self._buffer) + 16 * PAGE_BYTES_MAX, np.uint8)
            pages.ends[page0 : cursor[1]] += base
            written = self._buffer[: cursor[0]]
            parts.append(written if done == count else written.copy())
            base += int(cursor[0])
            page0 = int(cursor[1])
        data = np.concatenate([*parts, np.zeros(_PAST_END, np.uint8)]) if len(parts) > 1 else self._buffer
        return Composed(data, pages.ends[:page0], pages.results, self._duplex)


@dataclass(frozen=True, slots=True)
class Leaders:
    """Sheets that lead a stack or stand between letters: each shows page 1 of a PDF on its front, its back is blank.

    Description d is ``data[ends[d - 1]:ends[d]]``; ``before[i]`` is the one in front of letter i. The banner is the first.
    """

    forms: tuple[tuple[bytes, ...], ...]
    data: NDArray[np.uint8]
    ends: NDArray[np.int64]
    before: Mapping[int, int]

    @classmethod
    def of(
        cls, banner: Path | None, separators: Mapping[int, Path], first_form: int, page_mm: tuple[float, float]
    ) -> Leaders:
        """Read the PDFs, each once; their forms are numbered from ``first_form``. Raises TemplateError for an unusable one."""
        paths = list(dict.fromkeys([*([banner] if banner is not None else []), *separators.values()]))
        size = f"{page_mm[0] * 72 / 25.4:.2f} 0 0 {page_mm[1] * 72 / 25.4:.2f}"
        drawn = [f"q {size} 0 0 cm\n/X{first_form + n} Do\nQ\n".encode() for n in range(len(paths))]
        ends = np.cumsum([len(text) for text in drawn], dtype=np.int64)
        before = {letter: paths.index(path) for letter, path in separators.items()}
        forms = tuple(picture_objects(path) for path in paths)
        return cls(forms, np.frombuffer(b"".join([*drawn, bytes(_PAST_END)]), np.uint8), ends, before)

    def banner_sides(self, cells: int) -> NDArray[np.int64]:
        """A sheet with the banner in every cell, so that each pile has one after the cut."""
        sides = np.full((2, cells), BLANK, np.int64)
        sides[0] = 0
        return sides


_RENDERED: Final = partial(tuple.__new__, RenderedLetter)  # as its own constructor, which is slower by an argument list


def page_stream(
    ids: Sequence[str], composed: Composed, leaders: Leaders, first_letter: int, first_page: int
) -> tuple[NDArray[np.int64], list[RenderedLetter]]:
    """All pages in order with blank backs, so that every letter starts on a front; and where each letter lies.

    ``first_letter`` and ``first_page`` are the numbers of the run's first letter and page in its file.
    """
    counts = composed.results[:, 0]
    spans = (counts + 1) // 2 * 2 if composed.duplex else counts * 2
    led = np.zeros(len(ids), np.int64)
    inside = [i for i in leaders.before if first_letter <= i < first_letter + len(ids)]
    led[[i - first_letter for i in inside]] = 2
    starts = np.cumsum(spans + led) - spans
    first_pages = np.cumsum(counts) - counts
    pages = int(counts.sum())
    within = np.arange(pages) - np.repeat(first_pages, counts)
    stream = np.full(int((spans + led).sum()), BLANK, np.int64)
    stream[np.repeat(starts, counts) + within * (1 if composed.duplex else 2)] = np.arange(pages)
    for i in inside:
        stream[starts[i - first_letter] - 2] = pages + leaders.before[i]
    places = zip(ids, (starts + first_page).tolist(), spans.tolist(), strict=True)
    return stream, list(map(_RENDERED, places))


def digests(composed: Composed, told: bytes) -> list[str]:
    """SHA-256 of every letter: of ``told``, what all letters say besides, and of its page descriptions."""
    counts = composed.results[:, 0]
    edges = np.concatenate([[0], composed.ends])
    after = np.cumsum(counts)
    view = memoryview(composed.data)  # type: ignore[arg-type]
    common = hashlib.sha256(told)
    found = []
    for begin, stop in zip(edges[after - counts].tolist(), edges[after].tolist(), strict=True):
        digest = common.copy()
        digest.update(view[begin:stop])
        found.append(digest.hexdigest())
    return found


def with_leaders(composed: Composed, leaders: Leaders) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The descriptions of a run with those of the leading sheets after them, as `page_stream` numbers them."""
    if not leaders.before:
        return composed.data, composed.ends
    end = int(composed.ends[-1]) if len(composed.ends) else 0
    data = np.concatenate([composed.data[:end], leaders.data])
    return data, np.concatenate([composed.ends, leaders.ends + end])
