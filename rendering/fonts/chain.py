"""One face and its fallbacks: code point -> which font of the chain, and how wide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rendering.fonts.subset import ChainSubset

MISSING = 255  # slot of a code point no font of the chain can draw
TABLE_SIZE = 0x40000  # planes 0..3 hold every CJK block; planes above have no ideographs


class Face(StrEnum):
    """The faces of the trade; the -bold ones exist where a bold font is installable."""

    SONG = "song"
    SONG_BOLD = "song-bold"
    HEI = "hei"
    HEI_BOLD = "hei-bold"
    KAI = "kai"
    FANG = "fang"


class FontError(Exception):
    """A font of a chain is not installed or cannot be used; the message names file and package."""


@dataclass(frozen=True, slots=True)
class FontChain:
    """`slots[cp]` (uint8) is the index into `files` or MISSING; `advances[cp]` (uint16) is 1/1000 em.

    Both arrays have TABLE_SIZE entries so that kernels index them with a code point directly
    (clip code points >= TABLE_SIZE to 0, which is always MISSING).
    """

    face: Face
    files: tuple[Path, ...]
    slots: NDArray[np.uint8]
    advances: NDArray[np.uint16]

    @classmethod
    def load(cls, face: Face | str, site: Path | None = None) -> FontChain:
        """The chain of `face`; fonts in folder `site` come last and close gaps. Raises FontError."""
        raise NotImplementedError

    def missing(self, text: str) -> tuple[str, ...]:
        """Characters of `text` no font of the chain draws, each once, in order."""
        raise NotImplementedError

    def subset(self, codepoints: Iterable[int]) -> ChainSubset:
        """Embedded programs for exactly these code points (any order, duplicates allowed; the result depends on
        the set only, so two processes get identical bytes). Raises FontError when one is missing."""
        raise NotImplementedError
