"""What goes into the renderer and what comes out: plain frozen values.

Payloads are opaque text: this package draws them and never asks what they say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class DefectCode(StrEnum):
    """Why a letter must not be printed as it is."""

    MISSING_FIELD = "missing-field"
    MISSING_TABLE = "missing-table"
    MISSING_GLYPH = "missing-glyph"
    CONTROL_CHARACTER = "control-character"
    BIDI_CHARACTER = "bidi-character"
    FIELD_TOO_LONG = "field-too-long"
    FRAME_OVERFLOW = "frame-overflow"
    TOO_MANY_PAGES = "too-many-pages"
    TOO_LONG = "too-long"
    EMPTY_LETTER = "empty-letter"
    DUPLICATE_ID = "duplicate-id"
    UNREADABLE_CODE = "unreadable-code"
    WRONG_SHEET_COUNT = "wrong-sheet-count"
    CLEAR_ZONE = "clear-zone"
    WINDOW_SHIFT = "window-shift"
    SEAL_POSITION = "seal-position"
    TEXT_DIFFERS = "text-differs"


@dataclass(frozen=True, slots=True)
class Letter:
    """One addressee's document, as values.

    ``fields`` are ready to print (amounts formatted, dates written out). ``tables`` maps a table's name to its rows; a row maps
    column names to text.
    """

    record_id: str
    fields: Mapping[str, str]
    tables: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Defect:
    """One reason to hold a letter, for the person who reads it. ``where`` is the field, frame or page concerned."""

    code: DefectCode
    message_zh: str
    message_en: str
    where: str | None = None


class Measured(NamedTuple):
    """What a letter will need on paper. A letter with defects has 0 pages when it could not be laid out."""

    record_id: str
    pages: int
    sheets: int
    defects: tuple[Defect, ...] = ()


class Codes(NamedTuple):
    """The codes of one piece: one opaque payload for each sheet, the postal item number, and the line a human reads.

    ``sheets[0]`` is drawn twice: as the window mark and as the mark of the first sheet. ``tracks`` are the bits of each sheet's
    OMR track as text of 0 and 1; without them a track tells the last sheet and the sheet's number.
    """

    sheets: tuple[str, ...]
    item: str
    caption: str
    tracks: tuple[str, ...] = ()


class RenderedLetter(NamedTuple):
    """Where a letter lies in its chunk, counted in pages of the letter stream (blank backs included) from 0.

    Its digest, when somebody asks for it, is `rendering.Renderer.letter_digests`.
    """

    record_id: str
    first_page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """One finished PDF file. ``sheets`` counts physical sheets of the output, banner and separators included."""

    path: Path
    sha256: str
    sheets: int
    letters: tuple[RenderedLetter, ...]
