"""What template.toml says, as values: page, styles, frames, tables, pictures, marks, fields. Lengths stay in mm and points here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rendering.layout.classes import Kinsoku

ALIGNMENTS: Final = {"left": 0, "justify": 1, "centre": 2, "center": 2, "right": 3}
MARK_SOURCES: Final = ("sheet", "window", "item", "track")


@dataclass(frozen=True, slots=True)
class BoxMm:
    """A rectangle on the page, mm from its top left."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph looks. Sizes in pt, indents in em or mm as named."""

    face: str
    strong: str
    size_pt: float
    leading_pt: float
    align: str
    first_indent_em: float
    left_mm: float
    right_mm: float
    before_pt: float
    after_pt: float
    keep_next: bool
    keep_previous: bool
    cells: int
    colour: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A fixed rectangle with text of its own: address, header, footer."""

    name: str
    pages: int
    box: BoxMm
    bottom: float  # 0 text at the top of the frame, 1 in the middle, 2 at the bottom
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``cell`` is its text with ``{{ row.field }}``."""

    width_mm: float
    align: str
    title: str
    cell: str


@dataclass(frozen=True, slots=True)
class Table:
    """How a table of the case is printed."""

    name: str
    columns: tuple[Column, ...]
    cell_style: str
    header_style: str | None
    padding_mm: float
    x_mm: float
    rule_pt: float
    label: str
    split: tuple[str, ...]  # columns of a row written as text "a:b:c;a:b:c"
    total: tuple[str, ...]  # columns whose sum becomes the column "total" of such a row
    line: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing used by the text or as fixed art: an SVG or PDF file, or a raster image."""

    name: str
    path: Path
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Art:
    """A picture fixed on pages."""

    picture: str
    pages: int
    box: BoxMm


@dataclass(frozen=True, slots=True)
class Mark:
    """A code: what it carries, where, how large one module is."""

    name: str
    symbology: str
    source: str
    pages: int
    x_mm: float
    y_mm: float
    module_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a field of the case may be."""

    name: str
    required: bool
    length_max: int
    label: str  # its name for people, and the heading of its column in a case table


@dataclass(frozen=True, slots=True)
class Settings:
    """All of template.toml."""

    name: str
    when: str
    duplex: bool
    pages_max: int
    page: BoxMm
    body_first: BoxMm
    body_other: BoxMm
    kinsoku: Kinsoku
    line_end: str
    latin_gap: int
    squeeze: bool
    body_file: str
    styles: Mapping[str, Style]
    frames: tuple[Frame, ...]
    tables: Mapping[str, Table]
    pictures: Mapping[str, Picture]
    art: tuple[Art, ...]
    marks: tuple[Mark, ...]
    fields: Mapping[str, FieldRule]
    clear_zones: tuple[BoxMm, ...]
    window: BoxMm | None
