"""The codes of a chunk as module grids, drawn all at once: the fast kernels for the profile of the line, any symbol otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rendering.jit import kernel
from rendering.model import Codes
from rendering.pdf.compose import Marks
from rendering.pdf.mark_frame import frame_form, frame_of
from rendering.pdf.modules import BITS_MAX
from rendering.symbols import code128, datamatrix, qr, sheet_bits, track_grid
from rendering.symbols.kernels import MARK_SIDE, MARK_WORDS, code128_kernel, datamatrix_digits_kernel
from rendering.template.settings import Mark

_FAST_DIGITS: Final = 36
_SIDE: Final = MARK_SIDE
_FRAME: Final = frame_of(_SIDE)
_NO_TRACKS: Final = np.zeros((1, 1, 1), np.uint8)


@kernel
def _draw_digit_marks(digits: NDArray[np.uint8], words: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Draw payload after payload of 36 digits (values 0 to 9), their borders marked as what the form draws."""
    for i in range(digits.shape[0]):
        datamatrix_digits_kernel(digits[i], words, out[i])
        for row in range(_SIDE):
            for column in range(_SIDE):
                out[i, row, column] |= _FRAME[row, column]


@kernel
def _draw_items(items: NDArray[np.uint8], lengths: NDArray[np.int64], out: NDArray[np.uint8]) -> int:
    """Draw item numbers as rows of bars; return the index of the first that cannot be drawn, or -1."""
    for i in range(items.shape[0]):
        if lengths[i] and code128_kernel(items[i, : lengths[i]], out[i]) == 0:
            return i
    return -1


def _work() -> NDArray[np.int64]:
    return np.zeros((BITS_MAX, 2), np.int64)


def no_marks() -> Marks:
    """Nothing to draw: for measuring."""
    return Marks(np.zeros((1, 1, 1), np.uint8), np.zeros(1, np.int64), np.zeros((1, 1), np.uint8), _NO_TRACKS, _work())


def mark_forms(marks: Sequence[Mark]) -> tuple[bytes, ...]:
    """The form M that `draw_marks` leaves the borders of sheet marks to, when a template has any."""
    return (frame_form(_SIDE),) if any(mark.symbology == "datamatrix" for mark in marks) else ()


def specimen_codes(letter: int, sheets: int) -> Codes:
    """Codes that look like those of pieces and belong to none."""
    digits = (letter + 1) * 2654435761**3
    return Codes(
        tuple(f"{(digits + sheet * 40503**7) % 10**36:036d}" for sheet in range(sheets)),
        f"XX{digits % 10**9:09d}CN",
        "SPECIMEN",
    )


def draw_marks(marks: Sequence[Mark], codes: Sequence[Codes]) -> Marks:
    """Draw every payload and item number of a chunk. Raises SymbolError or ValueError for one that cannot be drawn."""
    first = np.zeros(len(codes) + 1, np.int64)
    first[1:] = np.cumsum([len(c.sheets) for c in codes])
    kinds = {mark.symbology for mark in marks if mark.source in ("sheet", "window")}
    payloads = [payload for c in codes for payload in c.sheets] if kinds else []
    sheets = _draw_sheets(kinds, payloads)
    items = np.zeros((max(1, len(codes)), 1), np.uint8)
    if any(mark.source == "item" for mark in marks):
        items = _draw_item_rows([c.item for c in codes])
    tracks = _NO_TRACKS
    if any(mark.source == "track" for mark in marks):
        tracks = _draw_tracks(codes)
    return Marks(sheets, first, items, tracks, _work())


def specimen_marks(marks: Sequence[Mark], letters: int, sheets: int) -> Marks:
    """Marks for letters that are not printed: all have the same."""
    one = draw_marks(marks, [specimen_codes(0, sheets)])
    return one._replace(first=np.zeros(letters + 1, np.int64), items=np.repeat(one.items, letters, axis=0))


def _draw_tracks(codes: Sequence[Codes]) -> NDArray[np.uint8]:
    """The OMR track of every sheet. Raises SymbolError."""
    grids = [
        track_grid(one.tracks[k] if one.tracks else sheet_bits(k, len(one.sheets)))
        for one in codes
        for k in range(len(one.sheets))
    ]
    return np.stack(grids) if grids else _NO_TRACKS


def _draw_sheets(kinds: set[str], payloads: Sequence[str]) -> NDArray[np.uint8]:
    if not payloads:
        return np.zeros((1, 1, 1), np.uint8)
    if len(kinds) > 1:
        raise ValueError("the sheet marks of one template must all be of one symbology")
    text = "".join(payloads)
    if kinds == {"datamatrix"} and set(map(len, payloads)) == {_FAST_DIGITS} and text.isascii() and text.isdigit():
        digits = np.frombuffer(text.encode("ascii"), np.uint8).reshape(-1, _FAST_DIGITS) - np.uint8(48)
        out = np.zeros((len(payloads), _SIDE, _SIDE), np.uint8)
        _draw_digit_marks(digits, np.zeros(MARK_WORDS, np.uint8), out)
        return out
    draw = qr if kinds == {"qr"} else datamatrix
    grids = [draw(payload) for payload in payloads]
    side = max(grid.shape[0] for grid in grids), max(grid.shape[1] for grid in grids)
    out = np.zeros((len(grids), *side), np.uint8)
    for i, grid in enumerate(grids):
        out[i, : grid.shape[0], : grid.shape[1]] = grid
    return out


def _draw_item_rows(items: Sequence[str]) -> NDArray[np.uint8]:
    lengths = np.fromiter(map(len, items), np.int64, len(items))
    width = max(1, int(lengths.max(initial=1)))
    text = "".join([item.ljust(width, "\0") for item in items])
    if not text.isascii():
        for item in items:
            if not item.isascii():
                code128(item)  # raises with the character named
    table = np.frombuffer(text.encode("ascii"), np.uint8).reshape(-1, width)
    out = np.zeros((len(items), 11 * (2 * width + 3) + 14), np.uint8)
    failed = _draw_items(table, lengths, out)
    if failed >= 0:
        code128(items[failed])  # raises with the character named
        raise ValueError(f"the item number {items[failed]!r} cannot be drawn as Code 128")
    return out
