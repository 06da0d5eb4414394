"""Printed sides into the file: the plan's cells gathered, surrounded, compressed and numbered, a batch of sides at a time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.imposition import BLANK
from rendering.jit import kernel
from rendering.pdf.file import PdfFile
from rendering.pdf.huffman import Coder
from rendering.pdf.numbers import Bytes
from rendering.pdf.objects import SIDE_BYTES
from rendering.pdf.streams import Ints
from rendering.pdf.surfaces import Surround

_BATCH: Final = 512  # sides handed to the file at a time


@kernel
def _gather(raw: Bytes, edges: Ints, sides: Ints, around: Bytes, spans: Ints, out: Bytes, found: Ints) -> None:
    """Put the cells of each side behind one another, each with its surroundings; ``found[s]`` is where side s begins and ends.

    ``around`` holds the texts before a cell, then the text after each and the marks of a side; ``spans`` their edges.
    """
    cells = sides.shape[1]
    pos = 0
    for s in range(sides.shape[0]):
        filled = False
        found[s, 0] = pos
        for c in range(cells):
            page = sides[s, c]
            if page == BLANK:
                continue
            filled = True
            before = s % 2 * cells + c
            for i in range(spans[before], spans[before + 1]):
                out[pos] = around[i]
                pos += 1
            start = edges[page]
            for i in range(edges[page + 1] - start):
                out[pos + i] = raw[start + i]
            pos += edges[page + 1] - start
            for i in range(spans[2 * cells], spans[2 * cells + 1]):
                out[pos] = around[i]
                pos += 1
        if filled:
            for i in range(spans[2 * cells + 1], spans[2 * cells + 2]):
                out[pos] = around[i]
                pos += 1
        found[s, 1] = pos


class Packer:
    """Writes sides to files; owns the working memory of one thread."""

    def __init__(self) -> None:
        self._raw = np.zeros(0, np.uint8)
        self._out = np.zeros(0, np.uint8)

    def pack(
        self,
        file: PdfFile,
        data: NDArray[np.uint8],
        ends: NDArray[np.int64],
        sides: NDArray[np.int64],
        around: Surround,
        coder: Coder,
    ) -> None:
        """Write every side of ``sides``; one without any page becomes a blank page. ``data`` is read up to eight bytes past its end."""
        edges = np.concatenate([[0], ends])
        surroundings, spans = _surroundings(around)
        for first in range(0, len(sides), _BATCH):
            part = sides[first : first + _BATCH]
            if around.plain:
                raw, found = data, _pages(edges, part[:, 0])
            else:
                raw = self._raw = _room(self._raw, int(_lengths(edges, part).sum()) + len(part) * len(surroundings) + 8)
                found = np.zeros((len(part), 2), np.int64)
                _gather(data, edges, part, surroundings, spans, raw, found)
            needed = int((found[:, 1] - found[:, 0]).sum()) * 13 // 8 + len(part) * SIDE_BYTES
            self._out = _room(self._out, needed)
            file.add_sides(raw, found, coder, self._out)


def _pages(edges: NDArray[np.int64], pages: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of ``pages`` begins and ends; the same place for a blank one."""
    begin = np.where(pages == BLANK, 0, edges[pages])
    return np.stack([begin, np.where(pages == BLANK, begin, edges[pages + 1])], axis=1)


def _lengths(edges: NDArray[np.int64], sides: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bytes of the cells of each side."""
    lengths: NDArray[np.int64] = np.where(sides == BLANK, 0, edges[sides + 1] - edges[sides])
    return np.asarray(lengths.sum(axis=1))


def _room(memory: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return memory if len(memory) >= size else np.zeros(size * 5 // 4, np.uint8)


def _surroundings(around: Surround) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The texts `_gather` writes and their edges."""
    texts = [*around.before[0], *around.before[1], around.after, around.marks]
    edges = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return np.frombuffer(b"".join(texts) or b"\0", np.uint8), edges
