"""Data Matrix ECC 200 (ISO/IEC 16022): text or bytes in, grid of modules out.

Three steps, each a function: characters to codewords (ASCII with digit pairs, C40 when shorter, Base 256 for
bytes outside ASCII), codewords to codewords with error correction (Reed-Solomon over GF(256), 0x12D), codewords to modules
(the utah placement of annex F). The quiet zone of one module or more is the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rendering.symbols.encodation import encode
from rendering.symbols.errors import SymbolError
from rendering.symbols.galois import interleaved_check


@dataclass(frozen=True, slots=True)
class SymbolSize:
    """One row of ISO/IEC 16022 table 7: grid, data region and interleaving; regions share the solid borders."""

    rows: int
    columns: int
    region_rows: int
    region_columns: int
    data: int  # data codewords
    check: int  # error correction codewords, all blocks together
    blocks: int = 1

    @property
    def mapping(self) -> tuple[int, int]:
        """Rows and columns of the mapping matrix: the grid without finder and clock borders."""
        vertical, horizontal = self.rows // (self.region_rows + 2), self.columns // (self.region_columns + 2)
        return vertical * self.region_rows, horizontal * self.region_columns


_ROWS = (
    (10, 10, 8, 8, 3, 5, 1),
    (12, 12, 10, 10, 5, 7, 1),
    (14, 14, 12, 12, 8, 10, 1),
    (16, 16, 14, 14, 12, 12, 1),
    (18, 18, 16, 16, 18, 14, 1),
    (20, 20, 18, 18, 22, 18, 1),
    (22, 22, 20, 20, 30, 20, 1),
    (24, 24, 22, 22, 36, 24, 1),
    (26, 26, 24, 24, 44, 28, 1),
    (32, 32, 14, 14, 62, 36, 1),
    (36, 36, 16, 16, 86, 42, 1),
    (40, 40, 18, 18, 114, 48, 1),
    (44, 44, 20, 20, 144, 56, 1),
    (48, 48, 22, 22, 174, 68, 1),
    (52, 52, 24, 24, 204, 84, 2),
    (64, 64, 14, 14, 280, 112, 2),
    (72, 72, 16, 16, 368, 144, 4),
    (80, 80, 18, 18, 456, 192, 4),
    (88, 88, 20, 20, 576, 224, 4),
    (96, 96, 22, 22, 696, 272, 4),
    (104, 104, 24, 24, 816, 336, 6),
    (8, 18, 6, 16, 5, 7, 1),
    (8, 32, 6, 14, 10, 11, 1),
    (12, 26, 10, 24, 16, 14, 1),
    (12, 36, 10, 16, 22, 18, 1),
    (16, 36, 14, 16, 32, 24, 1),
    (16, 48, 14, 22, 49, 28, 1),
)
DATAMATRIX_SIZES: dict[tuple[int, int], SymbolSize] = {(row[0], row[1]): SymbolSize(*row) for row in _ROWS}


def datamatrix(payload: str | bytes, size: int | tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Modules of the symbol, (rows, columns) uint8, 1 = dark, finder borders included, quiet zone not.

    `size` is the side of a square or (rows, columns) of a rectangle; None takes the smallest square that holds the payload.
    Raises SymbolError when the payload is empty or does not fit.
    """
    words = encode(payload)
    chosen = _choose(len(words), size)
    padded = _pad(words, chosen.data)
    return _draw(padded + interleaved_check(padded, chosen.check, chosen.blocks), chosen)


def _choose(words: int, size: int | tuple[int, int] | None) -> SymbolSize:
    if size is None:
        squares = [entry for (rows, columns), entry in DATAMATRIX_SIZES.items() if rows == columns]
        fitting = [entry for entry in squares if entry.data >= words]
        if not fitting:
            raise SymbolError(f"Data Matrix: {words} codewords do not fit the largest size of {squares[-1].data}")
        return fitting[0]
    shape = (size, size) if isinstance(size, int) else size
    entry = DATAMATRIX_SIZES.get(shape)
    if entry is None:
        raise SymbolError(f"Data Matrix has no size {shape[0]}x{shape[1]}")
    if words > entry.data:
        raise SymbolError(f"Data Matrix {shape[0]}x{shape[1]} holds {entry.data} codewords, the payload needs {words}")
    return entry


def _pad(words: list[int], length: int) -> list[int]:
    """Fill with pad 129, every pad after the first scrambled by its position (5.2.3)."""
    padded = list(words)
    if len(padded) < length:
        padded.append(129)
    while len(padded) < length:
        scrambled = 129 + (149 * (len(padded) + 1)) % 253 + 1
        padded.append(scrambled if scrambled <= 254 else scrambled - 254)
    return padded


