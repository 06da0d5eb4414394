"""One face and its fallbacks: code point -> which font of the chain, and how wide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rendering.fonts.catalog import CHAINS, Face
from rendering.fonts.errors import FontError
from rendering.fonts.font_file import FontFile, find_font, open_font, site_fonts
from rendering.fonts.subset import TABLE_SIZE, ChainSubset, assign_codes, embed

MISSING = 255  # slot of a code point no font of the chain can draw
MAX_FONTS = 200  # slots are one byte


@dataclass(frozen=True, slots=True)
class FontChain:
    """`slots[cp]` (uint8) is the index into `files` or MISSING; `advances[cp]` (uint16) is 1/1000 em.

    Both arrays have TABLE_SIZE entries so that kernels index them with a code point directly
    (clip code points >= TABLE_SIZE to 0, which is always MISSING). Controls are MISSING in every chain.
    """

    face: Face
    files: tuple[FontFile, ...]
    slots: NDArray[np.uint8]
    advances: NDArray[np.uint16]
    absent: tuple[str, ...]  # packages whose font is not installed: characters they would draw are missing

    @classmethod
    def load(cls, face: Face | str, site: Path | None = None) -> FontChain:
        """The chain of `face`; fonts in folder `site` come last and close gaps.

        Raises FontError when the first font of the face is not installed or a site font cannot be used.
        """
        try:
            wanted = Face(face)
        except ValueError:
            raise FontError(f"no face {face!r}: use one of {', '.join(Face)}") from None
        files: list[FontFile] = []
        absent: list[str] = []
        for source in CHAINS[wanted]:
            path = find_font(source)
            if path is not None:
                files.append(open_font(path, source.postscript_name))
            elif source.essential:
                raise FontError(f"face {wanted}: {source.file_name} is not installed: apt-get install {source.package}")
            else:
                absent.append(source.package)
        if site is not None:
            files.extend(open_font(path) for path in site_fonts(site))
        if len(files) > MAX_FONTS:
            raise FontError(f"face {wanted}: {len(files)} fonts in the chain, at most {MAX_FONTS} are supported")
        slots, advances = _tables(files)
        return cls(wanted, tuple(files), slots, advances, tuple(absent))

    def missing(self, text: str) -> tuple[str, ...]:
        """Characters of `text` no font of the chain draws, each once, in order of appearance."""
        slots = self.slots
        return tuple(
            character
            for character in dict.fromkeys(text)
            if ord(character) >= TABLE_SIZE or slots[ord(character)] == MISSING
        )

    def subset(self, codepoints: Iterable[int]) -> ChainSubset:
        """Embedded programs for these code points; duplicates are allowed.

        Codes follow the order given, so put frequent characters first for smaller files, and give every process
        the same order for identical bytes. Raises FontError naming the characters no font draws.
        """
        wanted = list(dict.fromkeys(codepoints))
        gone = [code for code in wanted if code >= TABLE_SIZE or self.slots[code] == MISSING]
        if gone:
            named = " ".join(f"{chr(code)} (U+{code:04X})" for code in gone[:10])
            raise FontError(f"face {self.face}: no font draws {named}")
        codes = np.zeros(TABLE_SIZE, dtype=np.uint16)
        fonts = []
        for slot, file in enumerate(self.files):
            mine = [code for code in wanted if self.slots[code] == slot]
            if mine:
                coded = assign_codes(mine)
                codes[mine] = list(coded.values())
                fonts.append(embed(file, slot, coded))
        return ChainSubset(tuple(fonts), codes)


def _tables(files: list[FontFile]) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Dense slot and width tables; the first font of the chain that has a character keeps it."""
    slots = np.full(TABLE_SIZE, MISSING, dtype=np.uint8)
    advances = np.zeros(TABLE_SIZE, dtype=np.uint16)
    for slot in reversed(range(len(files))):
        characters = files[slot].characters
        known = characters < TABLE_SIZE
        slots[characters[known]] = slot
        advances[characters[known]] = files[slot].advances[known]
    for low, high in ((0, 0x20), (0x7F, 0xA0), (0x200B, 0x2010), (0x2028, 0x202F), (0x2060, 0x2070), (0xFE00, 0xFE10)):
        slots[low:high] = MISSING  # controls, joiners, bidi marks, variation selectors: never drawn
    slots[0xFEFF] = MISSING
    advances[slots == MISSING] = 0
    return slots, advances
