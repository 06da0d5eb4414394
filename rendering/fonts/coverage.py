"""Which ideographs the law asks for, and which of them a chain of fonts draws.

GB 18030-2022, implementation level 3: 87,887 ideographs. Amendment 1 (2024) adds the extensions G, H, I and stragglers.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain as joined

from rendering.fonts.chain import MISSING, FontChain
from rendering.fonts.subset import TABLE_SIZE

_COMPATIBILITY = (0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29)
LEVEL_3 = frozenset(
    joined(
        range(0x4E00, 0x9FF0),  # unified ideographs, 20,976
        range(0x3400, 0x4DB6),  # extension A, 6,582
        _COMPATIBILITY,  # unified ideographs among the compatibility block, 12
        range(0x20000, 0x2A6D7),  # B, 42,711
        range(0x2A700, 0x2B735),  # C, 4,149
        range(0x2B740, 0x2B81E),  # D, 222
        range(0x2B820, 0x2CEA2),  # E, 5,762
        range(0x2CEB0, 0x2EBE1),  # F, 7,473
    )
)
# The extensions of amendment 1; its 40 stragglers in older blocks are not listed in any source we could read.
AMENDMENT_1 = frozenset(joined(range(0x30000, 0x3134B), range(0x31350, 0x323B0), range(0x2EBF0, 0x2EE5E)))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of `wanted` code points each font of the chain draws (by PostScript name), and those none draws."""

    wanted: int
    by_font: tuple[tuple[str, int], ...]
    missing: tuple[int, ...]


def coverage(chain: FontChain, codepoints: Collection[int]) -> Coverage:
    """Measure a chain against a set of code points."""
    slots = [int(chain.slots[code]) if code < TABLE_SIZE else MISSING for code in codepoints]
    counts = tuple((file.postscript_name, slots.count(slot)) for slot, file in enumerate(chain.files))
    missing = sorted(code for code, slot in zip(codepoints, slots, strict=True) if slot == MISSING)
    return Coverage(len(codepoints), counts, tuple(missing))