def _draw(words: list[int], size: SymbolSize) -> NDArray[np.uint8]:
    """Finder and clock borders around every region, then the bits of `words` where the placement puts them."""
    high, wide = size.region_rows + 2, size.region_columns + 2
    grid = np.zeros((size.rows, size.columns), dtype=np.uint8)
    grid[high - 1 :: high, :] = 1  # solid bottom of every region
    grid[::high, ::2] = 1  # clock on top: dark at even columns
    grid[:, ::wide] = 1  # solid left
    grid[1::2, wide - 1 :: wide] = 1  # clock on the right: dark at odd rows, counted from the top
    places = placement(*size.mapping)
    bits = np.unpackbits(np.array(words, dtype=np.uint8))
    for row in range(places.shape[0]):
        for column in range(places.shape[1]):
            place = int(places[row, column])
            value = place + 2 if place < 0 else int(bits[place])  # -2 = light, -1 = dark: the unused corner
            at_row = row + 1 + 2 * (row // size.region_rows)
            at_column = column + 1 + 2 * (column // size.region_columns)
            grid[at_row, at_column] = value
    return grid


@cache
def placement(rows: int, columns: int) -> NDArray[np.int32]:
    """Which bit of the codeword stream (0 = most significant bit of the first codeword) each mapping module shows.

    Annex F of ISO/IEC 16022. Modules no bit reaches are the fixed corner: -1 dark, -2 light.
    """
    places = np.full((rows, columns), -3, dtype=np.int32)
    word = 0
    row, column = 4, 0
    while row < rows or column < columns:
        for shape in _corners(rows, columns, row, column):
            _set(places, shape, word)
            word += 1
        while row >= 0 and column < columns:  # sweep up and to the right
            if row < rows and column >= 0 and places[row, column] == -3:
                _set(places, _utah(row, column), word)
                word += 1
            row, column = row - 2, column + 2
        row, column = row + 1, column + 3
        while row < rows and column >= 0:  # sweep down and to the left
            if row >= 0 and column < columns and places[row, column] == -3:
                _set(places, _utah(row, column), word)
                word += 1
            row, column = row + 2, column - 2
        row, column = row + 3, column + 1
    if places[rows - 1, columns - 1] == -3:
        places[rows - 2 :, columns - 2 :] = ((-1, -2), (-2, -1))
    return places


def _utah(row: int, column: int) -> tuple[tuple[int, int], ...]:
    """The eight modules of one codeword, most significant first, in the shape the standard calls utah."""
    return (
        (row - 2, column - 2),
        (row - 2, column - 1),
        (row - 1, column - 2),
        (row - 1, column - 1),
        (row - 1, column),
        (row, column - 2),
        (row, column - 1),
        (row, column),
    )


def _corners(rows: int, columns: int, row: int, column: int) -> list[tuple[tuple[int, int], ...]]:
    """The special shapes that start at this step of the sweep (corner cases 1 to 4)."""
    r, c = rows - 1, columns - 1
    shapes: list[tuple[tuple[int, int], ...]] = []
    if (row, column) == (rows, 0):
        shapes.append(((r, 0), (r, 1), (r, 2), (0, c - 1), (0, c), (1, c), (2, c), (3, c)))
    if (row, column) == (rows - 2, 0) and columns % 4:
        shapes.append(((r - 2, 0), (r - 1, 0), (r, 0), (0, c - 3), (0, c - 2), (0, c - 1), (0, c), (1, c)))
    if (row, column) == (rows - 2, 0) and columns % 8 == 4:
        shapes.append(((r - 2, 0), (r - 1, 0), (r, 0), (0, c - 1), (0, c), (1, c), (2, c), (3, c)))
    if (row, column) == (rows + 4, 2) and columns % 8 == 0:
        shapes.append(((r, 0), (r, c), (0, c - 2), (0, c - 1), (0, c), (1, c - 2), (1, c - 1), (1, c)))
    return shapes


def _set(places: NDArray[np.int32], shape: tuple[tuple[int, int], ...], word: int) -> None:
    """Write the eight bits of `word`; modules off the edge wrap around with the shift annex F prescribes."""
    rows, columns = places.shape
    for bit, (row, column) in enumerate(shape):
        if row < 0:
            row, column = row + rows, column + 4 - ((rows + 4) % 8)
        if column < 0:
            row, column = row + 4 - ((columns + 4) % 8), column + columns
        places[row, column] = word * 8 + bit
